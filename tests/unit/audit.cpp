// Audit trails: the chain, its verifier against whoever edits the file, sinks that fail.
#include "diagnostics/audit.hpp"

#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "diagnostics/audit_verify.hpp"
#include "files.hpp"
#include "test.hpp"

using namespace capsule;
using namespace capsule_test;

namespace {

constexpr const char *kKey = "a key that only the operator has";

AuditEntry entry(const std::string &target, std::int32_t decision = CAPSULE_AUDIT_ALLOWED) {
  return {.decision = decision,
          .level = 1,
          .redactions = 2,
          .answer_bytes = 300,
          .caller = "operator",
          .call = "namespace",
          .target = target,
          .policy = "runtime"};
}

void expect(const Status &status, capsule_status code) { CHECK_EQ(status.code(), code); }

// A file with `count` records behind its start record.
std::string write_trail(const std::string &path, int count, const std::string &key) {
  Audit audit;
  expect(audit.open({.key = key, .path = path}), CAPSULE_OK);
  for (int i = 0; i < count; ++i) {
    expect(audit.add(entry("session " + std::to_string(i))), CAPSULE_OK);
  }
  return audit.info().head;
}

std::vector<std::string> lines_of(const std::string &bytes) {
  std::vector<std::string> lines;
  std::istringstream stream(bytes);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line + "\n");
  }
  return lines;
}

std::string joined(const std::vector<std::string> &lines) {
  std::string bytes;
  for (const std::string &line : lines) {
    bytes += line;
  }
  return bytes;
}

void write_bytes(const std::string &path, const std::string &bytes) { std::ofstream(path, std::ios::binary) << bytes; }

// A callback's count of what it keeps; it fails while told to.
struct Sink {
  std::vector<std::string> lines;
  bool fails = false;

  static std::int32_t keep(void *self, const char *line, std::size_t size) {
    auto *sink = static_cast<Sink *>(self);
    if (!sink->fails) {
      sink->lines.emplace_back(line, size);
    }
    return sink->fails ? 1 : 0;
  }
};

}  // namespace

CAPSULE_TEST(a_trail_is_verified_with_its_head_and_its_key) {
  for (const std::string key : {"", kKey}) {
    const TempFolder folder;
    const std::string path = folder.path() + "/audit.ndjson";
    const std::string head = write_trail(path, 5, key);
    const std::string bytes = capsule_test::read_file(path);
    const auto report = verify_audit(bytes, {.key = key, .head = head});
    CHECK_EQ(std::string(report.reason), "");
    CHECK_EQ(report.verdict, CAPSULE_VERDICT_VERIFIED);
    CHECK_EQ(report.records, 6);
    CHECK_EQ(report.chains, 1);
    CHECK_EQ(std::string(report.head), head);
    CHECK_EQ(verify_audit(bytes, {.key = key}).verdict, CAPSULE_VERDICT_UNANCHORED);
  }
}

CAPSULE_TEST(every_record_that_is_altered_removed_or_moved_is_found) {
  for (const std::string key : {"", kKey}) {
    const TempFolder folder;
    const std::string path = folder.path() + "/audit.ndjson";
    const std::string head = write_trail(path, 6, key);
    const std::vector<std::string> lines = lines_of(capsule_test::read_file(path));
    const auto broken = [&](const std::vector<std::string> &changed, const AuditAnchors &anchors) {
      return verify_audit(joined(changed), anchors).verdict == CAPSULE_VERDICT_BROKEN;
    };
    const AuditAnchors all{.key = key, .head = head};
    for (std::size_t i = 0; i < lines.size(); ++i) {
      for (std::size_t at = 0; at < lines[i].size(); at += 7) {
        auto changed = lines;
        changed[i][at] ^= 1;
        CHECK(broken(changed, all));
      }
      auto removed = lines;
      removed.erase(removed.begin() + static_cast<std::ptrdiff_t>(i));
      CHECK(broken(removed, all));
      // The last one is not missed without the head.
      CHECK_EQ(broken(removed, {.key = key}), i + 1 < lines.size());
      auto twice = lines;
      twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
      CHECK(broken(twice, {.key = key}));
      for (std::size_t j = i + 1; j < lines.size(); ++j) {
        auto moved = lines;
        std::swap(moved[i], moved[j]);
        CHECK(broken(moved, {.key = key}));
      }
    }
  }
}

CAPSULE_TEST(a_chain_made_anew_without_the_key_is_found) {
  const TempFolder folder;
  const std::string path = folder.path() + "/audit.ndjson";
  const std::string forged = folder.path() + "/forged.ndjson";
  const std::string head = write_trail(path, 3, kKey);
  write_trail(forged, 2, "");
  const std::string bytes = capsule_test::read_file(forged);
  CHECK_EQ(verify_audit(bytes, {}).verdict, CAPSULE_VERDICT_UNANCHORED);
  CHECK_EQ(verify_audit(bytes, {.head = head}).verdict, CAPSULE_VERDICT_BROKEN);
  CHECK_CONTAINS(verify_audit(bytes, {.key = kKey}).reason, "no key");
  const std::string genuine = capsule_test::read_file(path);
  CHECK_CONTAINS(verify_audit(genuine, {.key = "another"}).reason, "another key");
  const auto without = verify_audit(genuine, {.head = head});
  CHECK_EQ(without.verdict, CAPSULE_VERDICT_UNANCHORED);
  CHECK_CONTAINS(without.reason, "without the key");
}

CAPSULE_TEST(a_file_goes_on_with_a_start_record_that_names_the_head_before_it) {
  const TempFolder folder;
  const std::string path = folder.path() + "/audit.ndjson";
  const std::string first = write_trail(path, 2, kKey);
  const std::string second = write_trail(path, 3, kKey);
  const std::string bytes = capsule_test::read_file(path);
  CHECK_EQ(verify_audit(bytes, {.key = kKey, .head = second}).verdict, CAPSULE_VERDICT_VERIFIED);
  CHECK_EQ(verify_audit(bytes, {.key = kKey, .head = second}).chains, 2);
  // Its beginning is cut off.
  const auto lines = lines_of(bytes);
  const std::string end = joined({lines.begin() + 3, lines.end()});
  const auto cut = verify_audit(end, {.key = kKey, .head = second});
  CHECK_EQ(cut.verdict, CAPSULE_VERDICT_UNANCHORED);
  CHECK_EQ(std::string(cut.head_before), first);
  CHECK_EQ(verify_audit(end, {.key = kKey, .head = second, .head_before = first}).verdict, CAPSULE_VERDICT_VERIFIED);
  CHECK_EQ(verify_audit(joined({lines.begin() + 1, lines.end()}), {.key = kKey, .head = second}).verdict,
           CAPSULE_VERDICT_BROKEN);
}

CAPSULE_TEST(a_trail_that_moves_to_another_file_names_the_head_of_the_former) {
  const TempFolder folder;
  Audit audit;
  expect(audit.open({.path = folder.path() + "/one"}), CAPSULE_OK);
  expect(audit.add(entry("session 1")), CAPSULE_OK);
  const std::string head = audit.info().head;
  expect(audit.open({.path = folder.path() + "/two"}), CAPSULE_OK);
  const std::string two = capsule_test::read_file(folder.path() + "/two");
  CHECK_EQ(nlohmann::json::parse(two).at("prev").get<std::string>(), head);
}

CAPSULE_TEST(the_ring_keeps_the_newest_and_counts_the_rest) {
  Audit audit;
  expect(audit.open({.ring_records = 4}), CAPSULE_OK);
  for (int i = 0; i < 10; ++i) {
    expect(audit.add(entry("session", i % 2 == 0 ? CAPSULE_AUDIT_ALLOWED : CAPSULE_AUDIT_DENIED)), CAPSULE_OK);
  }
  const capsule_audit_info info = audit.info();
  CHECK_EQ(info.stored, 4);
  CHECK_EQ(info.evicted, 7);
  CHECK_EQ(info.allowed, 5);
  CHECK_EQ(info.denied, 5);
  CHECK_EQ(info.number, 10);
  CHECK_EQ(audit.list(0).size(), 4);
  CHECK_EQ(audit.list(0).front().sequence, 8);
  CHECK_EQ(audit.list(9).size(), 2);
  CHECK_EQ(audit.list(11).size(), 0);
  expect(audit.open({.ring_records = 0}), CAPSULE_OK);
  expect(audit.add(entry("session")), CAPSULE_OK);
  CHECK_EQ(audit.list(0).size(), 0);
}

CAPSULE_TEST(a_sink_that_fails_refuses_what_must_be_kept) {
  for (const bool required : {true, false}) {
    Sink sink;
    Audit audit;
    expect(audit.open({.callback = Sink::keep, .user_data = &sink, .required = required}), CAPSULE_OK);
    expect(audit.add(entry("session 1")), CAPSULE_OK);
    sink.fails = true;
    expect(audit.add(entry("session 2")), required ? CAPSULE_E_DENIED : CAPSULE_OK);
    expect(audit.add(entry("session 3")), required ? CAPSULE_E_DENIED : CAPSULE_OK);
    sink.fails = false;
    expect(audit.add(entry("session 4")), CAPSULE_OK);
    CHECK_EQ(audit.info().lost, 2);
    CHECK_EQ(audit.list(0)[2].line, "");
    std::string bytes;
    for (const std::string &line : sink.lines) {
      bytes += line + "\n";
    }
    const auto report = verify_audit(bytes, {.head = audit.info().head});
    CHECK_EQ(report.verdict, CAPSULE_VERDICT_VERIFIED);
    CHECK_EQ(report.lost, 2);
    CHECK_EQ(report.records, 3);
  }
}

CAPSULE_TEST(a_device_without_room_is_refused_when_the_trail_is_opened) {
  Audit audit;
  expect(audit.add(entry("session 1")), CAPSULE_OK);
  const std::string head = audit.info().head;
  const Status status = audit.open({.path = "/dev/full"});
  expect(status, CAPSULE_E_SYSTEM);
  CHECK_CONTAINS(status.message(), "No space left");
  CHECK_EQ(std::string(audit.info().head), head);
}

CAPSULE_TEST(a_file_that_is_full_keeps_whole_records_and_the_process_lives) {
  const TempFolder folder;
  const std::string path = folder.path() + "/audit.ndjson";
  Audit audit;
  expect(audit.open({.path = path, .required = true}), CAPSULE_OK);
  expect(audit.add(entry("session 1")), CAPSULE_OK);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{capsule_test::read_file(path).size() + 100, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  const Status full = audit.add(entry("session 2"));
  const Status again = audit.add(entry("session 3"));
  setrlimit(RLIMIT_FSIZE, &before);
  expect(full, CAPSULE_E_DENIED);
  expect(again, CAPSULE_E_DENIED);
  sigset_t pending;
  sigpending(&pending);
  CHECK_EQ(sigismember(&pending, SIGXFSZ), 0);
  expect(audit.add(entry("session 4")), CAPSULE_OK);
  const auto report = verify_audit(capsule_test::read_file(path), {.head = audit.info().head});
  CHECK_EQ(std::string(report.reason), "");
  CHECK_EQ(report.verdict, CAPSULE_VERDICT_VERIFIED);
  CHECK_EQ(report.lost, 2);
}

CAPSULE_TEST(files_that_cannot_be_used_are_refused_by_name) {
  const TempFolder folder;
  const std::string path = folder.path() + "/audit.ndjson";
  Audit audit;
  expect(audit.open({.path = path}), CAPSULE_OK);
  Audit other;
  CHECK_CONTAINS(other.open({.path = path}).message(), "another trail");
  CHECK_CONTAINS(other.open({.path = folder.path()}).message(), folder.path());
  CHECK_CONTAINS(other.open({.path = folder.path() + "/none/audit"}).message(), "No such file");
  write_bytes(folder.path() + "/torn", capsule_test::read_file(path).substr(0, 60));
  CHECK_CONTAINS(other.open({.path = folder.path() + "/torn"}).message(), "whole record");
}

CAPSULE_TEST(bytes_that_are_no_records_are_broken) {
  for (const std::string &bytes : {std::string(), std::string("\n"), std::string("{}\n"), std::string("[]"),
                                   std::string(500, '\0'), std::string("{\"hash\":\"\"}\n")}) {
    CHECK_EQ(verify_audit(bytes, {}).verdict, CAPSULE_VERDICT_BROKEN);
  }
}

CAPSULE_TEST(texts_are_bounded_and_escaped) {
  Audit audit;
  AuditEntry odd = entry("\n\"}\x01\xff");
  odd.caller = std::string(10'000, 'x');
  expect(audit.add(odd), CAPSULE_OK);
  const std::string line = audit.list(0).back().line;
  CHECK(nlohmann::json::parse(line).is_object());
  CHECK_AT_MOST(line.size(), 2'000);
  CHECK_LACKS(line, "\n");
}
