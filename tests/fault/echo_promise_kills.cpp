// A host that is killed at any point finds in the file what its calls had answered.
#include <csignal>
#include <cstdio>

#include "child.hpp"
#include "files.hpp"
#include "promises.hpp"

using namespace capsule_test;

namespace {

void say(const char *what) {
  std::puts(what);
  std::fflush(stdout);
}

}  // namespace

// Says each step once it is answered, and waits to be killed or told to go on.
CAPSULE_HELPER(step_by_step) {
  const auto next = [](const char *done) {
    say(done);
    return std::getchar() != EOF;
  };
  const Store store = open_store(store_options(text(arguments.at(0))));
  next("opened");
  create(store, "a");
  next("created");
  settle(store, "a", "1");
  next("settled");
  create(store, "b");
  settle(store, "b", "2", CAPSULE_PROMISE_REJECTED);
  next("rejected");
  ACCEPTED(capsule_promise_forget(store.get(), capsule_text_from("a"), error));
  // To forget is answered before it is written; the next answer comes behind it.
  create(store, "c");
  next("forgotten");
  return 0;
}

CAPSULE_TEST(killed_between_any_two_steps) {
  // What is there after so many steps; "-" for none.
  const std::vector<std::vector<std::string>> expected = {{"-", "-", "-"},
                                                          {"pending ", "-", "-"},
                                                          {"resolved 1", "-", "-"},
                                                          {"resolved 1", "rejected 2", "-"},
                                                          {"-", "rejected 2", "pending "}};
  for (std::size_t steps = 0; steps < expected.size(); ++steps) {
    const TempFolder folder;
    const std::string path = folder.path() + "/db";
    Child host(helper("step_by_step", {path}));
    for (std::size_t i = 0; i <= steps; ++i) {
      if (i > 0) {
        host.write_line("");
      }
      host.read_line();
    }
    host.kill(SIGKILL);
    CHECK_EQ(host.exit_code(), -SIGKILL);
    const Store store = open_store(store_options(text(path)));
    std::vector<std::string> found;
    for (const char *id : {"a", "b", "c"}) {
      PromiseRow row;
      const capsule_status status = capsule_promise_get(store.get(), capsule_text_from(id), row.out(), nullptr);
      found.push_back(status == CAPSULE_E_NAME ? "-" : row.story());
    }
    CHECK(found == expected[steps]);
  }
}

CAPSULE_HELPER(writes_on) {
  const Store store = open_store(store_options(text(arguments.at(0))));
  for (int i = 0;; ++i) {
    const std::string id = "p" + std::to_string(i);
    create(store, id);
    settle(store, id, id);
    say(id.c_str());
  }
}

CAPSULE_TEST(killed_while_it_writes) {
  const TempFolder folder;
  for (int round = 0; round < 5; ++round) {
    const std::string path = folder.path() + "/db" + std::to_string(round);
    Child host(helper("writes_on", {path}));
    std::string last;
    for (int i = 0; i < 20 + 7 * round; ++i) {
      last = host.read_line();
    }
    host.kill(SIGKILL);
    CHECK_EQ(host.exit_code(), -SIGKILL);
    const Store store = open_store(store_options(text(path)));
    const int count = std::stoi(last.substr(1));
    for (int i = 0; i <= count; ++i) {
      const std::string id = "p" + std::to_string(i);
      CHECK_EQ(read(store, id), "resolved " + id);
    }
  }
}
