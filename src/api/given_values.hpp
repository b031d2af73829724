// Values that a caller gives: checked, copied or put into shared memory, once.
#pragma once

#include <vector>

#include "api/handles.hpp"
#include "session/values.hpp"

namespace capsule::api {

// Bytes of a frame that its large fields may take together.
std::size_t frame_room(const Session &session);

// `name`, as an identifier would be; the worker knows whether it is one.
Result<std::string> read_name(const char *argument, capsule_text name);

// `name` tells which value in a message. `room` is what is left of the frame, and is reduced.
Result<NamedValue> read_value(const std::string &argument, capsule_text name, const capsule_value *value, std::size_t &room);

// Several of them, to travel together.
Result<std::vector<NamedValue>> read_inputs(const char *argument, const capsule_input *inputs, std::size_t count,
                                            std::size_t room);

}  // namespace capsule::api
