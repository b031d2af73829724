#include "run.hpp"

#include <algorithm>
#include <cstdlib>

#include "story.hpp"

namespace capsule_test {
namespace {

const char *name_of(std::int32_t kind) { return capsule_event_kind_name(kind); }

// What the execution's own code wrote.
std::uint64_t size_on(const std::vector<Event> &events, std::int32_t stream) {
  std::uint64_t size = 0;
  for (const Event &event : events) {
    size += event.stream == stream && !event.late && event.origin != "library" ? event.raw.size() : 0;
  }
  return size;
}

const Event &must_succeed(Run &run, std::string_view source) {
  const Event &end = run.end();
  if (end.outcome != "ok") {
    FAIL("this did not succeed: " + show(source) + ": " + show(end));
  }
  return end;
}

}  // namespace

std::string printed_in(const std::vector<Event> &events, std::int32_t stream) {
  std::string text;
  for (const Event &event : events) {
    if (stream == 0 || event.stream == stream) {
      text += event.raw;
    }
  }
  return text;
}

std::string story_of(const std::vector<Event> &events) {
  std::string text;
  std::int32_t before = 0;
  for (const Event &event : events) {
    if (event.kind != CAPSULE_EVENT_OUTPUT || before != CAPSULE_EVENT_OUTPUT) {
      text += (text.empty() ? "" : " ") + std::string(name_of(event.kind));
    }
    before = event.kind;
  }
  return text;
}

void Run::check_order(const Event &event) const {
  if (!events_.empty()) {
    CHECK_EQ(event.execution_id, events_.back().execution_id);
    CHECK(event.late || !events_.back().terminal());
  }
  CHECK_EQ(event.sequence, events_.size() + 1);
  if (event.kind == CAPSULE_EVENT_STARTED) {
    CHECK(events_.empty());
  } else if (!event.terminal()) {
    CHECK(!events_.empty());  // STARTED comes first
  }
  if (event.kind == CAPSULE_EVENT_RESULT) {
    CHECK(!events_.empty());
  }
  if (event.terminal() && event.left_out_bytes > 0) {
    CHECK_EQ(event.stdout_bytes + event.stderr_bytes,
             size_on(events_, CAPSULE_STREAM_STDOUT) + size_on(events_, CAPSULE_STREAM_STDERR) + event.left_out_bytes);
  } else if (event.terminal()) {  // I2
    CHECK_EQ(event.stdout_bytes, size_on(events_, CAPSULE_STREAM_STDOUT));
    CHECK_EQ(event.stderr_bytes, size_on(events_, CAPSULE_STREAM_STDERR));
  }
}

const Event &Run::next(const Deadline &deadline) {
  EventStruct event;
  const capsule_status status = capsule_execution_next(get(), deadline.left_ms(), event.get(), nullptr);
  if (status != CAPSULE_OK) {
    FAIL("no event: " + std::string(capsule_status_name(status)) + " after " + show(events_));
  }
  Event copy = copy_of(*event.get());
  check_order(copy);
  events_.push_back(std::move(copy));
  return events_.back();
}

const Event &Run::until(std::int32_t kind) {
  const Deadline deadline;
  for (;;) {
    const Event &event = next(deadline);
    if (event.kind == kind) {
      return event;
    }
    if (event.terminal()) {
      FAIL("ended before an event of kind " + std::string(name_of(kind)) + ": " + show(events_));
    }
  }
}

void Run::until_output(std::string_view text) { until_printed(0, text); }

void Run::until_line() { until_printed(CAPSULE_STREAM_STDOUT, "\n"); }

void Run::until_printed(std::int32_t stream, std::string_view text) {
  const Deadline deadline;
  while (printed(stream).find(text) == std::string::npos) {
    if (next(deadline).terminal()) {
      FAIL("ended before it printed " + show(text) + ": " + show(events_));
    }
  }
}

const Event &Run::end() {
  const auto terminal = [](const Event &event) { return event.terminal(); };
  const Deadline deadline;
  if (std::none_of(events_.begin(), events_.end(), terminal)) {
    while (!next(deadline).terminal()) {
    }
    EventStruct more;
    const capsule_status after = capsule_execution_next(get(), 0, more.get(), nullptr);
    CHECK_EQ(after, late_may_follow ? CAPSULE_E_TIMEOUT : CAPSULE_E_END);
    CHECK_EQ(more->kind, 0);
  }
  return *std::find_if(events_.begin(), events_.end(), terminal);
}

std::string Run::printed(std::int32_t stream) const { return printed_in(events_, stream); }

std::string Run::story() const { return story_of(events_); }

const Event &Run::last_request() const {
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    if (event->kind == CAPSULE_EVENT_INPUT) {
      return *event;
    }
  }
  FAIL("there was no input request: " + show(events_));
}

void Run::answer(std::string_view text) {
  const std::uint64_t id = last_request().input_id;
  ACCEPTED(capsule_execution_answer(get(), id, text.data(), text.size(), error));
}

void Run::decline() {
  const std::uint64_t id = last_request().input_id;
  ACCEPTED(capsule_execution_decline(get(), id, error));
}

void Run::cancel(std::int64_t grace_ms) { ACCEPTED(capsule_execution_cancel(get(), grace_ms, error)); }

void Run::interrupt() { ACCEPTED(capsule_execution_interrupt(get(), error)); }

std::string value_of(const Session &session, std::string_view source) {
  Run run(session, source);
  return must_succeed(run, source).repr.value_or("");
}

std::string printed_by(const Session &session, std::string_view source) {
  Run run(session, source);
  must_succeed(run, source);
  return run.output();
}

long long number_of(const Session &session, std::string_view source) {
  const std::string text = value_of(session, source);
  char *end = nullptr;
  const long long number = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0') {
    FAIL(show(source) + " gave " + show(text) + ", which is no number");
  }
  return number;
}

long long descriptors_in(const Session &session) {
  return number_of(session,
                   "import os\n"
                   "def target(name):\n"
                   "    try: return os.readlink('/proc/self/fd/' + name)\n"
                   "    except OSError: return '/proc/'  # gone meanwhile\n"
                   "sum(not target(name).startswith('/proc/') for name in os.listdir('/proc/self/fd'))");
}

std::string class_of(const Session &session, std::string_view source, ExecutionOptions options) {
  Run run(session, source, std::move(options));
  return run.end().code_class;
}

}  // namespace capsule_test
