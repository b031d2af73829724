// Values between host and session: set, read, deleted, listed; buffers in shared memory.
#include "values.hpp"

#include <cstring>

#include "snapshots.hpp"

using namespace capsule_test;

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
