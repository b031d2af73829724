// The frames of abi/wire.fbs as plain values. Texts are views: into the frame when decoded, into the caller's memory when encoded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace capsule::wire {

inline constexpr std::uint16_t kProtocolMajor = 1;
inline constexpr std::uint16_t kProtocolMinor = 0;
// Features this side offers; both use what both have. None is optional yet.
inline constexpr std::uint64_t kFeatures = 0;

// Room in a frame for everything but its one large field; what the limits of the public API leave free.
inline constexpr std::uint32_t kFrameOverhead = 4096;
inline constexpr std::uint32_t kDefaultMaxFrame = 16U << 20U;
inline constexpr std::uint32_t kMinMaxFrame = 64U << 10U;
inline constexpr std::uint32_t kMaxMaxFrame = 1U << 30U;

// A text that may be absent: data() is null then, as in the default value.
using Text = std::string_view;

struct Hello {
  std::uint16_t protocol_major = kProtocolMajor;
  std::uint16_t protocol_minor = kProtocolMinor;
  std::uint64_t features = kFeatures;
  std::uint32_t max_frame_bytes = kDefaultMaxFrame;
  std::uint64_t session_id = 0;
  std::uint32_t heartbeat_interval_ms = 0;
  std::uint64_t output_window_bytes = 0;
  std::uint8_t output_policy = 0;
  bool idle_tasks = false;
  bool coalesce_carriage_returns = false;
  std::uint64_t drain_timeout_ms = 0;  // 0, here and below: none
  std::uint64_t input_timeout_ms = 0;
  std::uint64_t display_limit_bytes = 0;
  std::uint64_t progress_interval_ns = 0;
  std::uint32_t async_flags = 0;  // CAPSULE_ASYNC_…
  std::uint32_t ast_cache_entries = 0;
  std::uint32_t code_cache_entries = 0;
  bool calls = false;            // there is a bridge
  std::uint8_t trace_level = 0;  // the least severe CAPSULE_LOG_… that is recorded
  bool trace_messages = false;   // by TraceEvents, not by shared memory
  std::uint64_t trace_half = 0;  // of the trace ids that are made, see base/traceparent.hpp
};

struct HelloAck {
  std::uint16_t protocol_major = kProtocolMajor;
  std::uint16_t protocol_minor = kProtocolMinor;
  std::uint64_t features = kFeatures;
  Text reason{};
};

struct Preload {
  std::vector<Text> modules{};
  std::vector<Text> native_thread_allow{};
};

struct Ready {
  std::int32_t pid = 0;
  Text python_version{};
  Text python_path{};
  std::vector<Text> capabilities{};
  std::vector<Text> native_thread_modules{};
  Text failure{};
};

struct Fork {
  std::uint64_t session_id = 0;
  bool spawn = false;
  bool keep = false;
};

struct Forked {
  std::uint64_t session_id = 0;
  std::int32_t pid = 0;
  Text failure{};
};

struct Exited {
  std::uint64_t session_id = 0;
  std::int32_t pid = 0;
  std::int32_t exit_code = 0;
  std::int32_t signal_number = 0;
  std::uint32_t orphans_killed = 0;
};

struct Heartbeat {
  std::uint64_t resident_bytes = 0;
  std::uint64_t private_bytes = 0;
  std::uint64_t cpu_ns = 0;
  std::uint32_t threads = 0;
  std::uint64_t namespace_size = 0;
  std::uint64_t execution_age_ns = 0;
  std::uint64_t send_failures = 0;
  std::uint64_t peak_resident_bytes = 0;
  std::uint64_t shared_bytes = 0;
  std::uint32_t open_descriptors = 0;
  std::uint64_t namespace_counted_ns = 0;
  std::uint64_t execution_id = 0;
};

struct Item {
  Text name{};
  std::uint8_t kind = 0;  // CAPSULE_VALUE_…
  Text data{};
  Text format{};
  std::vector<std::int64_t> shape{};
  bool attached = false;
};

struct Execute {
  Text source{};
  Text file_name{};
  Text traceparent{};
  Text tracestate{};
  std::uint8_t mode = 0;         // CAPSULE_MODE_…
  std::uint8_t names_scope = 0;  // CAPSULE_TRANSACTION_… of the names alone
  std::vector<Item> inputs{};
  std::int8_t result_kind = -1;  // CAPSULE_VALUE_…
  bool discard_sources = false;
  bool watch_effects = false;
};

struct Output {
  std::uint8_t stream = 0;
  Text data{};
  std::uint64_t queue_position = 0;
  std::uint64_t captured_position = 0;
  std::uint8_t origin = 0;  // CAPSULE_ORIGIN_…
  std::uint32_t writer_id = 0;
};

struct InputRequest {
  std::uint64_t input_id = 0;
  Text prompt{};
  bool secret = false;
  std::uint64_t timeout_ms = 0;
};

struct InputResponse {
  std::uint64_t input_id = 0;
  Text text{};
  bool declined = false;
  Text failure{};
};

struct Bill {
  std::uint64_t user_cpu_ns = 0;
  std::uint64_t system_cpu_ns = 0;
  std::uint64_t peak_resident_delta_bytes = 0;
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
};

struct Answer {
  std::uint64_t request_id = 0;
  std::int32_t status = 0;  // capsule_status
  Text message{};
  std::uint8_t kind = 0;
  Text data{};
  Text type_name{};
  Text format{};
  std::vector<std::int64_t> shape{};
  std::vector<std::int64_t> strides{};
  std::uint64_t size_bytes = 0;
  std::uint64_t total = 0;
  std::vector<Text> names{};
  std::vector<Text> types{};
  std::vector<std::uint64_t> sizes{};
  std::vector<std::uint8_t> kinds{};
  bool attached = false;
};

struct Result {
  Text repr{};
  std::uint64_t repr_size_bytes = 0;
  Text type_name{};
  Text json{};
  std::uint64_t duration_ns = 0;
  std::optional<Bill> bill{};
  std::uint64_t input_wait_ns = 0;
  std::uint8_t code_class = 0;  // CAPSULE_CODE_…
  std::uint64_t dropped_bytes = 0;
  std::shared_ptr<const Answer> value{};  // its request_id means nothing
  std::uint64_t call_wait_ns = 0;
};

struct Error {
  Text error_type{};
  Text message{};
  Text traceback{};
  std::int32_t exit_code = 0;
  bool interrupted = false;
  std::uint64_t duration_ns = 0;
  std::optional<Bill> bill{};
  std::uint64_t input_wait_ns = 0;
  std::uint8_t code_class = 0;  // CAPSULE_CODE_…
  std::uint64_t dropped_bytes = 0;
  std::uint64_t call_wait_ns = 0;
};

struct MimePart {
  Text mime_type{};
  Text data{};
};

struct Display {
  Text display_id{};
  bool update = false;
  bool is_result = false;
  std::vector<MimePart> parts{};
  Text metadata{};
};

struct Progress {
  Text progress_id{};
  double value = 0;
  double total = 0;
  Text label{};
};

// Ids of requests have this bit, those of executions do not: a cancel says by it what it is for.
inline constexpr std::uint64_t kRequestBit = std::uint64_t{1} << 62U;

// Ids of processes that a session or a snapshot forks, drawn at random by the host, have this bit; those that the zygote itself forks
// do not.
inline constexpr std::uint64_t kForkIdBit = std::uint64_t{1} << 63U;

// What an idle worker can be asked for; kRestore, to go back to a snapshot, is the host's alone.
enum class Operation : std::uint8_t {
  kSnapshot = 1,
  kSet = 2,
  kGet = 3,
  kDelete = 4,
  kList = 5,
  kCheckpoint = 6,
  kRestoreCheckpoint = 7,
  kRestore = 8
};

struct Ask {
  std::uint64_t request_id = 0;
  std::uint8_t operation = 0;  // of Operation
  Text name{};
  std::uint8_t kind = 0;
  std::uint32_t option = 0;
  std::uint64_t limit = 0;
  std::uint64_t fork_id = 0;
  std::vector<Item> items{};
  bool attached = false;
};

// What came of a call.
enum class CallOutcome : std::uint8_t {
  kValue = 0,
  kFailed = 1,  // by the host, with error_type and message
  kDenied = 2,  // reason
  kTimedOut = 3,
  kCanceled = 4,  // by the host
  kClosed = 5,    // the bridge is, or there is none
  kRefused = 6,   // unknown, or with arguments that do not fit, or too many: error_type and message
};

struct Call {
  std::uint64_t call_id = 0;
  Text capability{};  // empty: which there are
  Text arguments{};   // a JSON object
  Text site{};
  std::uint32_t occurrence = 0;
  std::uint64_t timeout_ms = 0;  // 0: what the capability's is
  bool waits_on_work = false;
  std::vector<Text> names{};
  std::vector<Answer> values{};  // their request_id means nothing
};

struct CallAnswer {
  std::uint64_t call_id = 0;
  CallOutcome outcome = CallOutcome::kValue;
  bool more = false;
  std::optional<Item> value{};  // nothing: None
  Text error_type{};
  Text message{};
  Text reason{};
  std::uint64_t request_id = 0;  // the host's number of the call
  std::uint64_t timeout_ms = 0;  // 0: it had none
};

struct CallGiveUp {
  std::uint64_t call_id = 0;
};

// Pieces of a call, or of an answer, that are sent ahead of what the other side takes.
inline constexpr std::uint32_t kPiecesAhead = 64;

struct CallCredit {
  std::uint64_t call_id = 0;
  std::uint32_t count = 0;
};

struct CallPiece {
  std::uint64_t call_id = 0;
  bool end = false;               // there are no more; it has no value
  std::optional<Answer> value{};  // its request_id means nothing
};

// Events of the flight recorder where it is not shared: nine words each, the writer and what its slot holds.
struct TraceEvents {
  std::vector<std::uint64_t> words{};
  std::uint64_t dropped = 0;  // since the last message
};

struct Cancel {};
struct Interrupt {};
struct Shutdown {};

struct Log {
  std::int32_t level = 0;
  Text line{};
};

struct Credit {
  std::uint64_t bytes = 0;
};

// A member of the union that this version does not know: counted and skipped.
struct Unknown {
  std::uint8_t kind = 0;
};

using Body = std::variant<Unknown, Hello, HelloAck, Preload, Ready, Fork, Forked, Exited, Heartbeat, Execute, Output,
                          InputRequest, InputResponse, Result, Error, Cancel, Interrupt, Shutdown, Log, Credit, Display,
                          Progress, Ask, Answer, Call, CallAnswer, CallGiveUp, CallCredit, CallPiece, TraceEvents>;

struct Envelope {
  std::uint64_t message_id = 0;
  std::uint64_t execution_id = 0;
  std::uint64_t time_ns = 0;
  Body body;
};

}  // namespace capsule::wire
