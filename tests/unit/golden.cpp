// abi/golden holds one frame of every message, as the first release wrote it: they must decode the same for ever.
// Run with CAPSULE_WRITE_GOLDEN=1 to write those that are missing, after a message was added.
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "test.hpp"
#include "wire/codec.hpp"

using namespace capsule;

namespace {

const std::string kFolder = std::string(CAPSULE_TEST_SOURCE_DIR) + "/abi/golden";

// Every field of every message, with values that no default has.
std::vector<wire::Envelope> examples() {
  const std::vector<wire::Body> bodies = {
      wire::Hello{1, 2, 3, 65536, 5, 6, 7, 2, true, true, 8, 9, 10, 11, 12, 13, 14, true},
      wire::HelloAck{1, 2, 3, "why not"},
      wire::Preload{{"json", "numpy"}, {"numpy"}},
      wire::Ready{42, "3.11.2", "/usr/bin/python3", {"execute", "input"}, {"numpy"}, "no module"},
      wire::Fork{9, true, true},
      wire::Forked{9, 43, "no memory"},
      wire::Exited{9, 43, 3, 11, 2},
      wire::Heartbeat{1, 2, 3, 4, 5, 6, 7},
      wire::Execute{"1 + 1",
                    "cell.py",
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    "a=b",
                    2,
                    1,
                    {{"x", 4, "data", "<d", {2, 3}, true}},
                    3,
                    true,
                    true},
      wire::Output{2, "gr\xc3\xbc\xc3\x9f dich\n", 1234, 567, 3, 4321},
      wire::InputRequest{8, "name? ", true, 300000},
      wire::InputResponse{8, "Ada", true},
      wire::Result{"2", 10, "int", "2", 12345, wire::Bill{1, 2, 3, 4, 5, 6, 7}, 8, 4, 9,
                   std::make_shared<const wire::Answer>(wire::Answer{.kind = 4, .format = "<d", .attached = true}), 10},
      wire::Error{"ValueError", "bad", "Traceback …", 3, true, 12345, wire::Bill{1, 2, 3, 4, 5, 6, 7}, 8, 5, 9, 10},
      wire::Cancel{},
      wire::Interrupt{},
      wire::Shutdown{},
      wire::Log{3, "event=test"},
      wire::Credit{65536},
      wire::Display{"plot", true, true, {{"text/plain", "a plot"}, {"image/png", "\x89PNG"}}, "{}"},
      wire::Progress{"bar", 0.5, 2.0, "halfway"},
      wire::Ask{1, 2, "x", 3, 4, 5, 6, {{"y", 4, "data", "<d", {2, 3}, true}}, true},
      wire::Call{1,
                 "db.query",
                 R"({"a":1})",
                 "f:2",
                 3,
                 4,
                 true,
                 {"data"},
                 {wire::Answer{.kind = 4, .format = "<d", .attached = true}}},
      wire::CallAnswer{1, wire::CallOutcome::kFailed, true, wire::Item{"", 4, "data", "<d", {2, 3}, true}, "KeyError", "why",
                       "rule", 5, 6},
      wire::CallGiveUp{1},
      wire::CallCredit{1, 2},
      wire::CallPiece{1, true, wire::Answer{.kind = 4, .format = "<d", .attached = true}},
      wire::TraceEvents{{1, 2, 3, 4, 5, 6, 7, 8, 9}, 10},
      wire::Answer{
          1, 2, "why", 3, "data", "int", "<d", {2, 3}, {24, 8}, 4, 5, {"a", "b"}, {"int", "str"}, {6, 7}, {8, 9}, true},
  };
  std::vector<wire::Envelope> envelopes;
  for (const wire::Body &body : bodies) {
    envelopes.push_back({0, 77, 123456789, body});
  }
  return envelopes;
}

// Encoding is deterministic, so that equal values make equal bytes: a comparison of all fields without naming them.
std::string bytes_of(const wire::Envelope &envelope) {
  wire::Encoder encoder;
  const auto frame = encoder.encode(envelope);
  return {reinterpret_cast<const char *>(frame.data()), frame.size()};
}

std::string path_of(const wire::Body &body) { return kFolder + "/" + wire::body_name(body) + ".bin"; }

// 8-aligned, as decode() wants it.
std::vector<std::uint64_t> read_frame(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::uint64_t> words((bytes.size() + 7) / 8);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}

std::span<const std::uint8_t> frame_in(const std::vector<std::uint64_t> &words) {
  return {reinterpret_cast<const std::uint8_t *>(words.data()), words.size() * sizeof(std::uint64_t)};
}

}  // namespace

CAPSULE_TEST(every_message_has_a_golden_frame_that_decodes_to_its_values) {
  const auto all = examples();
  CHECK_EQ(all.size() + 1, std::variant_size_v<wire::Body>);  // all but Unknown
  for (const wire::Envelope &envelope : all) {
    const std::string path = path_of(envelope.body);
    if (std::getenv("CAPSULE_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(path)) {
      std::ofstream(path, std::ios::binary) << bytes_of(envelope);
    }
    const auto words = read_frame(path);
    const auto decoded = wire::decode(frame_in(words));
    if (!decoded.ok()) {
      FAIL(path + ": " + decoded.status().message());
    }
    CHECK_EQ(decoded.value().body.index(), envelope.body.index());
    CHECK_EQ(decoded.value().execution_id, 77);
    CHECK_EQ(decoded.value().time_ns, 123456789);
    CHECK(bytes_of(decoded.value()) == bytes_of(envelope));
  }
}

CAPSULE_TEST(a_golden_frame_with_any_bit_flipped_decodes_or_is_refused_but_harms_nothing) {
  std::size_t refused = 0;
  for (const wire::Envelope &envelope : examples()) {
    const auto words = read_frame(path_of(envelope.body));
    for (std::size_t bit = 0; bit < words.size() * 64; ++bit) {
      auto flipped = words;
      flipped[bit / 64] ^= std::uint64_t{1} << (bit % 64);
      refused += wire::decode(frame_in(flipped)).ok() ? 0 : 1;
    }
  }
  CHECK(refused > 0);
}

CAPSULE_TEST(a_message_of_a_newer_peer_is_unknown_and_not_an_error) {
  // The union's tag, as a newer schema would have it: found by what changes between two messages without fields.
  const std::string cancel = bytes_of({0, 1, 1, wire::Cancel{}});
  const std::string interrupt = bytes_of({0, 1, 1, wire::Interrupt{}});
  std::size_t tag = 0;
  while (tag < cancel.size() && !(cancel[tag] == 15 && interrupt[tag] == 16)) {
    ++tag;
  }
  CHECK(tag < cancel.size());
  std::vector<std::uint64_t> words(cancel.size() / 8);
  std::memcpy(words.data(), cancel.data(), cancel.size());
  reinterpret_cast<char *>(words.data())[tag] = 99;
  const auto decoded = wire::decode(frame_in(words));
  CHECK(decoded.ok());
  CHECK_EQ(std::get<wire::Unknown>(decoded.value().body).kind, 99);
}

CAPSULE_TEST(a_peer_of_another_major_version_is_refused_with_both_versions) {
  CHECK(wire::check_peer(wire::kProtocolMajor, 99, {}).ok());
  const Status other = wire::check_peer(9, 4, {});
  CHECK_EQ(other.code(), CAPSULE_E_PROTOCOL);
  CHECK_CONTAINS(other.message(), "9.4");
  CHECK_CONTAINS(other.message(), "1.0");
  CHECK_CONTAINS(wire::check_peer(wire::kProtocolMajor, 0, "no room").message(), "no room");
}
