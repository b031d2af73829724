// How fast output reaches the caller.
#include "client.hpp"
#include "floors.hpp"
#include "proc.hpp"

namespace bench {
namespace {

constexpr int kBlocks = 5;

struct Load {
  std::string name;
  std::string source;
  std::uint64_t bytes;  // that one run of the source writes
  std::string what;     // it writes
};

double megabytes_per_second(std::uint64_t bytes, double seconds) { return static_cast<double>(bytes) / 1e6 / seconds; }

double receive_seconds(const Session &session, const Load &load) {
  Event event;
  const std::uint64_t start = now_ns();
  Execution execution(session, load.source);
  const std::uint64_t received = execution.finish(event);
  const double seconds = ms_between(start, now_ns()) / 1e3;
  event.expect_result();
  if (received != load.bytes) {
    fail("%llu bytes were received of %llu", static_cast<unsigned long long>(received),
         static_cast<unsigned long long>(load.bytes));
  }
  return seconds;
}

Rows throughput(const Context &context, const Load &load) {
  PythonPeer writer(context, "writer.py", {load.source});
  const Runtime runtime;
  const Session session(runtime, context);
  Event event;
  run_sum(session, event);
  writer.drain_seconds(load.bytes);
  reset_own_peak();
  const double resident_before = own_resident_kib();
  std::vector<double> ours;
  std::vector<double> peer;
  for (int i = 0; i < kBlocks; ++i) {
    ours.push_back(megabytes_per_second(load.bytes, receive_seconds(session, load)));
    peer.push_back(megabytes_per_second(load.bytes, writer.drain_seconds(load.bytes)));
  }
  const double growth = own_peak_kib() - resident_before;
  return {{
      .name = load.name,
      .value = median(ours),
      .unit = "MB/s",
      .floor = median(peer),
      .peer = "the same code in the same interpreter (-I) writing to a pipe that this program reads",
      .how = format("higher is better: median of %d runs of %s, %.0f MB each, from create to the terminal event, "
                    "interleaved with the peer's, whose start is excluded; the host's resident memory peaked %.0f KiB "
                    "above what it was before, Python %s",
                    kBlocks, load.what.c_str(), static_cast<double>(load.bytes) / 1e6, growth, context.version.c_str()),
  }};
}

}  // namespace

Rows print_throughput(const Context &context) {
  constexpr int kLines = 500'000;
  const Load load{
      .name = "print_throughput",
      .source = format("s = 'x' * 99\nfor i in range(%d): print(s)", kLines),
      .bytes = kLines * 100ULL,
      .what = format("%d prints of 100-byte lines", kLines),
  };
  return throughput(context, load);
}

Rows fd_throughput(const Context &context) {
  constexpr int kWrites = 3'200;
  const Load load{
      .name = "fd_throughput",
      .source = format("import os\nb = b'x' * 65536\nfor i in range(%d): os.write(1, b)", kWrites),
      .bytes = kWrites * 65'536ULL,
      .what = format("%d times os.write(1, 64 KiB)", kWrites),
  };
  return throughput(context, load);
}

}  // namespace bench
