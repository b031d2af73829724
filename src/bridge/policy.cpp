#include "bridge/policy.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace capsule {
namespace {

// The host of an http or https URL, in lower case, without port; nothing where it is no such URL, or has user information, in which
// other parsers see other hosts.
std::optional<std::string> host_of(std::string_view url) {
  const auto lower = [](std::string_view text) {
    std::string lowered(text);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lowered;
  };
  const bool plain = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
  const std::size_t scheme_end = url.find("://");
  if (!plain || scheme_end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string scheme = lower(url.substr(0, scheme_end));
  const std::string_view rest = url.substr(scheme_end + 3);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if ((scheme != "http" && scheme != "https") || authority.empty() || authority.find('@') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t colon = authority.find_last_of(':');
  if (authority.front() == '[') {  // an address of IPv6
    authority = authority.substr(0, authority.find(']') + 1);
  } else if (colon != std::string_view::npos) {
    authority = authority.substr(0, colon);
  }
  std::string host = lower(authority);
  while (!host.empty() && host.back() == '.') {
    host.pop_back();
  }
  return host.empty() ? std::nullopt : std::optional(std::move(host));
}

// The path without `.`, `..` and empty parts; nothing where it is not absolute, or has a NUL.
std::optional<std::string> normal_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (!part.empty() && part != "." && part != "..") {
      parts.push_back(part);
    }
  }
  std::string normal;
  for (const std::string_view part : parts) {
    normal += '/';
    normal += part;
  }
  return normal.empty() ? "/" : normal;
}

bool is_below(const std::string &path, const std::string &folder) {
  const auto normal = normal_path(folder);
  return normal && (path == *normal || *normal == "/" || path.starts_with(*normal + "/"));
}

bool any_fits(const Constraint &constraint, std::string_view text) {
  return std::any_of(constraint.patterns.begin(), constraint.patterns.end(),
                     [&](const std::string &pattern) { return fits_pattern(pattern, text); });
}

bool text_fits(const Constraint &constraint, const std::string &text) {
  switch (constraint.kind) {
    case CAPSULE_CONSTRAINT_TEXT:
      return any_fits(constraint, text);
    case CAPSULE_CONSTRAINT_HOST: {
      const auto host = host_of(text);
      return host && any_fits(constraint, *host);
    }
    case CAPSULE_CONSTRAINT_PATH: {
      const auto path = normal_path(text);
      return path && std::any_of(constraint.patterns.begin(), constraint.patterns.end(),
                                 [&](const std::string &folder) { return is_below(*path, folder); });
    }
    default:
      return constraint.kind == CAPSULE_CONSTRAINT_SIZE && text.size() <= constraint.limit;
  }
}

bool number_fits(const Constraint &constraint, const nlohmann::json &number) {
  if (number.is_number_unsigned()) {
    return number.get<std::uint64_t>() <= constraint.limit;
  }
  return number.is_number_integer() || number.get<double>() <= static_cast<double>(constraint.limit);  // else negative
}

bool fits(const Constraint &constraint, const CallFacts &facts) {
  for (const auto &[name, size_bytes] : facts.attachments) {
    if (name == constraint.argument) {
      return constraint.kind == CAPSULE_CONSTRAINT_SIZE && size_bytes <= constraint.limit;
    }
  }
  if (facts.arguments == nullptr) {
    return false;
  }
  const auto found = facts.arguments->find(constraint.argument);
  if (found == facts.arguments->end()) {
    return false;
  }
  if (found->is_string()) {
    return text_fits(constraint, found->get_ref<const std::string &>());
  }
  return constraint.kind == CAPSULE_CONSTRAINT_NUMBER && found->is_number() && number_fits(constraint, *found);
}

}  // namespace

bool fits_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last one, and up to where it has taken the text
  std::size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::size_t Policy::find(std::string_view capability) const {
  const auto rule =
      std::find_if(rules_.begin(), rules_.end(), [&](const Rule &one) { return fits_pattern(one.capability, capability); });
  return static_cast<std::size_t>(rule - rules_.begin());
}

Verdict Policy::judge(std::string_view capability, const CallFacts &facts, const std::vector<std::uint64_t> &used) const {
  const std::size_t which = find(capability);
  if (which == rules_.size()) {
    return {};
  }
  const Rule &rule = rules_[which];
  if (rule.decision == CAPSULE_POLICY_DENY) {
    return {CAPSULE_POLICY_DENY, "rule", {}};
  }
  if (rule.max_calls > 0 && used[which] >= rule.max_calls) {
    return {CAPSULE_POLICY_DENY, "quota", {}};
  }
  for (const Constraint &constraint : rule.constraints) {
    if (!fits(constraint, facts)) {
      return {CAPSULE_POLICY_DENY, "constraint", constraint.argument};
    }
  }
  return {rule.decision, "", {}};
}

void Policy::count(std::string_view capability, std::vector<std::uint64_t> &used) const {
  if (const std::size_t which = find(capability); which < used.size()) {
    ++used[which];
  }
}

bool Policy::may_allow(std::string_view capability) const {
  const std::size_t which = find(capability);
  return which < rules_.size() && rules_[which].decision != CAPSULE_POLICY_DENY;
}

bool Policy::constrains(std::string_view capability) const {
  const std::size_t which = find(capability);
  return which < rules_.size() && !rules_[which].constraints.empty();
}

}  // namespace capsule
