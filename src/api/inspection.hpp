// One guarded call: the wish is read and admitted, labels are made as the policy says, and the record is written before the answer is given.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "api/call.hpp"
#include "api/handles.hpp"
#include "api/names.hpp"
#include "api/owned_struct.hpp"
#include "capsule/introspection.h"
#include "diagnostics/guard.hpp"

// What an answer that was handed out is made of.
struct capsule_inspection_storage {
  std::deque<std::string> texts;  // which stay where they are
  std::vector<capsule_pending_row> pending;
  std::vector<capsule_namespace_row> names;
  std::vector<capsule_pool_session> sessions;
  std::vector<capsule_isolation_layer> layers;
};

namespace capsule::api {

// What a look is about.
struct LookTarget {
  Guarded call;
  Runtime &runtime;
  const char *kind;                // "session", "pool", …
  std::uint64_t session_id = 0;    // where it is about one
  LookWitness *witness = nullptr;  // whose trace tells of it
};

inline LookTarget target_of(Guarded call, Session &session) {
  return {call, session.runtime(), "session", session.id(), &session};
}
inline LookTarget target_of(Guarded call, Pool &pool) { return {call, pool.runtime(), "pool", 0, &pool}; }

// Who looks, as an option of that name says; no longer than a record has it.
Result<std::string> read_caller(const char *name, capsule_text given);

class Look {
 public:
  // CAPSULE_E_ARGUMENT, which no record tells of; CAPSULE_E_DENIED.
  static Result<Look> begin(const LookTarget &target, const capsule_inspection *given);
  // Of a call whose own options say who looks: read_caller().
  static Result<Look> begin(const LookTarget &target, std::string caller);

  [[nodiscard]] std::int32_t level() const { return grant_.redaction.level; }
  [[nodiscard]] bool shows_rows() const { return level() >= CAPSULE_INSPECT_REDACTED; }
  [[nodiscard]] std::size_t max_rows() const { return grant_.max_rows; }
  [[nodiscard]] std::int64_t timeout_ms() const { return timeout_ms_; }
  [[nodiscard]] std::uint64_t redactions() const { return redactor_->redactions() + dropped_; }
  capsule_inspection_storage &storage() { return *storage_; }

  capsule_label label(std::string_view name) { return keep(redactor_->label(name)); }
  capsule_label plain(std::string_view name) { return keep(redactor_->plain(name)); }
  // Something that is left out of the answer for the level.
  void drop() { ++dropped_; }

  // Of an answer that has a form of its own.
  Redactor &redactor() { return *redactor_; }
  [[nodiscard]] const Redaction &redaction() const { return grant_.redaction; }
  // That is answered by a handle: it may be made now.
  Status conclude(std::uint64_t answer_bytes) { return guard_->conclude(grant_, Status(), redactions(), answer_bytes); }

  // Of a call that failed.
  Status fail(const Status &status) { return guard_->conclude(grant_, status, 0, 0); }
  // Hands over an answer with rows. Where the record cannot be kept, nothing.
  template <typename Answer, typename Row>
  Status give(Answer *given, Answer answer, const std::vector<Row> &rows, std::uint64_t total_rows) {
    answer.level = level();
    answer.row_size = sizeof(Row);
    answer.rows = rows.data();
    answer.count = rows.size();
    if constexpr (requires { answer.left_out; }) {
      answer.left_out = total_rows - rows.size();
      answer.redactions = redactions();
    }
    Status status = guard_->conclude(grant_, Status(), redactions(), sizeof answer + rows.size() * sizeof(Row) + text_bytes_);
    if (status.ok()) {
      answer.storage = storage_.release();
      return write_struct(given, answer, "answer");
    }
    return status;
  }
  // The same of one struct.
  template <typename Answer>
  Status give(Answer *given, Answer answer, const char *name) {
    answer.level = level();
    const Status status = guard_->conclude(grant_, Status(), redactions(), sizeof answer);
    return status.ok() ? write_struct(given, answer, name) : status;
  }

 private:
  Look() = default;
  static Result<Look> admit(const LookTarget &target, const capsule_inspection &inspection, std::string caller);
  capsule_label keep(Label label);

  Guard *guard_ = nullptr;  // the runtime's, which the target keeps
  InspectGrant grant_;
  std::int64_t timeout_ms_ = 0;
  std::unique_ptr<Redactor> redactor_;
  std::unique_ptr<capsule_inspection_storage> storage_;
  std::uint64_t dropped_ = 0;
  std::uint64_t text_bytes_ = 0;
};

}  // namespace capsule::api
