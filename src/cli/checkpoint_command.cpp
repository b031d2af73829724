#include "cli/checkpoint_command.hpp"

#include <array>

#include "capsule.hpp"
#include "cli/lines.hpp"

namespace capsule::cli {
namespace {

std::string kind_name(std::int32_t kind) {
  static constexpr std::array names{"", "value", "function", "class", "module"};
  return kind >= 0 && static_cast<std::size_t>(kind) < names.size() ? names[static_cast<std::size_t>(kind)] : "";
}

}  // namespace

void show_checkpoint(const std::string &path, Console &console) {
  const Checkpoint checkpoint = Checkpoint::read_file(path);
  const capsule_checkpoint_info info = checkpoint.info();
  std::string text = line("name", std::string(info.name.data, info.name.size)) +
                     line("python", std::string(info.python_version.data, info.python_version.size)) +
                     line("format", std::to_string(info.format)) + line("size_bytes", std::to_string(info.size_bytes)) +
                     line("body_bytes", std::to_string(info.body_bytes)) + line("imports", std::to_string(info.imports)) +
                     line("signed", info.is_signed == 0 ? "no" : "yes, and not verified: the key was not given") +
                     line("metadata", std::string(info.metadata.data, info.metadata.size)) +
                     line("names", std::to_string(info.names) + ", " + std::to_string(info.skipped) + " skipped");
  for (const CheckpointEntry &entry : checkpoint.entries()) {
    const bool skipped = entry.status == CAPSULE_ENTRY_SKIPPED;
    text += "  " + entry.name + "  " + entry.type_name + "  " + (skipped ? "skipped: " + entry.reason : kind_name(entry.kind)) +
            "\n";
  }
  console.write_out(text);
}

}  // namespace capsule::cli
