// diagnostics/trace_labels: names by numbers.
#include "diagnostics/trace_labels.hpp"

#include "test.hpp"

using namespace capsule;

CAPSULE_TEST(a_name_keeps_its_number) {
  TraceLabels labels;
  CHECK_EQ(labels.number_of(""), 0);
  const std::uint32_t read = labels.number_of("read");
  const std::uint32_t write = labels.number_of("write");
  CHECK(read > CAPSULE_TRACE_LABEL_OTHER && write > CAPSULE_TRACE_LABEL_OTHER && read != write);
  CHECK_EQ(labels.number_of("read"), read);
  CHECK_EQ(*labels.name_of(read), "read");
  CHECK_EQ(*labels.name_of(write), "write");
  CHECK(labels.name_of(0) == nullptr && labels.name_of(write + 1) == nullptr && labels.name_of(UINT32_MAX) == nullptr);
  CHECK_EQ(labels.names(), 2);
  CHECK_EQ(labels.others(), 0);
}

CAPSULE_TEST(what_is_too_much_is_other_and_counted) {
  TraceLabels labels;
  CHECK_EQ(labels.number_of(std::string(CAPSULE_TRACE_LABEL_SIZE + 1, 'a')), CAPSULE_TRACE_LABEL_OTHER);
  CHECK(labels.number_of(std::string(CAPSULE_TRACE_LABEL_SIZE, 'a')) > CAPSULE_TRACE_LABEL_OTHER);
  for (std::uint32_t i = 1; i < CAPSULE_TRACE_LABELS; ++i) {
    CHECK(labels.number_of(std::to_string(i)) > CAPSULE_TRACE_LABEL_OTHER);
  }
  CHECK_EQ(labels.names(), CAPSULE_TRACE_LABELS);
  CHECK_EQ(labels.number_of("one more"), CAPSULE_TRACE_LABEL_OTHER);
  CHECK_EQ(labels.number_of("another"), CAPSULE_TRACE_LABEL_OTHER);
  CHECK(labels.number_of("1") > CAPSULE_TRACE_LABEL_OTHER);
  CHECK_EQ(labels.others(), 3);
  CHECK_EQ(*labels.name_of(CAPSULE_TRACE_LABEL_OTHER), "other");
}
