// The worker's native core without an interpreter: output through a real socket, and threads that are parked around a fork.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "link/link.hpp"
#include "output/output.hpp"
#include "test.hpp"
#include "transport/socket.hpp"

using namespace capsule;
using namespace capsule::worker;

namespace {

constexpr std::uint64_t kPatienceNs = 30 * kNsPerSecond;
constexpr Writer kWriter{5, 0, 1};

// An Output with both ends of everything it talks to.
struct Bench {
  explicit Bench(std::uint64_t credit) {
    auto pair = socket_pair();
    CHECK(pair.ok());
    host = std::move(pair.value().first);
    work = std::move(pair.value().second);
    int out[2];
    int err[2];
    CHECK(pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0);
    CHECK(fcntl(out[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(err[0], F_SETFL, O_NONBLOCK) == 0);
    out_write.reset(out[1]);
    err_write.reset(err[1]);
    auto memory = SharedMemory::create("test", SessionMemory::size(1U << 20U));
    CHECK(memory.ok());
    state.pid = getpid();
    state.main_thread = gettid();
    state.current_id = 5;
    output.emplace(state, SessionMemory(std::move(memory.value())), work.get(), UniqueFd(out[0]), UniqueFd(err[0]),
                   OutputLimits{.credit = credit, .max_frame_bytes = wire::kDefaultMaxFrame});
  }

  // The bytes of Output frames until so many have come, or the frame behind them.
  std::string receive_output(std::size_t bytes) {
    const std::uint64_t deadline = monotonic_ns() + kPatienceNs;
    while (received.size() < bytes) {
      pollfd fd{host.get(), POLLIN, 0};
      CHECK(::poll(&fd, 1, poll_timeout_ms(deadline)) == 1);
      const auto room = reader.room();
      const ssize_t count = ::recv(host.get(), room.data(), room.size(), 0);
      CHECK(count > 0);
      reader.filled(static_cast<std::size_t>(count));
      for (auto frame = reader.next(); frame.ok() && frame.value(); frame = reader.next()) {
        const auto envelope = wire::decode(*frame.value());
        CHECK(envelope.ok());
        if (const auto *piece = std::get_if<wire::Output>(&envelope.value().body)) {
          received += piece->data;
        }
      }
    }
    return std::exchange(received, {});
  }

  SessionState state;
  UniqueFd host;
  UniqueFd work;
  UniqueFd out_write;
  UniqueFd err_write;
  FrameReader reader{1U << 24U};
  std::string received;
  std::optional<Output> output;
};

}  // namespace

CAPSULE_TEST(a_parked_pump_keeps_what_is_queued_and_sends_it_when_resumed) {
  Bench bench(1U << 20U);
  bench.output->start_pump();
  bench.output->append(kWriter, 1, "one\n");
  CHECK_EQ(bench.receive_output(4), "one\n");
  bench.output->stop_pump();
  CHECK(!bench.output->pumping());
  bench.output->append(kWriter, 1, "two\n");
  const pid_t child = fork();
  if (child == 0) {
    _exit(bench.output->pumping() ? 1 : 0);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(WEXITSTATUS(status), 0);
  bench.output->start_pump();
  CHECK_EQ(bench.receive_output(4), "two\n");
}

CAPSULE_TEST(a_parked_link_answers_again_when_resumed) {
  Bench bench(1U << 20U);
  auto control = socket_pair();
  CHECK(control.ok());
  int alive[2];
  CHECK(pipe2(alive, O_CLOEXEC) == 0);
  const UniqueFd host_alive(alive[0]);
  const UniqueFd host_end(alive[1]);
  InputTable inputs;
  CallTable calls;
  ControlSender sender(control.value().second.get());
  Link link(bench.state, *bench.output, inputs, calls, sender, control.value().second.get(), bench.work.get(), host_alive.get(),
            FrameReader(1U << 20U), 3'600'000);
  for (int round = 0; round < 3; ++round) {
    link.start();
    const auto request = inputs.open();
    wire::Encoder encoder;
    CHECK(send_all(control.value().first.get(), encoder.encode(5, wire::InputResponse{request->id, "yes", false})));
    const std::uint64_t deadline = monotonic_ns() + kPatienceNs;
    for (;;) {
      const std::uint32_t ticket = request->gate.ticket();
      if (request->answered) {
        break;
      }
      CHECK(request->gate.wait(ticket, deadline) != Wait::kTimedOut);
    }
    CHECK_EQ(*request->text, "yes");
    link.stop();
  }
}

// The host reads now and then; what could not be sent in between is told by the next that could.
CAPSULE_TEST(heartbeats_that_cannot_be_sent_are_counted) {
  Bench bench(1U << 20U);
  auto control = socket_pair();
  CHECK(control.ok());
  const int host_end = control.value().first.get();
  const int worker_end = control.value().second.get();
  int alive[2];
  CHECK(pipe2(alive, O_CLOEXEC) == 0);
  const UniqueFd host_alive(alive[0]);
  const UniqueFd host_alive_end(alive[1]);
  InputTable inputs;
  CallTable calls;
  ControlSender sender(worker_end);
  Link link(bench.state, *bench.output, inputs, calls, sender, worker_end, bench.work.get(), host_alive.get(),
            FrameReader(1U << 20U), /*heartbeat_interval_ms=*/1);
  link.start();
  FrameReader frames(1U << 20U);
  std::uint64_t failures = 0;
  for (const std::uint64_t deadline = monotonic_ns() + kPatienceNs; failures == 0;) {
    CHECK(monotonic_ns() < deadline);
    wire::Encoder encoder;
    const auto filler = encoder.encode(0, wire::Heartbeat{});
    while (::send(worker_end, filler.data(), filler.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
    ::poll(nullptr, 0, 5);  // the link's turn, which may be some time off
    for (ssize_t count = 1; count > 0;) {
      const auto room = frames.room();
      count = ::recv(host_end, room.data(), room.size(), MSG_DONTWAIT);
      frames.filled(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      for (auto frame = frames.next(); frame.ok() && frame.value(); frame = frames.next()) {
        const auto envelope = wire::decode(*frame.value());
        CHECK(envelope.ok());
        failures = std::max(failures, std::get<wire::Heartbeat>(envelope.value().body).send_failures);
      }
    }
  }
  link.stop();
}

CAPSULE_TEST(without_credit_nothing_is_sent_and_with_it_everything_is) {
  Bench bench(1);
  bench.output->start_pump();
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    CHECK_EQ(bench.output->append(kWriter, 1, line), line.size());
    expected += line;
  }
  std::string seen;
  while (seen.size() < expected.size()) {
    bench.output->add_credit(1000);
    seen += bench.receive_output(1);
  }
  CHECK(seen == expected);
}

CAPSULE_TEST(a_terminal_frame_comes_behind_all_output_of_both_kinds) {  // I2
  Bench bench(1U << 20U);
  const std::string raw = "raw\n";
  CHECK_EQ(::write(bench.out_write.get(), raw.data(), raw.size()), raw.size());
  bench.output->append(kWriter, 1, "text");
  bench.output->send_behind(5, wire::Result{});
  std::string output;
  bool ended = false;
  while (!ended) {
    const auto room = bench.reader.room();
    const ssize_t count = ::recv(bench.host.get(), room.data(), room.size(), 0);
    CHECK(count > 0);
    bench.reader.filled(static_cast<std::size_t>(count));
    for (auto frame = bench.reader.next(); frame.ok() && frame.value(); frame = bench.reader.next()) {
      const auto envelope = wire::decode(*frame.value());
      CHECK(envelope.ok() && !ended);
      if (const auto *piece = std::get_if<wire::Output>(&envelope.value().body)) {
        output += piece->data;
      }
      ended = std::holds_alternative<wire::Result>(envelope.value().body);
    }
  }
  CHECK_EQ(output, "textraw\n");
}

CAPSULE_TEST(threads_that_append_at_once_lose_nothing) {
  Bench bench(1U << 30U);
  bench.output->start_pump();
  constexpr int kThreads = 4;
  constexpr int kLines = 5000;
  NativeThread threads[kThreads];
  std::mutex gil;  // what orders appends in Python
  for (NativeThread &thread : threads) {
    thread.start("writer", [&bench, &gil] {
      for (int i = 0; i < kLines; ++i) {
        std::string_view line = "0123456789\n";
        while (!line.empty()) {
          const std::uint32_t ticket = bench.output->space().ticket();
          {
            const std::lock_guard lock(gil);
            line.remove_prefix(bench.output->append(kWriter, 1, line));
          }
          if (!line.empty()) {
            bench.output->space().wait(ticket);
          }
        }
      }
    });
  }
  const std::string all = bench.receive_output(std::size_t{kThreads} * kLines * 11);
  for (NativeThread &thread : threads) {
    thread.join();
  }
  CHECK_EQ(all.size(), kThreads * kLines * 11);
  CHECK_EQ(std::count(all.begin(), all.end(), '\n'), kThreads * kLines);
}

std::uint64_t told_dropped(const std::string &all) {
  std::uint64_t told = 0;
  for (std::size_t at = all.find("[capsule: "); at != std::string::npos; at = all.find("[capsule: ", at + 1)) {
    told += std::stoull(all.substr(at + 10));
  }
  return told;
}

std::size_t notices_size(const std::string &all) {
  std::size_t size = 0;
  for (std::size_t at = all.find("[capsule: "); at != std::string::npos; at = all.find("[capsule: ", at + 1)) {
    size += all.find('\n', at) + 1 - at;
  }
  return size;
}

CAPSULE_TEST(the_oldest_is_dropped_while_the_pump_sends) {
  Bench bench(64U << 10U);
  bench.output->start_pump();
  constexpr int kLines = 50'000;
  const std::string text = std::string(99, 'x') + "\n";
  NativeThread writer;
  writer.start("writer", [&] {
    for (int i = 0; i < kLines; ++i) {
      while (bench.output->append(kWriter, 1, text) == 0) {
        bench.output->drop_oldest(text.size());
      }
    }
  });
  // The host goes on once something was dropped: without credit nothing is on its way that could not be.
  const auto dropped = [&] { return bench.output->counters().get(Counter::outputs_dropped); };
  while (dropped() == 0) {
    sched_yield();
  }
  std::string all;
  while (std::count(all.begin(), all.end(), '\n') < kLines) {
    bench.output->add_credit(64U << 10U);
    all += bench.receive_output(1);
    if (bench.output->counters().get(Counter::outputs_enqueued) == kLines &&
        std::count(all.begin(), all.end(), 'x') / 99 + static_cast<long>(dropped()) == kLines) {
      break;
    }
  }
  writer.join();
  CHECK(dropped() > 0);
  CHECK_EQ(told_dropped(all), bench.output->counters().get(Counter::output_bytes_dropped));
  CHECK_EQ(std::count(all.begin(), all.end(), 'x'), (kLines - static_cast<long>(dropped())) * 99);
}

CAPSULE_TEST(what_is_on_its_way_is_not_dropped_and_not_in_the_way_of_the_newest) {  // I6
  Bench bench(1U << 30U);
  bench.output->start_pump();
  // The socket is full before anybody reads: from then on something is always on its way.
  constexpr int kLines = 100'000;
  for (int i = 0; i < kLines; ++i) {
    const std::string number = std::to_string(i);
    const std::string text = std::string(99 - number.size(), 'x') + number + "\n";
    while (bench.output->append(kWriter, 1, text) == 0) {
      bench.output->drop_oldest(text.size());
    }
  }
  const std::uint64_t dropped = bench.output->counters().get(Counter::output_bytes_dropped);
  CHECK(dropped > 0);
  const std::uint64_t left = kLines * 100ULL - dropped;
  std::string all;
  const auto complete = [&] { return all.size() > left && all.size() - left == notices_size(all); };
  while (!complete()) {
    all += bench.receive_output(1);
  }
  CHECK_EQ(told_dropped(all), dropped);
  CHECK(all.ends_with("x99999\n"));
}

CAPSULE_TEST(a_drain_that_cannot_move_gives_up_and_what_follows_goes_behind) {  // I2
  Bench bench(1U << 30U);
  bench.output->start_pump();
  const std::string text(900'000, 'x');  // more than the socket takes
  CHECK_EQ(bench.output->append(kWriter, 1, text), text.size());
  const auto stall = bench.output->send_behind(5, wire::Result{}, 50 * kNsPerMs);
  CHECK(stall.has_value());
  CHECK(stall->pending_sends > 0);
  CHECK(stall->queue_bytes > 0);
  NativeThread sender;
  sender.start("sender", [&] { bench.output->send_next(5, wire::Error{.error_type = "OutputDrainTimeout"}); });
  CHECK_EQ(bench.receive_output(text.size()), text);
  sender.join();
}
