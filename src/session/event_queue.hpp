// The queue of one execution's events, and the three ways to wait for it: blocking, by descriptor, by callback.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/status.hpp"
#include "session/notifier.hpp"
#include "session/output_piece.hpp"
#include "session/values.hpp"

// What the texts of a capsule_event live in: up to three, in the order of the struct's fields for the event's kind. Of a display or
// progress the first is the frame that all its texts are in.
struct capsule_event_storage {
  std::array<std::string, 3> texts;
  std::vector<capsule_mime_part> parts;
  std::unique_ptr<capsule::ReadValue> value;
};

namespace capsule {

// An event with what it owns.
struct Event {
  capsule_event fields{};
  std::unique_ptr<capsule_event_storage> storage = std::make_unique<capsule_event_storage>();
  std::uint64_t charge = 0;       // credit that the worker has back once this is taken
  std::uint64_t over_credit = 0;  // bytes of it beyond that

  // Keeps a copy of the text in slot `slot`, and the view of it.
  capsule_text keep(std::size_t slot, std::string_view text);
};

class EventQueue {
 public:
  // Numbers the event and appends it. `terminal` closes the queue behind it; later pushes are ignored, but for those of late output.
  // True when the queue was empty: call notify() once no lock is held.
  bool push(Event event, bool terminal) { return push(Queued{std::make_unique<Event>(std::move(event)), {}}, terminal); }
  // The same for output, whose event is made when it is taken.
  bool push(OutputPiece piece) { return push(Queued{nullptr, std::move(piece)}, /*terminal=*/false); }
  // The terminal event is to come: what is pushed before it is kept, and comes behind it.
  void hold();
  // From now on, or no longer, events may come behind the terminal one: try_pop() then does not answer CAPSULE_E_END. Ending it is
  // true when that is news to a waiter: call notify().
  void begin_late();
  bool end_late();
  void notify() { notifier_.notify(); }

  // The next event; CAPSULE_E_TIMEOUT when there is none, CAPSULE_E_END behind the terminal one, CAPSULE_E_HANDLE once abandoned.
  Result<Event> try_pop();
  // Blocks until try_pop() would not answer CAPSULE_E_TIMEOUT, or the deadline.
  void wait(std::uint64_t deadline_ns);
  // Whether try_pop() would answer something else than CAPSULE_E_TIMEOUT.
  bool ready();

  // The input requests that nobody has taken yet. Unlike output no credit bounds them.
  struct Inputs {
    std::size_t count = 0;
    std::size_t bytes = 0;  // of their prompts
  };
  Inputs inputs();
  // Bytes of output and displays that nobody has taken yet.
  std::uint64_t output_bytes();

  // Nobody will read: drops what is there and what comes. Returns the bytes of text dropped now. Waiters wake.
  std::uint64_t abandon();
  [[nodiscard]] bool abandoned();

  Result<int> fd();
  void set_notify(capsule_notify_callback callback, void *user_data);

  // While the calling thread reads the channel for this queue, pushes by other threads wake it by this eventfd; -1 ends that.
  void set_helper(int wake_fd);

 private:
  // An event that waits. Those of output come by the thousand, and are large: only what they are made of waits.
  struct Queued {
    std::unique_ptr<Event> event;  // null: of the piece
    OutputPiece piece;

    [[nodiscard]] std::int32_t kind() const { return event ? event->fields.kind : std::int32_t{CAPSULE_EVENT_OUTPUT}; }
    [[nodiscard]] std::uint64_t output_bytes() const;
    Event take();
  };

  bool push(Queued queued, bool terminal);
  bool ready_locked() const { return !events_.empty() || ended_ || abandoned_; }
  void append(Queued queued);
  void wake_locked();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Queued> events_;
  Inputs inputs_;
  std::uint64_t output_bytes_ = 0;
  std::uint64_t next_sequence_ = 1;
  bool closed_ = false;  // the terminal event was pushed
  bool held_ = false;    // it is to come
  std::vector<Queued> behind_;
  bool late_ = false;   // others may come behind it
  bool ended_ = false;  // it was taken, and no other can come
  bool abandoned_ = false;
  int waiters_ = 0;
  ReadyFd fd_;
  int helper_fd_ = -1;
  std::thread::id helper_;

  Notifier notifier_;
};

}  // namespace capsule
