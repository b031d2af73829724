// `capsule audit verify`: whether the records of an audit trail are as they were made.
#pragma once

#include <string>

#include "cli/console.hpp"

namespace CLI {
class App;
}

namespace capsule::cli {

struct AuditArguments {
  std::string path;
  std::string key_path;     // empty: no key
  std::string head;         // empty: not known
  std::string head_before;  // empty: the first chain began with none
};

// The command `audit` and what is below it; what is parsed goes to `arguments`. Returns `verify`.
CLI::App *add_audit_command(CLI::App &app, AuditArguments &arguments);

// Prints what was found. Returns the exit status: 0 verified, 1 broken, 4 unanchored. Throws capsule::Error, UsageError, OutputError.
int verify_audit(const AuditArguments &arguments, Console &console);

}  // namespace capsule::cli
