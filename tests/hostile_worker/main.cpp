// A worker that breaks the protocol, for tests: stands in a folder of its own under the name of the echo worker. What it does is
// said by the environment: HOSTILE=version answers Hello with another protocol; HOSTILE=records floods the log before it
// serves, as zygote; it serves sessions, and what an
// execution's source says is what it sends: `garbage`, `length` (as no frame has it), `oversize`, `truncated`, `version` (of another protocol,
// from a session's worker), `descriptors` (that no frame announces), `stranger` (a result of another execution),
// `wrong_way` (a frame only the host sends), `stream` (output on a stream that is none), `position` (an impossible queue position),
// `newer` (an unknown message, which is no offence), `recorder` (a flight recorder full of garbage), `events` (messages of events that
// are none), `heartbeat` (one that says that five before it could not be sent); `call_…` (calls of the host), `flood_…` (frames without
// end, or more than it may send), `linger_…` (descriptors that keep whoever closes them waiting), see there; `nothing`.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "capsule/event.h"
#include "capsule/log.h"
#include "executor/echo.hpp"
#include "transport/socket.hpp"
#include "zygote.hpp"

namespace {

using namespace capsule;
using namespace capsule::worker;

// The executor does not know its channels: the work channel is the session's lowest-numbered stream socket, the next one the control
// channel; the one to the zygote keeps messages apart.
int find_socket(int wanted_type, int skipped = 0) {
  for (int fd = 3; fd < 256; ++fd) {
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == wanted_type && skipped-- == 0) {
      return fd;
    }
  }
  return -1;
}

int find_work_channel() { return find_socket(SOCK_STREAM); }
int find_control_channel() { return find_socket(SOCK_STREAM, 1); }

std::vector<std::uint8_t> copy(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

std::vector<std::uint8_t> offence(std::string_view kind, std::uint64_t execution_id) {
  wire::Encoder encoder;
  if (kind == "garbage" || kind == "length") {
    std::vector<std::uint8_t> frame(64, 0xAB);
    const std::uint32_t size = kind == "length" ? 59 : 60;
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

// By several threads, as one would be slower than its host. Each send is whole frames, and one piece for the kernel.
[[noreturn]] void send_for_ever(int channel, const wire::Body &body) {
  constexpr std::size_t kOnce = 16U << 10U;
  wire::Encoder encoder;
  std::vector<std::uint8_t> many;
  for (auto frame = encoder.encode(0, body); many.size() + frame.size() <= kOnce; frame = encoder.encode(0, body)) {
    many.insert(many.end(), frame.begin(), frame.end());
  }
  const auto send_on = [&] {
    while (send_all(channel, many)) {
    }
  };
  std::array<std::thread, 3> others;
  for (std::thread &other : others) {
    other = std::thread(send_on);
  }
  send_on();
  _exit(0);
}

// Frames of which each alone would be none, or no offence.
void flood(std::string_view kind, std::uint64_t execution_id) {
  wire::Encoder encoder;
  if (kind == "flood_control") {
    send_for_ever(find_control_channel(), wire::Heartbeat{});
  }
  if (kind == "flood_work") {
    send_for_ever(find_work_channel(), wire::Output{9, "", 0, 0});
  }
  const std::string text(1U << 20U, 'x');
  if (kind == "flood_library") {
    const auto share = std::string_view(text).substr(0, 1000);
    for (int i = 0; i < 100; ++i) {
      send_all(find_work_channel(), encoder.encode(execution_id, wire::Output{1, share, 0, 0, CAPSULE_ORIGIN_LIBRARY}));
    }
    return;
  }
  for (std::uint64_t i = 0; i < 64; ++i) {
    const wire::Body body = kind == "flood_inputs" ? wire::Body(wire::InputRequest{100 + i, text, false, 0})
                                                   : wire::Body(wire::Output{1, std::string_view(text).substr(0, 9999), 0, 0});
    send_all(find_work_channel(), encoder.encode(execution_id, body));
  }
}

// A connection to itself, of which what was sent is not taken: to close it takes an hour.
UniqueFd lingering_socket() {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM, 0));
  UniqueFd sender(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  auto *generic = reinterpret_cast<sockaddr *>(&address);
  bind(listener.get(), generic, size);
  listen(listener.get(), 1);
  getsockname(listener.get(), generic, &size);
  connect(sender.get(), generic, size);
  accept(listener.get(), nullptr, nullptr);  // stays open, and is not read
  const std::array<std::uint8_t, 65536> bytes{};
  while (::send(sender.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
  }
  constexpr linger kHour{1, 3600};
  setsockopt(sender.get(), SOL_SOCKET, SO_LINGER, &kHour, sizeof kHour);
  return sender;
}

void send_with_fds(int channel, std::vector<std::uint8_t> frame, std::span<const int> fds) {
  iovec part{frame.data(), frame.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * (kMaxAttachments + 1))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
  cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
  std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  sendmsg(channel, &message, 0);
}

// To the host in messages of which the last descriptor is one too many; to the zygote with notices that are none.
void pass_lingering_sockets(std::string_view kind) {
  std::array<UniqueFd, 3> sockets;
  std::generate(sockets.begin(), sockets.end(), lingering_socket);
  // The last to close one is to be the receiver: it is kept busy first, and whoever closes them here is ready, and not this thread.
  std::atomic<bool> sent = false;
  std::thread closer([&] {
    while (!sent) {
    }
    sockets = {};
  });
  const bool to_host = kind == "linger_host";
  const int channel = to_host ? find_control_channel() : find_socket(SOCK_SEQPACKET);
  wire::Encoder encoder;
  for (int i = 0; to_host && i < 800; ++i) {
    send_all(channel, encoder.encode(0, wire::Heartbeat{}));
  }
  for (const UniqueFd &socket : sockets) {
    std::array<int, kMaxAttachments + 1> all{};  // the first of which are this process's stdin
    all.back() = socket.get();
    send_with_fds(channel, copy(encoder.encode(0, wire::CallGiveUp{})), std::span(all).last(to_host ? all.size() : 1));
  }
  sent = true;
  closer.join();
}

// By frames that announce none: as many in each as one may have, and one frame more than the host keeps of them.
void pass_descriptors() {
  wire::Encoder encoder;
  const auto frame = copy(encoder.encode(0, wire::Heartbeat{}));
  const std::vector<int> fds(kMaxAttachments, STDIN_FILENO);
  for (int i = 0; i < 5; ++i) {
    send_with_fds(find_control_channel(), frame, fds);
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
    if (request.source.starts_with("flood_")) {
      flood(request.source, execution_id);
      return Value{};
    }
    if (request.source.starts_with("linger_")) {
      pass_lingering_sockets(request.source);
      return Value{};
    }
    if (request.source == "version" || request.source == "descriptors") {
      if (request.source == "version") {
        parts_.control.post(0, wire::HelloAck{.protocol_major = 9, .protocol_minor = 4});
      } else {
        pass_descriptors();
      }
      for (;;) {
        pause();  // the host ends it
      }
    }
    if (request.source == "nothing") {
      return Value{};
    }
    if (request.source == "recorder") {
      spoil(parts_.output.flight());
      return Value{};
    }
    if (request.source == "events") {
      // Of a writer that is none; twice the same; of an execution that never was; and half of one. Three in one, and one that looks like it.
      parts_.control.post(0, wire::TraceEvents{{9, 1, 2, 3, 4, 5, 6, 7, 8}, 5});
      const std::uint64_t what = static_cast<std::uint64_t>(CAPSULE_TRACE_EXECUTION_STARTED) << 32U;
      parts_.control.post(0, wire::TraceEvents{{0, 900, 2, 77, what, 5, 6, 7, 8, 0, 900, 2, 77, what, 5, 6, 7, 8, 0}, 0});
      const std::uint64_t received =
          (std::uint64_t{CAPSULE_TRACE_EXECUTION_RECEIVED} << 32U) | (std::uint64_t{CAPSULE_TRACE_SOURCE_WORKER} << 48U);
      const std::uint64_t now = monotonic_ns();
      const std::uint64_t high = std::uint64_t{1} << 32U;
      parts_.control.post(0, wire::TraceEvents{{0, 901, now, execution_id, received, 0, 5, 6, 0}, 0});
      parts_.control.post(0, wire::TraceEvents{{0, 902, now, execution_id, received, 0, high, high, 0}, 0});
      return Value{};
    }
    if (request.source == "records") {
      for (int i = 0; i < 5'000; ++i) {
        parts_.control.post(0, wire::Log{CAPSULE_LOG_WARN, i % 2 == 0 ? "event=flood" : "no record\n\x01"});
      }
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

void flood_the_log() {
  wire::Encoder encoder;
  for (int i = 0; i < 5'000; ++i) {
    send_all(kZygoteChannelFd, encoder.encode(0, wire::Log{CAPSULE_LOG_WARN, i % 2 == 0 ? "event=flood" : "no record"}));
  }
}

}  // namespace

int main(int, char **argv) {
  const char *mode = std::getenv("HOSTILE");
  if (mode != nullptr && std::strcmp(mode, "version") == 0) {
    answer_with_another_version();
    return 0;
  }
  if (mode != nullptr && std::strcmp(mode, "records") == 0) {
    flood_the_log();
  }
  HostileProgram program(argv[0]);
  run_zygote(program);
}
