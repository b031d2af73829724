// Promises in memory and in a file: created once, settled once, kept.
#include <poll.h>

#include <set>

#include "files.hpp"
#include "process.hpp"
#include "promises.hpp"

using namespace capsule_test;

namespace {

void check_sums(const capsule_promise_metrics &m) {
  CHECK_EQ(m.created, m.kept + m.evicted);
  CHECK_EQ(m.created, m.pending + m.resolved + m.rejected + m.canceled + m.timed_out);
}

bool is_readable(const Store &store) {
  std::int32_t fd = -1;
  ACCEPTED(capsule_promise_store_get_fd(store.get(), &fd, error));
  pollfd one{fd, POLLIN, 0};
  return poll(&one, 1, 0) == 1;
}

std::string refuse_create(const Store &store, const capsule_promise_wish &made, capsule_status status) {
  return REFUSED(status, capsule_promise_create(store.get(), &made, nullptr, error));
}

std::string refuse_open(const capsule_promise_store_options &options, capsule_status status) {
  Store store;
  return REFUSED(status, capsule_promise_store_open(shared_runtime().get(), &options, store.out(), error));
}

}  // namespace

CAPSULE_TEST(the_first_settlement_wins) {
  const Store store = open_store();
  CHECK_EQ(create(store, "a"), "pending ");
  CHECK_EQ(create(store, "a"), "pending ");
  CHECK_EQ(settle(store, "a", "42"), "resolved 42");
  CHECK_EQ(settle(store, "a", "no", CAPSULE_PROMISE_REJECTED), "resolved 42");
  CHECK_EQ(create(store, "a"), "resolved 42");
  CHECK_EQ(read(store, "a"), "resolved 42");
  create(store, "b");
  CHECK_EQ(settle(store, "b", "why", CAPSULE_PROMISE_REJECTED), "rejected why");
  create(store, "c");
  CHECK_EQ(settle(store, "c", "", CAPSULE_PROMISE_CANCELED), "canceled ");
  const capsule_promise_metrics metrics = metrics_of(store);
  check_sums(metrics);
  CHECK_EQ(metrics.found, 2);
  CHECK_EQ(metrics.ignored_settlements, 1);
  CHECK_EQ(metrics.kept, 3);
}

CAPSULE_TEST(values_are_bytes_and_times_are_told) {
  const Store store = open_store();
  const std::string odd("\0\xff\n", 3);
  capsule_promise_wish made = wish_for(capsule_text_from("id"), 5'000);
  made.param = text(odd);
  PromiseRow row;
  ACCEPTED(capsule_promise_create(store.get(), &made, row.out(), error));
  CHECK_EQ(string_of(row.raw.param), odd);
  CHECK_EQ(row.raw.timeout_at_ms, row.raw.created_at_ms + 5'000);
  CHECK_EQ(row.raw.settled_at_ms, 0);
  ACCEPTED(capsule_promise_settle(store.get(), made.id, CAPSULE_PROMISE_RESOLVED, text(odd), row.out(), error));
  CHECK_EQ(row.value(), odd);
  CHECK_AT_LEAST(row.raw.settled_at_ms, row.raw.created_at_ms);
}

CAPSULE_TEST(what_is_not_settled_in_its_time_is_timed_out) {
  const Store store = open_store();
  create(store, "late", 30);
  CHECK_EQ(wait_for(store, "late"), "timed_out ");
  CHECK_EQ(settle(store, "late", "x"), "timed_out ");
  CHECK_EQ(metrics_of(store).timed_out, 1);
  // Nobody waits, and nobody asks before it is over.
  create(store, "alone", 1);
  create(store, "other", 40);
  CHECK_EQ(wait_for(store, "other"), "timed_out ");
  CHECK_EQ(metrics_of(store).timed_out, 3);
}

CAPSULE_TEST(who_waits_is_told) {
  const Store store = open_store();
  create(store, "soon");
  REFUSED(CAPSULE_E_TIMEOUT, capsule_promise_wait(store.get(), capsule_text_from("soon"), 1, nullptr, error));
  Counter waiting;
  Threads threads;
  for (int i = 0; i < 4; ++i) {
    threads.start([&] {
      waiting.add();
      CHECK_EQ(wait_for(store, "soon"), "resolved now");
    });
  }
  waiting.wait_for(4, "threads that wait");
  settle(store, "soon", "now");
  threads.join();
  REFUSED(CAPSULE_E_NAME, capsule_promise_wait(store.get(), capsule_text_from("none"), 1, nullptr, error));
}

CAPSULE_TEST(watched_promises_come_one_by_one) {
  const Store store = open_store();
  Counter told;
  ACCEPTED(capsule_promise_store_set_notify(
      store.get(), [](void *counter) { static_cast<Counter *>(counter)->add(); }, &told, error));
  for (const char *id : {"x", "y"}) {
    create(store, id);
    ACCEPTED(capsule_promise_watch(store.get(), capsule_text_from(id), error));
  }
  REFUSED(CAPSULE_E_NAME, capsule_promise_watch(store.get(), capsule_text_from("none"), error));
  PromiseRow row;
  REFUSED(CAPSULE_E_TIMEOUT, capsule_promise_next(store.get(), 0, row.out(), error));
  CHECK(!is_readable(store));
  settle(store, "y", "1");
  settle(store, "x", "2");
  CHECK(is_readable(store));
  CHECK_EQ(told.value(), 1);
  ACCEPTED(capsule_promise_next(store.get(), 0, row.out(), error));
  CHECK_EQ(row.story(), "resolved 1");
  ACCEPTED(capsule_promise_next(store.get(), -1, row.out(), error));
  CHECK_EQ(row.story(), "resolved 2");
  CHECK(!is_readable(store));
  // One that is settled already comes at once.
  ACCEPTED(capsule_promise_watch(store.get(), capsule_text_from("x"), error));
  ACCEPTED(capsule_promise_next(store.get(), 0, row.out(), error));
  CHECK_EQ(row.story(), "resolved 2");
}

// Of a file's store the notice comes from the very thread that its end waits for.
CAPSULE_TEST(a_store_can_be_released_in_its_own_notice) {
  const TempFolder folder;
  const std::string path = folder.path() + "/promises";
  capsule_promise_store_options options = store_options();
  options.path = text_of(path);
  const std::size_t fds = descriptors().size();
  for (const bool in_a_file : {true, false}) {
    const Runtime runtime = make_runtime();
    struct Scene {
      Counter released;
      capsule_promise_store *store = nullptr;
    } scene;
    options.path = in_a_file ? text_of(path) : capsule_text{};
    const std::size_t threads = thread_count();
    ACCEPTED(capsule_promise_store_open(runtime.get(), &options, &scene.store, error));
    const capsule_promise_wish made = wish_for(capsule_text_from("a"));
    ACCEPTED(capsule_promise_create(scene.store, &made, nullptr, error));
    ACCEPTED(capsule_promise_watch(scene.store, made.id, error));
    ACCEPTED(capsule_promise_store_set_notify(
        scene.store,
        [](void *user_data) {
          auto *self = static_cast<Scene *>(user_data);
          capsule_promise_store_release(std::exchange(self->store, nullptr));
          self->released.add();
        },
        &scene, error));
    capsule_promise_settle(scene.store, made.id, CAPSULE_PROMISE_RESOLVED, capsule_text_from("1"), nullptr, nullptr);
    scene.released.wait_for(2, "its notice, and that of the end");  // the last that is told: the scene may go
    check_threads_at_most(threads);
  }
  check_descriptors_at_most(fds);
}

CAPSULE_TEST(settled_promises_make_room_and_pending_ones_do_not) {
  capsule_promise_store_options options = store_options();
  options.max_promises = 3;
  options.max_bytes = 1024;
  const Store store = open_store(options);
  create(store, "a");
  settle(store, "a", "1");
  create(store, "b");
  create(store, "c");
  create(store, "d");  // in the place of `a`
  REFUSED(CAPSULE_E_NAME, capsule_promise_get(store.get(), capsule_text_from("a"), nullptr, error));
  CHECK_CONTAINS(refuse_create(store, wish_for(capsule_text_from("e")), CAPSULE_E_LIMIT), "3 promises");
  settle(store, "b", "1");
  const std::string large(1023, 'x');
  REFUSED(CAPSULE_E_LIMIT,
          capsule_promise_settle(store.get(), capsule_text_from("c"), CAPSULE_PROMISE_RESOLVED, text(large), nullptr, error));
  CHECK_EQ(read(store, "c"), "pending ");
  const capsule_promise_metrics metrics = metrics_of(store);
  check_sums(metrics);
  CHECK_EQ(metrics.evicted, 1);
  CHECK_EQ(metrics.refused, 2);
}

CAPSULE_TEST(pending_promises_are_listed_without_what_they_carry) {
  const Store store = open_store();
  create(store, "later", 50'000);
  create(store, "sooner", 40'000);
  create(store, "settled");
  settle(store, "settled", "x");
  capsule_pending_promise rows[3];
  std::size_t count = 0;
  std::uint64_t total = 0;
  ACCEPTED(capsule_promise_list_pending(store.get(), rows, 3, &count, &total, error));
  CHECK_EQ(count, 2);
  CHECK_EQ(total, 2);
  CHECK_EQ(std::string(rows[0].id), "sooner");
  CHECK_EQ(std::string(rows[1].id), "later");
  CHECK_AT_LEAST(std::uint64_t{40'000'000'000}, rows[0].left_ns);
  ACCEPTED(capsule_promise_list_pending(store.get(), nullptr, 0, &count, &total, error));
  CHECK_EQ(count, 0);
  REFUSED(CAPSULE_E_ARGUMENT, capsule_promise_list_pending(store.get(), nullptr, 1, &count, nullptr, error));
}

CAPSULE_TEST(what_was_answered_is_in_the_file) {
  const TempFolder folder;
  const std::string path = folder.path() + "/promises.db";
  {
    const Store store = open_store(store_options(text(path)));
    create(store, "kept");
    settle(store, "kept", std::string("\0x", 2));
    create(store, "open");
    create(store, "over", 1);
    create(store, "gone");
    settle(store, "gone", "x");
    ACCEPTED(capsule_promise_forget(store.get(), capsule_text_from("gone"), error));
    CHECK_CONTAINS(refuse_open(store_options(text(path)), CAPSULE_E_BUSY), "another store has the file open");
  }
  const Store store = open_store(store_options(text(path)));
  CHECK_EQ(read(store, "kept"), std::string("resolved \0x", 11));
  CHECK_EQ(create(store, "kept"), std::string("resolved \0x", 11));
  CHECK_EQ(read(store, "open"), "pending ");
  CHECK_EQ(wait_for(store, "over"), "timed_out ");
  REFUSED(CAPSULE_E_NAME, capsule_promise_get(store.get(), capsule_text_from("gone"), nullptr, error));
  CHECK_EQ(settle(store, "open", "y"), "resolved y");
}

CAPSULE_TEST(a_file_that_is_something_else_is_refused_and_left_alone) {
  const TempFolder folder;
  const std::string path = folder.write("text", "no database, and long enough to be taken for one: " + std::string(200, 'x'));
  CHECK_CONTAINS(refuse_open(store_options(text(path)), CAPSULE_E_SYSTEM), "options.path");
  CHECK_CONTAINS(read_file(path), "no database");
  const std::string nowhere = folder.path() + "/no/such/folder/db";
  refuse_open(store_options(text(nowhere)), CAPSULE_E_SYSTEM);
  refuse_open(store_options(text(folder.path())), CAPSULE_E_SYSTEM);
}

CAPSULE_TEST(a_closed_store_wakes_who_waits) {
  const Store store = open_store();
  create(store, "never");
  ACCEPTED(capsule_promise_watch(store.get(), capsule_text_from("never"), error));
  Counter waiting;
  Threads threads;
  threads.start([&] {
    waiting.add();
    REFUSED(CAPSULE_E_CLOSED, capsule_promise_wait(store.get(), capsule_text_from("never"), -1, nullptr, error));
  });
  threads.start([&] {
    PromiseRow row;
    waiting.add();
    REFUSED(CAPSULE_E_CLOSED, capsule_promise_next(store.get(), -1, row.out(), error));
  });
  waiting.wait_for(2, "threads that wait");
  ACCEPTED(capsule_promise_store_close(store.get(), error));
  ACCEPTED(capsule_promise_store_close(store.get(), error));
  threads.join();
  CHECK_CONTAINS(refuse_create(store, wish_for(capsule_text_from("x")), CAPSULE_E_CLOSED), "store: it is closed");
  CHECK(is_readable(store));
}

CAPSULE_TEST(a_runtime_that_is_closed_closes_its_stores) {
  const Runtime runtime = make_runtime();
  const Store store = open_store(store_options(), runtime);
  create(store, "x");
  ACCEPTED(capsule_runtime_close(runtime.get(), 1000, error));
  CHECK_CONTAINS(refuse_create(store, wish_for(capsule_text_from("y")), CAPSULE_E_CLOSED), "closed");
  Store late;
  REFUSED(CAPSULE_E_CLOSED, capsule_promise_store_open(runtime.get(), nullptr, late.out(), error));
}

CAPSULE_TEST(bad_input_is_named) {
  const Store store = open_store();
  CHECK_CONTAINS(refuse_create(store, wish_for(capsule_text_from("")), CAPSULE_E_ARGUMENT), "id is empty");
  const std::string long_id(CAPSULE_PROMISE_ID_SIZE + 1, 'x');
  CHECK_CONTAINS(refuse_create(store, wish_for(text(long_id)), CAPSULE_E_ARGUMENT), "id has 513 bytes");
  CHECK_CONTAINS(refuse_create(store, wish_for(capsule_text_from("x"), 0), CAPSULE_E_ARGUMENT), "wish.timeout_ms is 0");
  const std::string large((1U << 20U) + 1, 'x');
  capsule_promise_wish made = wish_for(capsule_text_from("x"));
  made.param = text(large);
  CHECK_CONTAINS(refuse_create(store, made, CAPSULE_E_LIMIT), "wish.param has 1048577 bytes");
  create(store, "x");
  for (const std::int32_t state : {int{CAPSULE_PROMISE_PENDING}, int{CAPSULE_PROMISE_TIMED_OUT}, 0}) {
    REFUSED(CAPSULE_E_ARGUMENT, capsule_promise_settle(store.get(), made.id, state, {}, nullptr, error));
  }
  CHECK_CONTAINS(REFUSED(CAPSULE_E_STATE, capsule_promise_forget(store.get(), made.id, error)), "is pending");
  capsule_promise small{.struct_size = 8};
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_promise_get(store.get(), made.id, &small, error)), "promise.struct_size");
  capsule_promise_store_options options = store_options(capsule_text_from("a"));
  options.url = capsule_text_from("http://localhost:1");
  CHECK_CONTAINS(refuse_open(options, CAPSULE_E_ARGUMENT), "options.path and options.url");
  options.path = {};
  options.url = capsule_text_from("ftp://localhost");
  CHECK_CONTAINS(refuse_open(options, CAPSULE_E_ARGUMENT), "options.url");
  options.url = {};
  options.group = capsule_text_from("Not");
  CHECK_CONTAINS(refuse_open(options, CAPSULE_E_ARGUMENT), "options.group");
}

// Eight threads create and settle the same promises: all of them see the same end.
CAPSULE_TEST(threads_that_settle_at_once_agree) {
  const TempFolder folder;
  for (const std::string &path : {std::string(), folder.path() + "/db"}) {
    capsule_promise_store_options options = store_options(text(path));
    options.sync = 0;
    const Store store = open_store(options);
    constexpr int kPromises = 100;
    std::vector<std::set<std::string>> seen(kPromises);
    std::mutex mutex;
    run_at_once(8, [&](int thread) {
      for (int i = 0; i < kPromises; ++i) {
        const std::string id = "p" + std::to_string(i);
        create(store, id);
        const std::string story = settle(store, id, std::to_string(thread));
        const std::lock_guard lock(mutex);
        seen[static_cast<std::size_t>(i)].insert(story);
      }
    });
    for (const auto &stories : seen) {
      CHECK_EQ(stories.size(), 1U);
    }
    const capsule_promise_metrics metrics = metrics_of(store);
    check_sums(metrics);
    CHECK_EQ(metrics.resolved, kPromises);
    CHECK_EQ(metrics.ignored_settlements, 7 * kPromises);
  }
}
