// A frozen fork of a session's process: waits, costs the pages that change in it or around it, and becomes sessions or makes them.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "capsule/snapshot.h"
#include "loop/loop.hpp"
#include "session/session.hpp"
#include "session/zygote.hpp"

namespace capsule {

// An id for a fork that is none of the zygote's own. At random: the user's code must not guess those of others.
std::uint64_t random_fork_id();

class Snapshot : public std::enable_shared_from_this<Snapshot> {
 public:
  struct Origin {
    std::uint64_t session_id = 0;
    std::uint64_t execution_id = 0;
    std::uint64_t duration_ns = 0;
  };

  // Loop thread.
  Snapshot(std::shared_ptr<Runtime> runtime, std::uint64_t fork_id, SessionOptions options, Process process, UniqueFd channel);
  ~Snapshot();
  Snapshot(const Snapshot &) = delete;
  Snapshot &operator=(const Snapshot &) = delete;

  [[nodiscard]] Runtime &runtime() const { return *runtime_; }
  // Of the session it was taken of.
  [[nodiscard]] const SessionOptions &options() const { return options_; }
  // Its own as a process; of a session that it became, the incarnation.
  [[nodiscard]] std::uint64_t fork_id() const { return fork_id_; }

  // The zygote that looks after it and whatever is forked from it.
  [[nodiscard]] int zygote_pid() const { return zygote_pid_; }
  // Loop thread, once, after the constructor.
  void watch();
  // Loop thread. Forks a session's process that owns the descriptors; or becomes it, and is gone as a snapshot.
  void fork_session(std::uint64_t fork_id, const std::vector<UniqueFd> &fds, Zygote::Forked forked, Zygote::Exited exited);
  void become_session(const std::vector<UniqueFd> &fds, const Zygote::Forked &forked, Zygote::Exited exited);

  // Any thread.
  void set_origin(Origin origin);
  [[nodiscard]] bool gone() const;
  [[nodiscard]] bool let_go(bool evicted);  // whether it was there
  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] Origin origin() const;
  // Reads /proc, which takes long for a large process.
  [[nodiscard]] capsule_snapshot_info info() const;

  // For as long as a caller has its handle.
  void keep_runtime();
  void drop_runtime();

 private:
  void on_readable();
  void on_gone();
  void close();
  [[nodiscard]] bool can_fork() const;

  const std::shared_ptr<Runtime> runtime_;
  const std::uint64_t id_;
  const std::uint64_t fork_id_;
  const SessionOptions options_;
  const std::uint64_t created_ns_;
  const int zygote_pid_;

  mutable std::mutex mutex_;  // guards below
  Origin origin_;
  int pid_;
  bool gone_ = false;
  bool evicted_ = false;
  std::uint64_t uses_ = 0;

  // Loop thread.
  Process process_;
  std::unique_ptr<Channel> channel_;
  std::shared_ptr<Loop::Watch> channel_watch_;
  std::shared_ptr<Loop::Watch> process_watch_;
  std::set<std::uint64_t> forking_;
};

}  // namespace capsule
