// The caches for sources that come again: of classifications, and of codes.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

Session open_with(std::uint32_t trees, std::uint32_t codes, std::uint32_t flags = 0) {
  SessionOptions options;
  options.raw.ast_cache_entries = trees;
  options.raw.code_cache_entries = codes;
  options.raw.async_flags = flags;
  return open_session(options);
}

}  // namespace

CAPSULE_TEST(caches_count_and_are_bounded) {
  const Session session = open_with(2, 2);
  for (const char *source : {"print(1)", "print(2)", "print(1)", "print(3)", "print(2)"}) {
    class_of(session, source);
  }
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.ast_cache_hits, 1);
  CHECK_EQ(metrics.ast_cache_misses, 4);
  CHECK_EQ(metrics.ast_cache_evictions, 2);
  CHECK_EQ(metrics.code_cache_hits, 1);
  CHECK_EQ(metrics.code_cache_misses, 4);
  CHECK_EQ(metrics.code_cache_evictions, 2);
}

CAPSULE_TEST(a_source_that_comes_again_has_its_own_name_in_tracebacks) {
  const Session session = open_session();
  const char *const source = "def fail():\n    return (lambda: 1 / 0)()\nfail()";
  Run(session, source).end();
  Run again(session, source);
  again.end();
  CHECK_EQ(async_metrics_of(session).code_cache_hits, 1);
  CHECK_CONTAINS(*again.end().traceback, "File \"<execution 2>\", line 2, in fail");
  CHECK_LACKS(*again.end().traceback, "<execution 1>");
}

CAPSULE_TEST(a_cached_source_counts_all_it_has_again) {
  const Session session = open_session();
  for (int i = 0; i < 3; ++i) {
    CHECK_EQ(class_of(session, "if False:\n    import time\n    time.sleep(1)\n    ''.x()\n'seen'"), "blocking_sync");
  }
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.ast_cache_hits, 2);
  CHECK_EQ(metrics.mode_blocking_sync, 3);
  CHECK_EQ(metrics.detected_blocking_imports, 3);
  CHECK_EQ(metrics.detected_blocking_calls, 3);
  CHECK_EQ(metrics.missed_attribute_chains, 3);
}

CAPSULE_TEST(caches_of_no_entries_are_never_asked) {
  for (const auto &[trees, codes] : {std::pair{0U, 0U}, std::pair{2U, 0U}, std::pair{0U, 2U}}) {
    const Session session = open_with(trees, codes, CAPSULE_ASYNC_REWRITE_DEF);
    const char *const wrapped = "import asyncio\nkept = await asyncio.sleep(0, 5)\nif kept: return kept\nkept + 1";
    for (int i = 0; i < 3; ++i) {
      CHECK_EQ(value_of(session, wrapped), "5");
      CHECK_EQ(value_of(session, "def slow(): return await asyncio.sleep(0, 7)\nawait slow()"), "7");
    }
    const capsule_async_metrics metrics = async_metrics_of(session);
    CHECK_EQ(metrics.ast_cache_misses, trees == 0 ? 0 : 2);
    CHECK_EQ(metrics.ast_cache_hits, trees == 0 ? 0 : 4);
    CHECK_EQ(metrics.code_cache_misses, codes == 0 ? 0 : 2);
    CHECK_EQ(metrics.code_cache_hits, codes == 0 ? 0 : 4);
    CHECK_EQ(metrics.ast_cache_evictions + metrics.code_cache_evictions, 0);
    CHECK_EQ(metrics.ast_fallbacks, 3);
    CHECK_EQ(metrics.ast_def_rewrites, 3);
    CHECK_EQ(metrics.ast_transforms, 6);
  }
}

CAPSULE_TEST(modes_have_codes_of_their_own_and_share_no_classification) {
  const Session session = open_with(2, 2);
  ExecutionOptions sync;
  sync.raw.mode = CAPSULE_MODE_SYNC;
  for (int i = 0; i < 2; ++i) {
    class_of(session, "print(1)\nprint(2)");
    class_of(session, "print(1)\nprint(2)", sync);
  }
  class_of(session, "def (");  // nothing of it is kept
  class_of(session, "def (");
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.ast_cache_misses, 3);
  CHECK_EQ(metrics.ast_cache_hits, 1);
  CHECK_EQ(metrics.code_cache_misses, 2);
  CHECK_EQ(metrics.code_cache_hits, 2);
  CHECK_EQ(metrics.code_cache_evictions + metrics.ast_cache_evictions, 0);
}
