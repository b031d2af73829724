// loop/loop: what a watch tells.
#include "loop/loop.hpp"

#include <unistd.h>

#include <future>

#include "base/unique_fd.hpp"
#include "test.hpp"

using namespace capsule;

CAPSULE_TEST(a_descriptor_that_cannot_be_watched_is_told_as_ready) {
  auto started = Loop::start();
  CHECK(started.ok());
  Loop &loop = *started.value();
  int ends[2] = {};
  CHECK_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  std::promise<void> told;
  std::shared_ptr<Loop::Watch> first;
  std::shared_ptr<Loop::Watch> second;
  loop.post([&] {
    const auto nothing = [] {};
    first = loop.watch_readable(reader.get(), nothing);
    second = loop.watch_readable(reader.get(), [&] { told.set_value(); });  // libuv takes one a descriptor
    loop.change(*second, true, true);
  });
  CHECK(told.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  std::promise<void> ended;
  loop.post([&] {
    first.reset();
    second.reset();
    ended.set_value();
  });
  ended.get_future().wait();
  loop.stop();
}
