// Runtimes whose workers are tests/hostile_worker: they do what the session's code says, against the protocol too.
#pragma once

#include "session.hpp"

namespace capsule_test {

inline Runtime make_hostile_runtime() {
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.worker_dir = capsule_text_from(CAPSULE_TEST_BINARY_DIR "/tests/hostile");
  return make_runtime(options);
}

}  // namespace capsule_test
