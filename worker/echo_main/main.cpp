// The echo worker: a zygote or a session without Python, as the argument says. Started by the library only.
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "executor/echo.hpp"
#include "zygote.hpp"

int main(int argc, char **argv) {
  capsule::worker::EchoProgram program(argv[0]);
  if (argc == 2 && std::strcmp(argv[1], "zygote") == 0) {
    capsule::worker::run_zygote(program);
  }
  if (argc == 2 && std::strcmp(argv[1], "session") == 0) {
    capsule::worker::run_spawned_session(program);
  }
  std::fprintf(stderr, "%s is started by libcapsule, not by hand\n", argv[0]);
  return 2;
}
