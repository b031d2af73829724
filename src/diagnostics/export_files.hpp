// A file that an exporter writes, and what its lines have in common.
#pragma once

#include <cstdio>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/status.hpp"
#include "diagnostics/export_group.hpp"

namespace capsule {

struct CloseFile {
  void operator()(std::FILE *file) const { std::fclose(file); }
};
using OwnedFile = std::unique_ptr<std::FILE, CloseFile>;

// Empties it where it is there.
Result<OwnedFile> make_file(const std::string &path);
bool write_all(std::FILE *file, const std::string &text);

// What places a file in time, and tells what is not in it.
nlohmann::ordered_json metadata_of(const ExportLosses &lost);

// The number of the event's name, and the name where it is shown.
void add_label(nlohmann::ordered_json &fields, const ExportGroup &group, const capsule_trace_event &event);

}  // namespace capsule
