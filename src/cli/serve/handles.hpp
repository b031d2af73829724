// The handles of the library by the names that the caller has for them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/serve/library.hpp"

namespace capsule::cli::serve {

class Handles {
 public:
  Handles() = default;
  Handles(const Handles &) = delete;
  Handles &operator=(const Handles &) = delete;
  // Gives all back.
  ~Handles();

  // A name for a handle that is to be made: the one that is wanted, or one of its own where that is empty. Throws BadParameter, naming
  // `key`, where it is taken.
  std::string reserve(std::string_view type, const std::string &wanted, const std::string &key);
  // What was reserved is there now, or will not be.
  void keep(const std::string &name, void *handle);
  void drop(const std::string &name);
  // The caller has given it back.
  void forget(std::string_view type, const void *handle);

  // Throws BadParameter where there is none of that name and type, and StillMade where it is not there yet.
  [[nodiscard]] void *find(std::string_view type, const std::string &name, const std::string &key) const;
  // All of a type.
  [[nodiscard]] std::vector<void *> all(std::string_view type) const;

 private:
  struct Entry {
    std::string_view type;
    void *handle;  // null: still made
  };
  std::map<std::string, Entry> entries_;
  std::map<std::string_view, std::uint64_t> numbers_;
};

// A request names a handle that a request before it is still making.
struct StillMade {
  std::string name;
};

}  // namespace capsule::cli::serve
