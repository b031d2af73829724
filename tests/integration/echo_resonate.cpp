// Promises of a Resonate server: what its protocol says, and what happens when it goes away.

#include "resonate.hpp"

using namespace capsule_test;

namespace {

std::string refuse_create(const Store &store, const std::string &id, capsule_status status, const char *target = "") {
  capsule_promise_wish made = wish_for(text(id));
  made.target = capsule_text_from(target);
  return REFUSED(status, capsule_promise_create(store.get(), &made, nullptr, error));
}

void skip_without_front() {
  if (std::getenv("CAPSULE_TEST_REAL_SERVER") != nullptr) {
    skip_test("RESONATE_URL is not set, or this needs the front");
  }
}

}  // namespace

CAPSULE_TEST(the_first_settlement_wins) {
  const AnyServer server;
  const Store store = open_store(server_options(server.url()));
  const std::string a = unique("a");
  CHECK_EQ(create(store, a), "pending ");
  CHECK_EQ(create(store, a), "pending ");
  CHECK_EQ(settle(store, a, "42"), "resolved 42");
  CHECK_EQ(settle(store, a, "no", CAPSULE_PROMISE_REJECTED), "resolved 42");
  CHECK_EQ(read(store, a), "resolved 42");
  const std::string b = unique("b");
  create(store, b);
  CHECK_EQ(settle(store, b, "why", CAPSULE_PROMISE_REJECTED), "rejected why");
  const std::string c = unique("c");
  create(store, c);
  CHECK_EQ(settle(store, c, "", CAPSULE_PROMISE_CANCELED), "canceled ");
  const std::string none = unique("none");
  REFUSED(CAPSULE_E_NAME, capsule_promise_get(store.get(), text(none), nullptr, error));
  REFUSED(CAPSULE_E_NAME, capsule_promise_wait(store.get(), text(none), -1, nullptr, error));
  REFUSED(CAPSULE_E_NAME, capsule_promise_settle(store.get(), text(none), CAPSULE_PROMISE_RESOLVED, {}, nullptr, error));
  REFUSED(CAPSULE_E_STATE, capsule_promise_forget(store.get(), text(a), error));
  const capsule_promise_metrics metrics = metrics_of(store);
  CHECK_EQ(metrics.resolved, 1);
  CHECK_EQ(metrics.rejected, 1);
  CHECK_EQ(metrics.canceled, 1);
  CHECK_EQ(metrics.ignored_settlements, 1);
}

CAPSULE_TEST(values_of_any_bytes_and_of_a_megabyte_travel) {
  const AnyServer server;
  const Store store = open_store(server_options(server.url()));
  const std::string id = unique("bytes");
  create(store, id);
  std::string value(1U << 20U, '\0');
  for (std::size_t i = 0; i < value.size(); ++i) {
    value[i] = static_cast<char>(i * 7);
  }
  CHECK(settle(store, id, value) == "resolved " + value);
  value += 'x';
  REFUSED(CAPSULE_E_LIMIT,
          capsule_promise_settle(store.get(), text(id), CAPSULE_PROMISE_RESOLVED, text(value), nullptr, error));
}

CAPSULE_TEST(who_waits_in_one_host_is_told_of_what_another_settles) {
  const AnyServer server;
  const Store here = open_store(server_options(server.url()));
  const Store there = open_store(server_options(server.url()));
  const std::string id = unique("shared");
  create(here, id);
  Counter waiting;
  Threads threads;
  for (int i = 0; i < 3; ++i) {
    threads.start([&] {
      waiting.add();
      CHECK_EQ(wait_for(here, id), "resolved from there");
    });
  }
  waiting.wait_for(3, "threads that wait");
  ACCEPTED(capsule_promise_watch(here.get(), text(id), error));
  CHECK_EQ(metrics_of(here).pending, 1);
  settle(there, id, "from there");
  threads.join();
  PromiseRow row;
  ACCEPTED(capsule_promise_next(here.get(), kPatienceMs, row.out(), error));
  CHECK_EQ(row.story(), "resolved from there");
  CHECK_EQ(metrics_of(here).pending, 0);
}

// Newer servers settle such a promise only when they are asked.
CAPSULE_TEST(a_promise_whose_time_is_over_is_noticed) {
  const AnyServer server;
  const Store store = open_store(server_options(server.url()));
  const std::string id = unique("late");
  create(store, id, 200);
  CHECK_EQ(wait_for(store, id), "timed_out ");
  CHECK_EQ(settle(store, id, "x"), "timed_out ");
}

CAPSULE_TEST(a_wait_that_is_given_up_leaves_nothing) {
  const AnyServer server;
  const Store store = open_store(server_options(server.url()));
  const std::string id = unique("never");
  create(store, id);
  REFUSED(CAPSULE_E_TIMEOUT, capsule_promise_wait(store.get(), text(id), 20, nullptr, error));
  CHECK_EQ(metrics_of(store).pending, 0);
  Counter waiting;
  Threads threads;
  threads.start([&] {
    waiting.add();
    REFUSED(CAPSULE_E_CLOSED, capsule_promise_wait(store.get(), text(id), -1, nullptr, error));
  });
  waiting.wait_for(1, "a thread that waits");
  ACCEPTED(capsule_promise_store_close(store.get(), error));
  threads.join();
  CHECK_CONTAINS(refuse_create(store, id, CAPSULE_E_CLOSED), "closed");
}

CAPSULE_TEST(a_bad_target_is_the_callers_mistake) {
  const AnyServer server;
  const Store store = open_store(server_options(server.url()));
  CHECK_CONTAINS(refuse_create(store, unique("t"), CAPSULE_E_ARGUMENT, "workers"), "status 400");
}

CAPSULE_TEST(the_token_is_wanted_for_calls_and_messages) {
  skip_without_front();
  const Front front({"--token", "secret"});
  const std::string url = front.url();
  capsule_promise_store_options options = server_options(url);
  const Store stranger = open_store(options);
  CHECK_CONTAINS(refuse_create(stranger, "x", CAPSULE_E_DENIED), "status 401");
  options.token = capsule_text_from("secret");
  const Store store = open_store(options);
  create(store, "x");
  ACCEPTED(capsule_promise_watch(store.get(), capsule_text_from("x"), error));
  settle(store, "x", "1");
  PromiseRow row;
  ACCEPTED(capsule_promise_next(store.get(), kPatienceMs, row.out(), error));
  CHECK_EQ(row.story(), "resolved 1");
}

CAPSULE_TEST(a_server_that_is_down_is_an_error_in_time_and_what_waits_goes_on_waiting) {
  skip_without_front();
  const Front front;
  FaultProxy proxy(front);
  proxy.set("{\"down\":true}");
  const std::string url = proxy.url();
  capsule_promise_store_options options = server_options(url);
  options.request_timeout_ms = 300;
  options.refresh_ms = 60'000;
  const Store store = open_store(options);
  CHECK_CONTAINS(refuse_create(store, "x", CAPSULE_E_UNAVAILABLE), "the server did not answer for");
  CHECK_EQ(metrics_of(store).failures, 1);
  CHECK_AT_LEAST(metrics_of(store).retries, 1U);
  proxy.set("{\"down\":false}");
  options.request_timeout_ms = kPatienceMs;
  const Store patient = open_store(options);
  create(patient, "x");
  Counter waiting;
  Threads threads;
  threads.start([&] {
    waiting.add();
    CHECK_EQ(wait_for(patient, "x"), "resolved meanwhile");
  });
  waiting.wait_for(1, "a thread that waits");
  const std::string direct_url = front.url();
  const Store direct = open_store(server_options(direct_url));
  proxy.set("{\"down\":true}");
  settle(direct, "x", "meanwhile");  // nobody is connected: the server's message is lost
  for (const Deadline deadline; metrics_of(patient).reconnects == 0 && !deadline.over();) {
    before_the_next_look();  // the thread may have begun to wait only now, and is to find the server down
  }
  proxy.set("{\"down\":false}");
  threads.join();
  CHECK_AT_LEAST(metrics_of(patient).reconnects, 1U);
}

CAPSULE_TEST(answers_that_are_lost_late_twice_or_cut_change_nothing) {
  skip_without_front();
  const Front front;
  for (int seed = 1; seed <= 3; ++seed) {
    FaultProxy proxy(front, seed);
    proxy.set("{\"drop\":0.15,\"delay_ms\":2,\"duplicate\":0.2,\"truncate\":0.15}");
    const std::string url = proxy.url();
    capsule_promise_store_options options = server_options(url);
    options.request_timeout_ms = kPatienceMs;
    const Store store = open_store(options);
    run_at_once(4, [&](int thread) {
      for (int i = 0; i < 10; ++i) {
        const std::string id = "s" + std::to_string(seed) + "-" + std::to_string(thread) + "-" + std::to_string(i);
        CHECK_EQ(create(store, id), "pending ");
        CHECK_EQ(settle(store, id, id), "resolved " + id);
        CHECK_EQ(settle(store, id, "other"), "resolved " + id);
      }
    });
    CHECK_AT_LEAST(metrics_of(store).retries, 1U);
    CHECK_EQ(metrics_of(store).failures, 0);
  }
}

CAPSULE_TEST(calls_under_way_are_bounded) {
  skip_without_front();
  const Front front;
  FaultProxy proxy(front);
  proxy.set("{\"down\":true}");
  const std::string url = proxy.url();
  capsule_promise_store_options options = server_options(url);
  options.max_promises = 1;
  options.request_timeout_ms = kPatienceMs;
  const Store store = open_store(options);
  Threads threads;
  threads.start([&store] { refuse_create(store, "a", CAPSULE_E_CLOSED); });
  const Deadline deadline;
  while (metrics_of(store).retries == 0) {  // it is under way
    CHECK(!deadline.over());
    before_the_next_look();
  }
  CHECK_CONTAINS(refuse_create(store, "b", CAPSULE_E_LIMIT), "1 calls to the server are under way");
  CHECK_EQ(metrics_of(store).refused, 1);
  ACCEPTED(capsule_promise_store_close(store.get(), error));
  threads.join();
}

// The official SDK of another language, on the other side of the same server.
CAPSULE_TEST(a_worker_of_the_official_sdk_settles_what_is_asked_of_it) {
  const AnyServer server;
  NodeProcess worker("peer.mjs", {"worker", server.url(), "adders"});
  CHECK_EQ(worker.child.read_line(), "ready");
  const Store store = open_store(server_options(server.url()));
  const std::string id = unique("sum");
  capsule_promise_wish made = wish_for(text(id));
  made.param = capsule_text_from("{\"func\":\"add\",\"args\":[2,3],\"version\":1}");
  made.target = capsule_text_from("poll://any@adders");
  ACCEPTED(capsule_promise_create(store.get(), &made, nullptr, error));
  CHECK_EQ(wait_for(store, id), "resolved 5");
  const std::string failing = unique("fail");
  made.id = text(failing);
  made.param = capsule_text_from("{\"func\":\"fail\",\"args\":[\"broken\"],\"version\":1}");
  ACCEPTED(capsule_promise_create(store.get(), &made, nullptr, error));
  const std::string story = wait_for(store, failing);
  CHECK_CONTAINS(story, "rejected {");
  CHECK_CONTAINS(story, "broken");
}

CAPSULE_TEST(a_client_of_the_official_sdk_reads_what_is_settled_here) {
  const AnyServer server;
  const Store store = open_store(server_options(server.url()));
  const std::string id = unique("answer");
  create(store, id);
  NodeProcess client("peer.mjs", {"client", server.url(), id});
  settle(store, id, "{\"answer\":42}");
  const std::string line = client.child.read_line();
  CHECK_CONTAINS(line, "\"resolved\"");
  CHECK_CONTAINS(line, "{\"answer\":42}");
  CHECK_EQ(client.child.exit_code(), 0);
}
