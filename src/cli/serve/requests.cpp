#include "cli/serve/requests.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "cli/serve/bad_parameter.hpp"

namespace capsule::cli::serve {
namespace {

// Requests that may wait at once: each has a thread. Others, as those that answer what these wait for, are taken all the same.
constexpr std::size_t kMostOpen = 1'024;

const Function *function_named(std::string_view name) {
  const auto all = functions();
  const auto found = std::find_if(all.begin(), all.end(), [name](const Function &one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// What takes its turn in a session does so in the order in which it was asked for, and so do answers to one request of a bridge, its pieces
// among them: none is begun before those ahead have ended.
std::string turn_of(const Function &function, const Json &params) {
  const auto given = [&params](const char *key) { return std::string(key) + params.value(key, Json()).dump(); };
  const auto names_request = [](const Parameter &one) { return one.member.name == "request_id"; };
  if (std::any_of(function.parameters.begin(), function.parameters.end(), names_request)) {
    return given("bridge") + given("request_id");
  }
  return function.takes_turn ? given("session") : std::string();
}

Json status_data(capsule_status status) { return {{"status", capsule_status_name(status)}}; }

}  // namespace

Requests::Requests(void *runtime, Handles &handles, Streams &streams, Messages &messages)
    : runtime_(runtime),
      handles_(handles),
      streams_(streams),
      messages_(messages),
      ended_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (ended_fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
}

Requests::~Requests() {
  for (const Shared &request : open_) {
    if (request->thread.joinable()) {
      request->thread.join();
    }
  }
  ::close(ended_fd_);
}

void Requests::begin(std::string_view line) {
  try {
    begin(parse_message(line));
  } catch (const NoRequest &error) {
    messages_.error(error.id, error.code, error.what(), error.data);
  }
}

void Requests::begin(Incoming asked) {
  const Function *function = function_named(asked.method);
  if (function == nullptr) {
    throw NoRequest(kMethodNotFound, asked.id, "there is no method '" + asked.method + "'", {{"method", asked.method}});
  }
  if (open_.size() >= kMostOpen && (function->waits || function->takes_turn)) {
    throw NoRequest(kTooManyRequests, asked.id, std::to_string(kMostOpen) + " requests are under way");
  }
  const auto request = std::make_shared<Request>(Request{.asked = std::move(asked), .function = function});
  open_.insert(request);
  try {
    request->names = reserve_names(*function, request->asked.params, handles_);
  } catch (const BadParameter &error) {
    fail(request, kInvalidParams, error.key() + ": " + error.what(), {{"key", error.key()}});
    return;
  }
  request->turn = turn_of(*function, request->asked.params);
  attempt(request);
}

void Requests::attempt(const Shared &request) {
  if (!request->turn.empty() && !request->has_turn) {
    const auto [behind, is_first] = behind_turn_.try_emplace(request->turn);
    if (!is_first) {
      behind->second.push_back(request);
      return;
    }
    request->has_turn = true;
  }
  try {
    request->call = std::make_unique<Call>(*request->function, request->asked.params, handles_, runtime_);
  } catch (const BadParameter &error) {
    fail(request, kInvalidParams, error.key() + ": " + error.what(), {{"key", error.key()}});
    return;
  } catch (const StillMade &handle) {
    behind_handle_[handle.name].push_back(request);
    return;
  }
  if (request->function->waits) {
    run_beside(request);
  } else {
    request->call->run();
    finish(request);
  }
}

void Requests::run_beside(const Shared &request) {
  try {
    request->thread = std::thread([this, request] {
      request->call->run();
      report(request);
    });
  } catch (const std::system_error &error) {
    fail(request, kTooManyRequests, error.what(), nullptr);
  }
}

void Requests::wake() const { ::eventfd_write(ended_fd_, 1); }

void Requests::report(const Shared &ended) {
  const std::scoped_lock lock(mutex_);
  ended_.push_back(ended);
  wake();
}

void Requests::finish_ended() {
  std::vector<Shared> ended;
  {
    const std::scoped_lock lock(mutex_);
    ended.swap(ended_);
    eventfd_t count = 0;
    ::eventfd_read(ended_fd_, &count);
  }
  for (const Shared &request : ended) {
    request->thread.join();
    finish(request);
  }
}

void Requests::finish(const Shared &request) {
  const capsule_status status = request->call->status();
  if (status != CAPSULE_OK) {
    fail(request, status, request->call->message(), status_data(status));
    return;
  }
  if (request->function->ends_handle) {
    streams_.remove(request->call->ended_handle());
  }
  messages_.result(request->asked.id, request->call->take_results(request->names, handles_));
  Json tags = Json::object();
  if (const auto session = request->asked.params.find("session"); session != request->asked.params.end()) {
    tags["session"] = *session;
  }
  tags["id"] = request->asked.id;
  for (const Result &result : request->function->results) {
    if (result.member.kind == Kind::kHandle && request->call->handle(result) != nullptr) {
      Json own = {{std::string(result.member.name), request->names.at(result.member.name)}};
      own.update(tags);
      streams_.add(result.member.handle, request->call->handle(result), std::move(own));
    }
  }
  go_on_behind(request);
}

void Requests::fail(const Shared &request, int code, const std::string &message, const Json &data) {
  messages_.error(request->asked.id, code, message, data);
  for (const auto &[result, name] : request->names) {
    handles_.drop(name);
  }
  go_on_behind(request);
}

// What waited for it to end, or for the handles it has made.
void Requests::go_on_behind(const Shared &request) {
  open_.erase(request);
  std::vector<Shared> next;
  for (const auto &[result, name] : request->names) {
    if (auto behind = behind_handle_.extract(name)) {
      next.insert(next.end(), behind.mapped().begin(), behind.mapped().end());
    }
  }
  if (request->has_turn) {
    const auto behind = behind_turn_.extract(request->turn);
    next.insert(next.end(), behind.mapped().begin(), behind.mapped().end());
  }
  for (const Shared &one : next) {
    attempt(one);
  }
}

}  // namespace capsule::cli::serve
