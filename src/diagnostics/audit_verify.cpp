#include "diagnostics/audit_verify.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/digest.hpp"
#include "base/utf8.hpp"
#include "diagnostics/audit_record.hpp"

namespace capsule {
namespace {

struct ReadRecord {
  std::string_view content;
  std::string hash;
  std::string prev;
  std::string chain;
  std::uint64_t number = 0;
  std::uint64_t lost = 0;
  bool starts = false;
  bool keyed = false;
};

std::string text_in(const nlohmann::json &object, const char *name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_in(const nlohmann::json &object, const char *name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::optional<ReadRecord> read_record(std::string_view line) {
  const std::size_t tail = kHashField.size() + kHashDigits + 2;  // with its closing quote and brace
  const auto object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || line.size() < tail || !line.substr(line.size() - tail).starts_with(kHashField)) {
    return std::nullopt;
  }
  ReadRecord record;
  record.content = line.substr(0, line.size() - tail);
  record.hash = line.substr(line.size() - 2 - kHashDigits, kHashDigits);
  record.prev = text_in(object, "prev");
  record.chain = text_in(object, "chain");
  record.number = number_in(object, "number");
  record.lost = number_in(object, "lost");
  record.starts = text_in(object, "decision") == capsule_audit_decision_name(CAPSULE_AUDIT_START);
  record.keyed = text_in(object, "mac") == mac_name(true);
  return record;
}

class Verifier {
 public:
  explicit Verifier(const AuditAnchors &anchors) : anchors_(anchors) {}

  capsule_audit_report run(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      ++line_;
      const std::string wrong = end == std::string_view::npos ? "it is cut off" : look_at(bytes.substr(0, end));
      if (!wrong.empty()) {
        report_.line = line_;
        return conclude(CAPSULE_VERDICT_BROKEN, "line " + std::to_string(line_) + ": " + wrong);
      }
      bytes.remove_prefix(end + 1);
    }
    return at_end();
  }

 private:
  // What is wrong with it; empty where nothing is.
  std::string look_at(std::string_view line) {
    const auto record = read_record(line);
    if (!record) {
      return "it is no record";
    }
    report_.number = record->number;
    if (std::string wrong = line_ == 1 ? look_at_first(*record) : look_at_next(*record); !wrong.empty()) {
      return wrong;
    }
    if (record->starts) {
      ++report_.chains;
      chain_ = record->chain;
      keyed_ = record->keyed;
    }
    if (!keyed_ && !anchors_.key.empty()) {
      return "its chain has no key, and one was given";
    }
    unchecked_ = unchecked_ || (keyed_ && anchors_.key.empty());
    if ((!keyed_ || !anchors_.key.empty()) && hex_of(digest_of(record->content, anchors_.key)) != record->hash) {
      return keyed_ ? "it was altered, or made with another key" : "it was altered";
    }
    number_ = record->number;
    head_ = record->hash;
    report_.lost += record->lost;
    ++report_.records;
    return {};
  }

  std::string look_at_first(const ReadRecord &record) {
    record.prev.copy(report_.head_before, sizeof report_.head_before - 1);
    if (!anchors_.head_before.empty() && record.prev != anchors_.head_before) {
      return "it does not follow the expected head";
    }
    if (!record.starts && anchors_.head_before.empty()) {
      return "it is no start record: what was before it is missing";
    }
    if (record.starts && record.number != 0) {
      return "a start record has number 0";
    }
    chain_ = record.chain;
    keyed_ = record.starts ? record.keyed : !anchors_.key.empty();
    return {};
  }

  [[nodiscard]] std::string look_at_next(const ReadRecord &record) const {
    if (record.prev != head_) {
      return "it does not follow the record before it: one was altered, removed, added or moved";
    }
    const bool fits = record.starts ? record.number == 0 : record.chain == chain_ && record.number == number_ + 1;
    return fits ? std::string() : "its number does not follow the one before it";
  }

  capsule_audit_report at_end() {
    if (report_.records == 0) {
      return conclude(CAPSULE_VERDICT_BROKEN, "there is no record");
    }
    if (!anchors_.head.empty() && anchors_.head != head_) {
      return conclude(CAPSULE_VERDICT_BROKEN, "the last record is not the expected one: the end was cut off, or made anew");
    }
    if (unchecked_) {
      return conclude(CAPSULE_VERDICT_UNANCHORED, "the records are keyed, and without the key their order alone was checked");
    }
    if (anchors_.head.empty()) {
      return conclude(CAPSULE_VERDICT_UNANCHORED,
                      anchors_.key.empty() ? "without the head, a chain that was made anew, or a cut end, is not seen"
                                           : "without the head, a cut end is not seen");
    }
    if (report_.head_before[0] != '\0' && anchors_.head_before.empty()) {
      return conclude(CAPSULE_VERDICT_UNANCHORED,
                      "it continues a chain: without the head before it, a cut beginning is not seen");
    }
    return conclude(CAPSULE_VERDICT_VERIFIED, "");
  }

  capsule_audit_report conclude(std::int32_t verdict, const std::string &reason) {
    report_.verdict = verdict;
    report_.number = verdict == CAPSULE_VERDICT_BROKEN ? report_.number : 0;
    head_.copy(report_.head, sizeof report_.head - 1);
    reason.copy(report_.reason, utf8_prefix(reason, sizeof report_.reason - 1));
    return report_;
  }

  const AuditAnchors &anchors_;
  capsule_audit_report report_{};
  std::uint64_t line_ = 0;
  std::uint64_t number_ = 0;
  std::string chain_;
  std::string head_;
  bool keyed_ = false;
  bool unchecked_ = false;  // hashes that a key was missing for
};

}  // namespace

capsule_audit_report verify_audit(std::string_view bytes, const AuditAnchors &anchors) { return Verifier(anchors).run(bytes); }

}  // namespace capsule
