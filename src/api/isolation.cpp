#include "api/isolation.hpp"

#include <array>

namespace capsule::api {
namespace {

struct Layer {
  const char *name;
  std::int32_t state;
  const char *reason;
};

// As they are in every session.
constexpr std::array kAlways = {
    Layer{"process", CAPSULE_LAYER_ACTIVE, "a process of its own: what ends it, or fills its memory, leaves the host alone"},
    Layer{"descriptors", CAPSULE_LAYER_ACTIVE, "it begins with the descriptors of its own channels, and none of the host's"},
    Layer{"process_group", CAPSULE_LAYER_ACTIVE,
          "processes that it starts are ended with it; one that leaves its group outlives it, until its zygote ends"},
    Layer{"host_death", CAPSULE_LAYER_ACTIVE, "it watches the host, and ends when that does"},
    Layer{"user", CAPSULE_LAYER_UNAVAILABLE, "this version does not change users: it may do what the host's user may"},
    Layer{"environment", CAPSULE_LAYER_UNAVAILABLE, "this version hands on the host's environment variables"},
    Layer{"filesystem", CAPSULE_LAYER_UNAVAILABLE, "this version makes no mount namespace and sets no Landlock rules"},
    Layer{"network", CAPSULE_LAYER_UNAVAILABLE, "this version makes no network namespace"},
    Layer{"processes", CAPSULE_LAYER_UNAVAILABLE, "this version makes no process namespace: it sees the processes of its user"},
    Layer{"system_calls", CAPSULE_LAYER_UNAVAILABLE, "this version sets no seccomp filter"},
    Layer{"memory_limit", CAPSULE_LAYER_UNAVAILABLE, "this version sets no limit of memory, by rlimit or cgroup"},
    Layer{"cpu_limit", CAPSULE_LAYER_UNAVAILABLE,
          "this version sets no limit of CPU time; an execution's timeout_ms is one of wall time"}};

Layer host_calls(const Session &session) {
  return {"host_calls", CAPSULE_LAYER_ACTIVE,
          session.calls() ? "functions of the host are denied unless a rule allows them"
                          : "it has no bridge, and can call no function of the host"};
}

Layer address_layout(const Session &session) {
  return session.options().profile.start == CAPSULE_START_FORK
             ? Layer{"address_layout", CAPSULE_LAYER_WAIVED,
                     "by the option `start`: sessions forked from one zygote share their addresses and hash seed"}
             : Layer{"address_layout", CAPSULE_LAYER_ACTIVE, "an interpreter of its own, with its own addresses and hash seed"};
}

}  // namespace

std::vector<capsule_isolation_layer> isolation_layers(const Session &session) {
  std::vector<Layer> layers(kAlways.begin(), kAlways.end());
  layers.push_back(host_calls(session));
  layers.push_back(address_layout(session));
  std::vector<capsule_isolation_layer> rows;
  rows.reserve(layers.size());
  for (const Layer &layer : layers) {
    rows.push_back({capsule_text_from(layer.name), capsule_text_from(layer.reason), layer.state, 0});
  }
  return rows;
}

}  // namespace capsule::api
