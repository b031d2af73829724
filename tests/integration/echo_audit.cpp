// Audit trails through the C interface, and the command that checks them. No worker is needed for a look.
#include <fstream>

#include "bridge.hpp"
#include "command.hpp"
#include "files.hpp"
#include "introspection.hpp"

using namespace capsule_test;

namespace {

constexpr const char *kKey = "0123456789abcdef";

// A file with a start record and `looks` records, and its head.
std::string write_trail(const std::string &path, int looks, const std::string &key = {}) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  capsule_audit_options options;
  capsule_audit_options_init(&options, sizeof options);
  options.path = text_of(path);
  options.key = text_of(key);
  ACCEPTED(capsule_runtime_set_audit(runtime.get(), &options, error));
  for (int i = 0; i < looks; ++i) {
    Pending pending;
    ACCEPTED(capsule_bridge_inspect_pending(bridge.get(), nullptr, &pending.raw, error));
  }
  return audit_of(runtime).head;
}

CommandEnd verify(const std::vector<std::string> &arguments) { return run_command({"audit", "verify"}, arguments); }

}  // namespace

CAPSULE_TEST(the_command_tells_what_is_sound_what_is_not_and_what_it_cannot_see) {
  const TempFolder folder;
  const std::string path = folder.path() + "/audit.ndjson";
  const std::string head = write_trail(path, 3);
  const CommandEnd sound = verify({path, "--head", head});
  CHECK_CONTAINS(sound.out, "verdict: verified\nrecords: 4\nchains: 1\nhead: " + head);
  CHECK_EQ(sound.exit_code, 0);
  const CommandEnd unanchored = verify({path});
  CHECK_CONTAINS(unanchored.out, "verdict: unanchored\nreason: without the head");
  CHECK_EQ(unanchored.exit_code, 4);
  std::string bytes = read_file(path);
  bytes.replace(bytes.find("\"number\":2"), 10, "\"number\":9");
  std::ofstream(path) << bytes;
  const CommandEnd edited = verify({path, "--head", head});
  CHECK_CONTAINS(edited.out, "verdict: broken\nreason: line 3");
  CHECK_EQ(edited.exit_code, 1);
}

CAPSULE_TEST(the_command_takes_the_key_from_a_file) {
  const TempFolder folder;
  const std::string path = folder.path() + "/audit.ndjson";
  const std::string head = write_trail(path, 2, kKey);
  const std::string key = folder.write("key", kKey);
  CHECK_EQ(verify({path, "--head", head, "--key-file", key}).exit_code, 0);
  CHECK_CONTAINS(verify({path, "--head", head}).out, "without the key");
  const CommandEnd wrong = verify({path, "--head", head, "--key-file", folder.write("other", "another")});
  CHECK_CONTAINS(wrong.out, "another key");
  CHECK_EQ(wrong.exit_code, 1);
  const CommandEnd empty = verify({path, "--key-file", folder.write("empty", "")});
  CHECK_CONTAINS(empty.err, "is empty");
  CHECK_EQ(empty.exit_code, 2);
}

CAPSULE_TEST(files_that_are_no_trail_get_a_clear_answer) {
  const TempFolder folder;
  const CommandEnd none = verify({folder.path() + "/none"});
  CHECK_CONTAINS(none.err, "No such file");
  CHECK_EQ(none.exit_code, 2);
  CHECK_CONTAINS(verify({folder.write("empty", "")}).out, "there is no record");
  CHECK_CONTAINS(verify({folder.write("text", "hello\n")}).out, "line 1: it is no record");
  const std::string path = folder.path() + "/audit.ndjson";
  write_trail(path, 1);
  CHECK_CONTAINS(verify({folder.write("torn", read_file(path).substr(0, 400))}).out, "cut off");
  CHECK_EQ(verify({path, "--head", "12"}).exit_code, 2);
}

CAPSULE_TEST(two_runtimes_cannot_write_one_file) {
  const TempFolder folder;
  const std::string path = folder.path() + "/audit.ndjson";
  capsule_audit_options options;
  capsule_audit_options_init(&options, sizeof options);
  options.path = text_of(path);
  const Runtime one = make_runtime();
  const Runtime other = make_runtime();
  ACCEPTED(capsule_runtime_set_audit(one.get(), &options, error));
  CHECK_CONTAINS(REFUSED(CAPSULE_E_SYSTEM, capsule_runtime_set_audit(other.get(), &options, error)), "another trail");
  options.path = capsule_text_from("/dev/full");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_SYSTEM, capsule_runtime_set_audit(other.get(), &options, error)), "No space left");
}

CAPSULE_TEST(a_sink_cannot_call_the_library) {
  const Runtime runtime = make_runtime();
  capsule_audit_options options;
  capsule_audit_options_init(&options, sizeof options);
  struct Heard {
    capsule_runtime *runtime;
    capsule_status status;
  } heard{runtime.get(), CAPSULE_OK};
  options.user_data = &heard;
  options.callback = [](void *user_data, const char *, std::size_t) -> std::int32_t {
    auto *heard = static_cast<Heard *>(user_data);
    capsule_runtime_info info{.struct_size = sizeof info};
    heard->status = capsule_runtime_get_info(heard->runtime, &info, nullptr);
    return 0;
  };
  ACCEPTED(capsule_runtime_set_audit(runtime.get(), &options, error));
  CHECK_EQ(heard.status, CAPSULE_E_REENTRANT);
}

// As everywhere, a text of size 0 is empty wherever it points to.
CAPSULE_TEST(a_check_of_a_file_takes_empty_data_as_none) {
  const TempFolder folder;
  const std::string path = folder.path() + "/audit.ndjson";
  const std::string head = write_trail(path, 1);
  const std::string data = "x";
  capsule_audit_report report{.struct_size = sizeof report};
  capsule_audit_check check{
      .struct_size = sizeof check, .path = text_of(path), .data = {data.data(), 0}, .head = text_of(head)};
  ACCEPTED(capsule_audit_verify(&check, &report, error));
  CHECK_EQ(report.verdict, CAPSULE_VERDICT_VERIFIED);
  check.data.size = 1;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_audit_verify(&check, &report, error)), "path and data");
  check.data = {nullptr, 1};
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_audit_verify(&check, &report, error)), "path and data");
}

CAPSULE_TEST(options_out_of_range_are_refused_by_name) {
  const Runtime runtime = make_runtime();
  capsule_audit_options options;
  capsule_audit_options_init(&options, sizeof options);
  CHECK_EQ(options.ring_records, 1'024);
  options.ring_records = 65'537;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_set_audit(runtime.get(), &options, error)), "ring_records");
  options.ring_records = 0;
  options.required = 2;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_set_audit(runtime.get(), &options, error)), "required");
  options.required = 0;
  const std::string long_key(1'025, 'k');
  options.key = text_of(long_key);
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_set_audit(runtime.get(), &options, error)), "key");
  capsule_audit_check check{.struct_size = sizeof check};
  capsule_audit_report report{.struct_size = sizeof report};
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_audit_verify(&check, &report, error)), "path and data");
  const std::string nothing = "x";
  check.data = {nothing.data(), 0};
  ACCEPTED(capsule_audit_verify(&check, &report, error));
  CHECK_EQ(report.verdict, CAPSULE_VERDICT_BROKEN);
  CHECK_CONTAINS(std::string(report.reason), "no record");
  check.reserved = 1;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_audit_verify(&check, &report, error)), "check.reserved");
  check.reserved = 0;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_audit_verify(&check, nullptr, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_audit_verify(nullptr, &report, error));
}
