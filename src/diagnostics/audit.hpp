// The audit trail of a runtime: a chain of records, a ring that keeps the last of them, a sink. One lock; nothing is called under it but
// the sink.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/status.hpp"
#include "diagnostics/audit_file.hpp"
#include "diagnostics/audit_record.hpp"

namespace capsule {

struct AuditOptions {
  std::uint32_t ring_records = 1'024;
  std::string key{};
  std::string path{};
  capsule_audit_callback callback = nullptr;
  void *user_data = nullptr;
  bool required = false;
};

// As the ring keeps it.
struct KeptRecord {
  AuditEntry entry;
  std::uint64_t sequence = 0;
  std::uint64_t number = 0;
  std::uint64_t time_ns = 0;
  std::string line;  // empty: it is not in the chain
};

class Audit {
 public:
  Audit() = default;
  ~Audit();
  Audit(const Audit &) = delete;
  Audit &operator=(const Audit &) = delete;

  // A new chain. CAPSULE_E_SYSTEM where its start cannot be kept; the former one goes on then.
  Status open(AuditOptions options);
  // CAPSULE_E_DENIED where it was not kept, and must be. `number`: its number in the chain, 0 where it has none.
  Status add(AuditEntry entry, std::uint64_t *number = nullptr);
  capsule_audit_info info();
  std::vector<KeptRecord> list(std::uint64_t after_sequence);
  // What the ring holds.
  std::uint64_t ring_bytes();

 private:
  struct Trail {
    AuditOptions options;
    std::unique_ptr<AuditFile> file;
    AuditPlace next;  // of the record to come
  };
  static std::string hash_of(const Trail &trail, const std::string &content);
  static Status keep(const Trail &trail, const std::string &line);
  static Status start(Trail &trail, KeptRecord &record);
  void ring(KeptRecord record);

  std::mutex mutex_;  // guards below
  Trail trail_;
  bool started_ = false;
  LogOnce failing_log_;  // since the sink last took a record
  std::deque<KeptRecord> ring_;
  std::uint64_t ring_bytes_ = 0;
  std::uint64_t last_sequence_ = 0;
  capsule_audit_info counters_{};
};

}  // namespace capsule
