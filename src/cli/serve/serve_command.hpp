// `capsule serve`: the library for whoever can write and read lines of JSON.
#pragma once

#include <cstdint>

#include "cli/console.hpp"

namespace CLI {
class App;
}

namespace capsule::cli {

struct ServeArguments {
  std::int64_t grace_ms = 10'000;
};

CLI::App *add_serve_command(CLI::App &app, ServeArguments &arguments);

// Until stdin ends, or a signal. Returns the exit status.
int serve_stdin(const ServeArguments &arguments, Console &console);

}  // namespace capsule::cli
