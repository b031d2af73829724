// The store of promises that a scenario may have, and its durable executions.
#pragma once

#include "promises.hpp"
#include "stage.hpp"

namespace capsule_test::conformance {

// Null where the promise is settled already.
inline capsule_status begin(const Stage &stage, const json &step, const std::string &source,
                            const capsule_execution_options *options, Execution &execution) {
  capsule_session *session = stage.session_of(step).get();
  if (!step.contains("durable")) {
    return capsule_execution_create(session, source.data(), source.size(), options, execution.out(), nullptr);
  }
  const std::string id = step.at("durable");
  const capsule_durable_options durable = durable_options(stage.store, text(id));
  return capsule_session_execute_durable(session, source.data(), source.size(), options, &durable, execution.out(), nullptr,
                                         nullptr);
}

// Settles the promise that the last input request names, as its answer does.
inline void settle_input(const Stage &stage, const Run &run, const json &answer) {
  const std::string id = run.events().back().input_promise.value();
  if (answer.is_null()) {
    settle(stage.store, id, "", CAPSULE_PROMISE_REJECTED);
  } else {
    settle(stage.store, id, answer.dump());
  }
}

inline capsule_status check_promise(const Stage &stage, const json &step) {
  const std::string id = step.at("promise");
  PromiseRow row;
  const capsule_status status = capsule_promise_get(stage.store.get(), text(id), row.out(), nullptr);
  if (status == CAPSULE_OK) {
    check_is("the promise", std::string(capsule_promise_state_name(row.raw.state)), step.at("state").get<std::string>());
    if (step.contains("json")) {
      check_is("its value", json::parse(row.value()).dump(), step.at("json").dump());
    }
  }
  return status;
}

}  // namespace capsule_test::conformance
