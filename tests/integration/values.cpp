// Values between host and session: set, read, deleted, listed; buffers in shared memory.
#include "values.hpp"

#include <cstring>

#include "snapshots.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

std::string set_refused(const Session &session, capsule_status status, std::string_view name, std::int32_t kind,
                        std::string_view data, std::int32_t strategy = CAPSULE_SET_OVERWRITE) {
  const capsule_value value{.struct_size = sizeof value, .kind = kind, .data = data.data(), .size_bytes = data.size()};
  return REFUSED(status, capsule_session_set(session.get(), name.data(), name.size(), &value, strategy, kPatienceMs, error));
}

std::string get_refused(const Session &session, capsule_status status, std::string_view name,
                        std::int32_t kind = CAPSULE_VALUE_AUTO, std::int64_t timeout_ms = kPatienceMs) {
  capsule_value value{.struct_size = sizeof value};
  const std::string message =
      REFUSED(status, capsule_session_get(session.get(), name.data(), name.size(), kind, timeout_ms, &value, error));
  CHECK(value.data == nullptr && value.storage == 0);
  return message;
}

}  // namespace

CAPSULE_TEST(json_text_and_bytes_are_set_and_read) {
  const Session session = open_session();
  set_json(session, "numbers", R"({"a": [1, 2.5, null, true, "ü"]})");
  CHECK_EQ(value_of(session, "numbers"), "{'a': [1, 2.5, None, True, 'ü']}");
  set_text(session, "text", "grüß\0dich"sv);
  CHECK_EQ(value_of(session, "text"), "'grüß\\x00dich'");
  set_bytes(session, "data", "\xff\0"sv);
  CHECK_EQ(value_of(session, "data"), "b'\\xff\\x00'");
  CHECK_EQ(Value(session, "numbers").data(), R"({"a": [1, 2.5, null, true, "ü"]})");
  CHECK_EQ(Value(session, "text").data(), "grüß\0dich"sv);
  CHECK_EQ(Value(session, "text")->kind, CAPSULE_VALUE_TEXT);
  CHECK_EQ(Value(session, "data", CAPSULE_VALUE_BYTES).data(), "\xff\0"sv);
  CHECK_EQ(Value(session, "numbers", CAPSULE_VALUE_REPR).data(), "{'a': [1, 2.5, None, True, 'ü']}");
}

CAPSULE_TEST(a_large_buffer_of_the_host_is_read_only_memory_in_python) {
  const Session session = open_session();
  constexpr std::size_t kCount = 1 << 20;
  capsule_buffer *buffer = nullptr;
  void *memory = nullptr;
  ACCEPTED(capsule_buffer_create(kCount * sizeof(double), &buffer, &memory, error));
  auto *numbers = static_cast<double *>(memory);
  for (std::size_t i = 0; i < kCount; ++i) {
    numbers[i] = static_cast<double>(i);
  }
  const std::int64_t shape[] = {1 << 10, 1 << 10};
  const capsule_value value{.struct_size = sizeof value,
                            .kind = CAPSULE_VALUE_BUFFER,
                            .format = text_of("d"),
                            .shape = shape,
                            .dimensions = 2,
                            .buffer = buffer};
  ACCEPTED(capsule_session_set(session.get(), "x", 1, &value, CAPSULE_SET_OVERWRITE, kPatienceMs, error));
  capsule_buffer_release(buffer);
  CHECK_EQ(value_of(session, "x.shape, x.format, x.readonly, x[1, 2], x[1023, 1023]"),
           "((1024, 1024), 'd', True, 1026.0, 1048575.0)");
}

CAPSULE_TEST(a_large_buffer_of_python_is_memory_of_the_host) {
  const Session session = open_session();
  value_of(session, "import array\nx = memoryview(array.array('i', range(1 << 20))).cast('B').cast('i', (1 << 10, 1 << 10))");
  const Value value(session, "x", CAPSULE_VALUE_BUFFER);
  CHECK_EQ(value->size_bytes, 4U << 20U);
  CHECK_EQ(value->dimensions, 2);
  CHECK_EQ(value->shape[0], 1024);
  CHECK_EQ(value->strides[0], 4096);
  CHECK_EQ(value->strides[1], 4);
  CHECK_EQ(value->item_size_bytes, 4);
  CHECK_EQ(string_of(value->format), "i");
  int last = 0;
  std::memcpy(&last, static_cast<const char *>(value->data) + (4U << 20U) - 4, sizeof last);
  CHECK_EQ(last, (1 << 20) - 1);
}

CAPSULE_TEST(names_are_listed_and_deleted) {
  const Session session = open_session();
  value_of(session, "import json\nx = 1\ndef f(): pass\nclass C: pass");
  NameList list(session);
  CHECK_EQ(list.text(), "json module module, x int value, f function function, C type class");
  CHECK_EQ(list->total, 4);
  CHECK(list->names[1].size_bytes > 0);
  ACCEPTED(capsule_session_delete(session.get(), "x", 1, kPatienceMs, error));
  CHECK_EQ(value_of(session, "'x' in globals()"), "False");
  REFUSED(CAPSULE_E_NAME, capsule_session_delete(session.get(), "x", 1, kPatienceMs, error));
}

CAPSULE_TEST(a_call_waits_for_what_was_submitted_before_it) {
  const Session session = open_session();
  Run run(session, "import time; time.sleep(0.05); x = 1");
  Run behind(session, "y = x + 1");
  CHECK_EQ(Value(session, "y").data(), "2");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(behind.end().outcome, "ok");
}

CAPSULE_TEST(auto_is_text_then_buffer_then_json) {
  const Session session = open_session();
  value_of(session,
           "import array\nt = 'text'; b = b'bytes'; a = array.array('d', [1, 2]); n = 5; d = {'a': [None]}; o = object()");
  CHECK_EQ(Value(session, "t")->kind, CAPSULE_VALUE_TEXT);
  CHECK_EQ(Value(session, "b")->kind, CAPSULE_VALUE_BUFFER);
  CHECK_EQ(Value(session, "b").data(), "bytes");
  CHECK_EQ(Value(session, "a")->kind, CAPSULE_VALUE_BUFFER);
  CHECK_EQ(Value(session, "n")->kind, CAPSULE_VALUE_JSON);
  CHECK_EQ(Value(session, "n").data(), "5");
  CHECK_EQ(Value(session, "d").data(), R"({"a": [null]})");
  CHECK_CONTAINS(get_refused(session, CAPSULE_E_TYPE, "o"), "object");
  for (const auto &[name, type] : {std::pair{"t", "str"}, {"b", "bytes"}, {"a", "array.array"}, {"n", "int"}}) {
    CHECK_EQ(string_of(Value(session, name)->type_name), type);
  }
}

CAPSULE_TEST(a_value_that_is_not_of_the_kind_is_refused) {
  const Session session = open_session();
  value_of(session, "t = 'text'; b = b'bytes'; n = 5; s = {1}");
  for (const auto &[name, kind] : {std::pair{"b", CAPSULE_VALUE_TEXT},
                                   {"n", CAPSULE_VALUE_TEXT},
                                   {"t", CAPSULE_VALUE_BYTES},
                                   {"n", CAPSULE_VALUE_BYTES},
                                   {"t", CAPSULE_VALUE_BUFFER},
                                   {"n", CAPSULE_VALUE_BUFFER},
                                   {"b", CAPSULE_VALUE_JSON},
                                   {"s", CAPSULE_VALUE_JSON}}) {
    CHECK_CONTAINS(get_refused(session, CAPSULE_E_TYPE, name, kind), "of type");
  }
  CHECK_EQ(Value(session, "s", CAPSULE_VALUE_REPR).data(), "{1}");
  CHECK_EQ(Value(session, "t", CAPSULE_VALUE_JSON).data(), "\"text\"");
}

CAPSULE_TEST(names_of_the_engine_are_read_and_not_set) {
  const Session session = open_session();
  value_of(session, "'value'");
  for (const char *name :
       {"In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "__name__", "__builtins__", "__x__"}) {
    CHECK_CONTAINS(set_refused(session, CAPSULE_E_ARGUMENT, name, CAPSULE_VALUE_JSON, "1"), name);
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_delete(session.get(), name, std::strlen(name), kPatienceMs, error));
  }
  CHECK_EQ(Value(session, "_").data(), "value");
  CHECK_EQ(Value(session, "Out", CAPSULE_VALUE_REPR).data(), "{1: 'value'}");
  CHECK_EQ(Value(session, "__name__").data(), "__main__");
  set_json(session, "_private", "1");
  set_json(session, "__private", "2");
  set_json(session, "____", "3");
  CHECK_EQ(value_of(session, "_private, __private, ____"), "(1, 2, 3)");
}

CAPSULE_TEST(what_is_no_identifier_is_refused) {
  const Session session = open_session();
  for (const std::string_view name :
       {"1x", "a b", "a.b", "x[0]", "x\n", " x", "x ", "class", "None", "True", "lambda", "a-b", "é!"}) {
    set_refused(session, CAPSULE_E_ARGUMENT, name, CAPSULE_VALUE_JSON, "1");
    get_refused(session, CAPSULE_E_ARGUMENT, name);
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_delete(session.get(), name.data(), name.size(), kPatienceMs, error));
  }
  for (const std::string_view name : {""sv, "x\0y"sv, "\xff"sv}) {
    set_refused(session, CAPSULE_E_ARGUMENT, name, CAPSULE_VALUE_JSON, "1");
    get_refused(session, CAPSULE_E_ARGUMENT, name);
  }
  for (const std::string &name : {std::string("größe"), std::string("变量"), std::string("match"), std::string(1024, 'n')}) {
    set_json(session, name, "7");
    CHECK_EQ(value_of(session, name), "7");
    CHECK_EQ(Value(session, name).data(), "7");
  }
  set_refused(session, CAPSULE_E_ARGUMENT, std::string(1025, 'n'), CAPSULE_VALUE_JSON, "1");
}

CAPSULE_TEST(names_are_those_that_source_text_would_bind) {
  const Session session = open_session();
  set_json(session, "ﬁle", "7");  // a ligature, which Python reads as two letters
  CHECK_EQ(value_of(session, "ﬁle, file"), "(7, 7)");
  CHECK_EQ(Value(session, "ﬁle").data(), "7");
  CHECK_EQ(NameList(session).text(), "file int value");
  ACCEPTED(capsule_session_delete(session.get(), "ﬁle", std::strlen("ﬁle"), kPatienceMs, error));
  CHECK_EQ(NameList(session)->total, 0);
  set_refused(session, CAPSULE_E_ARGUMENT, "ｃlass", CAPSULE_VALUE_JSON, "1");
  set_refused(session, CAPSULE_E_ARGUMENT, "Ｉn", CAPSULE_VALUE_JSON, "1");
}

CAPSULE_TEST(strategies_for_names_that_are_bound) {
  const Session session = open_session();
  set_value(session, "x", CAPSULE_VALUE_JSON, "1", CAPSULE_SET_CONFLICT);
  CHECK_CONTAINS(set_refused(session, CAPSULE_E_NAME, "x", CAPSULE_VALUE_JSON, "2", CAPSULE_SET_CONFLICT), "int");
  CHECK_EQ(value_of(session, "x"), "1");
  set_value(session, "x", CAPSULE_VALUE_JSON, "3", CAPSULE_SET_KEEP);
  CHECK_EQ(value_of(session, "x"), "1");
  set_value(session, "x", CAPSULE_VALUE_JSON, "4", CAPSULE_SET_OVERWRITE);
  CHECK_EQ(value_of(session, "x"), "4");
  set_value(session, "y", CAPSULE_VALUE_JSON, "5", CAPSULE_SET_KEEP);
  CHECK_EQ(value_of(session, "y"), "5");
  // What is no value is none, whatever is bound.
  set_refused(session, CAPSULE_E_ARGUMENT, "x", CAPSULE_VALUE_JSON, "{", CAPSULE_SET_KEEP);
  set_refused(session, CAPSULE_E_ARGUMENT, "x", CAPSULE_VALUE_JSON, "1", 3);
  set_refused(session, CAPSULE_E_ARGUMENT, "x", CAPSULE_VALUE_JSON, "1", -1);
}

CAPSULE_TEST(json_that_python_would_take_and_json_has_not) {
  const Session session = open_session();
  for (const std::string &json :
       {std::string("NaN"), std::string("[Infinity]"), std::string("-Infinity"), std::string("1e999"), std::string(""),
        std::string(" "), std::string("{'a': 1}"), std::string("[1,]"), std::string("1 2"), std::string("18446744073709551616"),
        std::string("-9223372036854775809"), std::string(10'000, '9'), std::string("\xef\xbb\xbf") + "1", std::string("nul"),
        std::string(200'000, '['), std::string("\"\n\"")}) {
    set_refused(session, CAPSULE_E_ARGUMENT, "x", CAPSULE_VALUE_JSON, json);
  }
  set_refused(session, CAPSULE_E_ARGUMENT, "x", CAPSULE_VALUE_JSON, "\"\xff\"");
  set_refused(session, CAPSULE_E_ARGUMENT, "x", CAPSULE_VALUE_TEXT, "\xff\xfe");
  CHECK_EQ(value_of(session, "'x' in globals()"), "False");
  set_json(session, "x", "[18446744073709551615, -9223372036854775808, 1e308, -0.0, 0]");
  CHECK_EQ(value_of(session, "x"), "[18446744073709551615, -9223372036854775808, 1e+308, -0.0, 0]");
  set_json(session, "deep", std::string(300, '[') + std::string(300, ']'));
  CHECK_EQ(Value(session, "deep").data().size(), 600);
  set_json(session, "x", "  {\"a\" : 1, \"a\" : 2}\n");
  CHECK_EQ(value_of(session, "x"), "{'a': 2}");
}

CAPSULE_TEST(values_that_are_no_json_are_refused) {
  const Session session = open_session();
  value_of(session,
           "nan = float('nan'); inf = [float('inf')]; lone = '\\ud800'; keys = {(1, 2): 3}; loop = []; loop.append(loop)\n"
           "deep = []\nfor _ in range(200000): deep = [deep]\nb = [b'x']; f = len");
  for (const char *name : {"nan", "inf", "lone", "keys", "loop", "deep", "b", "f"}) {
    get_refused(session, CAPSULE_E_TYPE, name, CAPSULE_VALUE_JSON);
  }
  CHECK_CONTAINS(get_refused(session, CAPSULE_E_TYPE, "lone", CAPSULE_VALUE_TEXT), "surrogate");
  get_refused(session, CAPSULE_E_TYPE, "lone");
  CHECK_EQ(Value(session, "lone", CAPSULE_VALUE_REPR).data(), "'\\ud800'");
  CHECK_EQ(value_of(session, "deep = None; 1 + 1"), "2");
}

CAPSULE_TEST(empty_values) {
  const Session session = open_session();
  set_text(session, "t", "");
  set_bytes(session, "b", "");
  const capsule_value nothing{.struct_size = sizeof nothing, .kind = CAPSULE_VALUE_TEXT};
  ACCEPTED(capsule_session_set(session.get(), "n", 1, &nothing, CAPSULE_SET_OVERWRITE, kPatienceMs, error));
  const capsule_value no_items{.struct_size = sizeof no_items, .kind = CAPSULE_VALUE_BUFFER};
  ACCEPTED(capsule_session_set(session.get(), "v", 1, &no_items, CAPSULE_SET_OVERWRITE, kPatienceMs, error));
  CHECK_EQ(value_of(session, "t, b, n, bytes(v), v.shape, v.readonly"), "('', b'', '', b'', (0,), True)");
  for (const char *name : {"t", "b", "n", "v"}) {
    CHECK_EQ(Value(session, name)->size_bytes, 0);
  }
  CHECK_EQ(Value(session, "b", CAPSULE_VALUE_BYTES)->size_bytes, 0);
  CHECK_EQ(Value(session, "v")->dimensions, 1);
  CHECK_EQ(Value(session, "v")->shape[0], 0);
}

CAPSULE_TEST(a_name_that_is_not_bound) {
  const Session session = open_session();
  CHECK_CONTAINS(get_refused(session, CAPSULE_E_NAME, "missing"), "missing");
  get_refused(session, CAPSULE_E_NAME, "len", CAPSULE_VALUE_REPR);  // a builtin is none of the namespace's
  REFUSED(CAPSULE_E_NAME, capsule_session_delete(session.get(), "missing", 7, kPatienceMs, error));
}

CAPSULE_TEST(limits_and_order_of_lists) {
  const Session session = open_session();
  CHECK_EQ(NameList(session)->total, 0);
  CHECK_EQ(NameList(session)->count, 0);
  value_of(session, "b = 1\na = 2\n__dunder__ = 3\n_private = 4\nc = 5\ndel a\na = 6\nglobals()[7] = 8");
  CHECK_EQ(NameList(session).text(), "b int value, _private int value, c int value, a int value");
  NameList two(session, 2);
  CHECK_EQ(two.text(), "b int value, _private int value");
  CHECK_EQ(two->total, 4);
  capsule_name_list list{.struct_size = sizeof list};
  for (const std::uint32_t limit : {0U, 65'537U, UINT32_MAX}) {
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_list(session.get(), limit, kPatienceMs, &list, error));
  }
  value_of(session, "globals().update((f'name_{i}', i) for i in range(20000))");
  NameList all(session, 65'536);
  CHECK_EQ(all->count, 20'004);
  CHECK_EQ(string_of(all->names[20'003].name), "name_19999");
}

CAPSULE_TEST(host_threads_set_and_read_at_once) {
  const Session session = open_session();
  run_at_once(6, [&](int which) {
    const std::string name = "n" + std::to_string(which);
    for (int i = 0; i < 50; ++i) {
      set_json(session, name, std::to_string(i));
      CHECK_EQ(Value(session, name).data(), std::to_string(i));
      if (i % 10 == 0) {
        CHECK_EQ(value_of(session, name), std::to_string(i));
      }
    }
  });
  CHECK_EQ(NameList(session)->total, 6);
}

CAPSULE_TEST(calls_make_no_events_and_take_no_numbers) {
  const Session session = open_session();
  set_json(session, "x", "1");
  Value(session, "x");
  NameList list(session);
  Run run(session, "x");
  CHECK_EQ(run.end().execution_id, 1);
  CHECK_EQ(info_of(session).executions_started, 1);
}
