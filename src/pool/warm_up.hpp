// Code that a pool runs in its own sessions, without waiting: imports and warm-up of a new one, the clearing of names of a used one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session/session.hpp"

namespace capsule {

// What became of one import.
struct ImportReport {
  std::string module;
  std::string error;  // the type of the exception; empty where it was imported
  std::uint64_t duration_ns = 0;
};

// One source, run in a session that nobody else uses.
class Chore {
 public:
  // `wake` is called, from any thread, when poll() may have news; never once this is destroyed.
  Chore(std::shared_ptr<Session> session, std::string source, std::string file_name, std::int64_t timeout_ms,
        std::function<void()> wake);
  ~Chore();
  Chore(const Chore &) = delete;
  Chore &operator=(const Chore &) = delete;

  struct End {
    Status status;  // CAPSULE_E_PRELOAD with the exception; CAPSULE_E_DIED
    std::string error_type;
    std::uint64_t duration_ns = 0;
  };
  // How it ended, once it has.
  std::optional<End> poll();

 private:
  const std::shared_ptr<Session> session_;
  const std::function<void()> wake_;
  std::shared_ptr<Execution> execution_;
  std::optional<End> end_;
};

struct WarmUpOptions {
  std::vector<std::string> imports;
  std::string code;
  std::int64_t timeout_ms = 30'000;  // of each
  bool imports_fatal = false;
  bool clears_names = false;
};

// All that a new session runs before it is used.
class WarmUp {
 public:
  WarmUp(std::shared_ptr<Session> session, const WarmUpOptions &options, std::function<void()> wake)
      : session_(std::move(session)), options_(options), wake_(std::move(wake)) {}

  [[nodiscard]] const std::shared_ptr<Session> &session() const { return session_; }
  [[nodiscard]] const std::vector<ImportReport> &imports() const { return imports_; }
  // Goes on as far as it can without waiting: how it ended, once it has.
  std::optional<Status> advance();

  // There is nothing to run.
  [[nodiscard]] static bool is_empty(const WarmUpOptions &options) {
    return options.imports.empty() && options.code.empty() && !options.clears_names;
  }

 private:
  bool start_next();
  Status judge(const Chore::End &end);

  const std::shared_ptr<Session> session_;
  const WarmUpOptions &options_;
  const std::function<void()> wake_;
  std::size_t step_ = 0;  // an import, then the code, then what clears names
  std::unique_ptr<Chore> chore_;
  std::vector<ImportReport> imports_;
};

// Unbinds what was bound since the warm-up.
std::unique_ptr<Chore> clear_names(std::shared_ptr<Session> session, std::int64_t timeout_ms, std::function<void()> wake);

}  // namespace capsule
