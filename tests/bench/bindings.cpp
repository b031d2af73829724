// What the bindings of other languages add to an execution: theirs and the C interface's, by turns, in one run.
#include <dlfcn.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>

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

// `ask` answers with the nanoseconds of that many executions, on the processor that this thread is kept on.
Row beside_c(const Context &context, const char *name, const char *what, double goal,
             const std::function<std::vector<double>(int)> &ask) {
  const Runtime runtime;
  const Session session(runtime, context);
  block_us(session);
  ask(kBlockSize);
  std::vector<double> c_us;
  std::vector<double> binding_ns;
  for (int i = 0; i < kBlocks; ++i) {
    append(c_us, block_us(session));
    append(binding_ns, ask(kBlockSize));
  }
  const double binding_us = median(binding_ns) / 1e3;
  return {
      .name = name,
      .value = binding_us,
      .unit = "us",
      .floor = goal * median(c_us),
      .peer = format("%.2f x C", goal),
      .how = format(
          "p50 of %zu executions of `1+1` by %s, in blocks of %d by turns with the C interface (p50 %.1f us: %.2f times), on "
          "one core, Python %s on both sides",
          binding_ns.size(), what, kBlockSize, median(c_us), binding_us / median(c_us), context.version.c_str()),
  };
}

// A program of a language that is compiled: `build` are arguments of the binding's run.sh, which make it.
Rows compiled(const Context &context, const char *name, const char *language, double goal,
              const std::function<std::vector<std::string>(const std::string &build)> &command, const char *program) {
  const std::string library = std::filesystem::path(library_path()).parent_path();
  const std::string build = std::filesystem::path(library).parent_path();
  std::vector<std::string> argv{context.folder + "/../../bindings/" + language + "/run.sh", build};
  for (const std::string &argument : command(build)) {
    argv.push_back(argument);
  }
  if (Child(argv).wait() != 0) {
    fail("the program of %s could not be built", language);
  }
  setenv("LD_LIBRARY_PATH", library.c_str(), 1);
  setenv("CAPSULE_PYTHON", context.python.c_str(), 1);
  const OneCpu pin;
  Child peer({build + program});
  return {beside_c(context, name, format("Session.run of the binding for %s", language).c_str(), goal,
                   [&peer](int count) { return ask_child(peer, count); })};
}

}  // namespace

Rows binding_python(const Context &context) {
  constexpr double kGoal = 1.6;
  setenv("CAPSULE_LIBRARY", library_path().c_str(), 1);
  setenv("CAPSULE_PYTHON", context.python.c_str(), 1);
  const OneCpu pin;
  PythonPeer peer(context, "binding_python.py", {context.folder + "/../../bindings/python"});
  return {beside_c(context, "binding_python", "session.run() of the Python binding", kGoal,
                   [&peer](int count) { return peer.ask(count); })};
}

Rows binding_go(const Context &context) {
  constexpr double kGoal = 1.3;
  const auto command = [](const std::string &build) {
    return std::vector<std::string>{"go", "build", "-o", build + "/go/bench", "./bench"};
  };
  return compiled(context, "binding_go", "go", kGoal, command, "/go/bench");
}

Rows binding_rust(const Context &context) {
  constexpr double kGoal = 1.15;
  const auto command = [](const std::string &) {
    return std::vector<std::string>{"cargo", "build", "--quiet", "--locked", "--release", "--example", "bench"};
  };
  return compiled(context, "binding_rust", "rust", kGoal, command, "/rust/release/examples/bench");
}

}  // namespace bench
