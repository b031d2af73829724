// The C++ wrapper for programs without exceptions, as far as it needs Python: values and checkpoints.
#include <capsule/capsule_result.hpp>
#include <cstring>

#include "files.hpp"
#include "session.hpp"
#include "test.hpp"

using namespace capsule_test;
namespace results = capsule::results;

namespace {

results::Session open_python(results::Runtime &runtime) {
  const std::string python = python_under_test();
  capsule_session_options options = results::defaults(capsule_session_options_init);
  options.python = text_of(python);
  auto session = runtime.open(&options);
  CHECK_EQ(session.status(), CAPSULE_OK);
  return *std::move(session);
}

}  // namespace

CAPSULE_TEST(values_are_set_read_and_removed) {
  auto runtime = results::Runtime::create();
  results::Session session = open_python(*runtime);
  CHECK(session.set("n", CAPSULE_VALUE_JSON, "[1, 2]"));
  auto read = session.get("n", CAPSULE_VALUE_JSON);
  CHECK(read);
  CHECK_EQ(read->data(), "[1, 2]");
  CHECK_EQ(read->type_name(), "list");
  CHECK_EQ((*read)->kind, CAPSULE_VALUE_JSON);
  CHECK_EQ(session.set("n", CAPSULE_VALUE_TEXT, "other", CAPSULE_SET_CONFLICT).status(), CAPSULE_E_NAME);

  const capsule_value values[] = {capsule::detail::value_of(CAPSULE_VALUE_TEXT, "one"),
                                  capsule::detail::value_of(CAPSULE_VALUE_JSON, "2")};
  const capsule_input inputs[] = {{capsule_text_from("a"), &values[0]}, {capsule_text_from("b"), &values[1]}};
  CHECK(session.update(inputs, 2));
  CHECK_EQ(session.run("a, b")->repr.value_or(""), "('one', 2)");

  CHECK(session.remove("n"));
  CHECK_EQ(session.get("n").status(), CAPSULE_E_NAME);
  CHECK_EQ(session.remove("n").failure().status, CAPSULE_E_NAME);
}

CAPSULE_TEST(a_buffer_is_set_without_a_copy) {
  auto runtime = results::Runtime::create();
  results::Session session = open_python(*runtime);
  auto buffer = results::Buffer::create(4);
  CHECK_EQ(buffer->size_bytes(), 4);
  std::memcpy(buffer->data(), "data", 4);
  CHECK(session.set("b", *buffer));
  CHECK_EQ(session.run("bytes(b)")->repr.value_or(""), "b'data'");
  CHECK_EQ(results::Buffer::create(0).status(), CAPSULE_E_ARGUMENT);
}

CAPSULE_TEST(checkpoints_are_made_kept_and_restored) {
  const TempFolder folder;
  const std::string file = folder.path() + "/checkpoint";
  auto runtime = results::Runtime::create();
  results::Session session = open_python(*runtime);
  CHECK(session.run("x = 7"));
  capsule_checkpoint_options options = results::defaults(capsule_checkpoint_options_init);
  options.name = capsule_text_from("seven");
  auto checkpoint = session.checkpoint(&options);
  CHECK(checkpoint);
  CHECK_EQ(checkpoint->entries()->at(0).name, "x");
  CHECK_EQ(checkpoint->info()->names, 1);
  CHECK(checkpoint->write_file(file));

  CHECK(session.keep(*checkpoint));
  CHECK(session.find_checkpoint("seven"));
  CHECK(session.forget_checkpoint("seven"));
  CHECK_EQ(session.find_checkpoint("seven").status(), CAPSULE_E_NAME);

  results::Session other = open_python(*runtime);
  auto read = results::Checkpoint::read_file(file);
  CHECK(read);
  auto report = other.restore(*read);
  CHECK_EQ(report->size(), 1);
  CHECK_EQ(report->at(0).status, CAPSULE_ENTRY_OK);
  CHECK_EQ(other.run("x")->repr.value_or(""), "7");
  CHECK(!results::Checkpoint::read_file(folder.path() + "/none"));
}
