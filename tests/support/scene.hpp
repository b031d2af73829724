// A runtime in which one secret is wherever user code can put one, for the canary of I7.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "bridge.hpp"
#include "files.hpp"
#include "introspection.hpp"
#include "pool.hpp"
#include "promises.hpp"
#include "run.hpp"

namespace capsule_test {

inline constexpr const char *kSecret = "CanaryTellsNobody7f3a91";

// What the library says on its own: every record of its log, every frame that an interceptor sees.
class Overheard {
 public:
  Overheard() { ACCEPTED(capsule_log_set_callback(CAPSULE_LOG_DEBUG, on_log, this, error)); }
  Overheard(const Overheard &) = delete;
  Overheard &operator=(const Overheard &) = delete;
  ~Overheard() { capsule_log_set_callback(CAPSULE_LOG_OFF, nullptr, nullptr, nullptr); }

  void listen_to(const Session &session) {
    capsule_interceptor_options options;
    capsule_interceptor_options_init(&options, sizeof options);
    options.name = capsule_text_from("canary");
    options.callback = on_frame;
    options.user_data = this;
    std::uint64_t id = 0;
    ACCEPTED(capsule_session_add_interceptor(session.get(), &options, &id, error));
    interceptors.push_back(id);
  }
  [[nodiscard]] std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  [[nodiscard]] std::string frames() {
    const std::lock_guard lock(mutex_);
    return frames_;
  }

  std::vector<std::uint64_t> interceptors;

 private:
  static void on_log(void *self, std::int32_t, const char *line, std::size_t size) {
    auto *overheard = static_cast<Overheard *>(self);
    const std::lock_guard lock(overheard->mutex_);
    overheard->log_.append(line, size) += '\n';
  }
  static std::int32_t on_frame(void *self, const capsule_frame *frame) {
    auto *overheard = static_cast<Overheard *>(self);
    const std::lock_guard lock(overheard->mutex_);
    overheard->frames_ += std::string(frame->kind) + " ";
    return 0;
  }

  std::mutex mutex_;
  std::string log_;
  std::string frames_;
};

// Things happen in the constructor; what they leave is looked at by whoever has the scene.
class Scene {
 public:
  Scene();

  Overheard overheard;  // outlives the rest
  const TempFolder folder;
  Runtime runtime = make_runtime();
  Bridge bridge = make_bridge(runtime);
  Store store = open_store(store_options(), runtime);
  Session session;  // idle, and its last execution died
  Session waiting;  // with an open call, and an input that is waited for
  Pool pool;

  [[nodiscard]] std::string audit_path() const { return folder.path() + "/audit.ndjson"; }

 private:
  [[nodiscard]] SessionOptions options() const;
  void use_session();
  void leave_waiting();
  void use_pool();
  void use_promises();

  std::vector<Run> runs_;
};

}  // namespace capsule_test
