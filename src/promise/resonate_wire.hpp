// The Resonate protocol, version 2026-04-01, as JSON: requests, answers, promises. What a server says is checked field by field.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "promise/store.hpp"

namespace capsule::resonate {

using Json = nlohmann::json;

struct Reply {
  int status = 0;
  Json data;
};

std::string text_of(const Json &document);
// A request. `kind` and `correlation` are plain letters, digits, `.` and `-`; `data` is JSON.
std::string envelope(const std::string &kind, const std::string &correlation, const std::string &token,
                     const std::string &data);
// Of what a server sends: discarded where it is no JSON, or nested deeper than any message is.
Json parse_message(std::string_view text);
// Nullopt for what is no answer to that request: another's, or no JSON.
std::optional<Reply> read_reply(const std::string &body, const std::string &correlation);

// The answer to an operation that was inside of another, as task.fence has it.
Reply inner_reply(const Reply &outer);

// The data of promise.create; `tags` are added to what the store sets itself.
Json create_data(const PromiseWish &wish, Json tags);
Json settle_data(const Settlement &settlement);
// An operation inside of another.
Json action(const char *kind, Json data);
// Nullopt for what is no promise.
std::optional<Promise> read_promise(const Json &data);
// Where `data` has a member `promise`.
std::optional<Promise> promise_in(const Json &data);

struct Task {
  std::string state;
  std::string pid;
  std::uint64_t version = 0;
};
std::optional<Task> task_in(const Json &data);

std::string to_base64(const std::string &bytes);
// Nullopt for what is none.
std::optional<std::string> from_base64(const std::string &text);

}  // namespace capsule::resonate
