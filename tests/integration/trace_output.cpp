// The trace of what a worker does with output, and with sources that it has to rewrite.
#include "files.hpp"
#include "interpreters.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

constexpr std::uint64_t kSmallest = 64U << 10U;

Session open_small(std::int32_t policy) {
  SessionOptions options;
  options.raw.output_policy = policy;
  options.raw.output_queue_bytes = options.raw.output_window_bytes = kSmallest;
  return open_session(options);
}

}  // namespace

CAPSULE_TEST(output_that_is_sent_while_the_code_runs_is_traced_where_all_is_recorded) {
  SessionOptions options;
  options.raw.trace_level = CAPSULE_LOG_DEBUG;
  const Session session = open_session(options);
  const TempFolder folder;
  const std::string go = folder.path() + "/go";
  Run run(session, "import os, time\nprint('one')\nwhile not os.path.exists(" + py_quote(go) + "): time.sleep(0.005)");
  run.until_output("one\n");
  folder.write("go", "");
  run.end();
  const auto sent = trace_of(session, {.kind = CAPSULE_TRACE_OUTPUT_PUMP_FLUSH}).events;
  CHECK_EQ(sent.size(), 1);
  CHECK_EQ(sent[0].source, CAPSULE_TRACE_SOURCE_OUTPUT);
  CHECK_EQ(sent[0].execution_id, 1);
  CHECK_AT_LEAST(sent[0].arguments[0], 4);
  CHECK_EQ(sent[0].arguments[1], static_cast<std::int64_t>(executor_metrics_of(session).outputs_sent));
}

CAPSULE_TEST(a_queue_that_is_full_is_traced_once_of_each_execution) {
  const Session waits = open_small(CAPSULE_OUTPUT_BLOCK);
  for (int i = 0; i < 2; ++i) {
    Run(waits, "print('x' * 1_000_000)").end();
  }
  const auto full = trace_of(waits, {.kind = CAPSULE_TRACE_OUTPUT_BACKPRESSURE}).events;
  CHECK_EQ(full.size(), 2);
  for (const capsule_trace_event &event : full) {
    CHECK(event.arguments[0] > 0 && event.arguments[0] <= static_cast<std::int64_t>(kSmallest));
  }
  CHECK_EQ(full[0].execution_id, 1);
  CHECK_EQ(full[1].execution_id, 2);
  const Session drops = open_small(CAPSULE_OUTPUT_DROP_NEW);
  Run(drops, "import sys\nsys.stdout.write('x' * 1_000_000)\nNone").end();
  const capsule_trace_event dropped = only(drops, CAPSULE_TRACE_OUTPUT_DROPPED);
  CHECK_EQ(dropped.execution_id, 1);
  CHECK_EQ(dropped.severity, CAPSULE_LOG_WARN);
  CHECK_EQ(dropped.arguments[0], static_cast<std::int64_t>(executor_metrics_of(drops).output_bytes_dropped));
}

CAPSULE_TEST(a_source_that_is_rewritten_is_traced_with_how_often) {
  SessionOptions options;
  options.raw.async_flags = CAPSULE_ASYNC_REWRITE_DEF | CAPSULE_ASYNC_REWRITE_LAMBDA;
  const Session session = open_session(options);
  value_of(session, "1");
  value_of(session, "import asyncio\ndef slow(): return await asyncio.sleep(0, 1)\nlater = lambda: await asyncio.sleep(0, 2)");
  const capsule_trace_event rewritten = only(session, CAPSULE_TRACE_EXECUTION_TRANSFORMED);
  CHECK_EQ(rewritten.execution_id, 2);
  CHECK_EQ(rewritten.arguments[0], static_cast<std::int64_t>(async_metrics_of(session).ast_transforms));
}
