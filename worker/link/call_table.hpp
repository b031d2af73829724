// Calls of the host's capabilities that wait for their answers: threads at a gate, or event loops at an eventfd.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "futex.hpp"
#include "wire/messages.hpp"

namespace capsule::worker {

// A wire::CallAnswer that owns what it says.
struct CallReply {
  CallReply() = default;
  CallReply(const wire::CallAnswer &answer, std::uint64_t execution, std::vector<UniqueFd> fds);

  wire::CallOutcome outcome = wire::CallOutcome::kValue;
  bool more = false;
  bool has_value = false;
  std::uint8_t kind = 0;
  std::string data;
  std::string format;
  std::vector<std::int64_t> shape;
  UniqueFd attached;
  std::string error_type;
  std::string message;
  std::string reason;
  std::uint64_t execution_id = 0;
  std::uint64_t request_id = 0;
  std::uint64_t timeout_ms = 0;
};

// One call. Whoever waits for it waits at `gate` until there is a reply.
struct OpenCall {
  std::uint64_t id = 0;
  std::uint32_t loop = 0;  // whose replies are taken by take_ready(); 0 for none
  Gate gate;
  // Guarded by the table's lock.
  std::deque<CallReply> replies;
  std::uint32_t room = wire::kPiecesAhead;  // for pieces that it sends
  bool over = false;                        // its last reply has come, or nobody waits any more
};

// Whether a call may send a piece.
enum class Room { kTaken, kNone, kOver };

class CallTable {
 public:
  std::shared_ptr<OpenCall> open(std::uint32_t loop);
  // Any thread. What comes for a call that nobody waits for is dropped.
  void answer(const wire::CallAnswer &answer, std::uint64_t execution_id, std::vector<UniqueFd> fds);
  // The next reply, if there is one. Behind the last one the call is closed.
  std::optional<CallReply> take(OpenCall &call);
  std::shared_ptr<OpenCall> find(std::uint64_t id);
  // Room for one piece is taken, if there is any; or given back, and more with it. Who waits for some looks again.
  Room take_room(OpenCall &call);
  void add_room(std::uint64_t id, std::uint32_t count);
  // Nobody waits any more. False where its last reply was taken.
  bool close(std::uint64_t id);
  // The session ends: every call does, and every one that is opened.
  void end_all();

  // An event loop: its number, and the eventfd that is readable when take_ready() has something; -1 where there can be none.
  std::pair<std::uint32_t, int> open_loop();
  void close_loop(std::uint32_t number);
  // The replies that have come for a loop's calls, in their order; nothing in place of one where there is room for pieces again.
  std::vector<std::pair<std::uint64_t, std::optional<CallReply>>> take_ready(std::uint32_t number);

 private:
  struct Loop {
    UniqueFd wake;
    std::deque<std::uint64_t> ready;  // calls, once for each reply and each time there is room again
  };

  void reply(OpenCall &call, CallReply reply);
  void wake(OpenCall &call);
  std::optional<CallReply> take_locked(OpenCall &call);

  std::mutex mutex_;
  bool ended_ = false;
  std::uint64_t next_id_ = 1;
  std::uint32_t last_loop_ = 0;
  std::map<std::uint64_t, std::shared_ptr<OpenCall>> calls_;
  std::map<std::uint32_t, Loop> loops_;
};

}  // namespace capsule::worker
