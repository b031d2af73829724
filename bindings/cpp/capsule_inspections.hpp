/**
 * @file capsule_inspections.hpp
 * @brief Of the C++ wrapper: answers that hold rows, and how both of its layers ask for what the library tells. Nothing here throws;
 * capsule_signals.hpp includes it.
 */
#ifndef CAPSULE_CAPSULE_INSPECTIONS_HPP
#define CAPSULE_CAPSULE_INSPECTIONS_HPP

#include <capsule/capsule.h>

#include <capsule/capsule_records.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace capsule {
inline namespace cpp0 {

/** @brief The rows of an answer, valid as long as it is; those of a newer library may be longer than here. */
template <typename Row>
class Rows {
 public:
  Rows() noexcept = default;  ///< None.
  /** @brief So many from there on, each of that size. */
  Rows(const Row *first, std::size_t count, std::size_t stride = sizeof(Row)) noexcept
      : first_(reinterpret_cast<const char *>(first)), count_(count), stride_(stride) {}
  std::size_t size() const noexcept { return count_; }       ///< How many.
  bool empty() const noexcept { return count_ == 0; }        ///< Whether there is none.
  const Row &operator[](std::size_t index) const noexcept {  ///< One by its place, from 0.
    return *reinterpret_cast<const Row *>(first_ + index * stride_);
  }

  /** @brief Walks them. */
  class Iterator {
   public:
    /** @brief At that place. */
    Iterator(const Rows *rows, std::size_t index) noexcept : rows_(rows), index_(index) {}
    const Row &operator*() const noexcept { return (*rows_)[index_]; }  ///< The row it stands on.
    Iterator &operator++() noexcept {                                   ///< On to the next.
      ++index_;
      return *this;
    }
    bool operator!=(const Iterator &other) const noexcept { return index_ != other.index_; }  ///< Of the same rows.

   private:
    const Rows *rows_;
    std::size_t index_;
  };
  Iterator begin() const noexcept { return {this, 0}; }     ///< The first.
  Iterator end() const noexcept { return {this, count_}; }  ///< Behind the last.

 private:
  const char *first_ = nullptr;
  std::size_t count_ = 0;
  std::size_t stride_ = sizeof(Row);
};

namespace detail {

// An answer whose rows are `rows`, `count` of `row_size` each.
template <typename Raw, typename Row, void (*Release)(Raw *)>
class Answered : public Record<Raw, Release> {
 public:
  Rows<Row> rows() const noexcept { return {(*this)->rows, (*this)->count, (*this)->row_size}; }
};

}  // namespace detail

/** @brief What is pending in a bridge or a store: `rows()`, and `answer->field` is any field of `capsule_pending_summary`. */
class PendingSummary : public detail::Answered<capsule_pending_summary, capsule_pending_row, capsule_pending_summary_release> {
};
/** @brief The names of a session: `rows()`, and `answer->field` is any field of `capsule_namespace_summary`. */
class NamespaceSummary
    : public detail::Answered<capsule_namespace_summary, capsule_namespace_row, capsule_namespace_summary_release> {};
/** @brief What keeps code apart from its host: `rows()`, and `answer->field` is any field of `capsule_isolation_report`. */
class IsolationReport
    : public detail::Answered<capsule_isolation_report, capsule_isolation_layer, capsule_isolation_report_release> {};
/** @brief A pool as it is shown: `rows()` are its sessions, and `answer->field` is any field of `capsule_pool_summary`. */
class PoolInspection : public detail::Answered<capsule_pool_summary, capsule_pool_session, capsule_pool_summary_release> {
 public:
  PoolInspection() noexcept { info.struct_size = sizeof info; }  ///< Of no pool yet.
  capsule_pool_info info{};                                      ///< Its state; `last_error` is told at the level full alone.
};
/** @brief The sessions of a pool. */
class PoolSessions : public detail::Record<capsule_pool_sessions, capsule_pool_sessions_release> {
 public:
  Rows<capsule_pool_session> rows() const noexcept {
    return {(*this)->sessions, (*this)->count, (*this)->session_size};
  }  ///< They.
};
/** @brief What became of the imports of a pool. */
class PoolImports : public detail::Record<capsule_pool_imports, capsule_pool_imports_release> {
 public:
  Rows<capsule_pool_import> rows() const noexcept {
    return {(*this)->imports, (*this)->count, (*this)->import_size};
  }  ///< Each.
};
/** @brief Records of an audit trail. */
class AuditList : public detail::Record<capsule_audit_list, capsule_audit_list_release> {
 public:
  Rows<capsule_audit_record> rows() const noexcept {
    return {(*this)->records, (*this)->count, (*this)->record_size};
  }  ///< They.
};
/** @brief The user's names in a session, as many as were asked for; `list->total` is how many there are. */
class NameList : public detail::Record<capsule_name_list, capsule_name_list_release> {
 public:
  Rows<capsule_name> rows() const noexcept { return {(*this)->names, (*this)->count}; }  ///< In the order they were bound.
};
/** @brief A text that the library made. */
class MetricsText : public detail::Record<capsule_metrics_text, capsule_metrics_text_release> {
 public:
  std::string_view text() const noexcept { return detail::view((*this)->text); }  ///< It.
};

namespace detail {

// What the library tells, by `Way`: that of the layer, which makes of a status what it is there. `Of<T>` is what a call for a T returns.
template <typename Way>
struct Calls {
  template <typename T>
  using Of = typename Way::template Of<T>;

  // A struct that says how large it is, and that a call fills.
  template <typename Info, typename Function, typename... Arguments>
  static Of<Info> info(Function *function, Arguments... arguments) {
    return Way::template told<Info>([&](Info &info, capsule_error *error) {
      info.struct_size = sizeof info;
      return function(arguments..., &info, error);
    });
  }
  // The same of one that owns what it holds.
  template <typename Filled, typename Function, typename... Arguments>
  static Of<Filled> read(Function *function, Arguments... arguments) {
    return Way::template told<Filled>(
        [&](Filled &filled, capsule_error *error) { return function(arguments..., filled.capi(), error); });
  }
  // All rows of a list that may grow while it is read.
  template <typename Row, typename Handle>
  static Of<std::vector<Row>> rows(capsule_status (*list)(Handle *, Row *, std::size_t, std::size_t *, std::uint64_t *,
                                                          capsule_error *),
                                   Handle *handle) {
    return Way::template told<std::vector<Row>>([&](std::vector<Row> &rows, capsule_error *error) {
      std::uint64_t total = 64;
      std::size_t count = 0;
      do {
        rows.resize(static_cast<std::size_t>(total) + 64);
        const capsule_status status = list(handle, rows.data(), rows.size(), &count, &total, error);
        if (status != CAPSULE_OK) return status;
      } while (total > rows.size());
      rows.resize(count);
      return capsule_status{CAPSULE_OK};
    });
  }
  // An owner around the handle that a call makes.
  template <typename Owner, typename Handle, typename Function, typename... Arguments>
  static Of<Owner> made(Function *function, Arguments... arguments) {
    return Way::template made<Owner, Handle>(
        [&](Handle *&handle, capsule_error *error) { return function(arguments..., &handle, error); });
  }
};

template <typename Handle, void (*Release)(Handle *)>
struct Releases {
  void operator()(Handle *handle) const noexcept { Release(handle); }
};

// What the library may still call once its owner is gone.
struct Lasting {
  std::shared_ptr<Lasting> before;
  static void keep(std::shared_ptr<Lasting> kept) noexcept {
    static std::mutex mutex;
    static auto &last = *new std::shared_ptr<Lasting>;
    const std::lock_guard<std::mutex> lock(mutex);
    kept->before = std::move(last);
    last = std::move(kept);
  }
};

}  // namespace detail

}  // namespace cpp0
}  // namespace capsule
#endif
