#include "cli/audit_command.hpp"

#include <CLI/CLI.hpp>

#include "capsule.hpp"
#include "cli/arguments.hpp"
#include "cli/lines.hpp"
#include "cli/source_file.hpp"

namespace capsule::cli {
namespace {

constexpr int kBroken = 1;
constexpr int kUnanchored = 4;

capsule_text text_of(const std::string &text) { return {text.data(), text.size()}; }

std::string told(const capsule_audit_report &report) {
  std::string text = line("verdict", capsule_audit_verdict_name(report.verdict));
  text += report.reason[0] == '\0' ? "" : line("reason", report.reason);
  text += line("records", std::to_string(report.records));
  text += line("chains", std::to_string(report.chains));
  text += report.lost == 0 ? "" : line("lost", std::to_string(report.lost) + " records that the sink did not keep");
  text += report.head_before[0] == '\0' ? "" : line("head_before", report.head_before);
  return text + line("head", report.head[0] == '\0' ? "none" : report.head);
}

}  // namespace

CLI::App *add_audit_command(CLI::App &app, AuditArguments &arguments) {
  CLI::App *audit = app.add_subcommand("audit", "Check audit trails");
  audit->require_subcommand(1);
  CLI::App *verify = audit->add_subcommand("verify", "Find records that were altered, removed or reordered");
  verify->footer(
      "Without --head, or the key of a trail that has one, the verdict is at best `unanchored`, and the reason says what that "
      "hides.\n"
      "Exit status: 0 verified, 1 broken, 2 usage or a file that cannot be read, 4 unanchored.");
  verify->add_option("FILE", arguments.path, "The records, one a line")->required();
  verify->add_option("--key-file", arguments.key_path, "The key of the chains: all bytes of this file")->type_name("FILE");
  verify->add_option("--head", arguments.head, "Hash that the last record must have")->type_name("HEX");
  verify->add_option("--head-before", arguments.head_before, "Head that the first record must follow")->type_name("HEX");
  return verify;
}

int verify_audit(const AuditArguments &arguments, Console &console) {
  const std::string key = arguments.key_path.empty() ? std::string() : read_bytes(arguments.key_path);
  if (key.empty() && !arguments.key_path.empty()) {
    throw UsageError(arguments.key_path + " is empty: it is no key");
  }
  capsule_audit_check check{};
  check.struct_size = sizeof check;
  check.path = text_of(arguments.path);
  check.key = text_of(key);
  check.head = text_of(arguments.head);
  check.head_before = text_of(arguments.head_before);
  capsule_audit_report report{};
  report.struct_size = sizeof report;
  detail::call(capsule_audit_verify, &check, &report);
  console.write_out(told(report));
  return report.verdict == CAPSULE_VERDICT_BROKEN ? kBroken : report.verdict == CAPSULE_VERDICT_UNANCHORED ? kUnanchored : 0;
}

}  // namespace capsule::cli
