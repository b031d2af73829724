// What a session costs while nothing runs in it.
#include <chrono>
#include <memory>
#include <thread>

#include "client.hpp"
#include "floors.hpp"
#include "proc.hpp"

namespace bench {
namespace {

constexpr std::chrono::seconds kSettle{1};
constexpr std::chrono::seconds kWatch{6};

// Per second.
struct Use {
  double cpu_us;
  double wakeups;
};

struct IdleUse {
  Use worker;
  Use zygote;
  Use host;
};

struct Sample {
  std::uint64_t wakeups;
  std::uint64_t cpu_ns;
};

// The CPU clock is read last here and first below: counting wakeups reads many files, on the host's own time.
Sample sample(pid_t pid) {
  const std::uint64_t wakeups = read_wakeups(pid);
  return {wakeups, read_cpu_ns(pid)};
}

Use use_since(const Sample &before, pid_t pid) {
  const std::uint64_t cpu_ns = read_cpu_ns(pid) - before.cpu_ns;
  const std::uint64_t wakeups = read_wakeups(pid) - before.wakeups;
  const double seconds = static_cast<double>(kWatch.count());
  return {static_cast<double>(cpu_ns) / 1e3 / seconds, static_cast<double>(wakeups) / seconds};
}

IdleUse watch_idle(const Context &context, std::uint32_t heartbeat_ms) {
  const Runtime runtime;
  const Session session(runtime, context, {.heartbeat_ms = heartbeat_ms});
  Event event;
  run_sum(session, event);
  const pid_t worker = session.pid();
  const pid_t zygote = runtime.zygote_pid();
  std::this_thread::sleep_for(kSettle);
  const Sample zygote_before = sample(zygote);
  const Sample worker_before = sample(worker);
  // Last before and first after, so that the other samples are not in the host's time.
  const Sample host_before = sample(getpid());
  std::this_thread::sleep_for(kWatch);
  const Use host = use_since(host_before, getpid());
  return {use_since(worker_before, worker), use_since(zygote_before, zygote), host};
}

}  // namespace

Rows idle_cpu(const Context &context) {
  constexpr std::uint32_t kSecond = 1'000;
  constexpr std::uint32_t kHour = 3'600'000;
  const IdleUse beating = watch_idle(context, kSecond);
  const IdleUse quiet = watch_idle(context, kHour);
  const auto how = [&](const char *whose) {
    return format(
        "user and system time of all threads of %s over %d s with a heartbeat each second, after one 1+1 "
        "and %d s to settle; the floor is measured the same way, Python %s",
        whose, static_cast<int>(kWatch.count()), static_cast<int>(kSettle.count()), context.version.c_str());
  };
  const Row worker{
      .name = "idle_cpu",
      .value = beating.worker.cpu_us,
      .unit = "us/s",
      .floor = quiet.worker.cpu_us,
      .peer = format("the same with a heartbeat each hour; wakeups per second: %.2f, with the hour %.2f",
                     beating.worker.wakeups, quiet.worker.wakeups),
      .how = how("an idle session's worker"),
  };
  const Row host{
      .name = "idle_cpu_host",
      .value = beating.host.cpu_us,
      .unit = "us/s",
      .floor = quiet.host.cpu_us,
      .peer = format("the same with a heartbeat each hour; wakeups per second: %.2f, with the hour %.2f; the zygote "
                     "uses %.1f us/s with %.2f wakeups",
                     beating.host.wakeups, quiet.host.wakeups, beating.zygote.cpu_us, beating.zygote.wakeups),
      .how = how("the host's process with one idle session"),
  };
  return {worker, host};
}

Rows session_memory(const Context &context) {
  constexpr std::size_t kSessions = 10;
  constexpr double kGoalKib = 2'048;
  const Memory bare = bare_memory(context);
  const Runtime runtime;
  std::vector<std::unique_ptr<Session>> sessions;
  for (std::size_t i = 0; i < kSessions; ++i) {
    sessions.push_back(std::make_unique<Session>(runtime, context));
    Event event;
    run_sum(*sessions.back(), event);
  }
  std::vector<double> private_kib;
  std::vector<double> resident_kib;
  for (const auto &session : sessions) {
    const Memory memory = read_memory(session->pid());
    private_kib.push_back(memory.private_kib);
    resident_kib.push_back(memory.resident_kib);
  }
  return {{
      .name = "session_memory",
      .value = median(private_kib),
      .unit = "KiB",
      .floor = kGoalKib,
      .peer = format("the goal of %.0f KiB; a plain python3 has %.0f KiB resident, %.0f KiB of it private", kGoalKib,
                     bare.resident_kib, bare.private_kib),
      .how = format("median of Private_Clean + Private_Dirty of %zu idle sessions open at once after one 1+1 each "
                    "(%.0f ... %.0f KiB, resident %.0f KiB), Python %s",
                    kSessions, percentile(private_kib, 0), percentile(private_kib, 100), median(resident_kib),
                    context.version.c_str()),
      .goal = Goal::kAtMost,
  }};
}

}  // namespace bench
