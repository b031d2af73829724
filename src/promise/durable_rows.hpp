// What is open of the durable executions of this host, as introspection tells it: their own promises, and those of their calls and inputs.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace capsule {

struct DurableRow {
  std::int32_t kind = 0;  // CAPSULE_PENDING_…
  std::uint64_t session_id = 0;
  std::uint64_t execution_id = 0;
  std::uint64_t since_ns = 0;
  std::uint64_t deadline_ns = 0;
  const void *owner = nullptr;  // the run
};

// Of a store. Its lock is an innermost one.
class DurableRows {
 public:
  void put(const std::string &id, const DurableRow &row) {
    const std::lock_guard lock(mutex_);
    rows_[id] = row;
  }
  void erase(const std::string &id) {
    const std::lock_guard lock(mutex_);
    rows_.erase(id);
  }
  void erase_all_of(const void *owner) {
    const std::lock_guard lock(mutex_);
    std::erase_if(rows_, [owner](const auto &entry) { return entry.second.owner == owner; });
  }
  [[nodiscard]] std::optional<DurableRow> find(const std::string &id) const {
    const std::lock_guard lock(mutex_);
    const auto found = rows_.find(id);
    return found == rows_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::vector<std::pair<std::string, DurableRow>> all() const {
    const std::lock_guard lock(mutex_);
    return {rows_.begin(), rows_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, DurableRow> rows_;
};

}  // namespace capsule
