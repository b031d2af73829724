// Values that come with an execution and go with its result, and several names set at once.
#include <vector>

#include "checkpoints.hpp"
#include "values.hpp"

using namespace capsule_test;

namespace {

// Names and values for an execution or an update; lives as long as its use.
class Inputs {
 public:
  Inputs &add(std::string name, std::int32_t kind, std::string data) {
    kept_.push_back({std::move(name), std::move(data), {}});
    kept_.back().value = {.struct_size = sizeof(capsule_value), .kind = kind};
    return *this;
  }
  Inputs &json(std::string name, std::string data) { return add(std::move(name), CAPSULE_VALUE_JSON, std::move(data)); }

  const std::vector<capsule_input> &raw() {
    raw_.clear();
    for (Kept &kept : kept_) {
      kept.value.data = kept.data.data();
      kept.value.size_bytes = kept.data.size();
      raw_.push_back({text_of(kept.name), &kept.value});
    }
    return raw_;
  }
  ExecutionOptions options() {
    ExecutionOptions options;
    options.raw.inputs = raw().data();
    options.raw.input_count = raw_.size();
    return options;
  }

 private:
  struct Kept {
    std::string name;
    std::string data;
    capsule_value value;
  };
  std::vector<Kept> kept_;
  std::vector<capsule_input> raw_;
};

ExecutionOptions wanting(std::int32_t kind) {
  ExecutionOptions options;
  options.raw.result_kind = kind;
  return options;
}

std::string refused(const Session &session, capsule_status status, Inputs inputs) {
  const ExecutionOptions options = inputs.options();
  capsule_execution *execution = nullptr;
  return REFUSED(status, capsule_execution_create(session.get(), "1", 1, &options.raw, &execution, error));
}

std::string update_refused(const Session &session, capsule_status status, Inputs inputs,
                           std::int32_t strategy = CAPSULE_SET_OVERWRITE) {
  const auto &raw = inputs.raw();
  return REFUSED(status, capsule_session_update(session.get(), raw.data(), raw.size(), strategy, kPatienceMs, error));
}

}  // namespace

CAPSULE_TEST(inputs_are_bound_before_the_code_runs) {
  const Session session = open_session();
  Inputs inputs;
  inputs.json("numbers", "[1, 2]").add("text", CAPSULE_VALUE_TEXT, "grüß").add("data", CAPSULE_VALUE_BYTES, "\xff");
  inputs.add("small", CAPSULE_VALUE_BUFFER, "abc").add("large", CAPSULE_VALUE_BUFFER, std::string(1 << 20, 'x'));
  inputs.add("other", CAPSULE_VALUE_BUFFER, std::string(1 << 20, 'y'));
  Run run(session, "(sum(numbers), text, data, bytes(small), len(large), large[-1], other[0], large.readonly)",
          inputs.options());
  CHECK_EQ(run.end().repr, "(3, 'grüß', b'\\xff', b'abc', 1048576, 120, 121, True)");
  CHECK_EQ(value_of(session, "numbers, other[0]"), "([1, 2], 121)");
}

CAPSULE_TEST(inputs_are_bound_in_their_turn) {
  const Session session = open_session();
  Run first(session, "import time; time.sleep(0.05); 'x' in globals()");
  Run second(session, "x", Inputs().json("x", "1").options());
  CHECK_EQ(first.end().repr, "False");
  CHECK_EQ(second.end().repr, "1");
}

CAPSULE_TEST(inputs_of_an_execution_that_was_canceled_in_the_queue_are_not_bound) {
  const Session session = open_session();
  Run first(session, "import time; time.sleep(60)");
  Run second(session, "1", Inputs().json("x", "1").options());
  second.cancel();
  CHECK_EQ(second.end().cancel_phase, "queued");
  first.cancel();
  CHECK_EQ(first.end().outcome, "canceled");
  CHECK_EQ(value_of(session, "'x' in globals()"), "False");
}

CAPSULE_TEST(a_transaction_undoes_inputs_too) {
  const Session session = open_session();
  value_of(session, "x = 'before'");
  for (const std::int32_t scope : {CAPSULE_SCOPE_MEMORY, CAPSULE_SCOPE_NAMES}) {
    Inputs inputs;
    ExecutionOptions options = inputs.json("x", "1").json("y", "2").options();
    options.raw.transaction = CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE;
    options.raw.transaction_scope = scope;
    Run run(session, "print(x + y); 1 / 0", options);
    CHECK_EQ(run.end().state, "rolled_back");
    CHECK_EQ(run.out(), "3\n");
    CHECK_EQ(value_of(session, "x, 'y' in globals()"), "('before', False)");
  }
}

CAPSULE_TEST(what_cannot_be_bound_ends_the_execution_unrun) {
  const Session session = open_session();
  for (const auto &[name, json] : {std::pair{"Out", "1"}, {"no name", "1"}, {"x", "NaN"}, {"x", "1e999"}, {"good", "2"}}) {
    Inputs inputs;
    Run run(session, "print('ran')", inputs.json("good", "1").json(name, json).options());
    CHECK_EQ(run.end().error_type, "InputRefused");
    CHECK_EQ(run.end().state, "preserved");
    CHECK(!run.end().message.empty());
    CHECK_EQ(run.out(), "");
  }
  CHECK_EQ(value_of(session, "'good' in globals()"), "False");
}

CAPSULE_TEST(inputs_that_are_none_are_refused_at_once) {
  const Session session = open_session();
  CHECK_CONTAINS(refused(session, CAPSULE_E_ARGUMENT, Inputs().json("", "1")), "name is empty");
  CHECK_CONTAINS(refused(session, CAPSULE_E_ARGUMENT, Inputs().json("a", "1").add("x", CAPSULE_VALUE_REPR, "1")),
                 "options.inputs[1].value.kind");
  CHECK_CONTAINS(refused(session, CAPSULE_E_ARGUMENT, Inputs().add("x", CAPSULE_VALUE_TEXT, "\xff")), "UTF-8");
  Inputs many;
  for (int i = 0; i <= CAPSULE_MAX_INPUTS; ++i) {
    many.json("x" + std::to_string(i), "1");
  }
  CHECK_CONTAINS(refused(session, CAPSULE_E_LIMIT, many), "1024");
  Inputs buffers;
  for (int i = 0; i <= 16; ++i) {
    buffers.add("x" + std::to_string(i), CAPSULE_VALUE_BUFFER, std::string(100'000, 'x'));
  }
  CHECK_CONTAINS(refused(session, CAPSULE_E_LIMIT, buffers), "16");
  Inputs large;
  large.add("a", CAPSULE_VALUE_TEXT, std::string(9U << 20U, 'x')).add("b", CAPSULE_VALUE_TEXT, std::string(9U << 20U, 'x'));
  CHECK_CONTAINS(refused(session, CAPSULE_E_LIMIT, large), "options.inputs[1].value");
  CHECK_EQ(info_of(session).executions_refused, 3);
  const capsule_input no_value{.name = text_of("x"), .value = nullptr};
  ExecutionOptions options;
  options.raw.inputs = &no_value;
  options.raw.input_count = 1;
  capsule_execution *execution = nullptr;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, &options.raw, &execution, error)),
                 "options.inputs[0].value is NULL");
  options = ExecutionOptions();
  options.raw.result_kind = CAPSULE_VALUE_REPR + 1;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, &options.raw, &execution, error)),
                 "options.result_kind");
  options = ExecutionOptions();
  options.raw.capture_sources = 2;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, &options.raw, &execution, error)),
                 "options.capture_sources");
  options = ExecutionOptions();
  options.raw.input_count = 1;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, &options.raw, &execution, error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(as_many_inputs_as_there_can_be) {
  const Session session = open_session();
  Inputs inputs;
  for (int i = 0; i < CAPSULE_MAX_INPUTS; ++i) {
    inputs.json("x" + std::to_string(i), std::to_string(i));
  }
  Run run(session, "sum(globals()[f'x{i}'] for i in range(1024))", inputs.options());
  CHECK_EQ(run.end().repr, "523776");
}

CAPSULE_TEST(several_names_are_set_all_or_none) {
  const Session session = open_session();
  value_of(session, "b = 'old'");
  Inputs inputs;
  inputs.json("a", "1").json("b", "2").json("c", "3");
  CHECK_CONTAINS(update_refused(session, CAPSULE_E_NAME, inputs, CAPSULE_SET_CONFLICT), "'b'");
  CHECK_CONTAINS(update_refused(session, CAPSULE_E_ARGUMENT, Inputs().json("a", "1").json("In", "2")), "'In'");
  CHECK_CONTAINS(update_refused(session, CAPSULE_E_ARGUMENT, Inputs().json("a", "1").json("a", "2")), "twice");
  CHECK_EQ(NameList(session).text(), "b str value");
  const auto &raw = inputs.raw();
  ACCEPTED(capsule_session_update(session.get(), raw.data(), raw.size(), CAPSULE_SET_KEEP, kPatienceMs, error));
  CHECK_EQ(value_of(session, "a, b, c"), "(1, 'old', 3)");
  ACCEPTED(capsule_session_update(session.get(), raw.data(), raw.size(), CAPSULE_SET_OVERWRITE, kPatienceMs, error));
  CHECK_EQ(value_of(session, "a, b, c"), "(1, 2, 3)");
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_update(session.get(), raw.data(), 0, CAPSULE_SET_KEEP, kPatienceMs, error));
}

CAPSULE_TEST(a_result_comes_as_it_was_asked_for) {
  const Session session = open_session();
  const struct {
    const char *source;
    std::int32_t wanted;
    std::int32_t kind;
    const char *data;
  } cases[] = {
      {"'text'", CAPSULE_VALUE_AUTO, CAPSULE_VALUE_TEXT, "text"},
      {"b'bytes'", CAPSULE_VALUE_AUTO, CAPSULE_VALUE_BUFFER, "bytes"},
      {"b'bytes'", CAPSULE_VALUE_BYTES, CAPSULE_VALUE_BYTES, "bytes"},
      {"{'a': (1, None)}", CAPSULE_VALUE_AUTO, CAPSULE_VALUE_JSON, R"({"a": [1, null]})"},
      {"'text'", CAPSULE_VALUE_JSON, CAPSULE_VALUE_JSON, "\"text\""},
      {"object", CAPSULE_VALUE_REPR, CAPSULE_VALUE_REPR, "<class 'object'>"},
      {"import asyncio\nawait asyncio.sleep(0, 'awaited')", CAPSULE_VALUE_TEXT, CAPSULE_VALUE_TEXT, "awaited"},
  };
  for (const auto &one : cases) {
    Run run(session, one.source, wanting(one.wanted));
    CHECK_EQ(run.end().value, one.data);
    CHECK_EQ(run.end().value_kind, one.kind);
    CHECK(run.end().repr.has_value());
    CHECK(!run.end().json.has_value());
  }
  for (const char *nothing : {"None", "x = 1", "print()"}) {
    Run run(session, nothing, wanting(CAPSULE_VALUE_AUTO));
    CHECK(!run.end().value.has_value());
    CHECK_EQ(run.end().value_status, CAPSULE_OK);
  }
  Run plain(session, "'text'");
  CHECK(!plain.end().value.has_value());
  CHECK_EQ(plain.end().json, "\"text\"");
}

CAPSULE_TEST(a_result_that_is_none_of_that_kind_says_why) {
  const Session session = open_session();
  Run run(session, "print('ran')\nobject()", wanting(CAPSULE_VALUE_JSON));
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.end().value_status, CAPSULE_E_TYPE);
  CHECK_CONTAINS(run.end().value_message, "object");
  CHECK_EQ(run.out(), "ran\n");
  Run large(session, "'x' * (9 << 20)", wanting(CAPSULE_VALUE_TEXT));
  CHECK_EQ(large.end().value_status, CAPSULE_E_LIMIT);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_large_buffer_of_a_result_outlives_its_session) {
  EventStruct event;
  {
    const Session session = open_session();
    const ExecutionOptions options = wanting(CAPSULE_VALUE_BUFFER);
    const Execution execution = submit(session,
                                       "import array\nprint('x' * 100_000)\nmemoryview(array.array('d', range(1 << "
                                       "17))).cast('B').cast('d', (1 << 7, 1 << 10))",
                                       options);
    do {
      ACCEPTED(capsule_execution_next(execution.get(), kPatienceMs, event.get(), error));
    } while (event->outcome == 0);
    ACCEPTED(capsule_session_close(session.get(), 0, error));
  }
  CHECK(event->value != nullptr);
  const capsule_value &value = *event->value;
  CHECK_EQ(value.size_bytes, 1U << 20U);
  CHECK_EQ(string_of(value.format), "d");
  CHECK_EQ(value.dimensions, 2);
  CHECK_EQ(value.shape[0], 1 << 7);
  CHECK_EQ(value.strides[0], 1 << 13);
  CHECK_EQ(static_cast<const double *>(value.data)[(1 << 17) - 1], (1 << 17) - 1);
}

CAPSULE_TEST(sources_are_captured_unless_told_not_to) {
  const Session session = open_session();
  ExecutionOptions options;
  options.raw.capture_sources = 0;
  Run run(session, "import json\ndef f(): return 1", options);
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(info_of(checkpoint_of(session)).imports, 0);
  value_of(session, "import string\ndef g(): return 1");
  CHECK_EQ(info_of(checkpoint_of(session)).imports, 1);
}

CAPSULE_TEST(inputs_and_results_around_the_size_of_a_frame) {
  capsule_runtime_options small;
  capsule_runtime_options_init(&small, sizeof small);
  small.max_frame_bytes = 64U << 10U;
  const Runtime runtime = make_runtime(small);
  const Session session = open_session(runtime);
  for (const std::size_t size : {20'000U, 30'000U, 31'000U, 50'000U, 61'440U, 70'000U}) {
    for (const std::int32_t kind : {CAPSULE_VALUE_BUFFER, CAPSULE_VALUE_BYTES}) {
      Run run(session, "b'x' * " + std::to_string(size), wanting(kind));
      const Event &end = run.end();
      CHECK_EQ(end.outcome, "ok");
      const bool fits = kind == CAPSULE_VALUE_BUFFER || size <= 30'720;
      CHECK_EQ(end.value_status, fits ? CAPSULE_OK : CAPSULE_E_LIMIT);
      CHECK_EQ(end.value.value_or("").size(), fits ? size : 0);
    }
    Inputs inputs;
    inputs.add("a", CAPSULE_VALUE_BUFFER, std::string(size, 'a')).add("b", CAPSULE_VALUE_BUFFER, std::string(size, 'b'));
    Run run(session, "len(a) + len(b)", inputs.options());
    CHECK_EQ(run.end().repr, std::to_string(2 * size));
  }
  // What describes a value takes room, too.
  const std::vector<std::int64_t> shape(CAPSULE_MAX_DIMENSIONS, 1);
  const std::string format(255, ' ');
  const capsule_value described{.struct_size = sizeof described,
                                .kind = CAPSULE_VALUE_BUFFER,
                                .data = "x",
                                .size_bytes = 1,
                                .format = text_of(format),
                                .shape = shape.data(),
                                .dimensions = CAPSULE_MAX_DIMENSIONS};
  std::vector<std::string> names;
  std::vector<capsule_input> many;
  for (int i = 0; i < 500; ++i) {
    names.push_back("name_" + std::to_string(i));
  }
  for (const std::string &name : names) {
    many.push_back({text_of(name), &described});
  }
  CHECK_CONTAINS(
      REFUSED(CAPSULE_E_LIMIT, capsule_session_update(session.get(), many.data(), many.size(), 0, kPatienceMs, error)),
      "inputs");
  many.resize(120);
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_update(session.get(), many.data(), many.size(), 0, kPatienceMs, error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}
