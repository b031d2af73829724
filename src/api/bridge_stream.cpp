#include "capsule/bridge_stream.h"

#include "api/bridge_answers.hpp"
#include "api/call.hpp"
#include "api/given_values.hpp"
#include "api/handles.hpp"
#include "api/owned_struct.hpp"
#include "api/read_values.hpp"
#include "base/clock.hpp"

using capsule::HostAnswer;
using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace capsule::api {

Result<HostAnswer> read_call_answer(Bridge &bridge, std::uint64_t request_id, const capsule_value *value) {
  HostAnswer answer;
  if (value == nullptr) {
    return answer;
  }
  std::size_t room = bridge.max_frame_bytes() - wire::kFrameOverhead;
  auto read = read_value("value", capsule_text_from("value"), value, room);
  if (!read.ok()) {
    return read.status();
  }
  if (Status status = bridge.check_result(request_id, read.value()); !status.ok()) {
    return status;
  }
  answer.has_value = true;
  answer.value = std::move(read.value());
  return answer;
}

}  // namespace capsule::api

namespace {

// A bridge, and how long to wait.
struct Waiting {
  std::shared_ptr<capsule::Bridge> bridge;
  std::uint64_t deadline_ns = 0;
};

Result<Waiting> read_waiting(const char *function, capsule_bridge *bridge, std::int64_t timeout_ms) {
  auto found = look_up(bridge);
  const Status may_wait = timeout_ms == 0 ? Status() : check_wait(function, timeout_ms);
  for (const Status &status : {found.status(), may_wait}) {
    if (!status.ok()) {
      return status;
    }
  }
  return Waiting{std::move(found.value()), timeout_ms == 0 ? 0 : capsule::deadline_after_ms(timeout_ms)};
}

}  // namespace

extern "C" {

capsule_status capsule_bridge_send_chunk(capsule_bridge *bridge, uint64_t request_id, const capsule_value *value,
                                         int64_t timeout_ms, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto waiting = read_waiting("capsule_bridge_send_chunk", bridge, timeout_ms);
    if (!waiting.ok()) {
      return waiting.status();
    }
    auto piece = read_call_answer(*waiting.value().bridge, request_id, value);
    return piece.ok() ? waiting.value().bridge->send_piece(request_id, std::move(piece.value()), waiting.value().deadline_ns)
                      : piece.status();
  });
}

capsule_status capsule_bridge_next_chunk(capsule_bridge *bridge, uint64_t request_id, int64_t timeout_ms, capsule_value *value,
                                         capsule_error *error) {
  return call(error, [&]() -> Status {
    if (Status status = empty_owned(value, "value"); !status.ok()) {
      return status;
    }
    auto waiting = read_waiting("capsule_bridge_next_chunk", bridge, timeout_ms);
    if (!waiting.ok()) {
      return waiting.status();
    }
    auto piece = waiting.value().bridge->next_piece(request_id, waiting.value().deadline_ns);
    if (piece.ok()) {
      hand_over_value(std::move(piece.value()), *value);
    }
    return piece.status();
  });
}

}  // extern "C"
