// A storm of executions with output, whose workers are killed at random points: in each surface of diagnostics, what was produced is what was
// delivered and what is counted as lost. CAPSULE_TEST_STORM is how many executions each thread makes; a soak takes 2,000.
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "introspection.hpp"
#include "metrics.hpp"
#include "process.hpp"
#include "threads.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

constexpr int kThreads = 3;

int executions() {
  const char *given = std::getenv("CAPSULE_TEST_STORM");
  return given == nullptr ? 40 : std::atoi(given);
}

// An exporter's callback, which fails now and then.
struct Export {
  std::atomic<std::uint64_t> taken{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> batches{0};

  static std::int32_t take(void *user_data, const capsule_export_group *groups, std::size_t count) {
    auto *self = static_cast<Export *>(user_data);
    std::uint64_t events = 0;
    for (std::size_t i = 0; i < count; ++i) {
      events += groups[i].event_count;
    }
    const bool fails = ++self->batches % 5 == 0;
    (fails ? self->failed : self->taken) += events;
    return fails ? 1 : 0;
  }
};

// The audit trail's sink, which refuses now and then.
struct Trail {
  std::atomic<std::uint64_t> kept{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> offered{0};

  static std::int32_t take(void *user_data, const char *, std::size_t) {
    auto *self = static_cast<Trail *>(user_data);
    const bool refuses = ++self->offered % 7 == 0;
    ++(refuses ? self->refused : self->kept);
    return refuses ? 1 : 0;
  }
};

struct LogTaker {
  std::array<std::atomic<std::uint64_t>, 4> records{};

  static void take(void *user_data, std::int32_t level, const char *, std::size_t) {
    ++static_cast<LogTaker *>(user_data)->records.at(static_cast<std::size_t>(level - CAPSULE_LOG_DEBUG));
  }
};

capsule_log_info log_info() {
  capsule_log_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_log_get_info(&info, error));
  return info;
}

// What is looked at in the storm: every call of these is one record.
struct Looks {
  std::atomic<std::uint64_t> allowed{0};
  std::atomic<std::uint64_t> denied{0};

  void look(const Session &session) {
    check_account(trace_of(session).info);
    ++allowed;
    const capsule_inspection all = inspection_of(CAPSULE_INSPECT_FULL);
    capsule_execution_status status{.struct_size = sizeof status};
    REFUSED(CAPSULE_E_DENIED, capsule_session_inspect_execution(session.get(), &all, &status, error));
    ++denied;
  }
};

// After a death, of which the host may not know yet, the next one.
Watched worker_of(const Session &session) {
  for (;;) {
    ACCEPTED(capsule_session_wait_ready(session.get(), kPatienceMs, error));
    if (const pid_t pid = info_of(session).pid; pid > 0) {
      return Watched(pid);
    }
  }
}

// One session, its executions, and whoever kills its worker in between.
void storm(const Session &session, int thread, Looks &looks) {
  std::minstd_rand random(static_cast<std::uint32_t>(17 + thread));
  for (int i = 0; i < executions(); ++i) {
    const bool to_die = random() % 4 == 0;
    const Watched worker = worker_of(session);
    Run run(session, "out first\nflood " + std::to_string(10 + random() % 50) + "\nvalue 1");
    if (to_die) {
      Threads killer;
      const std::chrono::microseconds pause(random() % 1'500);
      killer.start([&] {
        std::this_thread::sleep_for(pause);  // no wait for anything: the moment of the kill
        worker.kill(SIGKILL);
      });
      run.end();
      killer.join();
    } else {
      run.end();
    }
    looks.look(session);
  }
}

// Each number of each writer is either an event of the trace or among what is counted as lost.
void check_recorder(const Session &session) {
  const Taken taken = trace_of(session, {}, 1'000'000);
  CHECK_EQ(taken.info.evicted + taken.info.truncated + taken.info.late + taken.info.refused, 0);
  std::map<std::pair<std::uint32_t, std::int32_t>, std::set<std::uint64_t>> numbers;
  std::uint64_t from_workers = 0;
  for (const capsule_trace_event &event : taken.events) {
    if (event.incarnation != 0) {
      CHECK(numbers[std::pair(event.incarnation, event.writer)].insert(event.sequence).second);  // each once
      ++from_workers;
    }
  }
  std::uint64_t missing = 0;
  for (const auto &[writer, seen] : numbers) {
    missing += *seen.rbegin() - seen.size();
  }
  CHECK_AT_LEAST(from_workers, static_cast<std::uint64_t>(executions()));
  CHECK_AT_MOST(missing, taken.info.dropped + taken.info.invalid);
  // What was half written when its writer was killed stands behind the last number that is seen, one for each writer.
  CHECK_AT_MOST(taken.info.dropped + taken.info.invalid, missing + numbers.size());
}

std::uint64_t count_of(const Samples &samples, const std::string &series) {
  return static_cast<std::uint64_t>(samples[series]);
}

void check_prometheus(const Runtime &runtime, const std::vector<Session> &sessions) {
  std::uint64_t emitted = 0;
  std::uint64_t stored = 0;
  for (const Session &session : sessions) {
    const capsule_trace_info info = trace_of(session).info;
    emitted += info.emitted;
    stored += info.stored;
  }
  const Samples samples(runtime);
  const auto events = static_cast<std::uint64_t>(samples.sum("trace_events_total"));
  std::uint64_t lost = 0;
  for (const char *source : {"host", "worker"}) {
    for (const char *reason : {"evicted", "dropped", "refused", "late", "truncated", "invalid"}) {
      lost += count_of(
          samples, std::string(R"(trace_events_lost_total{pool="none",source=")") + source + "\",reason=\"" + reason + "\"}");
    }
  }
  CHECK_EQ(events, emitted);
  CHECK_EQ(events - lost, stored);
}

void check_exporter(capsule_exporter *exporter, const Export &taker, bool drops) {
  ACCEPTED(capsule_exporter_flush(exporter, kPatienceMs, error));
  capsule_exporter_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_exporter_get_info(exporter, &info, error));
  CHECK_EQ(info.queued, 0);
  CHECK_EQ(info.accepted, info.sent + info.failed + info.dropped);
  CHECK_EQ(info.sent, taker.taken.load());
  CHECK_EQ(info.failed, taker.failed.load());
  CHECK_EQ(info.dropped > 0, drops);
}

void check_audit(const Runtime &runtime, const Trail &trail, const Looks &looks) {
  const capsule_audit_info info = audit_of(runtime);
  CHECK_EQ(info.allowed, looks.allowed.load());
  CHECK_EQ(info.denied, looks.denied.load());
  CHECK_EQ(info.failed, 0);
  CHECK_EQ(info.lost, trail.refused.load());
  CHECK_EQ(info.allowed + info.denied + 1, trail.kept.load() + trail.refused.load());  // and where the chain begins
}

Handle<capsule_exporter, capsule_exporter_release> start(const Runtime &runtime, const char *name, Export &taker,
                                                         std::uint32_t queue_limit) {
  capsule_exporter_options options;
  capsule_exporter_options_init(&options, sizeof options);
  options.name = capsule_text_from(name);
  options.interval_ms = 2;
  options.queue_limit = queue_limit;
  options.callback = &Export::take;
  options.user_data = &taker;
  Handle<capsule_exporter, capsule_exporter_release> exporter;
  ACCEPTED(capsule_exporter_create(runtime.get(), &options, exporter.out(), error));
  return exporter;
}

void keep_trail(const Runtime &runtime, Trail &trail) {
  capsule_audit_options options;
  capsule_audit_options_init(&options, sizeof options);
  options.callback = &Trail::take;
  options.user_data = &trail;
  ACCEPTED(capsule_runtime_set_audit(runtime.get(), &options, error));
}

}  // namespace

CAPSULE_TEST(nothing_is_lost_uncounted_in_a_storm_with_kills) {
  LogTaker log;
  const capsule_log_info before = log_info();
  ACCEPTED(capsule_log_set_callback(CAPSULE_LOG_DEBUG, &LogTaker::take, &log, error));
  Export all;
  Export few;
  Trail trail;
  Looks looks;
  {
    const Runtime runtime = make_runtime();
    keep_trail(runtime, trail);
    const auto wide = start(runtime, "wide", all, 1U << 20U);
    const auto narrow = start(runtime, "narrow", few, 8);
    std::vector<Session> sessions;
    SessionOptions options = SessionOptions::echo();
    options.raw.trace_bytes = 64U << 20U;
    options.raw.trace_level = CAPSULE_LOG_DEBUG;
    options.raw.restart_policy = CAPSULE_RESTART_FRESH;
    for (int thread = 0; thread < kThreads; ++thread) {
      sessions.push_back(open_session(runtime, options));
    }
    run_at_once(kThreads, [&](int thread) { storm(sessions[static_cast<std::size_t>(thread)], thread, looks); });
    capsule_runtime_info info{.struct_size = sizeof info};
    ACCEPTED(capsule_runtime_get_info(runtime.get(), &info, error));
    CHECK_AT_LEAST(info.workers_died, kThreads);
    check_audit(runtime, trail, looks);
    for (const Session &session : sessions) {
      ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
      check_recorder(session);
    }
    check_prometheus(runtime, sessions);
    check_exporter(wide.get(), all, /*drops=*/false);
    check_exporter(narrow.get(), few, /*drops=*/true);
  }
  ACCEPTED(capsule_log_set_callback(CAPSULE_LOG_OFF, nullptr, nullptr, error));
  const capsule_log_info after = log_info();
  for (std::size_t level = 0; level < log.records.size(); ++level) {
    CHECK_EQ(after.records[level] - before.records[level], log.records.at(level).load());
  }
  CHECK_AT_LEAST(log.records.front().load(), 1);
}
