// A checkpoint in the host's memory: its bytes, and what its manifest says. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "capsule/checkpoint.h"
#include "checkpoint/container.hpp"

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

  // Of what a worker sent: its manifest, and behind it the body.
  static Result<std::shared_ptr<Checkpoint>> make(const CheckpointOrigin &origin, std::string_view manifest,
                                                  std::string_view body, int level, std::string_view key);
  static Result<std::shared_ptr<Checkpoint>> read(std::string bytes, std::string_view key, std::uint64_t max_bytes);

  [[nodiscard]] const std::string &id() const { return id_; }
  [[nodiscard]] const std::string &name() const { return name_; }
  [[nodiscard]] const std::string &bytes() const { return bytes_; }
  [[nodiscard]] bool is_verified() const { return container_.is_verified; }
  // Reads the manifest, once; before the two below.
  Status describe();
  [[nodiscard]] const capsule_checkpoint_info &info() const { return info_; }
  [[nodiscard]] const std::vector<Entry> &entries() const { return entries_; }
  // For a worker: sealed memory that holds the manifest, and behind it the body; and the size of the former.
  [[nodiscard]] Result<UniqueFd> unpack(std::uint64_t &manifest_size) const;

 private:
  Checkpoint() = default;
  static Result<std::shared_ptr<Checkpoint>> open(std::string bytes, std::string_view key, std::uint64_t max_bytes, Tag tag);
  void read_host(const nlohmann::json &host);
  void read_manifest();

  std::string bytes_;
  Container container_;  // views of them
  std::mutex mutex_;     // guards below until it is described
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
