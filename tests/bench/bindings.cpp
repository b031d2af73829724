// What the bindings of other languages add to an execution: theirs and the C interface's, by turns, in one run.
#include <dlfcn.h>
#include <stdlib.h>

#include <capsule/capsule.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

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

// `ask` answers with the nanoseconds of that many executions, on the processor that this thread is kept on.
Row beside_c(const Context &context, const char *name, const char *what, double goal,
             const std::function<std::vector<double>(int)> &ask) {
  const Runtime runtime;
  const Session session(runtime, context);
  sums_us(session, kBlockSize);
  ask(kBlockSize);
  std::vector<double> c_us;
  std::vector<double> binding_ns;
  for (int i = 0; i < kBlocks; ++i) {
    append(c_us, sums_us(session, kBlockSize));
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
      .goal = Goal::kAtMost,
  };
}

std::string build_folder() { return std::filesystem::path(library_path()).parent_path().parent_path(); }

// Of a language that is compiled: what makes its program, and what runs that.
struct Program {
  std::vector<std::string> compile;
  std::vector<std::string> run;
};

Row compiled(const Context &context, const char *name, const std::string &language, double goal, const Program &program) {
  if (Child(program.compile).wait() != 0) {
    fail("the program of %s could not be built", language.c_str());
  }
  setenv("LD_LIBRARY_PATH", (build_folder() + "/lib").c_str(), 1);
  setenv("CAPSULE_LIBRARY", library_path().c_str(), 1);
  setenv("CAPSULE_PYTHON", context.python.c_str(), 1);
  const OneCpu pin;
  Child peer(program.run);
  return beside_c(context, name, format("Session.run of the binding for %s", language.c_str()).c_str(), goal,
                  [&peer](int count) { return ask_child(peer, count); });
}

std::string in_bindings(const Context &context, const char *path) { return context.folder + "/../../bindings/" + path; }

// The .NET Core that the tests of that binding have got, whose SDK stands beside it; empty where they have got none.
std::filesystem::path dotnet_folder() {
  std::error_code none;
  for (const auto &entry : std::filesystem::directory_iterator(build_folder() + "/tools", none)) {
    std::filesystem::path folder = entry.path() / "dotnetcore2/bin";
    if (std::filesystem::exists(folder / "shared/Microsoft.NETCore.App")) {
      return folder;
    }
  }
  return {};
}

}  // namespace

// Its peer is no process of its own: the wrapper is compiled into whoever uses it.
Rows binding_cpp(const Context &context) {
  constexpr double kGoal = 1.15;
  const OneCpu pin;
  capsule::SessionOptions options;
  options.python = context.python;
  capsule::Runtime runtime;
  capsule::Session session = runtime.open(options);
  return {beside_c(context, "binding_cpp", "Session::run of the wrapper for C++", kGoal, [&session](int count) {
    std::vector<double> samples;
    for (int i = 0; i < count; ++i) {
      const std::uint64_t start = now_ns();
      const capsule::RunResult result = session.run("1+1");
      samples.push_back(static_cast<double>(now_ns() - start));
      if (result.repr != "2") {
        fail("the session of the wrapper for C++ answered something else than 2");
      }
    }
    return samples;
  })};
}

Rows binding_python(const Context &context) {
  constexpr double kGoal = 1.6;
  setenv("CAPSULE_LIBRARY", library_path().c_str(), 1);
  setenv("CAPSULE_PYTHON", context.python.c_str(), 1);
  const OneCpu pin;
  PythonPeer peer(context, "binding_python.py", {context.folder + "/../../bindings/python"});
  return {beside_c(context, "binding_python", "session.run() of the Python binding", kGoal,
                   [&peer](int count) { return peer.ask(count); })};
}

// The one core is this benchmark's, and Go would count that alone: first as on the whole machine, then as Go counts.
Rows binding_go(const Context &context) {
  constexpr double kGoal = 1.3;
  const std::string program = build_folder() + "/go/bench";
  const auto row = [&](const char *name, const std::string &processors) {
    setenv("GOMAXPROCS", processors.c_str(), 1);
    return compiled(context, name, format("Go, GOMAXPROCS=%s", processors.c_str()), kGoal,
                    {.compile = {in_bindings(context, "go/run.sh"), build_folder(), "go", "build", "-o", program, "./bench"},
                     .run = {program}});
  };
  Row whole = row("binding_go", std::to_string(std::thread::hardware_concurrency()));
  Row alone = row("binding_go_one_processor", "1");
  alone.goal = Goal::kNone;  // told beside it: the goal is for the machine as it is
  return {std::move(whole), std::move(alone)};
}

Rows binding_rust(const Context &context) {
  constexpr double kGoal = 1.15;
  return {compiled(context, "binding_rust", "Rust", kGoal,
                   {.compile = {in_bindings(context, "rust/run.sh"), build_folder(), "cargo", "build", "--quiet", "--locked",
                                "--release", "--example", "bench"},
                    .run = {build_folder() + "/rust/release/examples/bench"}})};
}

// On Mono, and on .NET Core, which the tests of that binding get.
constexpr double kCsharpGoal = 1.3;

Rows binding_csharp_mono(const Context &context) {
  const std::string mono = build_folder() + "/bindings/csharp/mono";
  return {compiled(context, "binding_csharp_mono", "C# on Mono", kCsharpGoal,
                   {.compile = {in_bindings(context, "csharp/build.sh"), mono}, .run = {"mono", mono + "/bench.exe"}})};
}

Rows binding_csharp_coreclr(const Context &context) {
  const std::filesystem::path dotnet = dotnet_folder();
  if (dotnet.empty()) {
    fail("no .NET Core is in %s/tools: the configuration of the tests gets one, on x86-64", build_folder().c_str());
  }
  const std::string core = build_folder() + "/bindings/csharp/coreclr";
  const std::filesystem::path framework = *std::filesystem::directory_iterator(dotnet / "shared/Microsoft.NETCore.App");
  return {compiled(context, "binding_csharp_coreclr", "C# on .NET Core", kCsharpGoal,
                   {.compile = {in_bindings(context, "csharp/build.sh"), core, framework},
                    .run = {dotnet / "dotnet", "exec", "--runtimeconfig", core + "/runtimeconfig.json", core + "/bench.exe"}})};
}

}  // namespace bench
