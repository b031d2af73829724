#include "diagnostics/audit.hpp"

#include <cstring>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/utf8.hpp"
#include "diagnostics/audit_callback.hpp"

namespace capsule {
namespace {

// Whatever a caller or a rule says is bounded here, so that a line is.
constexpr std::size_t kMostText = 256;

thread_local bool inside_callback = false;

void bound(std::string &text) { text.resize(utf8_prefix(text, kMostText)); }

std::uint64_t size_of(const KeptRecord &record) {
  const AuditEntry &entry = record.entry;
  return sizeof record + entry.caller.size() + entry.call.size() + entry.target.size() + entry.policy.size() +
         record.line.size();
}

}  // namespace

bool in_audit_callback() { return inside_callback; }

Audit::~Audit() { explicit_bzero(trail_.options.key.data(), trail_.options.key.size()); }

std::string Audit::hash_of(const Trail &trail, const std::string &content) {
  return hex_of(digest_of(content, trail.options.key));
}

Status Audit::keep(const Trail &trail, const std::string &line) {
  if (trail.file) {
    if (Status status = trail.file->append(line + "\n"); !status.ok()) {
      return status;
    }
  }
  if (trail.options.callback == nullptr) {
    return {};
  }
  inside_callback = true;
  const std::int32_t refused = trail.options.callback(trail.options.user_data, line.c_str(), line.size());
  inside_callback = false;
  if (refused == 0) {
    return {};
  }
  if (trail.file) {
    trail.file->take_back();
  }
  return {CAPSULE_E_SYSTEM, "audit: the callback answers " + std::to_string(refused)};
}

// The chain's first record.
Status Audit::start(Trail &trail, KeptRecord &record) {
  trail.next.chain = random_id();
  record.time_ns = unix_time_ns();
  record.entry.decision = CAPSULE_AUDIT_START;
  std::string content = start_content(trail.next, !trail.options.key.empty(), record.time_ns);
  const std::string hash = hash_of(trail, content);
  record.line = audit_line(std::move(content), hash);
  if (Status status = keep(trail, record.line); !status.ok()) {
    return status;
  }
  trail.next.prev = hash;
  trail.next.number = 1;
  return {};
}

void Audit::ring(KeptRecord record) {
  record.sequence = ++last_sequence_;
  ring_bytes_ += size_of(record);
  ring_.push_back(std::move(record));
  while (ring_.size() > trail_.options.ring_records) {
    ring_bytes_ -= size_of(ring_.front());
    ring_.pop_front();
    ++counters_.evicted;
  }
}

std::uint64_t Audit::ring_bytes() {
  const std::lock_guard lock(mutex_);
  return ring_bytes_;
}

Status Audit::open(AuditOptions options) {
  Trail fresh;
  fresh.options = std::move(options);
  const std::lock_guard lock(mutex_);
  fresh.next.prev = trail_.next.prev;
  if (!fresh.options.path.empty()) {
    auto file = AuditFile::open(fresh.options.path);
    if (!file.ok()) {
      return file.status();
    }
    fresh.file = std::move(file.value());
    if (!fresh.file->head().empty()) {
      fresh.next.prev = fresh.file->head();
    }
  }
  KeptRecord first;
  if (Status status = start(fresh, first); !status.ok()) {
    return status;
  }
  std::swap(trail_, fresh);
  explicit_bzero(fresh.options.key.data(), fresh.options.key.size());
  started_ = true;
  failing_log_.reset();
  ring(std::move(first));
  return {};
}

Status Audit::add(AuditEntry entry, std::uint64_t *number) {
  for (std::string *text : {&entry.caller, &entry.call, &entry.target, &entry.policy}) {
    bound(*text);
  }
  const std::lock_guard lock(mutex_);
  if (!started_) {
    KeptRecord first;
    if (Status status = start(trail_, first); !status.ok()) {
      return status;
    }
    started_ = true;
    ring(std::move(first));
  }
  ++(entry.decision == CAPSULE_AUDIT_ALLOWED  ? counters_.allowed
     : entry.decision == CAPSULE_AUDIT_DENIED ? counters_.denied
                                              : counters_.failed);
  KeptRecord record{.entry = std::move(entry), .time_ns = unix_time_ns(), .line = {}};
  std::string content = audit_content(trail_.next, record.entry, record.time_ns);
  const std::string hash = hash_of(trail_, content);
  std::string line = audit_line(std::move(content), hash);
  const Status status = keep(trail_, line);
  if (status.ok()) {
    record.number = trail_.next.number++;
    if (number != nullptr) {
      *number = record.number;
    }
    record.line = std::move(line);
    trail_.next.prev = hash;
    trail_.next.lost = 0;
    failing_log_.reset();
  } else {
    ++trail_.next.lost;
    ++counters_.lost;
    failing_log_.record(LogEvent::audit_sink_failed, "required={}", trail_.options.required);
  }
  ring(std::move(record));
  return status.ok() || !trail_.options.required ? Status() : Status(CAPSULE_E_DENIED, status.message());
}

capsule_audit_info Audit::info() {
  const std::lock_guard lock(mutex_);
  capsule_audit_info info = counters_;
  info.stored = static_cast<std::uint32_t>(ring_.size());
  info.number = trail_.next.number == 0 ? 0 : trail_.next.number - 1;
  trail_.next.prev.copy(info.head, sizeof info.head - 1);
  return info;
}

std::vector<KeptRecord> Audit::list(std::uint64_t after_sequence) {
  const std::lock_guard lock(mutex_);
  std::vector<KeptRecord> records;
  for (const KeptRecord &record : ring_) {
    if (record.sequence > after_sequence) {
      records.push_back(record);
    }
  }
  return records;
}

}  // namespace capsule
