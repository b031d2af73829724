#include "cli/serve/call.hpp"

#include <algorithm>
#include <cstring>

#include "cli/serve/bad_parameter.hpp"
#include "cli/serve/thunks.hpp"
#include "cli/serve/write_json.hpp"

namespace capsule::cli::serve {
namespace {

// Entries of a list that the caller gives no `capacity` for, and the most that it may.
constexpr std::uint64_t kEntries = 4'096;
constexpr std::uint64_t kMaxEntries = 1'048'576;

constexpr std::string_view kRuntime = "runtime";
constexpr std::string_view kCapacity = "capacity";

bool takes(const Function &function, std::string_view key) {
  const auto is_it = [key](const auto &one) { return one.member.name == key && one.member.handle != kRuntime; };
  const auto names_handle = [&](const Result &one) { return is_it(one) && one.member.kind == Kind::kHandle; };
  const auto has_capacity = [](const Result &one) { return one.capacity_slot != 0; };
  return std::any_of(function.parameters.begin(), function.parameters.end(), is_it) ||
         std::any_of(function.results.begin(), function.results.end(), names_handle) ||
         (key == kCapacity && std::any_of(function.results.begin(), function.results.end(), has_capacity));
}

std::uint64_t capacity_in(const Json &parameters) {
  const auto given = parameters.find(kCapacity);
  if (given == parameters.end()) {
    return kEntries;
  }
  if (!given->is_number_unsigned() || given->get<std::uint64_t>() > kMaxEntries) {
    throw BadParameter(std::string(kCapacity), "it has to be 0 … " + std::to_string(kMaxEntries));
  }
  return given->get<std::uint64_t>();
}

}  // namespace

Names reserve_names(const Function &function, const Json &parameters, Handles &handles) {
  Names names;
  try {
    for (const Result &result : function.results) {
      if (result.member.kind != Kind::kHandle) {
        continue;
      }
      const std::string key(result.member.name);
      const auto wanted = parameters.find(key);
      if (wanted != parameters.end() && (!wanted->is_string() || wanted->get_ref<const std::string &>().empty())) {
        throw BadParameter(key, "the name of a handle has to be a text");
      }
      names[result.member.name] =
          handles.reserve(result.member.handle, wanted == parameters.end() ? std::string() : wanted->get<std::string>(), key);
    }
  } catch (const BadParameter &) {
    for (const auto &[result, name] : names) {
      handles.drop(name);
    }
    throw;
  }
  return names;
}

Call::Call(const Function &function, const Json &parameters, const Handles &handles, void *runtime)
    : function_(function), parameters_(memory_.room(function.parameters_size)), results_(memory_.room(function.results_size)) {
  error_.struct_size = sizeof error_;
  for (const auto &[key, value] : parameters.items()) {
    if (!takes(function, key)) {
      throw BadParameter(key, std::string(function.name) + " has no such parameter");
    }
  }
  read_parameters(parameters, handles, runtime);
  const std::uint64_t capacity = capacity_in(parameters);
  for (const Result &result : function.results) {
    std::byte *place = results_ + result.member.offset;
    if (result.capacity_slot != 0) {
      std::byte *const entries = memory_.structure(*result.member.structure, capacity);
      std::memcpy(place, &entries, sizeof entries);
      std::memcpy(parameters_ + result.capacity_slot, &capacity, sizeof capacity);
      place = entries;
    } else if (result.member.kind == Kind::kStruct && result.member.structure->extensible) {
      const auto size = static_cast<std::uint32_t>(result.member.structure->size);
      std::memcpy(place, &size, sizeof size);
    }
    std::memcpy(parameters_ + result.slot, &place, sizeof place);
  }
}

void Call::read_parameters(const Json &parameters, const Handles &handles, void *runtime) {
  const Reader reader(handles, memory_);
  for (const Parameter &parameter : function_.parameters) {
    const std::string key(parameter.member.name);
    std::byte *const at = parameters_ + parameter.member.offset;
    if (parameter.member.handle == kRuntime) {
      std::memcpy(at, &runtime, sizeof runtime);
    } else if (const auto given = parameters.find(key); given != parameters.end() && !given->is_null()) {
      reader.read(parameter.member, *given, parameters_, key);
    } else if (!parameter.fallback) {
      throw BadParameter(key, std::string(function_.name) + " needs it");
    } else {
      // A slot is as wide as any number, and little-endian as the machines are that there are workers for.
      std::memcpy(at, &*parameter.fallback, sizeof *parameter.fallback);
    }
  }
}

Call::~Call() {
  for (const Result &result : function_.results) {
    if (result.member.kind == Kind::kStruct && result.member.structure->release != nullptr) {
      result.member.structure->release(results_ + result.member.offset);
    }
  }
}

void Call::run() { error_.status = function_.call(parameters_, &error_); }

void *Call::handle(const Result &result) const { return load<void *>(results_ + result.member.offset); }

void *Call::ended_handle() const { return load<void *>(parameters_ + function_.parameters.back().member.offset); }

Json Call::take_results(const Names &names, Handles &handles) {
  Json results = Json::object();
  for (const Result &result : function_.results) {
    if (result.member.kind != Kind::kHandle && !result.member.name.empty()) {
      results[std::string(result.member.name)] = to_json(result.member, results_, Form::kAll);
    }
  }
  for (const Result &result : function_.results) {
    if (result.member.kind != Kind::kHandle) {
      continue;
    }
    const std::string &name = names.at(result.member.name);
    if (void *const made = handle(result)) {
      handles.keep(name, made);
      results[std::string(result.member.name)] = name;
    } else {
      handles.drop(name);
      results[std::string(result.member.name)] = nullptr;
    }
  }
  if (function_.ends_handle) {
    handles.forget(function_.parameters.back().member.handle, ended_handle());
  }
  return results;
}

}  // namespace capsule::cli::serve
