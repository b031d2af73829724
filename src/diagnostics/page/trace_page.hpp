// The part of the reference page, include/capsule/SIGNALS.md, that lists the kinds of trace events.
#pragma once

#include <string>
#include <string_view>

namespace capsule {

// From their table and from the comments of trace.h, whose text is given. Empty where a kind has no comment there.
std::string trace_reference(std::string_view trace_header);

}  // namespace capsule
