// How long it takes from nothing, and from a running zygote, to a first result.
#include "client.hpp"
#include "floors.hpp"

namespace bench {
namespace {

double session_start_us(const Runtime &runtime, const Context &context) {
  Event event;
  const std::uint64_t start = now_ns();
  const Session session(runtime, context);
  run_sum(session, event);
  return us_between(start, now_ns());
}

double cold_start_ms(const Context &context) {
  Event event;
  const std::uint64_t start = now_ns();
  const Runtime runtime;
  const Session session(runtime, context);
  run_sum(session, event);
  return ms_between(start, now_ns());
}

}  // namespace

Rows session_start(const Context &context) {
  constexpr int kBlocks = 10;
  constexpr int kBlockSize = 10;
  PythonPeer fork_answer(context, "fork_answer.py");
  const Runtime runtime;
  session_start_us(runtime, context);
  fork_answer.ask(kBlockSize);
  std::vector<double> ours;
  std::vector<double> fork_ns;
  for (int block = 0; block < kBlocks; ++block) {
    for (int i = 0; i < kBlockSize; ++i) {
      ours.push_back(session_start_us(runtime, context));
    }
    append(fork_ns, fork_answer.ask(kBlockSize));
  }
  return {{
      .name = "session_start",
      .value = median(ours),
      .unit = "us",
      .floor = median(fork_ns) / 1e3,
      .peer = "a bare os.fork() whose child answers one byte over a pipe",
      .how = format("p50 of %zu times open, create, next up to the result of 1+1, from a running zygote (p95 %.0f us), "
                    "each closed before the next and outside the time, in %d blocks interleaved with as many forks, "
                    "Python %s",
                    ours.size(), percentile(ours, 95), kBlocks, context.version.c_str()),
  }};
}

Rows cold_start(const Context &context) {
  constexpr int kPairs = 15;
  cold_start_ms(context);
  bare_start_ms(context);
  std::vector<double> ours;
  std::vector<double> bare;
  for (int i = 0; i < kPairs; ++i) {
    ours.push_back(cold_start_ms(context));
    bare.push_back(bare_start_ms(context));
  }
  return {{
      .name = "cold_start",
      .value = median(ours),
      .unit = "ms",
      .floor = median(bare),
      .peer = "posix_spawn of `python3 -c pass` up to its end",
      .how = format("p50 of %d times from capsule_runtime_create to the result of 1+1 in a new session (p95 %.1f ms), "
                    "each followed by one start of the peer, after an untimed run of both to fill the file cache, "
                    "Python %s",
                    kPairs, percentile(ours, 95), context.version.c_str()),
  }};
}

}  // namespace bench
