// A file that an exporter writes, and what its lines have in common.
#pragma once

#include <sys/types.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "diagnostics/export_group.hpp"

namespace capsule {

class ExportFile {
 public:
  // Empties it where it is there.
  static Result<ExportFile> make(const std::string &path);

  // Writes behind what is kept, with an ending that the next goes over. False where there is no room: the file is as it was then.
  bool append(const std::string &text, const std::string &ending = {});
  [[nodiscard]] bool empty() const { return end_ == 0; }

 private:
  explicit ExportFile(UniqueFd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] bool write(std::string_view text) const;

  UniqueFd fd_;
  off_t end_ = 0;  // of what is kept
  std::string ending_;
};

// What places a file in time, and tells what is not in it.
nlohmann::ordered_json metadata_of(const ExportLosses &lost);

// What places a file in time, and tells what is not in it.
nlohmann::ordered_json metadata_of(const ExportLosses &lost);

// The number of the event's name, and the name where it is shown.
void add_label(nlohmann::ordered_json &fields, const ExportGroup &group, const capsule_trace_event &event);

}  // namespace capsule
