// A program without exceptions, compiled with -fno-exceptions: what a call brings, or why it failed, is its Result.
#include <capsule/capsule_result.hpp>
#include <cstdio>

using namespace capsule::results;

namespace {

Result<void> show(Session &session, std::string_view source) {
  Result<Execution> execution = session.execute(source);
  if (!execution) return execution.failure();
  for (;;) {
    Result<std::optional<capsule::Event>> found = execution->next();
    if (!found) return found.failure();
    if (!*found) return Nothing{};
    const capsule::Event &event = **found;
    if (event.kind() == CAPSULE_EVENT_OUTPUT) std::fwrite(event.data().data(), 1, event.data().size(), stdout);
    if (event.repr()) std::printf("value: %s\n", event.repr()->data());
  }
}

}  // namespace

int main() {
  Result<Runtime> runtime = Runtime::create();
  Result<Session> session = runtime ? runtime->open() : runtime.failure();
  const Result<void> shown = session ? show(*session, "print('hello')\n6 * 7") : session.failure();
  if (!shown) {
    std::fprintf(stderr, "%s: %s\n", capsule_status_name(shown.status()), shown.failure().message.c_str());
    return 1;
  }
  const Result<void> refused = show(*session, "");  // An empty source is none.
  std::printf("%s: %s\n", capsule_status_name(refused.status()), refused.failure().message.c_str());
  return 0;
}
