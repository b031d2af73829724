#include "cli/serve/streams.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "cli/serve/write_json.hpp"

namespace capsule::cli::serve {
namespace {

// Taken of one stream before the others have their turn.
constexpr int kTurn = 64;

template <auto GetFd, typename Handle>
int fd_of(void *handle) {
  std::int32_t fd = -1;
  GetFd(static_cast<Handle *>(handle), &fd, nullptr);
  return fd;
}

template <auto Next, typename Handle, typename It>
capsule_status next_of(void *handle, std::byte *it) {
  return Next(static_cast<Handle *>(handle), 0, reinterpret_cast<It *>(it), nullptr);
}

}  // namespace

struct Streams::Type {
  std::string_view handle;
  std::string_view method;  // the function whose results are told
  std::string_view result;
  const Struct &(*structure)();
  int (*fd)(void *handle);
  capsule_status (*next)(void *handle, std::byte *it);
};

const Streams::Type *Streams::type_of(std::string_view handle_type) {
  static const Type types[] = {
      {"execution", "execution_next", "event", event_struct, fd_of<capsule_execution_get_fd, capsule_execution>,
       next_of<capsule_execution_next, capsule_execution, capsule_event>},
      {"bridge", "bridge_next_request", "request", request_struct, fd_of<capsule_bridge_get_fd, capsule_bridge>,
       next_of<capsule_bridge_next_request, capsule_bridge, capsule_request>},
      {"promise_store", "promise_next", "promise", promise_struct, fd_of<capsule_promise_store_get_fd, capsule_promise_store>,
       next_of<capsule_promise_next, capsule_promise_store, capsule_promise>},
  };
  const auto *const found =
      std::find_if(std::begin(types), std::end(types), [&](const Type &type) { return type.handle == handle_type; });
  return found == std::end(types) ? nullptr : found;
}

void Streams::add(std::string_view handle_type, void *handle, Json tags) {
  if (const Type *type = type_of(handle_type)) {
    streams_.push_back({.type = type, .handle = handle, .fd = type->fd(handle), .tags = std::move(tags)});
  }
}

void Streams::remove(const void *handle) {
  streams_.remove_if([handle](const Stream &stream) { return stream.handle == handle; });
}

void Streams::poll_for(std::vector<pollfd> &fds) const {
  for (const Stream &stream : streams_) {
    fds.push_back({stream.fd, POLLIN, 0});
  }
}

void Streams::take(const std::function<void(void *execution)> &gone) {
  for (auto stream = streams_.begin(); stream != streams_.end();) {
    if (take_some(*stream)) {
      ++stream;
      continue;
    }
    if (stream->type == type_of("execution")) {
      gone(stream->handle);
    }
    stream = streams_.erase(stream);
  }
}

// Returns whether more may come.
bool Streams::take_some(Stream &stream) {
  const Struct &structure = stream.type->structure();
  const auto it = std::make_unique<std::byte[]>(structure.size);
  // Also what could not be told, as a signal came while nobody read.
  const auto released = [&structure](std::byte *held) { structure.release(held); };
  const auto size = static_cast<std::uint32_t>(structure.size);
  std::memcpy(it.get(), &size, sizeof size);
  capsule_status status = CAPSULE_OK;
  for (int i = 0; i < kTurn && status == CAPSULE_OK; ++i) {
    status = stream.type->next(stream.handle, it.get());
    const std::unique_ptr<std::byte, decltype(released)> held(it.get(), released);
    if (status == CAPSULE_OK) {
      tell(stream, it.get());
    }
  }
  return status == CAPSULE_OK || status == CAPSULE_E_TIMEOUT;
}

void Streams::tell(Stream &stream, const std::byte *it) {
  Json told = to_json(stream.type->structure().members, it, Form::kBrief);
  if (stream.type == type_of("execution")) {
    const auto &event = *reinterpret_cast<const capsule_event *>(it);
    if (event.invalid_bytes == 0) {
      told.erase("raw");  // the same as `data`
    }
    note(stream, event);
  }
  Json params = stream.tags;
  params[std::string(stream.type->result)] = std::move(told);
  messages_.notification(stream.type->method, params);
}

void Streams::note(Stream &stream, const capsule_event &event) {
  if (event.outcome != 0) {
    stream.ended = true;
  }
  if (event.kind == CAPSULE_EVENT_INPUT) {
    stream.inputs.push_back(event.input_id);
    if (declines_) {
      decline_inputs();
    }
  }
}

void Streams::decline_inputs() {
  declines_ = true;
  for (Stream &stream : streams_) {
    for (const std::uint64_t input_id : std::exchange(stream.inputs, {})) {
      // One that was answered refuses it.
      capsule_execution_decline(static_cast<capsule_execution *>(stream.handle), input_id, nullptr);
    }
  }
}

bool Streams::idle() const {
  return std::all_of(streams_.begin(), streams_.end(),
                     [](const Stream &stream) { return stream.ended || stream.type != type_of("execution"); });
}

bool Streams::drained() const {
  return std::none_of(streams_.begin(), streams_.end(),
                      [](const Stream &stream) { return stream.type == type_of("execution"); });
}

}  // namespace capsule::cli::serve
