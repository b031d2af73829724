#include "diagnostics/page/log_page.hpp"

#include "base/log_events.hpp"

namespace capsule {
namespace {

constexpr const char *kIntroduction =
    "\n## Log events\n\n"
    "Made from the table in `src/base/log_events.hpp`; the library logs no other. A record is `event=NAME` and the fields "
    "named "
    "here, in their order;\nthose in brackets are there where there is something to say. Times carry their unit in the name. "
    "Frames between host and snapshot have\n`snapshot` behind `channel`. `source` is `worker` or `zygote` where that wrote the "
    "record: what such a process writes as a record of its own, on\nits stderr or by message, is passed on under its own name, "
    "with `session` (of a worker) and `source` right behind it, and, of stderr, `pid`.\n\n"
    "| event | level | fields | meaning |\n|---|---|---|---|\n";

constexpr const char *name_of(std::int32_t level) {
  constexpr const char *kNames[] = {"debug", "info", "warn", "error"};
  return kNames[level - CAPSULE_LOG_DEBUG];
}

}  // namespace

std::string log_reference() {
  std::string page = kIntroduction;
  for (const LogEventInfo &event : kLogEvents) {
    page += "| `" + std::string(event.name) + "` | " + name_of(event.level) + " | " + std::string(event.fields) + " | " +
            std::string(event.meaning) + " |\n";
  }
  return page;
}

}  // namespace capsule
