#include "session/worker.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>

#include "transport/socket.hpp"

namespace capsule {
namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

// Non-blocking to read on, blocking to write on: user code expects a plain stdout.
Result<Pipe> capture_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return system_error("pipe2", errno);
  }
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK) != 0) {
    return system_error("fcntl(O_NONBLOCK)", errno);
  }
  return pipe;
}

// The same pipe by an open file of its own: of a duplicate the worker could say that it blocks, and its host would wait in it for whoever
// still has the other end.
UniqueFd open_again(const UniqueFd &read_end) {
  const std::string path = "/proc/self/fd/" + std::to_string(read_end.get());
  return UniqueFd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

UniqueFd duplicate(int fd) { return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

}  // namespace

Result<std::shared_ptr<Worker>> Worker::create(std::uint32_t max_frame_bytes, std::size_t output_queue_bytes,
                                               std::vector<UniqueFd> &child_fds) {
  auto work = socket_pair();
  auto control = socket_pair();
  auto memory = SharedMemory::create("capsule-session", SessionMemory::size(output_queue_bytes));
  auto out = capture_pipe();
  auto err = capture_pipe();
  for (const Status &status : {work.status(), control.status(), memory.status(), out.status(), err.status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  auto worker = std::make_shared<Worker>(std::move(work.value().first), std::move(control.value().first), max_frame_bytes);
  worker->shared = SessionMemory(std::move(memory.value()));
  worker->flight = FlightReader(&worker->shared.flight());
  worker->wake.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!worker->wake.valid()) {
    return system_error("eventfd", errno);
  }
  child_fds.push_back(std::move(work.value().second));
  child_fds.push_back(std::move(control.value().second));
  child_fds.push_back(duplicate(worker->shared.file().fd()));
  worker->capture[0] = open_again(out.value().read_end);
  worker->capture[1] = open_again(err.value().read_end);
  if (!worker->capture[0].valid() || !worker->capture[1].valid()) {
    return system_error("open(/proc/self/fd)", errno);
  }
  child_fds.push_back(std::move(out.value().read_end));
  child_fds.push_back(std::move(out.value().write_end));
  child_fds.push_back(std::move(err.value().read_end));
  child_fds.push_back(std::move(err.value().write_end));
  for (const UniqueFd &fd : child_fds) {
    if (!fd.valid()) {
      return Status(CAPSULE_E_SYSTEM, "fcntl(F_DUPFD_CLOEXEC): too many open files");
    }
  }
  worker->shared.file().close_fd();
  return worker;
}

void add_executor_metrics(capsule_executor_metrics &metrics, const CountersCopy &counters) {
#define CAPSULE_ADD(name) metrics.name += counters.get(Counter::name);
#define CAPSULE_RAISE(name) metrics.name = std::max(metrics.name, counters.get(Counter::name));
  CAPSULE_COUNTED_SUMS(CAPSULE_ADD)
  CAPSULE_COUNTED_MAXIMA(CAPSULE_RAISE)
#undef CAPSULE_RAISE
}

void add_async_metrics(capsule_async_metrics &metrics, const CountersCopy &counters) {
  CAPSULE_COUNTED_ASYNC(CAPSULE_ADD)
#undef CAPSULE_ADD
}

}  // namespace capsule
