// What the bindings of other languages add to an execution: theirs and the C interface's, by turns, in one run.
#include <dlfcn.h>
#include <stdlib.h>

#include "client.hpp"
#include "floors.hpp"

namespace bench {
namespace {

constexpr int kBlocks = 20;
constexpr int kBlockSize = 100;

// The file of the library that this program has loaded.
std::string library_path() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void *>(&capsule_version), &info) == 0) {
    fail("the library has no file");
  }
  return info.dli_fname;
}

std::vector<double> block_us(const Session &session) {
  std::vector<double> samples;
  Event event;
  for (int i = 0; i < kBlockSize; ++i) {
    const std::uint64_t start = now_ns();
    run_sum(session, event);
    samples.push_back(us_between(start, now_ns()));
  }
  return samples;
}

}  // namespace

Rows binding_python(const Context &context) {
  constexpr double kGoal = 1.6;
  setenv("CAPSULE_LIBRARY", library_path().c_str(), 1);
  setenv("CAPSULE_PYTHON", context.python.c_str(), 1);
  const OneCpu pin;
  PythonPeer peer(context, "binding_python.py", {context.folder + "/../../bindings/python"});
  const Runtime runtime;
  const Session session(runtime, context);
  block_us(session);
  peer.ask(kBlockSize);
  std::vector<double> c_us;
  std::vector<double> python_ns;
  for (int i = 0; i < kBlocks; ++i) {
    append(c_us, block_us(session));
    append(python_ns, peer.ask(kBlockSize));
  }
  const double python_us = median(python_ns) / 1e3;
  return {{
      .name = "binding_python",
      .value = python_us,
      .unit = "us",
      .floor = kGoal * median(c_us),
      .peer = "1.6 x C",
      .how =
          format("p50 of %zu executions of `1+1` by session.run() of the Python binding, in blocks of %d by turns with the C "
                 "interface (p50 %.1f us: %.2f times), on one core, Python %s on both sides",
                 python_ns.size(), kBlockSize, median(c_us), python_us / median(c_us), context.version.c_str()),
  }};
}

}  // namespace bench
