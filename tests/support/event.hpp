// A copy of an event, to look at after the queue has moved on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capsule/capsule.h"

namespace capsule_test {

struct Event {
  std::int32_t kind = 0;
  std::uint64_t execution_id = 0;
  std::uint64_t sequence = 0;
  std::uint64_t time_ns = 0;
  std::int32_t stream = 0;
  bool secret = false;
  std::string data;
  std::string raw;
  std::string origin;
  bool late = false;
  std::uint64_t writer_execution_id = 0;
  std::uint32_t writer_id = 0;
  std::uint32_t invalid_bytes = 0;
  std::vector<std::pair<std::string, std::string>> parts;  // MIME type, data
  std::string display_id;
  std::string metadata;
  bool update = false;
  bool is_result = false;
  double progress_value = 0;
  double progress_total = 0;
  std::string progress_label;
  std::uint64_t input_id = 0;
  std::string prompt;
  std::optional<std::string> input_promise;
  std::optional<std::string> repr;
  std::optional<std::string> type_name;
  std::optional<std::string> json;
  std::uint64_t repr_size_bytes = 0;
  std::string error_type;
  std::string message;
  std::optional<std::string> traceback;
  std::string outcome;
  std::string cancel_phase;
  std::string death_reason;
  bool death_certain = false;
  std::int32_t exit_code = 0;
  std::int32_t signal_number = 0;
  std::string state;
  std::uint64_t restored_snapshot_id = 0;
  std::optional<std::string> restored_checkpoint;
  std::uint32_t effects = 0;
  std::optional<std::string> value;  // the bytes of it
  std::int32_t value_kind = 0;
  std::int32_t value_status = 0;
  std::string value_message;
  bool state_preserved = false;
  std::uint64_t queue_ns = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t input_wait_ns = 0;
  std::uint64_t promise_wait_ns = 0;
  std::uint64_t stdout_bytes = 0;
  std::uint64_t stderr_bytes = 0;
  std::string code_class;
  std::uint64_t dropped_output_bytes = 0;
  std::uint64_t left_out_bytes = 0;
  std::uint64_t left_out_lines = 0;

  [[nodiscard]] bool terminal() const { return kind == CAPSULE_EVENT_RESULT || kind == CAPSULE_EVENT_ERROR; }
};

std::string show(const Event &event);

// Fails the test where the struct is not what event.h says of its kind.
Event copy_of(const capsule_event &event);

// Owns the struct that the library fills.
class EventStruct {
 public:
  EventStruct() { raw_.struct_size = sizeof raw_; }
  EventStruct(const EventStruct &) = delete;
  EventStruct &operator=(const EventStruct &) = delete;
  ~EventStruct() { capsule_event_release(&raw_); }
  capsule_event *get() { return &raw_; }
  const capsule_event *operator->() const { return &raw_; }

 private:
  capsule_event raw_{};
};

}  // namespace capsule_test
