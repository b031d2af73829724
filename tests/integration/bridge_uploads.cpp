// Calls of the host whose arguments come in pieces.
#include <csignal>
#include <cstring>

#include "bridge.hpp"
#include "process.hpp"
#include "values.hpp"

using namespace capsule_test;

namespace {

capsule_capability upload(const char *name, const char *parameters = "") {
  capsule_capability made = capability(name, parameters);
  made.flags = CAPSULE_CAPABILITY_UPLOAD;
  return made;
}

// Answers with all pieces as texts, their kinds in front of them.
void join_pieces(const Bridge &bridge, const Request &request) {
  std::string joined;
  Chunk chunk;
  capsule_status status = CAPSULE_OK;
  while ((status = chunk.take(bridge, request.id())) == CAPSULE_OK) {
    joined += std::to_string(chunk.raw.kind) + ":" + chunk.text() + " ";
  }
  CHECK_EQ(status, CAPSULE_E_END);
  const capsule_value value = value_as(CAPSULE_VALUE_TEXT, joined);
  ACCEPTED(capsule_bridge_respond(bridge.get(), request.id(), &value, error));
}

struct Uploads {
  explicit Uploads(Server::Serve serve = join_pieces) : server(bridge, std::move(serve)) {
    offer(bridge, upload("put", "name=''"));
  }
  Bridge bridge = make_bridge();
  Session session = open_with(bridge, {rule("*")});
  Server server;
};

// What `code` leaves in `r`, or the exception that it raises.
std::string outcome_of(const Session &session, const std::string &code) {
  std::string indented;
  for (std::size_t at = 0; at < code.size();) {
    const std::size_t end = std::min(code.find('\n', at), code.size());
    indented += "    " + code.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return value_of(session, "try:\n" + indented + "except BaseException as e: r = f'{type(e).__name__}: {e}'\nr");
}

constexpr std::size_t kLarge = 32U << 20U;  // more than a frame may carry

}  // namespace

CAPSULE_TEST(pieces_come_in_order_as_what_they_are) {
  const Uploads uploads;
  CHECK_EQ(outcome_of(uploads.session,
                      "with host.put(name='a') as put:\n"
                      "    for piece in ({'n': 1}, 'text', b'bytes', None): put.send(piece)\n"
                      "    r = put.finish()"),
           R"('1:{"n":1} 2:text 4:bytes 1:null ')");
  CHECK_EQ(outcome_of(uploads.session,
                      "async with host.put() as put:\n"
                      "    for n in range(200): await put.send(n)\n"
                      "    r = (await put.finish()).count(':')"),
           "200");
  const capsule_bridge_metrics metrics = metrics_of(uploads.bridge);
  CHECK_EQ(metrics.chunks_received, 204);
  CHECK_EQ(metrics.ok, 2);
  check_balance(metrics);
}

CAPSULE_TEST(a_large_piece_travels_in_shared_memory) {
  const Uploads uploads([](const Bridge &bridge, const Request &request) {
    Chunk chunk;
    CHECK_EQ(chunk.take(bridge, request.id()), CAPSULE_OK);
    CHECK_EQ(chunk.raw.kind, CAPSULE_VALUE_BUFFER);
    CHECK_EQ(chunk.raw.size_bytes, kLarge);
    const auto *bytes = static_cast<const char *>(chunk.raw.data);
    respond(bridge, request.id(), bytes[0] == 'x' && bytes[kLarge - 1] == 'x' ? "true" : "false");
  });
  CHECK_EQ(outcome_of(uploads.session, "put = host.put()\nput.send(b'x' * (32 << 20))\nr = put.finish()"), "True");
}

CAPSULE_TEST(the_code_waits_where_nothing_is_taken) {
  const Bridge bridge = make_bridge();
  offer(bridge, upload("put"));
  const Session session = open_with(bridge, {rule("*")});
  for (const bool on_loop : {false, true}) {
    const std::string code = on_loop ? "put = host.put()\nfor n in range(1000): await put.send(n)\nawait put.finish()"
                                     : "put = host.put()\nfor n in range(1000): put.send(n)\nput.finish()";
    Run run(session, code);
    Request request;
    CHECK_EQ(request.take(bridge), CAPSULE_OK);
    const Deadline deadline;
    const std::uint64_t before = metrics_of(bridge).chunks_received;
    while (metrics_of(bridge).chunks_received % 1000 < 64 && !deadline.over()) {
      before_the_next_look();
    }
    // No more come until some are taken: the 65th would be here by the time that the session's worker has answered something else.
    CHECK(metrics_of(bridge).chunks_received - before <= 64);
    Chunk chunk;
    for (int n = 0; n < 1000; ++n) {
      CHECK_EQ(chunk.take(bridge, request.id()), CAPSULE_OK);
      CHECK_EQ(chunk.text(), std::to_string(n));
      CHECK(metrics_of(bridge).chunks_received % 1000 <= static_cast<std::uint64_t>(n + 1 + 64) || n > 900);
    }
    CHECK_EQ(chunk.take(bridge, request.id()), CAPSULE_E_END);
    respond(bridge, request.id(), "7");
    CHECK_EQ(chunk.take(bridge, request.id()), CAPSULE_E_STATE);
    CHECK_EQ(*run.end().repr, "7");
  }
}

CAPSULE_TEST(a_cancel_breaks_the_wait_for_room) {
  const Bridge bridge = make_bridge();
  offer(bridge, upload("put"));
  const Session session = open_with(bridge, {rule("*")});
  Run run(session, "put = host.put()\nprint('begun', flush=True)\nwhile True: put.send('x')");
  run.until_output("begun");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  run.cancel();
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(value_of(session, "del put\n1 + 1"), "2");
  Chunk chunk;
  capsule_status status = CAPSULE_OK;
  while ((status = chunk.take(bridge, request.id())) == CAPSULE_OK) {
  }
  CHECK_EQ(status, CAPSULE_E_STATE);  // given up with the object
}

CAPSULE_TEST(a_host_that_answers_early_ends_the_sending) {
  const Uploads uploads([](const Bridge &bridge, const Request &request) {
    if (request.arguments().find("full") != std::string::npos) {
      fail_request(bridge, request.id(), "OSError", "the disk is full");
    } else {
      respond(bridge, request.id(), "\"enough\"");
    }
  });
  for (const bool on_loop : {false, true}) {
    const std::string send = on_loop ? "await put.send('x')" : "put.send('x')";
    const std::string finish = on_loop ? "await put.finish()" : "put.finish()";
    CHECK_EQ(outcome_of(uploads.session, "put = host.put(name='full')\nwhile True: " + send), "'OSError: the disk is full'");
    CHECK_CONTAINS(outcome_of(uploads.session, "put = host.put()\nwhile True: " + send),
                   "BrokenPipeError: host.put takes no more");
    CHECK_EQ(outcome_of(uploads.session, "r = " + finish), "'enough'");
    CHECK_CONTAINS(outcome_of(uploads.session, send), "ValueError: finish() was called");
  }
}

CAPSULE_TEST(what_is_no_piece_is_refused_and_costs_no_room) {
  const Uploads uploads;
  CHECK_EQ(outcome_of(uploads.session,
                      "put = host.put()\n"
                      "refused = 0\n"
                      "for n in range(200):\n"
                      "    try: put.send(object())\n"
                      "    except TypeError: refused += 1\n"
                      "put.send('kept')\n"
                      "r = refused, put.finish()"),
           "(200, '2:kept ')");
}

CAPSULE_TEST(with_both_flags_it_is_an_exchange) {
  const Bridge bridge = make_bridge();
  capsule_capability both = upload("echo");
  both.flags |= CAPSULE_CAPABILITY_STREAM;
  offer(bridge, both);
  const Session session = open_with(bridge, {rule("*")});
  const Server server(bridge, [](const Bridge &to, const Request &request) {
    Chunk chunk;
    while (chunk.take(to, request.id()) == CAPSULE_OK) {
      const std::string text = chunk.text();
      const capsule_value piece = value_as(CAPSULE_VALUE_TEXT, text);
      CHECK_EQ(capsule_bridge_send_chunk(to.get(), request.id(), &piece, -1, nullptr), CAPSULE_OK);
    }
    capsule_bridge_respond(to.get(), request.id(), nullptr, nullptr);
  });
  CHECK_EQ(outcome_of(session,
                      "with host.echo() as talk:\n"
                      "    talk.send('a'); first = next(talk)\n"
                      "    talk.send('b'); talk.finish()\n"
                      "    r = first, list(talk)"),
           "('a', ['b'])");
  CHECK_EQ(outcome_of(session,
                      "async with host.echo() as talk:\n"
                      "    await talk.send('a'); first = await talk.__anext__()\n"
                      "    await talk.send('b'); talk.finish()\n"
                      "    r = first, [piece async for piece in talk]"),
           "('a', ['b'])");
}

CAPSULE_TEST(pieces_are_told_of_by_a_notice_where_it_is_wanted) {
  capsule_bridge_options options;
  capsule_bridge_options_init(&options, sizeof options);
  options.chunk_notices = 1;
  const Bridge bridge = make_bridge(shared_runtime(), &options);
  offer(bridge, upload("put"));
  const Session session = open_with(bridge, {rule("*")});
  Run run(session, "put = host.put()\nfor n in range(3): put.send(n)\nput.finish()");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  CHECK_EQ(request.raw.kind, CAPSULE_REQUEST_CALL);
  const std::uint64_t id = request.id();
  int taken = 0;
  for (capsule_status status = CAPSULE_OK; status != CAPSULE_E_END;) {
    CHECK_EQ(request.take(bridge), CAPSULE_OK);
    CHECK_EQ(request.raw.kind, CAPSULE_REQUEST_CHUNKS);
    CHECK_EQ(request.id(), id);
    Chunk chunk;
    while ((status = chunk.take(bridge, id, 0)) == CAPSULE_OK) {
      ++taken;
    }
  }
  CHECK_EQ(taken, 3);
  respond(bridge, id, "3");
  CHECK_EQ(*run.end().repr, "3");
  CHECK_EQ(request.take(bridge, 0), CAPSULE_E_TIMEOUT);
}

CAPSULE_TEST(chunks_of_what_is_none_are_refused_by_name) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("plain"));
  capsule_capability wrong = upload("wrong");
  wrong.flags |= CAPSULE_CAPABILITY_IDEMPOTENT;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_bridge_register(bridge.get(), &wrong, error)), "capability.flags");
  const Session session = open_with(bridge, {rule("*")});
  Chunk chunk;
  CHECK_EQ(chunk.take(bridge, 0), CAPSULE_E_ARGUMENT);
  CHECK_EQ(chunk.take(bridge, 77), CAPSULE_E_ARGUMENT);
  CHECK_EQ(chunk.take(bridge, 1, -2), CAPSULE_E_ARGUMENT);
  CHECK_EQ(capsule_bridge_next_chunk(bridge.get(), 1, 0, nullptr, nullptr), CAPSULE_E_ARGUMENT);
  Run run(session, "host.plain()");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  CHECK_EQ(chunk.take(bridge, request.id()), CAPSULE_E_TYPE);
  respond(bridge, request.id(), "1");
  run.end();
}

CAPSULE_TEST(a_worker_that_dies_ends_the_wait_for_its_pieces) {
  const Bridge bridge = make_bridge();
  offer(bridge, upload("put"));
  const Session session = open_with(bridge, {rule("*")});
  Run run(session, "put = host.put()\nput.send('last')\ninput()\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  run.until(CAPSULE_EVENT_INPUT);  // not before the request is taken: nobody could any more
  run.answer("");
  Chunk chunk;
  capsule_status status = CAPSULE_OK;
  while ((status = chunk.take(bridge, request.id(), -1)) == CAPSULE_OK) {
  }
  CHECK_EQ(status, CAPSULE_E_STATE);
  CHECK_EQ(run.end().outcome, "died");
  check_balance(metrics_of(bridge));
}

CAPSULE_TEST(what_waits_to_be_taken_counts_for_the_session_s_bytes) {
  capsule_bridge_options options;
  capsule_bridge_options_init(&options, sizeof options);
  options.max_session_bytes = 64U << 10U;
  const Bridge bridge = make_bridge(shared_runtime(), &options);
  offer(bridge, upload("put"));
  const Session session = open_with(bridge, {rule("*")});
  CHECK_CONTAINS(outcome_of(session, "put = host.put()\nwhile True: put.send(b'x' * 30000)"), "RuntimeError: the open calls");
  CHECK_EQ(metrics_of(bridge).refused, 1);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}
