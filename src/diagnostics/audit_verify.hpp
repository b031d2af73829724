// Whether the records of an audit trail are as they were made.
#pragma once

#include <string>
#include <string_view>

#include "capsule/audit.h"

namespace capsule {

// What they are checked against; empty is not known.
struct AuditAnchors {
  std::string key{};
  std::string head{};
  std::string head_before{};
};

capsule_audit_report verify_audit(std::string_view bytes, const AuditAnchors &anchors);

}  // namespace capsule
