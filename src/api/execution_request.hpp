// An execution as a caller asks for it: checked, copied, submitted.
#pragma once

#include "api/handles.hpp"

namespace capsule::api {

// Counted by the session where it is too large.
Result<ExecutionRequest> read_request(Session &session, const char *source, std::size_t source_size,
                                      const capsule_execution_options *options);
// With a handle's share of the session; for make_handle().
Result<std::shared_ptr<Execution>> submit(const std::shared_ptr<Session> &session, ExecutionRequest request);

}  // namespace capsule::api
