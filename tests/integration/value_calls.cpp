// The calls for values as calls: arguments, struct sizes, turns, timeouts, states, callbacks, limits.
#include <atomic>
#include <cstring>
#include <functional>

#include "process.hpp"
#include "snapshots.hpp"
#include "threads.hpp"
#include "values.hpp"

using namespace capsule_test;

namespace {

constexpr std::int32_t kOverwrite = CAPSULE_SET_OVERWRITE;

capsule_value json(const char *text) {
  return {.struct_size = sizeof(capsule_value), .kind = CAPSULE_VALUE_JSON, .data = text, .size_bytes = std::strlen(text)};
}

// The statuses of all calls that wait, as one text.
std::string statuses(const Session &session, const Snapshot &snapshot, std::int64_t timeout_ms) {
  const capsule_value one = json("1");
  capsule_value value{.struct_size = sizeof value};
  capsule_name_list list{.struct_size = sizeof list};
  Snapshot taken;
  Session branch;
  std::string text;
  for (const capsule_status status : {
           capsule_session_set(session.get(), "x", 1, &one, kOverwrite, timeout_ms, nullptr),
           capsule_session_get(session.get(), "x", 1, CAPSULE_VALUE_AUTO, timeout_ms, &value, nullptr),
           capsule_session_delete(session.get(), "x", 1, timeout_ms, nullptr),
           capsule_session_list(session.get(), 10, timeout_ms, &list, nullptr),
           capsule_session_snapshot(session.get(), timeout_ms, taken.out(), nullptr),
           capsule_session_branch(session.get(), timeout_ms, branch.out(), nullptr),
           capsule_snapshot_branch(snapshot.get(), timeout_ms, branch.out(), nullptr),
           capsule_session_restore(session.get(), snapshot.get(), timeout_ms, nullptr),
       }) {
    text += std::string(text.empty() ? "" : " ") + capsule_status_name(status);
  }
  capsule_value_release(&value);
  capsule_name_list_release(&list);
  return text;
}

std::string eight_times(const std::string &status) {
  std::string text = status;
  for (int i = 1; i < 8; ++i) {
    text += " " + status;
  }
  return text;
}

}  // namespace

CAPSULE_TEST(null_arguments_are_refused) {
  const Session session = open_session();
  const capsule_value one = json("1");
  capsule_value value{.struct_size = sizeof value};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set(session.get(), nullptr, 0, &one, kOverwrite, -1, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set(session.get(), nullptr, 3, &one, kOverwrite, -1, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set(session.get(), "x", 0, &one, kOverwrite, -1, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set(session.get(), "x", 1, nullptr, kOverwrite, -1, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get(session.get(), nullptr, 1, 0, -1, &value, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get(session.get(), "x", 1, 0, -1, nullptr, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_delete(session.get(), nullptr, 1, -1, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_list(session.get(), 1, -1, nullptr, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_snapshot(session.get(), -1, nullptr, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_branch(session.get(), -1, nullptr, error));
  const capsule_value sized{.struct_size = sizeof sized, .kind = CAPSULE_VALUE_TEXT, .size_bytes = 5};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set(session.get(), "x", 1, &sized, kOverwrite, -1, error));
  for (const std::int32_t kind : {-1, static_cast<int>(CAPSULE_VALUE_AUTO), static_cast<int>(CAPSULE_VALUE_REPR), 6}) {
    capsule_value odd = one;
    odd.kind = kind;
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set(session.get(), "x", 1, &odd, kOverwrite, -1, error));
  }
  for (const std::int32_t kind : {-1, 6}) {
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get(session.get(), "x", 1, kind, -1, &value, error));
  }
  capsule_value_release(nullptr);
  capsule_name_list_release(nullptr);
  capsule_snapshot_release(nullptr);
  CHECK_EQ(NameList(session)->total, 0);
}

CAPSULE_TEST(handles_that_are_none_are_refused) {
  Session session = open_session();
  Snapshot snapshot = snapshot_of(session);
  capsule_session *released = session.get();
  capsule_snapshot *gone = snapshot.get();
  snapshot.reset();
  session.reset();
  capsule_value value{.struct_size = sizeof value};
  capsule_name_list list{.struct_size = sizeof list};
  capsule_snapshot_info info{.struct_size = sizeof info};
  const capsule_value one = json("1");
  Session branch;
  for (capsule_session *handle : {released, static_cast<capsule_session *>(nullptr)}) {
    REFUSED(CAPSULE_E_HANDLE, capsule_session_set(handle, "x", 1, &one, kOverwrite, -1, error));
    REFUSED(CAPSULE_E_HANDLE, capsule_session_get(handle, "x", 1, 0, -1, &value, error));
    REFUSED(CAPSULE_E_HANDLE, capsule_session_delete(handle, "x", 1, -1, error));
    REFUSED(CAPSULE_E_HANDLE, capsule_session_list(handle, 1, -1, &list, error));
    REFUSED(CAPSULE_E_HANDLE, capsule_session_snapshot(handle, -1, snapshot.out(), error));
    REFUSED(CAPSULE_E_HANDLE, capsule_session_branch(handle, -1, branch.out(), error));
    REFUSED(CAPSULE_E_HANDLE, capsule_session_restore(handle, gone, -1, error));
  }
  for (capsule_snapshot *handle : {gone, static_cast<capsule_snapshot *>(nullptr)}) {
    REFUSED(CAPSULE_E_HANDLE, capsule_snapshot_branch(handle, -1, branch.out(), error));
    REFUSED(CAPSULE_E_HANDLE, capsule_snapshot_get_info(handle, &info, error));
    REFUSED(CAPSULE_E_HANDLE, capsule_session_restore(open_session().get(), handle, -1, error));
  }
  capsule_snapshot_release(gone);
}

CAPSULE_TEST(timeouts_out_of_range_are_refused) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot snapshot = snapshot_of(session);
  for (const std::int64_t timeout_ms : {std::int64_t{-2}, std::int64_t{86'400'001}, INT64_MAX, INT64_MIN}) {
    CHECK_EQ(statuses(session, snapshot, timeout_ms), eight_times("CAPSULE_E_ARGUMENT"));
  }
  CHECK_EQ(value_of(session, "x"), "1");
}

CAPSULE_TEST(struct_sizes_are_checked) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot snapshot = snapshot_of(session);
  for (const std::uint32_t size : {0U, 4U, 8U, static_cast<std::uint32_t>(sizeof(capsule_value)) - 8}) {
    capsule_value value = json("1");
    value.struct_size = size;
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set(session.get(), "x", 1, &value, kOverwrite, -1, error));
    value = {.struct_size = size};
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get(session.get(), "x", 1, 0, -1, &value, error));
    CHECK_EQ(value.struct_size, size);
  }
  for (const std::uint32_t size : {0U, 8U}) {
    capsule_name_list list{.struct_size = size};
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_list(session.get(), 1, -1, &list, error));
    capsule_snapshot_info info{.struct_size = size};
    if (size == 0) {
      REFUSED(CAPSULE_E_ARGUMENT, capsule_snapshot_get_info(snapshot.get(), &info, error));
    }
  }
  REFUSED(CAPSULE_E_ARGUMENT, capsule_snapshot_get_info(snapshot.get(), nullptr, error));
}

CAPSULE_TEST(a_released_value_is_empty_and_may_be_released_again) {
  const Session session = open_session();
  value_of(session, "x = 'text'");
  capsule_value value{.struct_size = sizeof value};
  ACCEPTED(capsule_session_get(session.get(), "x", 1, 0, -1, &value, error));
  capsule_value_release(&value);
  CHECK_EQ(value.struct_size, sizeof value);
  CHECK(value.data == nullptr && value.storage == 0 && value.type_name.data == nullptr && value.size_bytes == 0);
  capsule_value_release(&value);
  capsule_value set = json("1");
  ACCEPTED(capsule_session_set(session.get(), "x", 1, &set, kOverwrite, -1, error));
  capsule_value_release(&set);
  capsule_name_list list{.struct_size = sizeof list};
  ACCEPTED(capsule_session_list(session.get(), 10, -1, &list, error));
  capsule_name_list_release(&list);
  CHECK(list.names == nullptr && list.count == 0 && list.storage == 0);
  capsule_name_list_release(&list);
}

CAPSULE_TEST(a_refused_call_leaves_the_struct_empty) {
  const Session session = open_session();
  capsule_value value{.struct_size = sizeof value, .kind = 7, .size_bytes = 9};
  REFUSED(CAPSULE_E_NAME, capsule_session_get(session.get(), "x", 1, 0, -1, &value, error));
  CHECK(value.data == nullptr && value.kind == 0 && value.size_bytes == 0 && value.storage == 0);
}

CAPSULE_TEST(all_calls_time_out_while_the_session_is_busy) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot snapshot = snapshot_of(session);
  Run run(session, "input()");
  run.until(CAPSULE_EVENT_INPUT);
  const std::string seen = statuses(session, snapshot, 20);
  // A branch of a snapshot does not wait for the session.
  CHECK(seen ==
            "CAPSULE_E_TIMEOUT CAPSULE_E_TIMEOUT CAPSULE_E_TIMEOUT CAPSULE_E_TIMEOUT CAPSULE_E_TIMEOUT CAPSULE_E_TIMEOUT "
            "CAPSULE_OK CAPSULE_E_TIMEOUT" ||
        seen == eight_times("CAPSULE_E_TIMEOUT"));
  run.answer("");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(value_of(session, "x"), "1");
}

CAPSULE_TEST(all_calls_say_so_where_the_session_is_in_error) {
  const Session session = open_session();
  const Snapshot snapshot = snapshot_of(session);
  Run dies(session, "import os; os._exit(1)");
  dies.end();
  const std::string died = "CAPSULE_E_DIED ";
  CHECK_EQ(statuses(session, snapshot, kPatienceMs), died + died + died + died + died + died + "CAPSULE_OK CAPSULE_OK");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(all_calls_say_so_where_the_session_is_closed) {
  const Session session = open_session();
  const Snapshot snapshot = snapshot_of(session);
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  const std::string closed = "CAPSULE_E_CLOSED ";
  CHECK_EQ(statuses(session, snapshot, kPatienceMs),
           closed + closed + closed + closed + closed + closed + "CAPSULE_OK CAPSULE_E_CLOSED");
}

CAPSULE_TEST(all_calls_are_refused_in_callbacks) {
  const Session session = open_session();
  const Snapshot snapshot = snapshot_of(session);
  struct Seen {
    const Session *session;
    const Snapshot *snapshot;
    std::string statuses;
    Counter calls;
  } seen{&session, &snapshot, {}, {}};
  Execution execution = submit(session, "print('x')");
  ACCEPTED(capsule_execution_set_notify(
      execution.get(),
      [](void *data) {
        auto *into = static_cast<Seen *>(data);
        if (into->calls.value() == 0) {
          into->statuses = statuses(*into->session, *into->snapshot, 1000);
          into->calls.add();
        }
      },
      &seen, error));
  seen.calls.wait_for(1, "callbacks");
  ACCEPTED(capsule_execution_set_notify(execution.get(), nullptr, nullptr, error));
  CHECK_EQ(seen.statuses, eight_times("CAPSULE_E_REENTRANT"));
  Run run(std::move(execution));
  CHECK_EQ(run.end().outcome, "ok");
}

CAPSULE_TEST(a_close_ends_calls_that_wait) {
  const Session session = open_session();
  const Snapshot snapshot = snapshot_of(session);
  Run run(session, "input()");
  run.until(CAPSULE_EVENT_INPUT);
  Threads threads;
  Counter begun;
  const auto waits = [&](const std::function<capsule_status()> &call) {
    threads.start([&, call] {
      begun.add();
      CHECK_EQ(call(), CAPSULE_E_CLOSED);
    });
  };
  const capsule_value one = json("1");
  waits([&] { return capsule_session_set(session.get(), "x", 1, &one, kOverwrite, -1, nullptr); });
  waits([&] { return capsule_session_delete(session.get(), "x", 1, -1, nullptr); });
  waits([&] { return capsule_session_restore(session.get(), snapshot.get(), -1, nullptr); });
  waits([&] {
    Snapshot taken;
    return capsule_session_snapshot(session.get(), -1, taken.out(), nullptr);
  });
  begun.wait_for(4, "calls");
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  threads.join();
  CHECK_EQ(run.end().outcome, "killed");
}

CAPSULE_TEST(what_is_larger_than_a_frame_is_refused_or_cut) {
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.max_frame_bytes = 64U << 10U;
  const Runtime runtime = make_runtime(options);
  const Session session = open_session(runtime);
  constexpr std::size_t kMost = (64U << 10U) - 4096;
  for (const std::int32_t kind : {CAPSULE_VALUE_TEXT, CAPSULE_VALUE_BYTES}) {
    set_value(session, "x", kind, std::string(kMost, 'x'));
    CHECK_EQ(value_of(session, "len(x)"), std::to_string(kMost));
    CHECK_EQ(Value(session, "x", kind)->size_bytes, kMost);
    const std::string more(kMost + 1, 'x');
    const capsule_value value{.struct_size = sizeof value, .kind = kind, .data = more.data(), .size_bytes = more.size()};
    REFUSED(CAPSULE_E_LIMIT, capsule_session_set(session.get(), "x", 1, &value, kOverwrite, -1, error));
  }
  value_of(session, "t = 'x' * " + std::to_string(kMost + 1) + "; b = t.encode(); j = [0] * 100_000; e = '\u20ac' * 30_000");
  capsule_value value{.struct_size = sizeof value};
  for (const auto &[name, kind] : {std::pair{"t", CAPSULE_VALUE_TEXT},
                                   {"t", CAPSULE_VALUE_AUTO},
                                   {"b", CAPSULE_VALUE_BYTES},
                                   {"j", CAPSULE_VALUE_JSON},
                                   {"e", CAPSULE_VALUE_TEXT}}) {
    REFUSED(CAPSULE_E_LIMIT, capsule_session_get(session.get(), name, 1, kind, -1, &value, error));
  }
  CHECK_EQ(Value(session, "b")->size_bytes, kMost + 1);  // a buffer knows no such limit
  CHECK_EQ(Value(session, "j", CAPSULE_VALUE_REPR)->size_bytes, kMost);
  CHECK_AT_LEAST(Value(session, "e", CAPSULE_VALUE_REPR)->size_bytes, kMost - 2);
  const std::string large(1 << 20, 'y');
  set_value(session, "large", CAPSULE_VALUE_BUFFER, large);
  CHECK_EQ(Value(session, "large").data(), large);
}

CAPSULE_TEST(a_list_whose_names_do_not_fit_in_a_frame) {
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.max_frame_bytes = 64U << 10U;
  const Runtime runtime = make_runtime(options);
  const Session session = open_session(runtime);
  value_of(session, "globals().update(('n%04d' % i + 'x' * 500, i) for i in range(1000))");
  NameList list(session, 65'536);
  CHECK_EQ(list->total, 1000);
  CHECK_AT_LEAST(list->count, 50);
  CHECK(string_of(list->names[49].name).starts_with("n0049x"));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(buffers_around_the_size_of_a_frame) {
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.max_frame_bytes = 64U << 10U;
  const Runtime runtime = make_runtime(options);
  const Session session = open_session(runtime);
  for (const std::size_t size : {60U << 10U, (60U << 10U) + 1U, 65'300U, 65'535U, 65'536U, 65'537U}) {
    const std::string data(size, 'd');
    set_value(session, "x", CAPSULE_VALUE_BUFFER, data);
    CHECK_EQ(value_of(session, "len(x), x[-1]"), "(" + std::to_string(size) + ", 100)");
    CHECK_EQ(Value(session, "x").data(), data);
  }
  value_of(
      session,
      "import ctypes\nclass S(ctypes.Structure): _fields_ = [(f'field_{i:05}', ctypes.c_int) for i in range(5000)]\ns = S()");
  capsule_value value{.struct_size = sizeof value};
  REFUSED(CAPSULE_E_LIMIT, capsule_session_get(session.get(), "s", 1, CAPSULE_VALUE_BUFFER, -1, &value, error));
  CHECK_EQ(Value(session, "s", CAPSULE_VALUE_REPR)->kind, CAPSULE_VALUE_REPR);
}

CAPSULE_TEST(a_message_that_does_not_fit_in_a_frame) {
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.max_frame_bytes = 64U << 10U;
  const Runtime runtime = make_runtime(options);
  const Session session = open_session(runtime);
  value_of(session,
           "class R:\n  def __repr__(self): raise type('E' * 100_000, (Exception,), {})('m' * 100_000)\nx = R(); None");
  capsule_value value{.struct_size = sizeof value};
  REFUSED(CAPSULE_E_TYPE, capsule_session_get(session.get(), "x", 1, CAPSULE_VALUE_REPR, -1, &value, error));
  value_of(session,
           "class R:\n  def __repr__(self): raise type('E' * 100_000, (BaseException,), {})('m' * 100_000)\nx = R(); None");
  REFUSED(CAPSULE_E_TYPE, capsule_session_get(session.get(), "x", 1, CAPSULE_VALUE_REPR, -1, &value, error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(calls_take_their_turn_between_executions) {
  const Session session = open_session();
  std::vector<Run> runs;
  runs.emplace_back(session, "x = 0; import time; time.sleep(0.1)");
  set_json(session, "x", "10");
  runs.emplace_back(session, "x += 1");
  CHECK_EQ(Value(session, "x").data(), "11");
  runs.emplace_back(session, "x += 1; import time; time.sleep(0.05)");
  ACCEPTED(capsule_session_delete(session.get(), "x", 1, kPatienceMs, error));
  runs.emplace_back(session, "x");
  CHECK_EQ(runs.back().end().error_type, "NameError");
  for (Run &run : runs) {
    run.end();
  }
}

CAPSULE_TEST(values_are_set_and_read_while_tasks_of_idle_time_run) {
  SessionOptions options;
  options.raw.idle_tasks = 1;
  const Session session = open_session(options);
  value_of(session,
           "import asyncio\nticks = 0; goal = None\nasync def tick():\n  global ticks\n  while True:\n"
           "    await asyncio.sleep(0.001); ticks += 1\n    if goal is not None and ticks >= goal: break\n"
           "task = asyncio.create_task(tick())\nawait asyncio.sleep(0)");
  const auto ticks = [&] { return std::stoll(std::string(Value(session, "ticks").data())); };
  const long long before = ticks();
  const Deadline deadline;
  while (ticks() < before + 5) {
    CHECK(!deadline.over());
  }
  set_json(session, "goal", std::to_string(ticks() + 5));
  while (value_of(session, "task.done()") != "True") {
    CHECK(!deadline.over());
  }
  CHECK_EQ(NameList(session)->total, 5);
}

CAPSULE_TEST(a_set_that_was_given_up_in_the_queue_is_not_done) {
  const Session session = open_session();
  set_json(session, "x", "1");
  Run run(session, "input()");
  run.until(CAPSULE_EVENT_INPUT);
  const capsule_value two = json("2");
  REFUSED(CAPSULE_E_TIMEOUT, capsule_session_set(session.get(), "x", 1, &two, kOverwrite, 20, error));
  run.answer("");
  run.end();
  CHECK_EQ(value_of(session, "x"), "1");
}

CAPSULE_TEST(values_are_set_and_read_in_branches_and_after_restores) {
  const Session session = open_session();
  set_json(session, "x", "[1]");
  const Snapshot snapshot = snapshot_of(session);
  const Session branch = branch_of(session);
  set_json(branch, "x", "[2]");
  CHECK_EQ(Value(session, "x").data(), "[1]");
  set_json(session, "x", "[3]");
  restore(session, snapshot);
  CHECK_EQ(Value(session, "x").data(), "[1]");
  CHECK_EQ(Value(branch, "x").data(), "[2]");
  Run run(session, "x.append(4); y = 1; 1 / 0", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  CHECK_EQ(Value(session, "x").data(), "[1]");  // waits for the rollback
  CHECK_EQ(NameList(session).text(), "x list value");
  CHECK_EQ(run.end().state, "rolled_back");
}
