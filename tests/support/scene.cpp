#include "scene.hpp"

namespace capsule_test {
namespace {

std::string secret(const char *before, const char *after = "") { return std::string(before) + kSecret + after; }

}  // namespace

Scene::Scene() {
  capsule_audit_options audit;
  capsule_audit_options_init(&audit, sizeof audit);
  const std::string path = audit_path();
  audit.path = text_of(path);
  ACCEPTED(capsule_runtime_set_audit(runtime.get(), &audit, error));
  offer(bridge, capability("vault.open", "key"));
  offer(bridge, capability("vault.deny", "key"));
  use_promises();
  session = open_with(bridge, {rule("vault.open")}, options(), runtime);
  overheard.listen_to(session);
  use_session();
  waiting = open_with(bridge, {rule("vault.open")}, options(), runtime);
  leave_waiting();
  use_pool();
}

SessionOptions Scene::options() const {
  SessionOptions options;
  options.environment = {secret("CANARY_VARIABLE=")};
  options.raw.enable_metrics = 1;
  options.raw.restart_policy = CAPSULE_RESTART_FRESH;
  return options;
}

void Scene::use_session() {
  ExecutionOptions named;
  named.file_name = secret("/srv/", ".py");
  const std::string text = secret("'", "'");
  const std::string name = secret("name_");
  Run binds(session, name + " = " + text + "\nprint(" + name + ")\nimport sys; print(" + name + ", file=sys.stderr)\n" + name,
            named);
  binds.end();
  Run raises(session, "raise ValueError(" + text + ")", named);
  raises.end();
  Run asks(session, "answer = input(" + text + "); print(answer)", named);
  asks.until(CAPSULE_EVENT_INPUT);
  asks.answer(kSecret);
  asks.end();
  Run denied(session, "host.vault.deny(" + text + ")", named);
  denied.end();
  Run shows(session, "display({'text/plain': " + text + "}, raw=True); progress(1, 2, " + text + ")");
  shows.end();
  const std::string json = secret("\"", "\"");
  const capsule_value value = value_as(CAPSULE_VALUE_JSON, json);
  ACCEPTED(capsule_session_set(session.get(), name.c_str(), name.size(), &value, CAPSULE_SET_OVERWRITE, kPatienceMs, error));
  Run warns(session, "import logging; logging.warning(" + text + "); await __import__('asyncio').sleep(0)");
  warns.end();
  Run dies(session,
           "import os, sys; sys.stderr.write(" + text + "); sys.stderr.flush(); os.write(2, b" + text + "); os.abort()", named);
  dies.end();
  ACCEPTED(capsule_session_wait_ready(session.get(), kPatienceMs, error));
  Run again(session, name + " = " + text);
  again.end();
}

void Scene::leave_waiting() {
  ExecutionOptions named;
  named.file_name = secret("/srv/", ".py");
  const std::string text = secret("'", "'");
  Run run(waiting,
          "import threading\nthreading.Thread(target=lambda: host.vault.open(" + text + "), daemon=True).start()\ndef " +
              secret("ask_", "(prompt): input(prompt)\n") + secret("ask_", "(") + text + ")",
          named);
  run.until(CAPSULE_EVENT_INPUT);
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  CHECK_CONTAINS(request.arguments(), kSecret);
  runs_.push_back(std::move(run));
}

void Scene::use_pool() {
  PoolOptions pooled(options());
  pooled.session.raw.restart_policy = CAPSULE_RESTART_MANUAL;
  pooled.raw.min_idle = 1;
  pool = make_pool(pooled, runtime);
  wait_ready(pool);
  const capsule_acquire_options acquire = acquire_options(kPatienceMs, kSecret);
  Session leased;
  ACCEPTED(capsule_pool_acquire(pool.get(), &acquire, leased.out(), error));
  Run run(leased, secret("raise RuntimeError('", "')"));
  run.end();
}

void Scene::use_promises() {
  const std::string value = secret("\"", "\"");
  for (const char *id : {"open-promise", "settled-promise"}) {
    capsule_promise_wish wish = wish_for(capsule_text_from(id));
    wish.param = text_of(value);
    ACCEPTED(capsule_promise_create(store.get(), &wish, nullptr, error));
  }
  const std::string id = "settled-promise";
  PromiseRow settled;
  ACCEPTED(capsule_promise_settle(store.get(), text_of(id), CAPSULE_PROMISE_REJECTED, text_of(value), settled.out(), error));
}

}  // namespace capsule_test
