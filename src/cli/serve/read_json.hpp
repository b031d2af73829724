// JSON into the structs and parameters of the library.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/serve/handles.hpp"
#include "cli/serve/library.hpp"

namespace capsule::cli::serve {

using Json = nlohmann::ordered_json;

// What structs point to, as long as a call needs them.
class Memory {
 public:
  std::byte *room(std::size_t size) { return blocks_.emplace_back(std::make_unique<std::byte[]>(size)).get(); }
  const std::string &text(std::string text) { return texts_.emplace_back(std::move(text)); }
  // A struct with its defaults.
  std::byte *structure(const Struct &structure, std::size_t count = 1);

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::deque<std::string> texts_;
};

// What is wrong throws BadParameter, with the path to it; a handle that is not there yet StillMade.
class Reader {
 public:
  Reader(const Handles &handles, Memory &memory) : handles_(handles), memory_(memory) {}

  // One member of the struct or block at `base`.
  void read(const Member &member, const Json &value, std::byte *base, const std::string &path) const;

 private:
  void read_struct(const Struct &structure, const Json &object, std::byte *base, const std::string &path) const;
  void read_array(const Member &member, const Json &list, std::byte *base, const std::string &path) const;
  const std::string &read_bytes(const Json &value, const std::string &path) const;

  const Handles &handles_;
  Memory &memory_;
};

}  // namespace capsule::cli::serve
