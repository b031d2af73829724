// A worker that breaks the protocol, for tests: stands in a folder of its own under the name of the echo worker. What it does is
// said by the environment: HOSTILE=version answers Hello with another protocol; otherwise it serves sessions, and what an
// execution's source says is what it sends: `garbage`, `oversize`, `truncated`, `stranger` (a result of another execution),
// `wrong_way` (a frame only the host sends), `stream` (output on a stream that is none), `position` (an impossible queue position),
// `newer` (an unknown message, which is no offence), `recorder` (a flight recorder full of garbage), `events` (messages of events that
// are none), `heartbeat` (one that says that five before it could not be sent); `call_…` (calls of the host, see there).
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "executor/echo.hpp"
#include "transport/socket.hpp"
#include "zygote.hpp"

namespace {

using namespace capsule;
using namespace capsule::worker;

// The executor does not know its channel: the work channel is the session's lowest-numbered socket.
int find_work_channel() {
  for (int fd = 3; fd < 256; ++fd) {
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0) {
      return fd;
    }
  }
  return -1;
}

std::vector<std::uint8_t> copy(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

std::vector<std::uint8_t> offence(std::string_view kind, std::uint64_t execution_id) {
  wire::Encoder encoder;
  if (kind == "garbage") {
    std::vector<std::uint8_t> frame(64, 0xAB);
    const std::uint32_t size = 60;
    std::memcpy(frame.data(), &size, sizeof size);
    return frame;
  }
  if (kind == "oversize") {
    std::vector<std::uint8_t> frame(8, 0xFF);
    return frame;
  }
  if (kind == "stranger") {
    return copy(encoder.encode(execution_id + 1000, wire::Result{}));
  }
  if (kind == "wrong_way") {
    return copy(encoder.encode(execution_id, wire::Execute{"1", {}, {}, {}, 0}));
  }
  if (kind == "stream") {
    return copy(encoder.encode(execution_id, wire::Output{9, "where to?", 0, 0}));
  }
  if (kind == "position") {
    return copy(encoder.encode(execution_id, wire::Output{1, "far away\n", UINT64_MAX - 5, UINT64_MAX}));
  }
  std::vector<std::uint8_t> frame = copy(encoder.encode(execution_id, wire::Cancel{}));
  if (kind == "newer") {
    for (std::uint8_t &byte : frame) {
      byte = byte == 15 ? 99 : byte;  // the union's tag of Cancel
    }
  } else if (kind == "truncated") {
    frame.resize(frame.size() / 2);
  }
  return frame;
}

// Calls of the host that our own Python would not make.
void call_host(ControlSender &control, std::string_view kind, std::uint64_t execution_id) {
  wire::Call call{.call_id = 7, .capability = "read", .arguments = R"({"path":"/data/x"})", .site = "f:1", .occurrence = 0};
  const std::string long_text = R"({"path":"/data/)" + std::string(99'983, 'x') + "\"}";
  const std::vector<std::int64_t> shape{1'000'000};
  if (kind == "call_doubled") {
    call.arguments = R"({"path":"/data/x","path":"/etc/passwd"})";
  } else if (kind == "call_garbage") {
    call.arguments = "[1";
  } else if (kind == "call_shadowed") {
    call.names = {"path"};
    call.values = {{.kind = 4, .data = "x", .format = "B", .shape = {1}, .strides = {1}, .size_bytes = 1, .total = 1}};
  } else if (kind == "call_shape") {
    call.names = {"data"};
    call.values = {
        {.kind = 4, .data = "x", .format = "B", .shape = shape, .strides = {1}, .size_bytes = 1'000'000, .total = 1}};
  } else if (kind == "call_nameless") {
    call.values = {{.kind = 4, .data = "x"}};
  } else if (kind == "call_site") {
    call.site = long_text;
  }
  const bool flood = kind == "call_flood";
  for (std::uint64_t i = 0; i < (kind == "call_twice" ? 2U : flood ? 700U : 1U); ++i) {
    call.call_id += flood ? 1 : 0;
    call.arguments = flood ? std::string_view(long_text) : call.arguments;
    control.post(execution_id, call);
  }
}

// All of it, heads too.
void spoil(FlightMemory &memory) {
  auto *words = reinterpret_cast<std::atomic<std::uint64_t> *>(&memory);
  std::uint64_t random = 8;
  for (std::size_t i = 0; i < sizeof memory / sizeof *words; ++i) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    words[i].store(i % 3 == 0 ? random : random >> 50U);
  }
}

class HostileExecutor : public Executor {
 public:
  explicit HostileExecutor(const SessionParts &parts) : parts_(parts) {}
  Outcome run(std::uint64_t execution_id, const wire::Execute &request, std::vector<UniqueFd>) override {
    if (request.source.starts_with("call_")) {
      call_host(parts_.control, request.source, execution_id);
      for (;;) {
        pause();  // the host ends it
      }
    }
    if (request.source == "recorder") {
      spoil(parts_.output.flight());
      return Value{};
    }
    if (request.source == "events") {
      // Of a writer that is none; twice the same; of an execution that never was; and half of one.
      parts_.control.post(0, wire::TraceEvents{{9, 1, 2, 3, 4, 5, 6, 7, 8}, 5});
      const std::uint64_t what = static_cast<std::uint64_t>(CAPSULE_TRACE_EXECUTION_STARTED) << 32U;
      parts_.control.post(0, wire::TraceEvents{{0, 900, 2, 77, what, 5, 6, 7, 8, 0, 900, 2, 77, what, 5, 6, 7, 8, 0}, 0});
      return Value{};
    }
    if (request.source == "heartbeat") {
      parts_.control.post(0, wire::Heartbeat{.send_failures = 5});
      return Value{};
    }
    send_all(find_work_channel(), offence(request.source, execution_id));
    if (request.source == "truncated") {
      _exit(0);
    }
    return Value{};
  }
  void attach(const SessionParts &) override {}
  void answer(const wire::Ask &, std::vector<UniqueFd>) override {}

 private:
  const SessionParts &parts_;
};

class HostileProgram : public EchoProgram {
 public:
  using EchoProgram::EchoProgram;
  std::unique_ptr<Executor> make_executor(const SessionParts &parts) override {
    return std::make_unique<HostileExecutor>(parts);
  }
};

void answer_with_another_version() {
  wire::Encoder encoder;
  send_all(kZygoteChannelFd, encoder.encode(0, wire::HelloAck{.protocol_major = 9, .protocol_minor = 4}));
  char byte = 0;
  while (::read(kZygoteChannelFd, &byte, 1) > 0) {
  }
}

}  // namespace

int main(int, char **argv) {
  const char *mode = std::getenv("HOSTILE");
  if (mode != nullptr && std::strcmp(mode, "version") == 0) {
    answer_with_another_version();
    return 0;
  }
  HostileProgram program(argv[0]);
  run_zygote(program);
}
