// Copies of a session by fork, and buffers between host and session.
#include <sys/mman.h>

#include <cstring>
#include <memory>

#include "client.hpp"
#include "floors.hpp"

namespace bench {
namespace {

constexpr int kHeldMiB = 200;
constexpr std::int64_t kTimeoutMs = kWaitMs;

void expect_ok(capsule_status status, const char *call) {
  if (status != CAPSULE_OK) {
    fail("%s: %s", call, capsule_status_name(status));
  }
}

void run_source(const Session &session, std::string_view source) {
  Event event;
  Execution execution(session, source);
  execution.finish(event);
  event.expect_result();
}

double snapshot_us(const Session &session) {
  capsule_snapshot *taken = nullptr;
  const std::uint64_t start = now_ns();
  expect_ok(capsule_session_snapshot(session.get(), kTimeoutMs, &taken, nullptr), "capsule_session_snapshot");
  const double us = us_between(start, now_ns());
  capsule_snapshot_release(taken);
  return us;
}

double branch_us(const Session &session) {
  capsule_session *branch = nullptr;
  const std::uint64_t start = now_ns();
  expect_ok(capsule_session_branch(session.get(), kTimeoutMs, &branch, nullptr), "capsule_session_branch");
  const double us = us_between(start, now_ns());
  capsule_session_close(branch, 0, nullptr);
  capsule_session_release(branch);
  return us;
}

// From the code's failing to the terminal event, which comes once the session is what it was: the code prints the time last.
double rollback_us(const Session &session) {
  capsule_execution_options options;
  capsule_execution_options_init(&options, sizeof options);
  options.transaction = CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE;
  Event event;
  Execution execution(session, "import time; print(time.monotonic_ns()); 1 / 0", &options);
  execution.next_of(event, CAPSULE_EVENT_OUTPUT);
  const std::uint64_t start = std::stoull(std::string(event.data()));
  execution.finish(event);
  const double us = us_between(start, now_ns());
  if (event->state != CAPSULE_STATE_ROLLED_BACK) {
    fail("the execution was not rolled back: %s", capsule_state_name(event->state));
  }
  return us;
}

Row copy_row(const char *name, const char *what, const std::vector<double> &ours, const std::vector<double> &fork_ns,
             const Context &context) {
  return {
      .name = name,
      .value = median(ours),
      .unit = "us",
      .floor = median(fork_ns) / 1e3,
      .peer = format("a bare os.fork() of a Python process that holds as much, whose child answers one byte over a pipe"),
      .how = format("p50 of %zu times %s, of a session that holds %d MiB (p95 %.0f us), each followed by a fork of the peer, "
                    "Python %s",
                    ours.size(), what, kHeldMiB, percentile(ours, 95), context.version.c_str()),
  };
}

// Each in its own mapping, touched anew: what a copy into shared memory costs at least.
double memcpy_us(const std::string &source) {
  void *target = mmap(nullptr, source.size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (target == MAP_FAILED) {
    fail_call("mmap");
  }
  const std::uint64_t start = now_ns();
  std::memcpy(target, source.data(), source.size());
  const double us = us_between(start, now_ns());
  munmap(target, source.size());
  return us;
}

double buffer_in_us(const Session &session, const std::string &data) {
  const capsule_value value{
      .struct_size = sizeof value, .kind = CAPSULE_VALUE_BUFFER, .data = data.data(), .size_bytes = data.size()};
  const std::uint64_t start = now_ns();
  expect_ok(capsule_session_set(session.get(), "x", 1, &value, CAPSULE_SET_OVERWRITE, kTimeoutMs, nullptr),
            "capsule_session_set");
  return us_between(start, now_ns());
}

double buffer_in_place_us(const Session &session, std::uint64_t size) {
  capsule_buffer *buffer = nullptr;
  void *memory = nullptr;
  expect_ok(capsule_buffer_create(size, &buffer, &memory, nullptr), "capsule_buffer_create");
  std::memset(memory, 'x', size);
  const capsule_value value{.struct_size = sizeof value, .kind = CAPSULE_VALUE_BUFFER, .buffer = buffer};
  const std::uint64_t start = now_ns();
  expect_ok(capsule_session_set(session.get(), "y", 1, &value, CAPSULE_SET_OVERWRITE, kTimeoutMs, nullptr),
            "capsule_session_set");
  const double us = us_between(start, now_ns());
  capsule_buffer_release(buffer);
  return us;
}

double buffer_out_us(const Session &session) {
  capsule_value value{.struct_size = sizeof value};
  const std::uint64_t start = now_ns();
  expect_ok(capsule_session_get(session.get(), "z", 1, CAPSULE_VALUE_BUFFER, kTimeoutMs, &value, nullptr),
            "capsule_session_get");
  const double us = us_between(start, now_ns());
  capsule_value_release(&value);
  return us;
}

// Made; and until its bytes are there.
std::pair<double, double> checkpoint_us(const Session &session) {
  capsule_checkpoint *made = nullptr;
  const void *data = nullptr;
  std::size_t size = 0;
  const std::uint64_t start = now_ns();
  expect_ok(capsule_session_checkpoint(session.get(), nullptr, kTimeoutMs, &made, nullptr), "capsule_session_checkpoint");
  const double us = us_between(start, now_ns());
  expect_ok(capsule_checkpoint_get_data(made, &data, &size, nullptr), "capsule_checkpoint_get_data");
  const double all_us = us_between(start, now_ns());
  capsule_checkpoint_release(made);
  return {us, all_us};
}

}  // namespace

Rows checkpoint(const Context &context) {
  constexpr int kRounds = 30;
  PythonPeer pickle_names(context, "pickle_names.py", {CAPSULE_CLOUDPICKLE});
  const Runtime runtime;
  const Session session(runtime, context);
  run_source(session, "globals().update({f'name_{i}': (i, f'text {i}', {'key': [i]}) for i in range(10_000)})");
  checkpoint_us(session);
  pickle_names.ask(1);
  std::vector<double> made;
  std::vector<double> bytes;
  std::vector<double> pickle_ns;
  for (int round = 0; round < kRounds; ++round) {
    const auto [made_us, bytes_us] = checkpoint_us(session);
    made.push_back(made_us);
    bytes.push_back(bytes_us);
    append(pickle_ns, pickle_names.ask(1));
  }
  const auto row = [&](const char *name, std::vector<double> &times, const char *what) {
    return Row{
        .name = name,
        .value = median(times),
        .unit = "us",
        .floor = median(pickle_ns) / 1e3,
        .peer = "cloudpickle.dumps() of the same names as a dict, in a process of its own",
        .how =
            format("p50 of %d times %s of 10,000 names bound to small tuples (p95 %.0f us), each followed by one of the peer, "
                   "Python %s",
                   kRounds, what, percentile(times, 95), context.version.c_str()),
    };
  };
  return {
      row("checkpoint", made, "capsule_session_checkpoint()"),
      row("checkpoint_bytes", bytes, "the same and capsule_checkpoint_get_data(), which compresses and makes the checksum,")};
}

Rows snapshot(const Context &context) {
  constexpr int kRounds = 40;
  PythonPeer fork_answer(context, "fork_answer.py", {std::to_string(kHeldMiB)});
  const Runtime runtime;
  const Session session(runtime, context);
  run_source(session, format("held = b'x' * (%d << 20)", kHeldMiB));
  std::vector<double> snapshots;
  std::vector<double> branches;
  std::vector<double> rollbacks;
  std::vector<double> fork_ns;
  for (int round = 0; round < kRounds; ++round) {
    snapshots.push_back(snapshot_us(session));
    append(fork_ns, fork_answer.ask(1));
    branches.push_back(branch_us(session));
    append(fork_ns, fork_answer.ask(1));
    rollbacks.push_back(rollback_us(session));
    append(fork_ns, fork_answer.ask(1));
  }
  return {copy_row("snapshot", "capsule_session_snapshot()", snapshots, fork_ns, context),
          copy_row("branch", "capsule_session_branch(), up to the new session's being ready", branches, fork_ns, context),
          copy_row("rollback", "from right before an execution fails to its terminal event", rollbacks, fork_ns, context)};
}

Rows buffers(const Context &context) {
  constexpr int kRounds = 20;
  constexpr std::size_t kBytes = 100'000'000;
  const std::string data(kBytes, 'x');
  const Runtime runtime;
  const Session session(runtime, context);
  run_source(session, "z = b'x' * 100_000_000");
  std::vector<double> in;
  std::vector<double> out;
  std::vector<double> place;
  std::vector<double> small_place;
  std::vector<double> copies;
  for (int round = 0; round < kRounds; ++round) {
    copies.push_back(memcpy_us(data));
    in.push_back(buffer_in_us(session, data));
    copies.push_back(memcpy_us(data));
    out.push_back(buffer_out_us(session));
    place.push_back(buffer_in_place_us(session, kBytes));
    small_place.push_back(buffer_in_place_us(session, kBytes / 100));
  }
  const auto row = [&](const char *name, const char *what, const std::vector<double> &ours) {
    return Row{.name = name,
               .value = median(ours),
               .unit = "us",
               .floor = median(copies),
               .peer = "memcpy of as much into a fresh shared mapping",
               .how = format("p50 of %zu times %s of 100 MB, with a copy of the peer before each (p95 %.0f us), Python %s",
                             ours.size(), what, percentile(ours, 95), context.version.c_str())};
  };
  return {row("buffer_in", "capsule_session_set() of host memory", in),
          row("buffer_out", "capsule_session_get() of a bytes object", out),
          Row{.name = "buffer_in_place",
              .value = median(place),
              .unit = "us",
              .floor = median(small_place),
              .peer = "the same with a hundredth of it",
              .how = format("p50 of %d times capsule_session_set() of 100 MB that the host has built in place, Python %s",
                            kRounds, context.version.c_str())}};
}

}  // namespace bench
