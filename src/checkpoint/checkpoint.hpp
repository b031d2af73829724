// A checkpoint in the host's memory: as bytes, or as it came from a worker until somebody wants them; and what its manifest says. Any
// thread.
#pragma once

#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "capsule/checkpoint.h"
#include "checkpoint/container.hpp"
#include "transport/shared_buffer.hpp"

namespace capsule {

// What the host adds to what the worker says of a checkpoint.
struct CheckpointOrigin {
  std::string name;
  std::string metadata;  // JSON
  std::uint64_t session_id = 0;
  std::uint64_t execution_id = 0;
  std::string parent_id;  // of the checkpoint before, or empty
};

class Checkpoint {
 public:
  struct Entry {
    std::string name;
    std::string type_name;
    std::string reason;
    std::int32_t status = 0;
    std::int32_t kind = 0;
  };

  // Of what a worker sent: its manifest of that many bytes, and behind it the body. Compressed and signed when it is first asked for.
  static Result<std::shared_ptr<Checkpoint>> make(const CheckpointOrigin &origin, SharedBuffer memory,
                                                  std::size_t manifest_bytes, int level, std::string key);
  static Result<std::shared_ptr<Checkpoint>> read(std::string bytes, std::string_view key, std::uint64_t max_bytes);

  [[nodiscard]] const std::string &id() const { return id_; }
  [[nodiscard]] const std::string &name() const { return name_; }
  [[nodiscard]] Result<std::string_view> bytes();
  [[nodiscard]] bool is_verified();
  // Reads the manifest, once; before the two below.
  Status describe();
  [[nodiscard]] const capsule_checkpoint_info &info() const { return info_; }
  [[nodiscard]] const std::vector<Entry> &entries() const { return entries_; }
  // For a worker: sealed memory that holds the manifest, and behind it the body; and the size of the former.
  [[nodiscard]] Result<UniqueFd> unpack(std::uint64_t &manifest_size);

 private:
  Checkpoint() = default;
  // All that follows with the mutex held.
  Status encode();
  Status open(std::string bytes, std::string_view key, std::uint64_t max_bytes, Tag tag);
  void read_host(const nlohmann::json &host);
  void read_manifest();

  // What came from a worker; let go once it is encoded.
  struct Raw {
    std::string manifest;
    SharedBuffer memory;
    std::string_view body;
    int level = 0;
    std::string key;
  };

  std::mutex mutex_;  // guards all below; what was encoded, and described, does not change any more
  std::optional<Raw> raw_;
  std::string bytes_;
  Container container_;  // views of them
  bool described_ = false;
  Status description_;
  std::string name_;  // this and the id are known of one that was just made, too
  std::string metadata_;
  std::string python_version_;
  std::string id_;
  std::string parent_id_;
  capsule_checkpoint_info info_{};
  std::vector<Entry> entries_;
};

// The entries of a worker's report on what it restored; CAPSULE_E_PROTOCOL where it is none.
Result<std::vector<Checkpoint::Entry>> read_report(std::string_view json);

}  // namespace capsule
