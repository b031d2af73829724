#include "cli/serve/handles.hpp"

#include <algorithm>

#include "cli/serve/bad_parameter.hpp"

namespace capsule::cli::serve {

Handles::~Handles() {
  for (const HandleType &type : handle_types()) {
    for (void *const handle : all(type.name)) {
      type.release(handle);
    }
  }
}

std::string Handles::reserve(std::string_view type, const std::string &wanted, const std::string &key) {
  std::string name = wanted;
  while (name.empty() || (wanted.empty() && entries_.contains(name))) {
    name = std::string(type) + std::to_string(++numbers_[type]);
  }
  if (!entries_.try_emplace(name, Entry{type, nullptr}).second) {
    throw BadParameter(key, "there is a handle '" + name + "' already");
  }
  return name;
}

void Handles::keep(const std::string &name, void *handle) { entries_.at(name).handle = handle; }

void Handles::drop(const std::string &name) { entries_.erase(name); }

void Handles::forget(std::string_view type, const void *handle) {
  std::erase_if(entries_, [&](const auto &entry) {
    return handle != nullptr && entry.second.type == type && entry.second.handle == handle;
  });
}

void *Handles::find(std::string_view type, const std::string &name, const std::string &key) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw BadParameter(key, "there is no handle '" + name + "'");
  }
  if (found->second.type != type) {
    throw BadParameter(key, "'" + name + "' is a " + std::string(found->second.type) + ", not a " + std::string(type));
  }
  if (found->second.handle == nullptr) {
    throw StillMade{name};
  }
  return found->second.handle;
}

std::vector<void *> Handles::all(std::string_view type) const {
  std::vector<void *> handles;
  for (const auto &[name, entry] : entries_) {
    if (entry.type == type && entry.handle != nullptr) {
      handles.push_back(entry.handle);
    }
  }
  return handles;
}

}  // namespace capsule::cli::serve
