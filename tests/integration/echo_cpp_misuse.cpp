// Misuse of the C++ wrapper, and what closes while others wait: an exception with a status, and nothing else.
#include <capsule/capsule.hpp>
#include <capsule/capsule_result.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "child.hpp"
#include "files.hpp"
#include "process.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

capsule::SessionOptions echo() {
  capsule::SessionOptions options;
  options.executor = CAPSULE_EXECUTOR_ECHO;
  return options;
}

template <typename Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const capsule::Error &error) {
    return error.what();
  }
  return {};
}

template <typename Call>
capsule_status status_of(Call call) {
  try {
    call();
  } catch (const capsule::Error &error) {
    CHECK(!std::string_view(error.what()).empty());
    return error.status();
  }
  return CAPSULE_OK;
}

// What is no text is no source, nor are options of another kind options: it does not compile.
template <typename Source, typename Options>
concept Runs = requires(capsule::Session &session, const Source &source, const Options &options) {
  session.run(source, options);
};
static_assert(Runs<const char *, capsule::ExecutionOptions> && Runs<std::string, capsule::ExecutionOptions>);
static_assert(!Runs<int, capsule::ExecutionOptions> && !Runs<std::vector<char>, capsule::ExecutionOptions> &&
              !Runs<std::string, capsule::SessionOptions>);

capsule::Session taken_from(capsule::Session &session) { return std::move(session); }

// How an execution ends that a thread waits for while `close` is called.
template <typename Close>
std::int32_t end_of_a_wait(capsule::Runtime &runtime, Close close) {
  capsule::Session session = runtime.open(echo());
  capsule::Execution execution = session.execute("spin");
  CHECK_EQ(execution.next()->kind(), CAPSULE_EVENT_STARTED);
  std::int32_t outcome = 0;
  Threads threads;
  threads.start([&] { outcome = execution.next().value()->outcome; });
  close(session);
  threads.join();
  return outcome;
}

}  // namespace

CAPSULE_TEST(what_is_closed_or_moved_from_answers_an_error) {
  capsule::Runtime runtime;
  capsule::Session session = runtime.open(echo());
  capsule::Session moved = taken_from(session);
  CHECK_EQ(status_of([&] { session.run("value x"); }), CAPSULE_E_HANDLE);
  moved.close(capsule::Milliseconds{0});
  moved.close(capsule::Milliseconds{0});
  CHECK_EQ(status_of([&] { moved.run("value x"); }), CAPSULE_E_CLOSED);
  CHECK_EQ(status_of([&] { moved.restart(); }), CAPSULE_E_CLOSED);
  CHECK_EQ(moved.info().executions_started, 0);
  runtime.close(capsule::Milliseconds{0});
  CHECK_EQ(status_of([&] { runtime.open(echo()); }), CAPSULE_E_CLOSED);
}

CAPSULE_TEST(texts_that_are_none_are_refused) {
  capsule::Runtime runtime;
  capsule::Session session = runtime.open(echo());
  for (const std::string_view source :
       {std::string_view(), std::string_view("out a\0b", 7), std::string_view("out \xff\xfe")}) {
    CHECK_EQ(status_of([&] { session.run(source); }), CAPSULE_E_ARGUMENT);
  }
  capsule::Execution execution = session.execute("input who?");
  for (const capsule::Event &event : execution) {
    if (event.kind() == CAPSULE_EVENT_INPUT) {
      CHECK_EQ(status_of([&] { execution.answer(event->input_id, "\xff"); }), CAPSULE_E_ARGUMENT);
      CHECK_EQ(status_of([&] { execution.answer(event->input_id, std::string_view("a\0b", 3)); }), CAPSULE_E_ARGUMENT);
      CHECK_EQ(status_of([&] { execution.answer(event->input_id + 1, "a"); }), CAPSULE_E_STATE);
      execution.answer(event->input_id, "Ada");
    }
  }
}

CAPSULE_TEST(a_session_goes_back_to_its_own_pool_alone) {
  capsule::Runtime runtime;
  capsule::PoolOptions options;
  options.session = echo();
  options.min_idle = 1;
  options.max_sessions = 1;
  capsule::Pool pool = runtime.open_pool(options);
  capsule::Pool other = runtime.open_pool(options);
  capsule::Session of_none = runtime.open(echo());
  CHECK_EQ(status_of([&] { pool.give_back(std::move(of_none)); }), CAPSULE_E_ARGUMENT);
  capsule::Session session = pool.acquire();
  CHECK_EQ(status_of([&] { other.give_back(std::move(session)); }), CAPSULE_E_ARGUMENT);
  CHECK_EQ(session.run("value 1").repr.value(), "1");  // It is still there.
  pool.give_back(std::move(session));
  CHECK_EQ(pool.acquire().run("value 2").repr.value(), "2");
}

CAPSULE_TEST(a_missing_worker_is_told) {
  capsule::RuntimeOptions options;
  options.worker_dir = "/nowhere/capsule";
  capsule::Runtime runtime(options);
  CHECK_EQ(status_of([&] { runtime.open(echo()); }), CAPSULE_E_WORKER);
}

CAPSULE_TEST(a_missing_interpreter_is_told) {
  if (kThreadSanitizer) {
    skip_test("the library is built without Python");
  }
  capsule::SessionOptions options;
  options.python = "/nowhere/python3";
  capsule::Runtime runtime;
  CHECK_EQ(status_of([&] { runtime.open(options); }), CAPSULE_E_PYTHON);
  CHECK_CONTAINS(message_of([&] { runtime.open(options); }), "/nowhere/python3");

  capsule_session_options plain{};
  capsule_session_options_init(&plain, sizeof plain);
  plain.python = capsule_text_from("/nowhere/python3");
  capsule::results::Result<capsule::results::Runtime> other = capsule::results::Runtime::create();
  const capsule::results::Result<capsule::results::Session> opened = other->open(&plain);
  CHECK_EQ(opened.failure().status, CAPSULE_E_PYTHON);
  CHECK_CONTAINS(opened.failure().message, "/nowhere/python3");
}

CAPSULE_TEST(what_is_canceled_before_it_began_does_not_begin) {
  capsule::Runtime runtime;
  capsule::Session session = runtime.open(echo());
  capsule::Execution first = session.execute("spin");
  capsule::Execution second = session.execute("out never");
  second.cancel();
  const std::optional<capsule::Event> end = second.next();
  CHECK_EQ(end->kind(), CAPSULE_EVENT_ERROR);
  CHECK_EQ((*end)->outcome, CAPSULE_OUTCOME_CANCELED);
  CHECK(!second.next().has_value());
  first.cancel();
}

CAPSULE_TEST(closing_ends_a_wait) {
  capsule::Runtime runtime;
  CHECK_EQ(end_of_a_wait(runtime, [](capsule::Session &session) { session.close(capsule::Milliseconds{0}); }),
           CAPSULE_OUTCOME_KILLED);
  CHECK_EQ(end_of_a_wait(runtime, [&](capsule::Session &) { runtime.close(capsule::Milliseconds{0}); }),
           CAPSULE_OUTCOME_KILLED);
}

CAPSULE_TEST(many_sessions_run_at_once_and_need_no_thread_each) {
  capsule::Runtime runtime;
  std::vector<capsule::Session> sessions;
  std::vector<capsule::Execution> executions;
  std::vector<std::uint64_t> inputs;
  std::vector<std::ptrdiff_t> threads;
  for (int i = 0; i < 40; ++i) {
    sessions.push_back(runtime.open(echo()));
    executions.push_back(sessions.back().execute("input go on?\nout " + std::to_string(i)));
    std::optional<capsule::Event> event = executions.back().next();
    while (event.has_value() && event->kind() != CAPSULE_EVENT_INPUT) {
      event = executions.back().next();
    }
    inputs.push_back((*event)->input_id);
    threads.push_back(std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
  }
  CHECK_EQ(threads.back(), threads.front());
  for (std::size_t i = 0; i < executions.size(); ++i) {
    executions[i].answer(inputs[i], "yes");
  }
  for (std::size_t i = 0; i < executions.size(); ++i) {
    std::string output;
    for (const capsule::Event &event : executions[i]) {
      output += event.data();
    }
    CHECK_EQ(output, "yes\n" + std::to_string(i) + "\n");
  }
}

CAPSULE_HELPER(lives_with_a_session) {
  capsule::Runtime runtime;
  capsule::Session session = runtime.open(echo());
  const capsule::Execution execution = session.execute("spin");
  std::printf("%d\n", session.info().pid);
  std::fflush(stdout);
  return std::getchar();
}

CAPSULE_TEST(a_crash_of_the_host_leaves_no_orphan) {
  Child host(helper("lives_with_a_session"));
  std::vector<Watched> worker;
  worker.emplace_back(std::stoi(host.read_line()));
  host.kill(SIGKILL);
  host.wait();
  check_gone(worker, Deadline(), "after the host's death");
}

// A library that tells a version, and lacks all else.
void build_hollow(const std::string &output, const std::vector<std::string> &version = {}) {
  std::vector<std::string> command = {CAPSULE_TEST_SOURCE_DIR "/tests/abi/hollow_library.sh", "cc", output};
  command.insert(command.end(), version.begin(), version.end());
  run_tool(command);
}

CAPSULE_HELPER(begins) {
  std::puts(capsule::results::Runtime::create().failure().message.c_str());
  try {
    const capsule::Runtime runtime;
  } catch (const capsule::Error &error) {
    std::puts(error.what());
  }
  return 0;
}

// The loader tells both: the program never begins, or ends where it would have called it.
CAPSULE_TEST(a_library_that_is_missing_or_lacks_a_function_is_told) {
  const TempFolder folder;
  build_hollow(folder.path() + "/libcapsule.so.0");
  std::vector<std::string> command = helper("begins");
  Child lacking(command, {"LD_LIBRARY_PATH=" + folder.path()});
  CHECK_EQ(lacking.exit_code(), 127);
  CHECK_CONTAINS(lacking.err(), "undefined symbol: capsule_");
  // Also of an older one: the wrapper holds addresses of functions, which are looked up before main() can ask for the version.
  build_hollow(folder.path() + "/libcapsule.so.0", {"0.0.9"});
  Child older(command, {"LD_LIBRARY_PATH=" + folder.path()});
  CHECK_EQ(older.exit_code(), 127);
  CHECK_CONTAINS(older.err(), "undefined symbol: capsule_");

  // Without the way to it that the build has left in the program.
  const std::string moved = folder.path() + "/program";
  run_tool({"cp", command[0], moved});
  run_tool({"patchelf", "--remove-rpath", moved});
  command[0] = moved;
  Child missing(command);
  CHECK_EQ(missing.exit_code(), 127);
  CHECK_CONTAINS(missing.err(), "libcapsule.so.0");
}

CAPSULE_TEST(what_is_destroyed_in_an_interceptor_may_still_be_called) {
  struct Held {
    std::optional<capsule::Execution> execution;
    std::weak_ptr<int> callback;
    std::once_flag once;
    capsule_status refused = CAPSULE_OK;
    bool stays = false;
    bool stays_on = false;
  } held;
  capsule::Runtime runtime;
  capsule::Session session = runtime.open(echo());
  held.execution = session.execute("out a");
  auto mark = std::make_shared<int>();
  held.callback = mark;
  held.execution->notify([mark = std::move(mark)] { static_cast<void>(mark); });
  capsule_interceptor_options options{};
  options.struct_size = sizeof options;
  options.budget_ns = 1'000'000'000;
  options.name = {"test", 4};
  options.user_data = &held;
  // The library refuses all calls here, and so does not forget whom to call.
  options.callback = [](void *user_data, const capsule_frame *) -> std::int32_t {
    auto &held = *static_cast<Held *>(user_data);
    std::call_once(held.once, [&] {
      held.refused = status_of([&] { held.execution->notify({}); });
      held.stays = !held.callback.expired();
      held.execution.reset();
      held.stays_on = !held.callback.expired();
    });
    return 0;
  };
  std::uint64_t id = 0;
  CHECK_EQ(capsule_session_add_interceptor(session.capi(), &options, &id, nullptr), CAPSULE_OK);
  session.run("out b");
  CHECK_EQ(capsule_session_remove_interceptor(session.capi(), id, nullptr), CAPSULE_OK);
  CHECK_EQ(held.refused, CAPSULE_E_REENTRANT);
  CHECK(held.stays && held.stays_on);
}

CAPSULE_TEST(a_function_of_the_host_may_throw_anything) {
  capsule::Runtime runtime;
  capsule::Bridge bridge = runtime.open_bridge();
  bridge.offer("number", [](const capsule::Request &) -> capsule::Answer { throw 7; });
  bridge.offer("text", [](const capsule::Request &) -> capsule::Answer { throw std::runtime_error("\xff"); });
  Threads threads;
  threads.start([&] { bridge.serve(); });
  capsule::SessionOptions options = echo();
  options.bridge = &bridge;
  options.rules = {capsule::Rule("*")};
  capsule::Session session = runtime.open(options);
  CHECK_EQ(session.run("call number {}").message, "the host's function threw what is no exception");
  CHECK_EQ(session.run("call text {}").message, "the host's function failed with a text that cannot be sent");
  bridge.close();
  threads.join();
}

CAPSULE_TEST(a_request_is_answered_by_its_own_bridge_alone) {
  capsule::Runtime runtime;
  capsule::Bridge bridge = runtime.open_bridge();
  const capsule::Bridge other = runtime.open_bridge();
  bridge.offer("number", [](const capsule::Request &) { return capsule::Answer(); });
  capsule::SessionOptions options = echo();
  options.bridge = &bridge;
  options.rules = {capsule::Rule("*")};
  capsule::Session session = runtime.open(options);
  capsule::Execution execution = session.execute("call number {}");
  const std::optional<capsule::Request> request = bridge.next_request();
  other.answer(*request);
  bridge.answer(*request);
  std::int32_t outcome = -1;
  for (const capsule::Event &event : execution) {
    outcome = event->outcome;
  }
  CHECK_EQ(outcome, CAPSULE_OUTCOME_OK);
}

CAPSULE_TEST(a_bridge_may_go_while_a_function_of_it_runs) {
  capsule::Runtime runtime;
  auto bridge = std::make_optional(runtime.open_bridge());
  bridge->offer("destroy", [&](const capsule::Request &) {
    bridge.reset();
    return capsule::Answer();
  });
  Threads threads;
  capsule::SessionOptions options = echo();
  options.bridge = &*bridge;
  options.rules = {capsule::Rule("*")};
  capsule::Session session = runtime.open(options);
  threads.start([&, &served = *bridge] { served.serve(); });
  CHECK_EQ(session.run("call destroy {}").outcome, CAPSULE_OUTCOME_ERROR);
  threads.join();
}

CAPSULE_TEST(an_older_library_is_told_with_both_versions) {
  if (kSanitized) {
    skip_test("the sanitizer has to be loaded first");
  }
  const TempFolder folder;
  const std::string older = folder.path() + "/older.so";
  build_hollow(older, {"0.0.9"});
  Child child(helper("begins"), {"LD_PRELOAD=" + older});
  CHECK_EQ(child.exit_code(), 0);
  const std::string told = "the loaded libcapsule is version 0.0.9, and this program was compiled for version 0.1.0\n";
  CHECK_EQ(child.out(), told + told);
}
