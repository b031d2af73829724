#include "api/handles.hpp"

#include <mutex>
#include <vector>

#include "base/immortal.hpp"

namespace capsule::api {
namespace {

// A token: kind in the top bits (no user-space address looks like that), then generation, then slot + 1.
constexpr unsigned kSlotBits = 24;
constexpr unsigned kKindShift = 60;
constexpr std::uint64_t kGenerationMask = (std::uint64_t{1} << (kKindShift - kSlotBits)) - 1;

struct Slot {
  std::uint64_t generation = 1;
  Kind kind = Kind::kRuntime;
  std::shared_ptr<void> object;
};

struct Table {
  std::mutex mutex;
  std::vector<Slot> slots;
  std::vector<std::size_t> free;
};

Table &table() { return immortal<Table>(); }

std::uint64_t encode(Kind kind, std::uint64_t generation, std::size_t index) {
  return (static_cast<std::uint64_t>(kind) << kKindShift) | ((generation & kGenerationMask) << kSlotBits) | (index + 1);
}

// The slot a token names, or null. Under the table's lock.
Slot *find_slot(Table &handles, Kind kind, const void *token) {
  const auto bits = reinterpret_cast<std::uint64_t>(token);
  const std::size_t index = (bits & ((std::uint64_t{1} << kSlotBits) - 1)) - 1;
  if (index >= handles.slots.size()) {
    return nullptr;
  }
  Slot &slot = handles.slots[index];
  return slot.object && slot.kind == kind && encode(kind, slot.generation, index) == bits ? &slot : nullptr;
}

}  // namespace

void *insert_handle(Kind kind, std::shared_ptr<void> object) {
  Table &handles = table();
  const std::lock_guard lock(handles.mutex);
  if (handles.free.empty()) {
    if (handles.slots.size() >= (std::size_t{1} << kSlotBits) - 1) {
      throw std::bad_alloc();
    }
    handles.slots.emplace_back();
    handles.free.push_back(handles.slots.size() - 1);
  }
  const std::size_t index = handles.free.back();
  handles.free.pop_back();
  Slot &slot = handles.slots[index];
  slot.kind = kind;
  slot.object = std::move(object);
  return reinterpret_cast<void *>(encode(kind, slot.generation, index));  // NOLINT(performance-no-int-to-ptr): never followed
}

std::shared_ptr<void> find_handle(Kind kind, const void *token) {
  Table &handles = table();
  const std::lock_guard lock(handles.mutex);
  const Slot *slot = find_slot(handles, kind, token);
  return slot == nullptr ? nullptr : slot->object;
}

std::shared_ptr<void> remove_handle(Kind kind, const void *token) {
  Table &handles = table();
  const std::lock_guard lock(handles.mutex);
  Slot *slot = find_slot(handles, kind, token);
  if (slot == nullptr) {
    return nullptr;
  }
  ++slot->generation;
  handles.free.push_back(static_cast<std::size_t>(slot - handles.slots.data()));
  return std::move(slot->object);
}

}  // namespace capsule::api
