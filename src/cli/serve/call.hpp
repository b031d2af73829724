// One call of the library, from its parameters in JSON to its results.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "cli/serve/handles.hpp"
#include "cli/serve/library.hpp"
#include "cli/serve/read_json.hpp"

namespace capsule::cli::serve {

// The names of the handles that a call is to make, by the result that each is. Throws BadParameter, and reserves none then.
using Names = std::map<std::string_view, std::string>;
Names reserve_names(const Function &function, const Json &parameters, Handles &handles);

class Call {
 public:
  // Throws BadParameter, or StillMade.
  Call(const Function &function, const Json &parameters, const Handles &handles, void *runtime);
  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;
  ~Call();

  // On any thread.
  void run();
  [[nodiscard]] capsule_status status() const { return error_.status; }
  [[nodiscard]] const char *message() const { return error_.message; }

  // What it answers, once it has succeeded: handles by their names. Those it made are the caller's from now on, and those it ended are
  // forgotten.
  Json take_results(const Names &names, Handles &handles);
  // The handle that a result is, null where there is none.
  [[nodiscard]] void *handle(const Result &result) const;
  // The handle that the call gives back, of a function that ends one.
  [[nodiscard]] void *ended_handle() const;

 private:
  void read_parameters(const Json &parameters, const Handles &handles, void *runtime);

  const Function &function_;
  Memory memory_;
  std::byte *parameters_;
  std::byte *results_;
  capsule_error error_{};
};

}  // namespace capsule::cli::serve
