// The command line, checked: what is to be run and how.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/audit_command.hpp"
#include "cli/serve/serve_command.hpp"

namespace capsule::cli {

// The command line, or a file it names, cannot be used: exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One execution to be.
struct Piece {
  std::string file_name;  // empty for -c
  std::string source;
  std::vector<std::string> settings;  // NAME=VALUE
};

struct RunArguments {
  std::string python;
  bool json = false;
  bool info = false;
  std::int64_t timeout_ms = 0;
  std::uint32_t pool = 0;                     // sessions at once; 0: one session for all
  std::vector<std::string> session_settings;  // NAME=VALUE
  std::vector<std::string> inputs;
  std::vector<Piece> pieces;
  bool stdin_taken = false;
  std::string restore_path;     // of a checkpoint to begin with; empty for none
  std::string checkpoint_path;  // where to write one at the end; empty for none
  std::string profile_path;     // where to write collapsed stacks at the end; empty for none
  std::string trace_path;       // ends in .json or .ndjson; empty for none
  std::string metrics_path;     // empty for none
  std::string postmortem_path;  // where to write that of a death; empty for none
};

struct ParsedArguments {
  std::optional<RunArguments> run;
  std::optional<std::string> shown_checkpoint;  // the file; neither when all was said already, as for --help
  int exit_code = 0;
  std::optional<AuditArguments> audited{};
  std::optional<std::string> shown_postmortem{};  // the file
  std::optional<std::string> shown_trace{};       // the file
  std::optional<ServeArguments> serve{};
};

// Reads the files too. Writes help, the version and CLI11's complaints itself. Throws UsageError.
ParsedArguments parse_arguments(int argc, char **argv);

}  // namespace capsule::cli
