// Whether this thread is inside the callback of an audit trail, from which the library is not to be called.
#pragma once

namespace capsule {

bool in_audit_callback();

}  // namespace capsule
