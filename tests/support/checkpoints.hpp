// Checkpoints, as tests use them.
#pragma once

#include <map>
#include <string>

#include "run.hpp"
#include "session.hpp"
#include "test.hpp"

namespace capsule_test {

using Checkpoint = Handle<capsule_checkpoint, capsule_checkpoint_release>;

inline capsule_checkpoint_options checkpoint_options() {
  capsule_checkpoint_options options;
  capsule_checkpoint_options_init(&options, sizeof options);
  return options;
}

inline Checkpoint checkpoint_of(const Session &session, const capsule_checkpoint_options &options = checkpoint_options()) {
  Checkpoint checkpoint;
  ACCEPTED(capsule_session_checkpoint(session.get(), &options, kPatienceMs, checkpoint.out(), error));
  return checkpoint;
}

inline std::string bytes_of(const Checkpoint &checkpoint) {
  const void *data = nullptr;
  std::size_t size = 0;
  ACCEPTED(capsule_checkpoint_get_data(checkpoint.get(), &data, &size, error));
  return {static_cast<const char *>(data), size};
}

inline Checkpoint read_checkpoint(const std::string &bytes, const capsule_checkpoint_options &options = checkpoint_options()) {
  Checkpoint checkpoint;
  ACCEPTED(capsule_checkpoint_read(bytes.data(), bytes.size(), &options, checkpoint.out(), error));
  return checkpoint;
}

inline capsule_checkpoint_info info_of(const Checkpoint &checkpoint) {
  capsule_checkpoint_info info{};
  info.struct_size = sizeof info;
  ACCEPTED(capsule_checkpoint_get_info(checkpoint.get(), &info, error));
  return info;
}

// "name: status reason" of each that is not simply there, and "ok" for all others together: in the order of names.
class Entries {
 public:
  Entries() = default;
  explicit Entries(const Checkpoint &checkpoint) { ACCEPTED(capsule_checkpoint_list(checkpoint.get(), &raw_, error)); }
  Entries(const Entries &) = delete;
  Entries &operator=(const Entries &) = delete;
  ~Entries() { capsule_checkpoint_entries_release(&raw_); }

  capsule_checkpoint_entries *raw() { return &raw_; }
  [[nodiscard]] std::map<std::string, std::string> statuses() const {
    constexpr const char *names[] = {"?", "ok", "from_source", "skipped", "failed"};
    std::map<std::string, std::string> all;
    for (std::size_t i = 0; i < raw_.count; ++i) {
      all[string_of(raw_.entries[i].name)] = names[raw_.entries[i].status];
    }
    return all;
  }
  [[nodiscard]] std::string reason(const std::string &name) const {
    for (std::size_t i = 0; i < raw_.count; ++i) {
      if (string_of(raw_.entries[i].name) == name) {
        return string_of(raw_.entries[i].reason);
      }
    }
    FAIL("there is no entry " + show(name));
  }

 private:
  capsule_checkpoint_entries raw_{.struct_size = sizeof(capsule_checkpoint_entries)};
};

inline std::map<std::string, std::string> restore(const Session &session, const Checkpoint &checkpoint,
                                                  std::uint32_t flags = 0) {
  Entries report;
  ACCEPTED(capsule_session_restore_checkpoint(session.get(), checkpoint.get(), flags, kPatienceMs, report.raw(), error));
  return report.statuses();
}

}  // namespace capsule_test
