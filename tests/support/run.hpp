// One execution and the events taken of it so far.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "deadline.hpp"
#include "event.hpp"
#include "session.hpp"

namespace capsule_test {

// Every wait fails the test at its deadline. Every run that is taken to its end is checked for I5: events in order, exactly one
// terminal one, and it the last.
class Run {
 public:
  explicit Run(Execution execution) : execution_(std::move(execution)) {}
  Run(const Session &session, std::string_view source, ExecutionOptions options = {})
      : execution_(submit(session, source, std::move(options))) {}

  [[nodiscard]] capsule_execution *get() const { return execution_.get(); }
  [[nodiscard]] const std::vector<Event> &events() const { return events_; }

  const Event &next(const Deadline &deadline = Deadline());
  // Takes events until one of that kind; its value may be used until the next call.
  const Event &until(std::int32_t kind);
  // Takes events until the output so far contains the text.
  void until_output(std::string_view text);
  // Takes events until stdout has a whole line; on stderr there may be warnings.
  void until_line();
  // Takes what is left up to the terminal event, and returns that.
  const Event &end();
  // The session delivers late output, and some may come.
  bool late_may_follow = false;

  // What was printed, as far as taken: on one stream, or on both in order.
  [[nodiscard]] std::string out() const { return printed(CAPSULE_STREAM_STDOUT); }
  [[nodiscard]] std::string err() const { return printed(CAPSULE_STREAM_STDERR); }
  [[nodiscard]] std::string output() const { return printed(0); }
  // The kinds in order, neighbouring outputs as one: "started output input output result".
  [[nodiscard]] std::string story() const;

  // Answers the last input request.
  void answer(std::string_view text);
  void decline();
  void cancel(std::int64_t grace_ms = -1);
  void interrupt();

 private:
  void until_printed(std::int32_t stream, std::string_view text);
  [[nodiscard]] std::string printed(std::int32_t stream) const;
  [[nodiscard]] const Event &last_request() const;
  void check_order(const Event &event) const;

  Execution execution_;
  std::vector<Event> events_;
};

// Runs the source, which has to succeed, and returns its value's repr; "" where there is none.
std::string value_of(const Session &session, std::string_view source);
// Runs the source, which has to succeed, and returns what it printed on both streams.
std::string printed_by(const Session &session, std::string_view source);
// The number that the value's repr is.
long long number_of(const Session &session, std::string_view source);
// Of descriptors that the worker has open, but for those that it opens to look at itself, for a heartbeat say.
long long descriptors_in(const Session &session);
// Runs the source and returns what it was classified as.
std::string class_of(const Session &session, std::string_view source, ExecutionOptions options = {});

}  // namespace capsule_test
