// Every function of the library, called at random from several threads at once with arguments good and bad, and with handles that are
// released meanwhile. Whatever they answer: nothing crashes, hangs or is left behind. The sanitizers look on. CAPSULE_TEST_ABI_SEEDS is how
// many rounds of it, CAPSULE_TEST_ABI_FIRST the first one's number, and CAPSULE_TEST_ABI_TRACE tells each call.
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "deadline.hpp"
#include "files.hpp"
#include "generated_abi_calls.hpp"
#include "test.hpp"

using namespace capsule_test;
using namespace capsule_fuzz;

namespace {

constexpr int kThreads = 3;
constexpr int kCallsEach = 2000;

bool has(const NamedCall &call, std::string_view part) {
  return std::string_view(call.name).find(part) != std::string_view::npos;
}

// What makes something is called more often than its turn, and what ends something less.
const NamedCall &choose(Fuzz &fuzz) {
  for (;;) {
    const NamedCall &call = kCalls[fuzz.random() % std::size(kCalls)];
    const bool makes = has(call, "_create") || has(call, "_open") || has(call, "_acquire") || has(call, "_register");
    const bool ends = has(call, "_release") || has(call, "_close") || has(call, "_shutdown");
    if (makes || fuzz.one_in(ends ? 12 : 3)) {
      return call;
    }
  }
}

void release(Handles &handles, std::size_t kind, const std::vector<void *> &some) {
  for (void *handle : some) {
    kRelease[kind](handle);
    if (reinterpret_cast<std::uintptr_t>(handle) % 3 == 0) {
      handles.add_stale(kind, handle);
    }
  }
}

template <typename Handle>
void keep(Handles &handles, Handle *made) {
  if (made != nullptr) {
    handles.add(kKind<Handle>, made);
  }
}

// Something good of the usual kinds, so that not everything is refused for want of it.
void make_some(Handles &handles) {
  capsule_runtime *runtime = nullptr;
  capsule_session *session = nullptr;
  capsule_execution *execution = nullptr;
  capsule_bridge *bridge = nullptr;
  capsule_pool *pool = nullptr;
  capsule_promise_store *store = nullptr;
  capsule_session_options options;
  capsule_session_options_init(&options, sizeof options);
  options.executor = CAPSULE_EXECUTOR_ECHO;
  capsule_bridge_options bridge_options;
  capsule_bridge_options_init(&bridge_options, sizeof bridge_options);
  capsule_promise_store_options store_options;
  capsule_promise_store_options_init(&store_options, sizeof store_options);
  capsule_pool_options pool_options;
  capsule_pool_options_init(&pool_options, sizeof pool_options);
  pool_options.session = &options;
  pool_options.acquire_timeout_ms = 20;
  pool_options.min_idle = pool_options.max_sessions = 1;
  static_cast<void>(capsule_runtime_create(nullptr, &runtime, nullptr));
  static_cast<void>(capsule_bridge_create(runtime, &bridge_options, &bridge, nullptr));
  options.bridge = bridge;
  static_cast<void>(capsule_session_open(runtime, &options, &session, nullptr));
  static_cast<void>(capsule_execution_create(session, "out x\ncall read", 15, nullptr, &execution, nullptr));
  options.bridge = nullptr;
  static_cast<void>(capsule_pool_create(runtime, &pool_options, &pool, nullptr));
  static_cast<void>(capsule_promise_store_open(runtime, &store_options, &store, nullptr));
  keep(handles, runtime);
  keep(handles, session);
  keep(handles, execution);
  keep(handles, bridge);
  keep(handles, pool);
  keep(handles, store);
}

// How often each function has succeeded.
std::array<std::atomic<std::uint64_t>, std::size(kCalls)> succeeded;

void call_at_random(Handles &handles, std::uint64_t seed, std::string_view file) {
  static const bool told = std::getenv("CAPSULE_TEST_ABI_TRACE") != nullptr;
  Fuzz fuzz(handles, seed, file);
  for (int i = 0; i < kCallsEach; ++i) {
    if (i % (kCallsEach / 4) == 0) {
      make_some(handles);
    }
    const NamedCall &call = choose(fuzz);
    if (told) {  // the last one of a thread is the one that did not come back
      std::fprintf(stderr, "seed %llu call %d: %s\n", static_cast<unsigned long long>(seed), i, call.name);
    }
    const capsule_status status = call.make(fuzz);
    succeeded[static_cast<std::size_t>(&call - kCalls)] += status == CAPSULE_OK ? 1 : 0;
    if (told) {
      std::fprintf(stderr, "seed %llu call %d: %s: %d\n", static_cast<unsigned long long>(seed), i, call.name, status);
    }
    fuzz.forget();
    for (std::size_t kind = 0; kind < kKind<void>; ++kind) {
      release(handles, kind, handles.take_old(kind));
    }
  }
}

std::uint64_t number_in(const char *name, std::uint64_t otherwise) {
  const char *given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

}  // namespace

CAPSULE_TEST(every_function_bears_any_arguments_from_any_thread) {
  // libuv closes by system calls of its own, which the thread sanitizer does not see: with runtimes that come and go, each number that is
  // another descriptor's by then looks like a race.
  if (kThreadSanitizer) {
    return;
  }
  const std::uint64_t first = number_in("CAPSULE_TEST_ABI_FIRST", 1);
  const std::uint64_t seeds = number_in("CAPSULE_TEST_ABI_SEEDS", 1);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const TempFolder folder;
    const std::string file = folder.path() + "/file";
    Handles handles;
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&handles, &file, seed = seed * kThreads + i] { call_at_random(handles, seed, file); });
    }
    for (std::thread &thread : threads) {
      thread.join();
    }
    for (std::size_t kind = 0; kind < kKind<void>; ++kind) {
      for (void *handle : handles.take(kind)) {
        kRelease[kind](handle);
      }
    }
  }
  static_cast<void>(capsule_log_set_callback(CAPSULE_LOG_OFF, nullptr, nullptr, nullptr));
  const auto useful = std::count_if(succeeded.begin(), succeeded.end(), [](const auto &times) { return times > 0; });
  CHECK_AT_LEAST(useful, 50);  // it is not all refused
}
