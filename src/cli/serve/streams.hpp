// What comes by itself: the events of executions, the requests of bridges, the promises that are watched.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <list>
#include <string_view>
#include <vector>

#include "cli/serve/library.hpp"
#include "cli/serve/messages.hpp"

namespace capsule::cli::serve {

class Streams {
 public:
  explicit Streams(Messages &messages) : messages_(messages) {}

  // Tells of what comes from a handle from now on, where it is of a type that something comes from. `tags` are told with each.
  void add(std::string_view handle_type, void *handle, Json tags);
  // Tells of it no more: it was given back.
  void remove(const void *handle);
  // Appends what there is to poll.
  void poll_for(std::vector<pollfd> &fds) const;
  // Takes some of what there is, of each. Executions whose last event was taken are given back: `gone` is called with them.
  void take(const std::function<void(void *execution)> &gone);
  // Nobody will answer any more: every input request, those that come too, is declined.
  void decline_inputs();
  // Whether every execution has ended.
  [[nodiscard]] bool idle() const;
  // Whether all was taken of executions.
  [[nodiscard]] bool drained() const;

 private:
  struct Type;
  struct Stream {
    const Type *type;
    void *handle;
    int fd;
    Json tags;
    std::vector<std::uint64_t> inputs{};  // not answered, as far as is known here
    bool ended = false;                   // its terminal event was taken
  };
  static const Type *type_of(std::string_view handle_type);
  bool take_some(Stream &stream);
  void tell(Stream &stream, const std::byte *it);
  void note(Stream &stream, const capsule_event &event);

  Messages &messages_;
  std::list<Stream> streams_;
  bool declines_ = false;
};

}  // namespace capsule::cli::serve
