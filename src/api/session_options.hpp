// The options of a session, checked: of one that is opened by itself, or by a pool.
#pragma once

#include "base/status.hpp"
#include "session/session.hpp"

namespace capsule::api {

// NULL is the defaults. Refusals name fields of `options`.
Result<SessionOptions> read_session_options(const capsule_session_options *given);

}  // namespace capsule::api
