#include "event.hpp"

#include "check.hpp"
#include "session.hpp"
#include "utf8.hpp"

namespace capsule_test {
namespace {

std::optional<std::string> optional_of(capsule_text text) {
  return text.data == nullptr ? std::nullopt : std::optional<std::string>(string_of(text));
}

void check_absent(const char *what, capsule_text text) {
  if (text.data != nullptr || text.size != 0) {
    FAIL(std::string("an event has ") + what + ", which its kind does not: " + show(string_of(text)));
  }
}

void check_terminated(const char *what, capsule_text text) {
  if (text.data == nullptr ? text.size != 0 : text.data[text.size] != '\0') {
    FAIL(std::string(what) + " of an event is not followed by a NUL, or is NULL with a size");
  }
}

void check_texts(const capsule_event &event) {
  const struct {
    const char *what;
    capsule_text text;
    int kind;
  } texts[] = {
      {"data", event.data, CAPSULE_EVENT_OUTPUT},
      {"raw", event.raw, CAPSULE_EVENT_OUTPUT},
      {"metadata", event.metadata, CAPSULE_EVENT_DISPLAY},
      {"progress_label", event.progress_label, CAPSULE_EVENT_PROGRESS},
      {"prompt", event.prompt, CAPSULE_EVENT_INPUT},
      {"input_promise", event.input_promise, CAPSULE_EVENT_INPUT},
      {"repr", event.repr, CAPSULE_EVENT_RESULT},
      {"type_name", event.type_name, CAPSULE_EVENT_RESULT},
      {"json", event.json, CAPSULE_EVENT_RESULT},
      {"value_message", event.value_message, CAPSULE_EVENT_RESULT},
      {"restored_checkpoint", event.restored_checkpoint, CAPSULE_EVENT_ERROR},
      {"error_type", event.error_type, CAPSULE_EVENT_ERROR},
      {"message", event.message, CAPSULE_EVENT_ERROR},
      {"traceback", event.traceback, CAPSULE_EVENT_ERROR},
  };
  for (const auto &[what, text, kind] : texts) {
    check_terminated(what, text);
    if (event.kind != kind) {
      check_absent(what, text);
    }
  }
}

void check_not_terminal(const capsule_event &event) {
  CHECK_EQ(event.outcome, 0);
  CHECK_EQ(event.cancel_phase, 0);
  CHECK_EQ(event.death_reason, 0);
  CHECK_EQ(event.death_certain, 0);
  CHECK_EQ(event.exit_code, 0);
  CHECK_EQ(event.signal_number, 0);
  CHECK_EQ(event.state, 0);
  CHECK_EQ(event.effects, 0);
  CHECK(event.value == nullptr);
  CHECK_EQ(event.queue_ns, 0);
  CHECK_EQ(event.duration_ns, 0);
  CHECK_EQ(event.stdout_bytes, 0);
  CHECK_EQ(event.stderr_bytes, 0);
}

void check_result(const capsule_event &event) {
  CHECK_EQ(event.outcome, CAPSULE_OUTCOME_OK);
  CHECK_EQ(event.death_reason, CAPSULE_DEATH_NONE);
  CHECK(event.state >= CAPSULE_STATE_PRESERVED && event.state <= CAPSULE_STATE_ROLLED_BACK);
  CHECK_EQ(event.exit_code, 0);
  CHECK(event.cancel_phase == CAPSULE_CANCEL_NONE || event.cancel_phase == CAPSULE_CANCEL_DELIVERED);
  CHECK_EQ(event.repr.data == nullptr, event.type_name.data == nullptr);
  CHECK(event.value == nullptr || event.value_status == CAPSULE_OK);
  CHECK_EQ(event.value_message.size > 0, event.value_status != CAPSULE_OK);
  CHECK_AT_LEAST(event.repr_size_bytes, event.repr.size);
}

void check_error(const capsule_event &event) {
  CHECK(event.outcome >= CAPSULE_OUTCOME_ERROR && event.outcome <= CAPSULE_OUTCOME_DIED);
  CHECK(event.error_type.size > 0);
  CHECK(event.cancel_phase >= CAPSULE_CANCEL_NONE && event.cancel_phase <= CAPSULE_CANCEL_KILLED);
  CHECK(event.death_reason >= CAPSULE_DEATH_NONE && event.death_reason <= CAPSULE_DEATH_UNKNOWN);
  CHECK(event.state >= CAPSULE_STATE_PRESERVED && event.state <= CAPSULE_STATE_RESTORED);
  CHECK_EQ(event.repr_size_bytes, 0);
  if (event.death_reason == CAPSULE_DEATH_NONE) {
    CHECK_EQ(event.death_certain, 0);
    CHECK_EQ(event.signal_number, 0);
  } else {
    CHECK(event.state != CAPSULE_STATE_PRESERVED);
  }
  if (event.outcome == CAPSULE_OUTCOME_DIED) {
    CHECK(event.death_reason != CAPSULE_DEATH_NONE);
  }
  if (event.outcome == CAPSULE_OUTCOME_ERROR) {
    CHECK_EQ(event.death_reason, CAPSULE_DEATH_NONE);
    // Lost where it was to be rolled back, and could not be.
    CHECK(event.state >= CAPSULE_STATE_PRESERVED && event.state <= CAPSULE_STATE_ROLLED_BACK);
  }
}

void check_shape(const capsule_event &event) {
  CHECK_EQ(event.struct_size, sizeof event);
  CHECK(event.kind >= CAPSULE_EVENT_STARTED && event.kind <= CAPSULE_EVENT_PROGRESS);
  CHECK(event.execution_id > 0);
  CHECK(event.sequence > 0);
  CHECK(event.time_ns > 0);
  CHECK_EQ(event.reserved, 0);
  check_texts(event);
  if (event.kind == CAPSULE_EVENT_OUTPUT) {
    CHECK(event.stream == CAPSULE_STREAM_STDOUT || event.stream == CAPSULE_STREAM_STDERR);
    CHECK(event.data.size > 0);
    CHECK(is_utf8(string_of(event.data)));
    CHECK(event.origin >= CAPSULE_ORIGIN_MAIN && event.origin <= CAPSULE_ORIGIN_LIBRARY);
    CHECK_EQ(event.invalid_bytes > 0, event.raw.data != event.data.data);
  } else {
    CHECK_EQ(event.stream, 0);
    CHECK_EQ(event.origin, 0);
  }
  const bool written =
      event.kind == CAPSULE_EVENT_OUTPUT || event.kind == CAPSULE_EVENT_DISPLAY || event.kind == CAPSULE_EVENT_PROGRESS;
  CHECK_EQ(written, event.writer_execution_id != 0);
  CHECK_EQ(event.parts != nullptr, event.kind == CAPSULE_EVENT_DISPLAY && event.part_count > 0);
  for (std::size_t i = 0; i < event.part_count; ++i) {
    check_terminated("a MIME type", event.parts[i].mime_type);
    check_terminated("a part", event.parts[i].data);
  }
  if (event.kind != CAPSULE_EVENT_INPUT) {
    CHECK_EQ(event.secret, 0);
    CHECK_EQ(event.input_id, 0);
  }
  if (event.kind == CAPSULE_EVENT_RESULT) {
    check_result(event);
  } else if (event.kind == CAPSULE_EVENT_ERROR) {
    check_error(event);
  } else {
    check_not_terminal(event);
  }
}

}  // namespace

Event copy_of(const capsule_event &event) {
  check_shape(event);
  Event copy;
  copy.kind = event.kind;
  copy.execution_id = event.execution_id;
  copy.sequence = event.sequence;
  copy.time_ns = event.time_ns;
  copy.stream = event.stream;
  copy.secret = event.secret != 0;
  copy.data = string_of(event.data);
  copy.raw = string_of(event.raw);
  copy.origin = capsule_origin_name(event.origin);
  copy.late = event.late != 0;
  copy.writer_execution_id = event.writer_execution_id;
  copy.writer_id = event.writer_id;
  copy.invalid_bytes = event.invalid_bytes;
  for (std::size_t i = 0; i < event.part_count; ++i) {
    copy.parts.emplace_back(string_of(event.parts[i].mime_type), string_of(event.parts[i].data));
  }
  copy.display_id = string_of(event.display_id);
  copy.metadata = string_of(event.metadata);
  copy.update = event.update != 0;
  copy.is_result = event.is_result != 0;
  copy.progress_value = event.progress_value;
  copy.progress_total = event.progress_total;
  copy.progress_label = string_of(event.progress_label);
  copy.code_class = capsule_code_class_name(event.code_class);
  copy.dropped_output_bytes = event.dropped_output_bytes;
  copy.left_out_bytes = event.left_out_bytes;
  copy.left_out_lines = event.left_out_lines;
  copy.input_id = event.input_id;
  copy.prompt = string_of(event.prompt);
  copy.input_promise = optional_of(event.input_promise);
  copy.repr = optional_of(event.repr);
  copy.type_name = optional_of(event.type_name);
  copy.json = optional_of(event.json);
  copy.repr_size_bytes = event.repr_size_bytes;
  copy.error_type = string_of(event.error_type);
  copy.message = string_of(event.message);
  copy.traceback = optional_of(event.traceback);
  copy.outcome = capsule_outcome_name(event.outcome);
  copy.cancel_phase = capsule_cancel_phase_name(event.cancel_phase);
  copy.death_reason = capsule_death_reason_name(event.death_reason);
  copy.death_certain = event.death_certain != 0;
  copy.exit_code = event.exit_code;
  copy.signal_number = event.signal_number;
  copy.state_preserved = event.state == CAPSULE_STATE_PRESERVED;
  copy.state = capsule_state_name(event.state);
  copy.restored_snapshot_id = event.restored_snapshot_id;
  copy.restored_checkpoint = optional_of(event.restored_checkpoint);
  copy.effects = event.effects;
  if (event.value != nullptr) {
    copy.value.emplace(static_cast<const char *>(event.value->data), event.value->size_bytes);
    copy.value_kind = event.value->kind;
  }
  copy.value_status = event.value_status;
  copy.value_message = string_of(event.value_message);
  copy.queue_ns = event.queue_ns;
  copy.duration_ns = event.duration_ns;
  copy.input_wait_ns = event.input_wait_ns;
  copy.promise_wait_ns = event.promise_wait_ns;
  copy.stdout_bytes = event.stdout_bytes;
  copy.stderr_bytes = event.stderr_bytes;
  return copy;
}

std::string show(const Event &event) {
  switch (event.kind) {
    case CAPSULE_EVENT_STARTED:
      return "started";
    case CAPSULE_EVENT_OUTPUT:
      return (event.stream == CAPSULE_STREAM_STDERR ? "stderr " : "stdout ") + show(event.data);
    case CAPSULE_EVENT_INPUT:
      return "input " + show(event.prompt);
    case CAPSULE_EVENT_RESULT:
      return "result " + show(event.repr);
    case CAPSULE_EVENT_DISPLAY:
      return "display of " + show(event.parts.size()) + " parts";
    case CAPSULE_EVENT_PROGRESS:
      return "progress " + show(event.progress_value);
    default:
      return event.outcome + " " + event.error_type + ": " + event.message + " [cancel " + event.cancel_phase + ", death " +
             event.death_reason + " code " + show(event.exit_code) + " signal " + show(event.signal_number) + "] " +
             event.traceback.value_or("");
  }
}

}  // namespace capsule_test
