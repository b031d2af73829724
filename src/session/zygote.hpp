// The host's side of a zygote: a process that has imported everything once and forks sessions. Loop thread only.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "loop/loop.hpp"
#include "session/profile.hpp"
#include "session/stderr_log.hpp"
#include "transport/channel.hpp"
#include "transport/process.hpp"

namespace capsule {

class Zygote : public std::enable_shared_from_this<Zygote> {
 public:
  // The channel is a snapshot's, and not valid else.
  using Forked = std::function<void(Result<Process>, UniqueFd channel)>;
  using Exited = std::function<void(ExitStatus)>;

  // What a zygote tells its runtime.
  struct Listener {
    std::function<void(int pid)> started;                     // another process was started
    std::function<void(bool was_ready)> died;                 // its process is gone
    std::function<void(std::size_t modules)> native_threads;  // preloaded modules that left native threads running
    std::function<std::string(std::string_view name)> label;  // what a log record may show of a name
  };

  Zygote(Loop &loop, Profile profile, std::uint32_t max_frame_bytes, std::atomic<std::uint64_t> &stderr_dropped_bytes,
         Listener listener);
  ~Zygote();

  // Makes a session's process that owns the descriptors. `forked` hears of its birth or of why there was none, `exited` of how
  // it ended (never, if the zygote dies first). CAPSULE_E_DIED: the zygote died over it, and another try may do.
  void fork_session(std::uint64_t session_id, std::vector<UniqueFd> fds, Forked forked, Exited exited);
  // The same of a process that a session or a snapshot forks and that becomes the zygote's child; ids have wire::kForkIdBit.
  void expect_fork(std::uint64_t fork_id, Forked forked, Exited exited);
  // It will not come.
  void fail_expected(std::uint64_t fork_id, const Status &status);
  // Who else hears of its end.
  void set_exited(std::uint64_t fork_id, Exited exited);
  // Whether `exited` of a session is still to be called. Not, once the zygote that forked it is gone.
  [[nodiscard]] bool will_report(std::uint64_t session_id) const { return exit_listeners_.contains(session_id); }
  // Forgets both callbacks of a session.
  void forget(std::uint64_t session_id);

  // After a session waited in vain: one that does not get ready and that nobody else waits for makes way for another.
  void kill_if_stuck();

  // Ends the process; `gone` is called once it is.
  void shut_down(std::function<void()> gone);
  [[nodiscard]] bool alive() const { return process_.pidfd.valid(); }
  [[nodiscard]] int pid() const { return alive() ? process_.pid : 0; }

 private:
  struct Request {
    std::uint64_t session_id;
    std::vector<UniqueFd> fds;
    Forked forked;
  };
  enum class Phase { kIdle, kStarting, kReady };

  void start();
  Status start_program(const std::string &program);
  [[nodiscard]] std::string whose() const;  // fields of what it logs
  SpawnRequest spawn_request(const std::string &program, const std::string &module, int channel, int host_pidfd, int log) const;
  void watch_process();
  void on_readable();
  void on_frame(const wire::Envelope &envelope);
  void on_ready(const wire::Ready &ready);
  void on_forked(const wire::Forked &forked);
  void on_stderr();
  void on_exit();
  void send_requests();
  void fail_requests(const Status &status);
  void fail_all_expected(const Status &status);
  Status exit_reason(std::optional<ExitStatus> exit, bool &try_next) const;
  void close();

  Loop &loop_;
  const Profile profile_;
  const std::uint32_t max_frame_bytes_;
  std::atomic<std::uint64_t> &stderr_dropped_bytes_;
  const Listener listener_;
  Phase phase_ = Phase::kIdle;
  std::vector<std::string> programs_;  // those not tried yet
  std::string program_;
  Process process_;
  std::unique_ptr<Channel> channel_;
  UniqueFd stderr_;
  LogRate log_rate_;
  std::unique_ptr<StderrLog> stderr_log_;  // of the process that is, or was last
  Status failure_;                         // what the zygote itself said went wrong
  std::shared_ptr<Loop::Watch> channel_watch_;
  std::shared_ptr<Loop::Watch> process_watch_;
  std::shared_ptr<Loop::Watch> stderr_watch_;
  std::deque<Request> requests_;                              // not sent yet
  std::unordered_map<std::uint64_t, Forked> forking_;         // sent, not answered
  std::unordered_map<std::uint64_t, Forked> expected_;        // from others than the zygote
  std::unordered_map<std::uint64_t, Exited> exit_listeners_;  // sessions alive
  bool stuck_ = false;
  std::function<void()> gone_;
};

}  // namespace capsule
