// The file that an audit trail is appended to: each record whole, or not at all.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace capsule {

class AuditFile {
 public:
  // CAPSULE_E_SYSTEM where it cannot be used. Nobody else can, while this lives.
  static Result<std::unique_ptr<AuditFile>> open(const std::string &path);

  // Hash of its last record as it was opened; empty for none.
  [[nodiscard]] const std::string &head() const { return head_; }
  // A line, with its newline.
  Status append(std::string_view line);
  // Takes the last one out again, where it is a regular file.
  void take_back();

 private:
  AuditFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  Status read_head(std::uint64_t size);
  [[nodiscard]] Status refuse(const std::string &reason) const;

  const std::string path_;
  const UniqueFd fd_;
  bool regular_ = false;
  off_t size_before_ = 0;  // the last append()
  std::string head_;
};

}  // namespace capsule
