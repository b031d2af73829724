// Who wrote a piece of output, and for which execution.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// "origin:text" of each output, neighbours of one writer as one.
std::string story_of(const Run &run) {
  std::string story;
  const Event *last = nullptr;
  for (const Event &event : run.events()) {
    if (event.kind != CAPSULE_EVENT_OUTPUT) {
      continue;
    }
    const bool same = last != nullptr && last->origin == event.origin && last->writer_id == event.writer_id;
    story += (same ? "" : (last == nullptr ? "" : " ") + event.origin + ":") + event.data;
    last = &event;
  }
  return story;
}

std::string story_of(const Session &session, std::string_view source) {
  Run run(session, source);
  if (run.end().outcome != "ok") {
    FAIL(show(run.end()));
  }
  return story_of(run);
}

}  // namespace

CAPSULE_TEST(the_code_s_own_output_is_the_main_thread_s) {
  const Session session = open_session();
  Run run(session, "print('a'); import sys; _ = sys.stderr.write('b')");
  run.end();
  CHECK_EQ(story_of(run), "main:a\nb");
  for (const Event &event : run.events()) {
    CHECK_EQ(event.writer_id, 0);
    CHECK(!event.late);
    CHECK_EQ(event.writer_execution_id, event.kind == CAPSULE_EVENT_OUTPUT ? 1U : 0U);
  }
}

CAPSULE_TEST(threads_are_told_by_their_native_ids) {
  const Session session = open_session();
  Run run(session, R"(
import threading
def speak(): print('t')
threads = [threading.Thread(target=speak) for _ in range(2)]
ids = []
for thread in threads:
    thread.start()
    thread.join()
    ids.append(thread.native_id)
print('m')
ids)");
  CHECK_EQ(run.end().outcome, "ok");
  std::vector<std::uint32_t> ids;
  for (const Event &event : run.events()) {
    if (event.origin == "thread") {
      CHECK_EQ(event.writer_execution_id, 1);
      ids.push_back(event.writer_id);
    }
  }
  CHECK_EQ(ids.size(), 2);
  CHECK_EQ(*run.end().repr, "[" + show(ids[0]) + ", " + show(ids[1]) + "]");
  CHECK_CONTAINS(story_of(run), "main:m\n");
}

CAPSULE_TEST(what_is_written_at_descriptor_level_is_told_by_stream_only) {
  const Session session = open_session();
  Run run(session, "import os, subprocess, sys\n_ = os.write(1, b'raw\\n')\n_ = subprocess.run(['echo', 'child'])");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(story_of(run), "descriptor:raw\nchild\n");
}

CAPSULE_TEST(tasks_are_told_apart_from_the_execution_s_own_code) {
  const Session session = open_session();
  Run run(session, R"(
import asyncio
async def speak(word):
    print(word)
await asyncio.gather(speak('one'), speak('two'))
asyncio.get_running_loop().call_soon(print, 'callback')
await asyncio.sleep(0)
print('own'))");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(story_of(run), "task:one\n task:two\n task:callback\n main:own\n");
}

CAPSULE_TEST(a_task_keeps_its_number) {
  const Session session = open_session();
  Run run(session, R"(
import asyncio
async def speak():
    print('first')
    await asyncio.sleep(0)
    print('second')
await asyncio.gather(speak(), speak()))");
  CHECK_EQ(run.end().outcome, "ok");
  std::vector<std::uint32_t> ids;
  for (const Event &event : run.events()) {
    if (event.origin == "task") {
      ids.push_back(event.writer_id);
    }
  }
  CHECK_EQ(ids.size(), 4);
  CHECK(ids[0] != ids[1]);
  CHECK_EQ(ids[0], ids[2]);
  CHECK_EQ(ids[1], ids[3]);
}

CAPSULE_TEST(a_task_writes_for_the_execution_that_made_it) {
  const Session session = open_session();
  value_of(session, R"(
import asyncio
gate = asyncio.Event()
async def speak():
    await gate.wait()
    print('late')
task = asyncio.create_task(speak())
await asyncio.sleep(0))");
  Run run(session, "print('now')\ngate.set()\nawait task");
  CHECK_EQ(run.end().stdout_bytes, 4);
  for (const Event &event : run.events()) {
    if (event.kind == CAPSULE_EVENT_OUTPUT) {
      CHECK_EQ(event.late, event.data == "late\n");
      CHECK_EQ(event.writer_execution_id, event.late ? 1U : 2U);
      CHECK_EQ(event.execution_id, 2);  // its queue took it
    }
  }
  CHECK_EQ(run.out(), "now\nlate\n");
}

CAPSULE_TEST(a_pool_s_thread_writes_for_whoever_gave_it_the_work) {
  const Session session = open_session();
  CHECK_EQ(story_of(session, R"(
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(1)
pool.submit(print, 'first').result())"),
           "thread:first\n");
  Run run(session, "pool.submit(print, 'second').result()");
  CHECK_EQ(run.end().stdout_bytes, 7);
  CHECK_EQ(story_of(run), "thread:second\n");
  CHECK(!run.events()[1].late);
}

CAPSULE_TEST(a_thread_of_asyncio_s_writes_for_the_execution_that_awaits_it) {
  const Session session = open_session();
  value_of(session, "import asyncio\nawait asyncio.to_thread(int)");
  Run run(session, "await asyncio.to_thread(print, 'threaded')");
  CHECK_EQ(run.end().stdout_bytes, 9);
  CHECK_EQ(story_of(run), "thread:threaded\n");
}

CAPSULE_TEST(a_thread_pool_s_error_has_no_engine_frames) {
  const Session session = open_session();
  Run run(session, R"(
from concurrent.futures import ThreadPoolExecutor
ThreadPoolExecutor(1).submit(int, 'x').result())");
  CHECK_EQ(run.end().error_type, "ValueError");
  CHECK(run.end().traceback->find("<capsule>") == std::string::npos);
}
