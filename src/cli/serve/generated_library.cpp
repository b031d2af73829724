// Made by ./dev generate from abi/api.json: the functions that `capsule serve` calls, and what goes in and out of them.
// clang-format off
#include "cli/serve/library.hpp"
#include "cli/serve/thunks.hpp"

#include <cstddef>

namespace capsule::cli::serve {
namespace {

constexpr Enumerator kEnumerators0[] = {{"CAPSULE_OK", 0}, {"CAPSULE_E_ARGUMENT", 1}, {"CAPSULE_E_HANDLE", 2}, {"CAPSULE_E_CLOSED", 3}, {"CAPSULE_E_TIMEOUT", 4}, {"CAPSULE_E_BUSY", 5}, {"CAPSULE_E_LIMIT", 6}, {"CAPSULE_E_END", 7}, {"CAPSULE_E_STATE", 8}, {"CAPSULE_E_PYTHON", 9}, {"CAPSULE_E_WORKER", 10}, {"CAPSULE_E_DIED", 11}, {"CAPSULE_E_PRELOAD", 12}, {"CAPSULE_E_PROTOCOL", 13}, {"CAPSULE_E_REENTRANT", 14}, {"CAPSULE_E_FORKED", 15}, {"CAPSULE_E_SYSTEM", 16}, {"CAPSULE_E_MEMORY", 17}, {"CAPSULE_E_INTERNAL", 18}, {"CAPSULE_E_NAME", 19}, {"CAPSULE_E_TYPE", 20}, {"CAPSULE_E_CHECKPOINT", 21}, {"CAPSULE_E_UNAVAILABLE", 22}, {"CAPSULE_E_DENIED", 23}, {"CAPSULE_E_EVICTED", 24}};
constexpr Enumerator kEnumerators1[] = {{"start", 0}, {"allowed", 1}, {"denied", 2}, {"failed", 3}};
constexpr Enumerator kEnumerators2[] = {{"verified", 1}, {"unanchored", 2}, {"broken", 3}};
constexpr Enumerator kEnumerators3[] = {{"python", 0}, {"echo", 1}};
constexpr Enumerator kEnumerators4[] = {{"fork", 0}, {"spawn", 1}};
constexpr Enumerator kEnumerators5[] = {{"block", 0}, {"drop_new", 1}, {"error", 2}, {"drop_oldest", 3}};
constexpr Enumerator kEnumerators6[] = {{"adopt", 0}, {"deliver", 1}, {"drop", 2}};
constexpr Enumerator kEnumerators7[] = {{"rewrite_def", 1}, {"rewrite_lambda", 2}, {"no_overshadow_guard", 4}, {"no_import_requirement", 8}, {"no_blocking_warnings", 16}, {"suppress_drain_timeout", 32}};
constexpr Enumerator kEnumerators8[] = {{"auto", 0}, {"sync", 1}, {"async", 2}};
constexpr Enumerator kEnumerators9[] = {{"manual", 0}, {"fresh", 1}, {"snapshot", 2}, {"checkpoint", 3}};
constexpr Enumerator kEnumerators10[] = {{"creating", 1}, {"warming", 2}, {"ready", 3}, {"busy", 4}, {"idle", 5}, {"error", 6}, {"shutting_down", 7}, {"terminated", 8}};
constexpr Enumerator kEnumerators11[] = {{"none", -1}, {"auto", 0}, {"json", 1}, {"text", 2}, {"bytes", 3}, {"buffer", 4}, {"repr", 5}};
constexpr Enumerator kEnumerators12[] = {{"overwrite", 0}, {"keep", 1}, {"conflict", 2}};
constexpr Enumerator kEnumerators13[] = {{"value", 1}, {"function", 2}, {"class", 3}, {"module", 4}};
constexpr Enumerator kEnumerators14[] = {{"started", 1}, {"output", 2}, {"input", 3}, {"result", 4}, {"error", 5}, {"display", 6}, {"progress", 7}};
constexpr Enumerator kEnumerators15[] = {{"stdout", 1}, {"stderr", 2}};
constexpr Enumerator kEnumerators16[] = {{"main", 1}, {"thread", 2}, {"task", 3}, {"descriptor", 4}, {"library", 5}};
constexpr Enumerator kEnumerators17[] = {{"unclassified", 0}, {"top_level_await", 1}, {"async_def", 2}, {"blocking_sync", 3}, {"simple_sync", 4}, {"unknown", 5}};
constexpr Enumerator kEnumerators18[] = {{"ok", 1}, {"error", 2}, {"canceled", 3}, {"timeout", 4}, {"killed", 5}, {"died", 6}};
constexpr Enumerator kEnumerators19[] = {{"none", 0}, {"queued", 1}, {"delivered", 2}, {"interrupted", 3}, {"killed", 4}};
constexpr Enumerator kEnumerators20[] = {{"none", 0}, {"exit", 1}, {"signal", 2}, {"memory_limit", 3}, {"cpu_limit", 4}, {"protocol", 5}, {"host_request", 6}, {"start", 7}, {"unknown", 8}};
constexpr Enumerator kEnumerators21[] = {{"preserved", 1}, {"lost", 2}, {"rolled_back", 3}, {"restored", 4}};
constexpr Enumerator kEnumerators22[] = {{"files", 1}, {"network", 2}, {"processes", 4}, {"signals", 8}, {"native", 16}};
constexpr Enumerator kEnumerators23[] = {{"commit", 0}, {"rollback_on_failure", 1}, {"rollback_always", 2}};
constexpr Enumerator kEnumerators24[] = {{"memory", 0}, {"names", 1}};
constexpr Enumerator kEnumerators25[] = {{"idempotent", 1}, {"needs_approval", 2}, {"stream", 4}, {"upload", 8}};
constexpr Enumerator kEnumerators26[] = {{"deny", 0}, {"ask", 1}, {"allow", 2}};
constexpr Enumerator kEnumerators27[] = {{"text", 1}, {"host", 2}, {"path", 3}, {"size", 4}, {"number", 5}};
constexpr Enumerator kEnumerators28[] = {{"call", 1}, {"approval", 2}, {"canceled", 3}, {"chunks", 4}};
constexpr Enumerator kEnumerators29[] = {{"queued", 1}, {"asked", 2}, {"taken", 3}, {"joined", 4}, {"recalled", 5}, {"recorded", 6}};
constexpr Enumerator kEnumerators30[] = {{"merge", 1}, {"keep", 2}};
constexpr Enumerator kEnumerators31[] = {{"ok", 1}, {"from_source", 2}, {"skipped", 3}, {"failed", 4}};
constexpr Enumerator kEnumerators32[] = {{"pending", 1}, {"resolved", 2}, {"rejected", 3}, {"canceled", 4}, {"timed_out", 5}};
constexpr Enumerator kEnumerators33[] = {{"pristine", 0}, {"keep", 1}, {"clear_names", 2}, {"new_process", 3}};
constexpr Enumerator kEnumerators34[] = {{"session_created", 101}, {"session_spawned", 102}, {"session_ready", 103}, {"session_restarted", 104}, {"session_died", 105}, {"session_closed", 106}, {"session_state_changed", 107}, {"session_heartbeat_missed", 108}, {"execution_submitted", 201}, {"execution_sent", 202}, {"execution_finished", 203}, {"execution_queued", 204}, {"execution_received", 205}, {"execution_compiled", 206}, {"execution_started", 207}, {"execution_transformed", 208}, {"execution_value_captured", 209}, {"execution_result_sent", 210}, {"execution_result_received", 211}, {"execution_delivered", 212}, {"input_requested", 301}, {"input_answered", 302}, {"input_timed_out", 303}, {"input_eof", 304}, {"cancel_requested", 401}, {"cancel_noop", 402}, {"cancel_killed", 403}, {"cancel_delivered", 404}, {"cancel_interrupted", 405}, {"cancel_effective", 406}, {"cancel_grace_expired", 407}, {"checkpoint_begin", 501}, {"checkpoint_end", 502}, {"checkpoint_skipped", 503}, {"restore_begin", 504}, {"restore_end", 505}, {"snapshot_forked", 506}, {"rolled_back", 507}, {"branched", 508}, {"capability_called", 701}, {"capability_denied", 702}, {"promise_resolved", 703}, {"promise_rejected", 704}, {"promise_timeout", 705}, {"promise_canceled", 706}, {"shutdown_rejected", 707}, {"promise_created", 708}, {"promise_sent", 709}, {"promise_late", 710}, {"promise_duplicate", 711}, {"bridge_cancel_all", 712}, {"bridge_closing", 713}, {"bridge_closed", 714}, {"output_first", 801}, {"output_pump_flush", 802}, {"output_backpressure", 803}, {"output_dropped", 804}, {"output_drain_begin", 805}, {"output_drain_end", 806}, {"output_drain_timeout", 807}, {"truncated", 901}, {"pool_acquire_begin", 601}, {"pool_hit", 602}, {"pool_miss", 603}, {"pool_acquired", 604}, {"pool_released", 605}, {"pool_recycled", 606}, {"pool_warmup_triggered", 607}, {"pool_health_triggered", 608}, {"pool_removed", 609}, {"provider_request", 1001}, {"provider_response", 1002}, {"provider_stream_open", 1003}, {"provider_stream_data", 1004}, {"provider_stream_close", 1005}, {"provider_progress", 1006}, {"transport_frame_in", 1101}, {"transport_frame_out", 1102}, {"transport_stall", 1103}, {"transport_rejected", 1104}, {"transport_limiter_wait", 1105}, {"policy_allowed", 1201}, {"policy_denied", 1202}, {"policy_redacted", 1203}};
constexpr Enumerator kEnumerators35[] = {{"value", 0}, {"failure", 1}, {"approved", 2}, {"refused", 3}, {"answers", 4}, {"uploads", 5}};
constexpr Enumerator kEnumerators36[] = {{"promises", 1}, {"namespace", 2}, {"pool", 3}, {"execution", 4}, {"isolation", 5}, {"stack", 6}, {"trace", 7}, {"postmortem", 8}};
constexpr Enumerator kEnumerators37[] = {{"runtime", 1}, {"session", 2}, {"request", 3}, {"audit", 4}};
constexpr Enumerator kEnumerators38[] = {{"instant", 0}, {"phase_begin", 1}, {"phase_end", 2}};
constexpr Enumerator kEnumerators39[] = {{"host", 1}, {"transport", 2}, {"worker", 3}, {"executor", 4}, {"output", 5}, {"bridge", 6}, {"provider", 7}, {"pool", 8}, {"checkpoint", 9}};
constexpr Enumerator kEnumerators40[] = {{"host", 0}, {"main", 1}, {"link", 2}, {"output", 3}, {"code", 4}};
constexpr Enumerator kEnumerators41[] = {{"memory", 0}, {"messages", 1}};
constexpr Enumerator kEnumerators42[] = {{"callback", 1}, {"ndjson", 2}, {"chrome", 3}};
constexpr Enumerator kEnumerators43[] = {{"to_worker", 1}, {"from_worker", 2}};
constexpr Enumerator kEnumerators44[] = {{"work", 1}, {"control", 2}};
constexpr Enumerator kEnumerators45[] = {{"off", 0}, {"counts", 1}, {"redacted", 2}, {"full", 3}};
constexpr Enumerator kEnumerators46[] = {{"hash", 0}, {"length", 1}, {"drop", 2}};
constexpr Enumerator kEnumerators47[] = {{"name", 1}, {"hash", 2}, {"length", 3}, {"dropped", 4}};
constexpr Enumerator kEnumerators48[] = {{"closed", 0}, {"open", 1}, {"half_open", 2}};
constexpr Enumerator kEnumerators49[] = {{"used", 1}, {"recycled", 2}, {"lost", 3}, {"health", 4}, {"idle", 5}, {"close", 6}};
constexpr Enumerator kEnumerators50[] = {{"warming", 1}, {"idle", 2}, {"active", 3}, {"resetting", 4}};
constexpr Enumerator kEnumerators51[] = {{"memory", 1}, {"death", 2}};
constexpr Enumerator kEnumerators52[] = {{"unknown", 0}, {"running", 1}, {"sleeping", 2}, {"blocked", 3}, {"stopped", 4}, {"dead", 5}};
constexpr Enumerator kEnumerators53[] = {{"none", 0}, {"whole", 1}, {"partial", 2}, {"running", 3}, {"refused", 4}, {"late", 5}};
constexpr Enumerator kEnumerators54[] = {{"call", 1}, {"promise", 2}, {"execution", 3}, {"durable_call", 4}, {"input", 5}};
constexpr Enumerator kEnumerators55[] = {{"none", 0}, {"session", 1}, {"durable", 2}};
constexpr Enumerator kEnumerators56[] = {{"worker", 1}, {"host", 2}};
constexpr Enumerator kEnumerators57[] = {{"none", 0}, {"queued", 1}, {"running", 2}, {"stopping", 3}, {"rolling_back", 4}, {"operation", 5}};
constexpr Enumerator kEnumerators58[] = {{"nothing", 0}, {"worker", 1}, {"turn", 2}, {"input", 3}, {"call", 4}, {"output", 5}};
constexpr Enumerator kEnumerators59[] = {{"active", 1}, {"unavailable", 2}, {"waived", 3}};
constexpr Enumerator kEnumerators60[] = {{"debug", 1}, {"info", 2}, {"warn", 3}, {"error", 4}, {"off", 5}};
constexpr Enumerator kEnumerators61[] = {{"none", 0}, {"callback", 1}, {"stderr", 2}, {"file", 3}};
constexpr Enumerator kEnumerators62[] = {{"key_value", 0}, {"json", 1}};
constexpr Enumerator kEnumerators63[] = {{"oversize", 0}, {"length", 1}, {"malformed", 2}, {"descriptors", 3}, {"unexpected", 4}, {"version", 5}};
constexpr Enumerator kEnumerators64[] = {{"running", 0}, {"all", 1}};

constexpr Enumeration kEnumerations[] = {
    {false, kEnumerators0},  // STATUS
    {false, kEnumerators1},  // AUDIT
    {false, kEnumerators2},  // VERDICT
    {false, kEnumerators3},  // EXECUTOR
    {false, kEnumerators4},  // START
    {false, kEnumerators5},  // OUTPUT
    {false, kEnumerators6},  // LATE
    {true, kEnumerators7},  // ASYNC
    {false, kEnumerators8},  // MODE
    {false, kEnumerators9},  // RESTART
    {false, kEnumerators10},  // SESSION
    {false, kEnumerators11},  // VALUE
    {false, kEnumerators12},  // SET
    {false, kEnumerators13},  // NAME
    {false, kEnumerators14},  // EVENT
    {false, kEnumerators15},  // STREAM
    {false, kEnumerators16},  // ORIGIN
    {false, kEnumerators17},  // CODE
    {false, kEnumerators18},  // OUTCOME
    {false, kEnumerators19},  // CANCEL
    {false, kEnumerators20},  // DEATH
    {false, kEnumerators21},  // STATE
    {true, kEnumerators22},  // EFFECT
    {false, kEnumerators23},  // TRANSACTION
    {false, kEnumerators24},  // SCOPE
    {true, kEnumerators25},  // CAPABILITY
    {false, kEnumerators26},  // POLICY
    {false, kEnumerators27},  // CONSTRAINT
    {false, kEnumerators28},  // REQUEST
    {false, kEnumerators29},  // CALL
    {true, kEnumerators30},  // RESTORE
    {false, kEnumerators31},  // ENTRY
    {false, kEnumerators32},  // PROMISE
    {false, kEnumerators33},  // RESET
    {false, kEnumerators34},  // TRACE
    {false, kEnumerators35},  // PROVIDER
    {false, kEnumerators36},  // LOOK
    {false, kEnumerators37},  // DECIDED
    {false, kEnumerators38},  // TRACE_PHASE
    {false, kEnumerators39},  // TRACE_SOURCE
    {false, kEnumerators40},  // TRACE_WRITER
    {false, kEnumerators41},  // TRACE_BY
    {false, kEnumerators42},  // EXPORTER
    {false, kEnumerators43},  // FRAME
    {false, kEnumerators44},  // CHANNEL
    {false, kEnumerators45},  // INSPECT
    {false, kEnumerators46},  // REDACT
    {false, kEnumerators47},  // LABEL
    {false, kEnumerators48},  // BREAKER
    {false, kEnumerators49},  // REMOVAL
    {false, kEnumerators50},  // POOLED
    {false, kEnumerators51},  // STACK
    {false, kEnumerators52},  // TASK
    {false, kEnumerators53},  // UNWIND
    {false, kEnumerators54},  // PENDING
    {false, kEnumerators55},  // OWNER
    {false, kEnumerators56},  // ANSWERED_BY
    {false, kEnumerators57},  // PHASE
    {false, kEnumerators58},  // WAITS
    {false, kEnumerators59},  // LAYER
    {false, kEnumerators60},  // LOG
    {false, kEnumerators61},  // LOG_SINK
    {false, kEnumerators62},  // LOG_FORMAT
    {false, kEnumerators63},  // REJECT
    {false, kEnumerators64},  // PROFILE
};

extern const Struct kStructs[94];

constexpr Member kMembers0[] = {
    {.name = "data", .kind = Kind::kBytes, .offset = offsetof(capsule_text, data), .length_offset = offsetof(capsule_text, size), .length_kind = Kind::kU64},
};

constexpr Member kMembers1[] = {
    {.name = "status", .kind = Kind::kI32, .offset = offsetof(capsule_error, status), .enumeration = &kEnumerations[0]},
    {.name = "message", .kind = Kind::kString, .offset = offsetof(capsule_error, message), .count = 500},
};

constexpr Member kMembers2[] = {
    {.name = "max_frame_bytes", .kind = Kind::kU32, .offset = offsetof(capsule_runtime_options, max_frame_bytes)},
    {.name = "worker_dir", .kind = Kind::kText, .offset = offsetof(capsule_runtime_options, worker_dir)},
    {.name = "rules", .kind = Kind::kArray, .offset = offsetof(capsule_runtime_options, rules), .entry = Kind::kStruct, .length_offset = offsetof(capsule_runtime_options, rule_count), .length_kind = Kind::kU64, .structure = &kStructs[22]},
};

constexpr Member kMembers3[] = {
    {.name = "pending_current", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, pending_current)},
    {.name = "pending_hwm", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, pending_hwm)},
    {.name = "created", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, created)},
    {.name = "resolved", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, resolved)},
    {.name = "rejected", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, rejected)},
    {.name = "denied", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, denied)},
    {.name = "timed_out", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, timed_out)},
    {.name = "canceled", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, canceled)},
    {.name = "rejected_at_shutdown", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, rejected_at_shutdown)},
    {.name = "late_settlements", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, late_settlements)},
    {.name = "duplicate_settlements", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_figures, duplicate_settlements)},
};

constexpr Member kMembers4[] = {
    {.name = "zygote_pid", .kind = Kind::kI32, .offset = offsetof(capsule_runtime_info, zygote_pid)},
    {.name = "sessions_open", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_info, sessions_open)},
    {.name = "sessions_opened", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_info, sessions_opened)},
    {.name = "workers_started", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_info, workers_started)},
    {.name = "workers_died", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_info, workers_died)},
    {.name = "zygotes_started", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_info, zygotes_started)},
    {.name = "zygotes_restarted", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_info, zygotes_restarted)},
    {.name = "native_thread_warnings", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_info, native_thread_warnings)},
    {.name = "stderr_dropped_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_info, stderr_dropped_bytes)},
    {.name = "bridge", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_info, bridge), .structure = &kStructs[3]},
};

constexpr Member kMembers5[] = {
    {.name = "ring_records", .kind = Kind::kU32, .offset = offsetof(capsule_audit_options, ring_records)},
    {.name = "key", .kind = Kind::kText, .offset = offsetof(capsule_audit_options, key)},
    {.name = "path", .kind = Kind::kText, .offset = offsetof(capsule_audit_options, path)},
    {.name = "required", .kind = Kind::kI32, .offset = offsetof(capsule_audit_options, required)},
};

constexpr Member kMembers6[] = {
    {.name = "sequence", .kind = Kind::kU64, .offset = offsetof(capsule_audit_record, sequence)},
    {.name = "number", .kind = Kind::kU64, .offset = offsetof(capsule_audit_record, number)},
    {.name = "time_ns", .kind = Kind::kU64, .offset = offsetof(capsule_audit_record, time_ns)},
    {.name = "redactions", .kind = Kind::kU64, .offset = offsetof(capsule_audit_record, redactions)},
    {.name = "answer_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_audit_record, answer_bytes)},
    {.name = "decision", .kind = Kind::kI32, .offset = offsetof(capsule_audit_record, decision), .enumeration = &kEnumerations[1]},
    {.name = "level", .kind = Kind::kI32, .offset = offsetof(capsule_audit_record, level), .enumeration = &kEnumerations[45]},
    {.name = "caller", .kind = Kind::kText, .offset = offsetof(capsule_audit_record, caller)},
    {.name = "call", .kind = Kind::kText, .offset = offsetof(capsule_audit_record, call)},
    {.name = "target", .kind = Kind::kText, .offset = offsetof(capsule_audit_record, target)},
    {.name = "policy", .kind = Kind::kText, .offset = offsetof(capsule_audit_record, policy)},
    {.name = "line", .kind = Kind::kText, .offset = offsetof(capsule_audit_record, line)},
};

constexpr Member kMembers7[] = {
    {.name = "stored", .kind = Kind::kU32, .offset = offsetof(capsule_audit_info, stored)},
    {.name = "allowed", .kind = Kind::kU64, .offset = offsetof(capsule_audit_info, allowed)},
    {.name = "denied", .kind = Kind::kU64, .offset = offsetof(capsule_audit_info, denied)},
    {.name = "failed", .kind = Kind::kU64, .offset = offsetof(capsule_audit_info, failed)},
    {.name = "evicted", .kind = Kind::kU64, .offset = offsetof(capsule_audit_info, evicted)},
    {.name = "lost", .kind = Kind::kU64, .offset = offsetof(capsule_audit_info, lost)},
    {.name = "number", .kind = Kind::kU64, .offset = offsetof(capsule_audit_info, number)},
    {.name = "head", .kind = Kind::kString, .offset = offsetof(capsule_audit_info, head), .count = 72},
};

constexpr Member kMembers8[] = {
    {.name = "records", .kind = Kind::kArray, .offset = offsetof(capsule_audit_list, records), .entry = Kind::kStruct, .length_offset = offsetof(capsule_audit_list, count), .length_kind = Kind::kU64, .stride_offset = offsetof(capsule_audit_list, record_size), .structure = &kStructs[6]},
};

constexpr Member kMembers9[] = {
    {.name = "path", .kind = Kind::kText, .offset = offsetof(capsule_audit_check, path)},
    {.name = "data", .kind = Kind::kText, .offset = offsetof(capsule_audit_check, data)},
    {.name = "key", .kind = Kind::kText, .offset = offsetof(capsule_audit_check, key)},
    {.name = "head", .kind = Kind::kText, .offset = offsetof(capsule_audit_check, head)},
    {.name = "head_before", .kind = Kind::kText, .offset = offsetof(capsule_audit_check, head_before)},
};

constexpr Member kMembers10[] = {
    {.name = "verdict", .kind = Kind::kI32, .offset = offsetof(capsule_audit_report, verdict), .enumeration = &kEnumerations[2]},
    {.name = "records", .kind = Kind::kU64, .offset = offsetof(capsule_audit_report, records)},
    {.name = "chains", .kind = Kind::kU64, .offset = offsetof(capsule_audit_report, chains)},
    {.name = "lost", .kind = Kind::kU64, .offset = offsetof(capsule_audit_report, lost)},
    {.name = "line", .kind = Kind::kU64, .offset = offsetof(capsule_audit_report, line)},
    {.name = "number", .kind = Kind::kU64, .offset = offsetof(capsule_audit_report, number)},
    {.name = "head", .kind = Kind::kString, .offset = offsetof(capsule_audit_report, head), .count = 72},
    {.name = "head_before", .kind = Kind::kString, .offset = offsetof(capsule_audit_report, head_before), .count = 72},
    {.name = "reason", .kind = Kind::kString, .offset = offsetof(capsule_audit_report, reason), .count = 256},
};

constexpr Member kMembers11[] = {
    {.name = "executor", .kind = Kind::kI32, .offset = offsetof(capsule_session_options, executor), .enumeration = &kEnumerations[3]},
    {.name = "start", .kind = Kind::kI32, .offset = offsetof(capsule_session_options, start), .enumeration = &kEnumerations[4]},
    {.name = "queue_limit", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, queue_limit)},
    {.name = "python", .kind = Kind::kText, .offset = offsetof(capsule_session_options, python)},
    {.name = "preload", .kind = Kind::kArray, .offset = offsetof(capsule_session_options, preload), .entry = Kind::kText, .length_offset = offsetof(capsule_session_options, preload_count), .length_kind = Kind::kU64},
    {.name = "native_thread_allow", .kind = Kind::kArray, .offset = offsetof(capsule_session_options, native_thread_allow), .entry = Kind::kText, .length_offset = offsetof(capsule_session_options, native_thread_allow_count), .length_kind = Kind::kU64},
    {.name = "environment", .kind = Kind::kArray, .offset = offsetof(capsule_session_options, environment), .entry = Kind::kText, .length_offset = offsetof(capsule_session_options, environment_count), .length_kind = Kind::kU64},
    {.name = "working_directory", .kind = Kind::kText, .offset = offsetof(capsule_session_options, working_directory)},
    {.name = "start_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_session_options, start_timeout_ms)},
    {.name = "cancel_grace_ms", .kind = Kind::kI64, .offset = offsetof(capsule_session_options, cancel_grace_ms)},
    {.name = "heartbeat_interval_ms", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, heartbeat_interval_ms)},
    {.name = "wait_ready", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, wait_ready)},
    {.name = "output_window_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_options, output_window_bytes)},
    {.name = "output_queue_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_options, output_queue_bytes)},
    {.name = "rate_limit_per_s", .kind = Kind::kDouble, .offset = offsetof(capsule_session_options, rate_limit_per_s)},
    {.name = "rate_limit_burst", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, rate_limit_burst)},
    {.name = "enable_metrics", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, enable_metrics)},
    {.name = "output_policy", .kind = Kind::kI32, .offset = offsetof(capsule_session_options, output_policy), .enumeration = &kEnumerations[5]},
    {.name = "mode", .kind = Kind::kI32, .offset = offsetof(capsule_session_options, mode), .enumeration = &kEnumerations[8]},
    {.name = "idle_tasks", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, idle_tasks)},
    {.name = "late_output", .kind = Kind::kI32, .offset = offsetof(capsule_session_options, late_output), .enumeration = &kEnumerations[6]},
    {.name = "output_budget_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_options, output_budget_bytes)},
    {.name = "coalesce_carriage_returns", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, coalesce_carriage_returns)},
    {.name = "async_flags", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, async_flags), .enumeration = &kEnumerations[7]},
    {.name = "drain_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_session_options, drain_timeout_ms)},
    {.name = "input_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_session_options, input_timeout_ms)},
    {.name = "display_limit_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_options, display_limit_bytes)},
    {.name = "progress_rate_per_s", .kind = Kind::kDouble, .offset = offsetof(capsule_session_options, progress_rate_per_s)},
    {.name = "ast_cache_entries", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, ast_cache_entries)},
    {.name = "code_cache_entries", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, code_cache_entries)},
    {.name = "snapshot_limit", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, snapshot_limit)},
    {.name = "restart_policy", .kind = Kind::kI32, .offset = offsetof(capsule_session_options, restart_policy), .enumeration = &kEnumerations[9]},
    {.name = "checkpoint_limit", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, checkpoint_limit)},
    {.name = "trace_bytes", .kind = Kind::kU32, .offset = offsetof(capsule_session_options, trace_bytes)},
    {.name = "snapshot_memory_limit_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_options, snapshot_memory_limit_bytes)},
    {.name = "bridge", .kind = Kind::kHandle, .offset = offsetof(capsule_session_options, bridge), .handle = "bridge"},
    {.name = "rules", .kind = Kind::kArray, .offset = offsetof(capsule_session_options, rules), .entry = Kind::kStruct, .length_offset = offsetof(capsule_session_options, rule_count), .length_kind = Kind::kU64, .structure = &kStructs[22]},
    {.name = "trace_level", .kind = Kind::kI32, .offset = offsetof(capsule_session_options, trace_level), .enumeration = &kEnumerations[60]},
    {.name = "trace_transport", .kind = Kind::kI32, .offset = offsetof(capsule_session_options, trace_transport), .enumeration = &kEnumerations[41]},
};

constexpr Member kMembers12[] = {
    {.name = "state", .kind = Kind::kI32, .offset = offsetof(capsule_session_info, state), .enumeration = &kEnumerations[10]},
    {.name = "session_id", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, session_id)},
    {.name = "pid", .kind = Kind::kI32, .offset = offsetof(capsule_session_info, pid)},
    {.name = "executor", .kind = Kind::kI32, .offset = offsetof(capsule_session_info, executor), .enumeration = &kEnumerations[3]},
    {.name = "created_ns", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, created_ns)},
    {.name = "last_used_ns", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, last_used_ns)},
    {.name = "ready_ns", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, ready_ns)},
    {.name = "current_execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, current_execution_id)},
    {.name = "executions_queued", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, executions_queued)},
    {.name = "executions_started", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, executions_started)},
    {.name = "executions_succeeded", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, executions_succeeded)},
    {.name = "executions_failed", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, executions_failed)},
    {.name = "executions_canceled", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, executions_canceled)},
    {.name = "executions_timed_out", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, executions_timed_out)},
    {.name = "executions_killed", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, executions_killed)},
    {.name = "executions_died", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, executions_died)},
    {.name = "executions_refused", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, executions_refused)},
    {.name = "cancels_noop", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, cancels_noop)},
    {.name = "restarts", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, restarts)},
    {.name = "frames_sent", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, frames_sent)},
    {.name = "frames_received", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, frames_received)},
    {.name = "frames_unknown", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, frames_unknown)},
    {.name = "frames_rejected", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, frames_rejected)},
    {.name = "bytes_sent", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, bytes_sent)},
    {.name = "bytes_received", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, bytes_received)},
    {.name = "output_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, output_bytes)},
    {.name = "late_output_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, late_output_bytes)},
    {.name = "abandoned_output_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, abandoned_output_bytes)},
    {.name = "recovered_output_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, recovered_output_bytes)},
    {.name = "input_requests", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, input_requests)},
    {.name = "heartbeats", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, heartbeats)},
    {.name = "heartbeat_ns", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, heartbeat_ns)},
    {.name = "resident_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, resident_bytes)},
    {.name = "private_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, private_bytes)},
    {.name = "cpu_ns", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, cpu_ns)},
    {.name = "cpu_ratio", .kind = Kind::kDouble, .offset = offsetof(capsule_session_info, cpu_ratio)},
    {.name = "namespace_size", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, namespace_size)},
    {.name = "execution_age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, execution_age_ns)},
    {.name = "threads", .kind = Kind::kU32, .offset = offsetof(capsule_session_info, threads)},
    {.name = "death_reason", .kind = Kind::kI32, .offset = offsetof(capsule_session_info, death_reason), .enumeration = &kEnumerations[20]},
    {.name = "python_version", .kind = Kind::kString, .offset = offsetof(capsule_session_info, python_version), .count = 64},
    {.name = "last_error_type", .kind = Kind::kString, .offset = offsetof(capsule_session_info, last_error_type), .count = 64},
    {.name = "late_output_delivered_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, late_output_delivered_bytes)},
    {.name = "left_out_output_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, left_out_output_bytes)},
    {.name = "invalid_output_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, invalid_output_bytes)},
    {.name = "displays", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, displays)},
    {.name = "displays_incomplete", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, displays_incomplete)},
    {.name = "parent_session_id", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, parent_session_id)},
    {.name = "snapshots", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, snapshots)},
    {.name = "snapshots_evicted", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, snapshots_evicted)},
    {.name = "restores", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, restores)},
    {.name = "rollbacks", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, rollbacks)},
    {.name = "checkpoints", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, checkpoints)},
    {.name = "checkpoint_entries_skipped", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, checkpoint_entries_skipped)},
    {.name = "checkpoints_failed", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, checkpoints_failed)},
    {.name = "checkpoint_restores", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, checkpoint_restores)},
    {.name = "checkpoint_restores_failed", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, checkpoint_restores_failed)},
    {.name = "checkpoints_evicted", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, checkpoints_evicted)},
    {.name = "bridge", .kind = Kind::kStruct, .offset = offsetof(capsule_session_info, bridge), .structure = &kStructs[3]},
    {.name = "interceptors", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, interceptors)},
    {.name = "interceptor_errors", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, interceptor_errors)},
    {.name = "trace_events", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, trace_events)},
    {.name = "trace_events_stored", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, trace_events_stored)},
    {.name = "trace_stored_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, trace_stored_bytes)},
    {.name = "durable_operations", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, durable_operations)},
    {.name = "durable_failures", .kind = Kind::kU64, .offset = offsetof(capsule_session_info, durable_failures)},
};

constexpr Member kMembers13[] = {
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_value, kind), .enumeration = &kEnumerations[11]},
    {.name = "data", .kind = Kind::kBytes, .offset = offsetof(capsule_value, data), .length_offset = offsetof(capsule_value, size_bytes), .length_kind = Kind::kU64},
    {.name = "type_name", .kind = Kind::kText, .offset = offsetof(capsule_value, type_name)},
    {.name = "format", .kind = Kind::kText, .offset = offsetof(capsule_value, format)},
    {.name = "shape", .kind = Kind::kArray, .offset = offsetof(capsule_value, shape), .entry = Kind::kI64, .length_offset = offsetof(capsule_value, dimensions), .length_kind = Kind::kI32},
    {.name = "item_size_bytes", .kind = Kind::kU32, .offset = offsetof(capsule_value, item_size_bytes)},
};

constexpr Member kMembers14[] = {
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_input, name)},
    {.name = "value", .kind = Kind::kPointer, .offset = offsetof(capsule_input, value), .structure = &kStructs[13]},
};

constexpr Member kMembers15[] = {
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_name, name)},
    {.name = "type_name", .kind = Kind::kText, .offset = offsetof(capsule_name, type_name)},
    {.name = "size_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_name, size_bytes)},
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_name, kind), .enumeration = &kEnumerations[13]},
};

constexpr Member kMembers16[] = {
    {.name = "names", .kind = Kind::kArray, .offset = offsetof(capsule_name_list, names), .entry = Kind::kStruct, .length_offset = offsetof(capsule_name_list, count), .length_kind = Kind::kU64, .structure = &kStructs[15]},
    {.name = "total", .kind = Kind::kU64, .offset = offsetof(capsule_name_list, total)},
};

constexpr Member kMembers17[] = {
    {.name = "mime_type", .kind = Kind::kText, .offset = offsetof(capsule_mime_part, mime_type)},
    {.name = "data", .kind = Kind::kText, .offset = offsetof(capsule_mime_part, data)},
};

constexpr Member kMembers18[] = {
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_event, kind), .enumeration = &kEnumerations[14]},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_event, execution_id)},
    {.name = "sequence", .kind = Kind::kU64, .offset = offsetof(capsule_event, sequence)},
    {.name = "time_ns", .kind = Kind::kU64, .offset = offsetof(capsule_event, time_ns)},
    {.name = "stream", .kind = Kind::kI32, .offset = offsetof(capsule_event, stream), .enumeration = &kEnumerations[15]},
    {.name = "secret", .kind = Kind::kI32, .offset = offsetof(capsule_event, secret)},
    {.name = "data", .kind = Kind::kText, .offset = offsetof(capsule_event, data)},
    {.name = "input_id", .kind = Kind::kU64, .offset = offsetof(capsule_event, input_id)},
    {.name = "prompt", .kind = Kind::kText, .offset = offsetof(capsule_event, prompt)},
    {.name = "repr", .kind = Kind::kText, .offset = offsetof(capsule_event, repr)},
    {.name = "type_name", .kind = Kind::kText, .offset = offsetof(capsule_event, type_name)},
    {.name = "json", .kind = Kind::kText, .offset = offsetof(capsule_event, json)},
    {.name = "repr_size_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_event, repr_size_bytes)},
    {.name = "error_type", .kind = Kind::kText, .offset = offsetof(capsule_event, error_type)},
    {.name = "message", .kind = Kind::kText, .offset = offsetof(capsule_event, message)},
    {.name = "traceback", .kind = Kind::kText, .offset = offsetof(capsule_event, traceback)},
    {.name = "outcome", .kind = Kind::kI32, .offset = offsetof(capsule_event, outcome), .enumeration = &kEnumerations[18]},
    {.name = "cancel_phase", .kind = Kind::kI32, .offset = offsetof(capsule_event, cancel_phase), .enumeration = &kEnumerations[19]},
    {.name = "death_reason", .kind = Kind::kI32, .offset = offsetof(capsule_event, death_reason), .enumeration = &kEnumerations[20]},
    {.name = "death_certain", .kind = Kind::kI32, .offset = offsetof(capsule_event, death_certain)},
    {.name = "exit_code", .kind = Kind::kI32, .offset = offsetof(capsule_event, exit_code)},
    {.name = "signal_number", .kind = Kind::kI32, .offset = offsetof(capsule_event, signal_number)},
    {.name = "state", .kind = Kind::kI32, .offset = offsetof(capsule_event, state), .enumeration = &kEnumerations[21]},
    {.name = "queue_ns", .kind = Kind::kU64, .offset = offsetof(capsule_event, queue_ns)},
    {.name = "duration_ns", .kind = Kind::kU64, .offset = offsetof(capsule_event, duration_ns)},
    {.name = "stdout_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_event, stdout_bytes)},
    {.name = "stderr_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_event, stderr_bytes)},
    {.name = "stdout_lines", .kind = Kind::kU64, .offset = offsetof(capsule_event, stdout_lines)},
    {.name = "stderr_lines", .kind = Kind::kU64, .offset = offsetof(capsule_event, stderr_lines)},
    {.name = "input_wait_ns", .kind = Kind::kU64, .offset = offsetof(capsule_event, input_wait_ns)},
    {.name = "promise_wait_ns", .kind = Kind::kU64, .offset = offsetof(capsule_event, promise_wait_ns)},
    {.name = "resources_measured", .kind = Kind::kI32, .offset = offsetof(capsule_event, resources_measured)},
    {.name = "user_cpu_ns", .kind = Kind::kU64, .offset = offsetof(capsule_event, user_cpu_ns)},
    {.name = "system_cpu_ns", .kind = Kind::kU64, .offset = offsetof(capsule_event, system_cpu_ns)},
    {.name = "peak_resident_delta_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_event, peak_resident_delta_bytes)},
    {.name = "minor_faults", .kind = Kind::kU64, .offset = offsetof(capsule_event, minor_faults)},
    {.name = "major_faults", .kind = Kind::kU64, .offset = offsetof(capsule_event, major_faults)},
    {.name = "voluntary_switches", .kind = Kind::kU64, .offset = offsetof(capsule_event, voluntary_switches)},
    {.name = "involuntary_switches", .kind = Kind::kU64, .offset = offsetof(capsule_event, involuntary_switches)},
    {.name = "origin", .kind = Kind::kI32, .offset = offsetof(capsule_event, origin), .enumeration = &kEnumerations[16]},
    {.name = "late", .kind = Kind::kI32, .offset = offsetof(capsule_event, late)},
    {.name = "writer_execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_event, writer_execution_id)},
    {.name = "writer_id", .kind = Kind::kU32, .offset = offsetof(capsule_event, writer_id)},
    {.name = "invalid_bytes", .kind = Kind::kU32, .offset = offsetof(capsule_event, invalid_bytes)},
    {.name = "raw", .kind = Kind::kText, .offset = offsetof(capsule_event, raw)},
    {.name = "input_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_event, input_timeout_ms)},
    {.name = "parts", .kind = Kind::kArray, .offset = offsetof(capsule_event, parts), .entry = Kind::kStruct, .length_offset = offsetof(capsule_event, part_count), .length_kind = Kind::kU64, .structure = &kStructs[17]},
    {.name = "display_id", .kind = Kind::kText, .offset = offsetof(capsule_event, display_id)},
    {.name = "metadata", .kind = Kind::kText, .offset = offsetof(capsule_event, metadata)},
    {.name = "update", .kind = Kind::kI32, .offset = offsetof(capsule_event, update)},
    {.name = "is_result", .kind = Kind::kI32, .offset = offsetof(capsule_event, is_result)},
    {.name = "progress_value", .kind = Kind::kDouble, .offset = offsetof(capsule_event, progress_value)},
    {.name = "progress_total", .kind = Kind::kDouble, .offset = offsetof(capsule_event, progress_total)},
    {.name = "progress_label", .kind = Kind::kText, .offset = offsetof(capsule_event, progress_label)},
    {.name = "code_class", .kind = Kind::kI32, .offset = offsetof(capsule_event, code_class), .enumeration = &kEnumerations[17]},
    {.name = "dropped_output_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_event, dropped_output_bytes)},
    {.name = "left_out_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_event, left_out_bytes)},
    {.name = "left_out_lines", .kind = Kind::kU64, .offset = offsetof(capsule_event, left_out_lines)},
    {.name = "restored_snapshot_id", .kind = Kind::kU64, .offset = offsetof(capsule_event, restored_snapshot_id)},
    {.name = "value", .kind = Kind::kPointer, .offset = offsetof(capsule_event, value), .structure = &kStructs[13]},
    {.name = "value_status", .kind = Kind::kI32, .offset = offsetof(capsule_event, value_status), .enumeration = &kEnumerations[0]},
    {.name = "effects", .kind = Kind::kU32, .offset = offsetof(capsule_event, effects), .enumeration = &kEnumerations[22]},
    {.name = "value_message", .kind = Kind::kText, .offset = offsetof(capsule_event, value_message)},
    {.name = "restored_checkpoint", .kind = Kind::kText, .offset = offsetof(capsule_event, restored_checkpoint)},
    {.name = "input_promise", .kind = Kind::kText, .offset = offsetof(capsule_event, input_promise)},
};

constexpr Member kMembers19[] = {
    {.name = "mode", .kind = Kind::kI32, .offset = offsetof(capsule_execution_options, mode), .enumeration = &kEnumerations[8]},
    {.name = "file_name", .kind = Kind::kText, .offset = offsetof(capsule_execution_options, file_name)},
    {.name = "traceparent", .kind = Kind::kText, .offset = offsetof(capsule_execution_options, traceparent)},
    {.name = "tracestate", .kind = Kind::kText, .offset = offsetof(capsule_execution_options, tracestate)},
    {.name = "timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_execution_options, timeout_ms)},
    {.name = "output_budget_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_execution_options, output_budget_bytes)},
    {.name = "transaction", .kind = Kind::kI32, .offset = offsetof(capsule_execution_options, transaction), .enumeration = &kEnumerations[23]},
    {.name = "transaction_scope", .kind = Kind::kI32, .offset = offsetof(capsule_execution_options, transaction_scope), .enumeration = &kEnumerations[24]},
    {.name = "inputs", .kind = Kind::kArray, .offset = offsetof(capsule_execution_options, inputs), .entry = Kind::kStruct, .length_offset = offsetof(capsule_execution_options, input_count), .length_kind = Kind::kU64, .structure = &kStructs[14]},
    {.name = "result_kind", .kind = Kind::kI32, .offset = offsetof(capsule_execution_options, result_kind), .enumeration = &kEnumerations[11]},
    {.name = "capture_sources", .kind = Kind::kI32, .offset = offsetof(capsule_execution_options, capture_sources)},
    {.name = "idempotency_key", .kind = Kind::kText, .offset = offsetof(capsule_execution_options, idempotency_key)},
};

constexpr Member kMembers20[] = {
    {.name = "flags", .kind = Kind::kU32, .offset = offsetof(capsule_capability, flags), .enumeration = &kEnumerations[25]},
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_capability, name)},
    {.name = "doc", .kind = Kind::kText, .offset = offsetof(capsule_capability, doc)},
    {.name = "parameters", .kind = Kind::kText, .offset = offsetof(capsule_capability, parameters)},
    {.name = "arguments_schema", .kind = Kind::kText, .offset = offsetof(capsule_capability, arguments_schema)},
    {.name = "result_schema", .kind = Kind::kText, .offset = offsetof(capsule_capability, result_schema)},
    {.name = "timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_capability, timeout_ms)},
    {.name = "max_concurrent", .kind = Kind::kU32, .offset = offsetof(capsule_capability, max_concurrent)},
    {.name = "burst", .kind = Kind::kU32, .offset = offsetof(capsule_capability, burst)},
    {.name = "calls_per_s", .kind = Kind::kDouble, .offset = offsetof(capsule_capability, calls_per_s)},
};

constexpr Member kMembers21[] = {
    {.name = "argument", .kind = Kind::kText, .offset = offsetof(capsule_constraint, argument)},
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_constraint, kind), .enumeration = &kEnumerations[27]},
    {.name = "patterns", .kind = Kind::kArray, .offset = offsetof(capsule_constraint, patterns), .entry = Kind::kText, .length_offset = offsetof(capsule_constraint, pattern_count), .length_kind = Kind::kU64},
    {.name = "limit", .kind = Kind::kU64, .offset = offsetof(capsule_constraint, limit)},
};

constexpr Member kMembers22[] = {
    {.name = "capability", .kind = Kind::kText, .offset = offsetof(capsule_rule, capability)},
    {.name = "decision", .kind = Kind::kI32, .offset = offsetof(capsule_rule, decision), .enumeration = &kEnumerations[26]},
    {.name = "constraints", .kind = Kind::kArray, .offset = offsetof(capsule_rule, constraints), .entry = Kind::kStruct, .length_offset = offsetof(capsule_rule, constraint_count), .length_kind = Kind::kU64, .structure = &kStructs[21]},
    {.name = "max_calls", .kind = Kind::kU64, .offset = offsetof(capsule_rule, max_calls)},
};

constexpr Member kMembers23[] = {
    {.name = "max_pending", .kind = Kind::kU32, .offset = offsetof(capsule_bridge_options, max_pending)},
    {.name = "max_session_pending", .kind = Kind::kU32, .offset = offsetof(capsule_bridge_options, max_session_pending)},
    {.name = "max_answers", .kind = Kind::kU32, .offset = offsetof(capsule_bridge_options, max_answers)},
    {.name = "cancel_notices", .kind = Kind::kU32, .offset = offsetof(capsule_bridge_options, cancel_notices)},
    {.name = "max_session_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_options, max_session_bytes)},
    {.name = "rules", .kind = Kind::kArray, .offset = offsetof(capsule_bridge_options, rules), .entry = Kind::kStruct, .length_offset = offsetof(capsule_bridge_options, rule_count), .length_kind = Kind::kU64, .structure = &kStructs[22]},
    {.name = "chunk_notices", .kind = Kind::kU32, .offset = offsetof(capsule_bridge_options, chunk_notices)},
};

constexpr Member kMembers24[] = {
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_attachment, name)},
    {.name = "value", .kind = Kind::kPointer, .offset = offsetof(capsule_attachment, value), .structure = &kStructs[13]},
};

constexpr Member kMembers25[] = {
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_request, kind), .enumeration = &kEnumerations[28]},
    {.name = "request_id", .kind = Kind::kU64, .offset = offsetof(capsule_request, request_id)},
    {.name = "session_id", .kind = Kind::kU64, .offset = offsetof(capsule_request, session_id)},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_request, execution_id)},
    {.name = "received_ns", .kind = Kind::kU64, .offset = offsetof(capsule_request, received_ns)},
    {.name = "deadline_ns", .kind = Kind::kU64, .offset = offsetof(capsule_request, deadline_ns)},
    {.name = "capability", .kind = Kind::kText, .offset = offsetof(capsule_request, capability)},
    {.name = "idempotency_key", .kind = Kind::kText, .offset = offsetof(capsule_request, idempotency_key)},
    {.name = "arguments", .kind = Kind::kText, .offset = offsetof(capsule_request, arguments)},
    {.name = "attachments", .kind = Kind::kArray, .offset = offsetof(capsule_request, attachments), .entry = Kind::kStruct, .length_offset = offsetof(capsule_request, attachment_count), .length_kind = Kind::kU64, .structure = &kStructs[24]},
};

constexpr Member kMembers26[] = {
    {.name = "capabilities", .kind = Kind::kU32, .offset = offsetof(capsule_bridge_metrics, capabilities)},
    {.name = "bridge_pending_current", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, bridge_pending_current)},
    {.name = "bridge_pending_hwm", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, bridge_pending_hwm)},
    {.name = "calls", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, calls)},
    {.name = "ok", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, ok)},
    {.name = "failed", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, failed)},
    {.name = "denied", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, denied)},
    {.name = "timed_out", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, timed_out)},
    {.name = "canceled", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, canceled)},
    {.name = "rejected_at_shutdown", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, rejected_at_shutdown)},
    {.name = "late_settlements", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, late_settlements)},
    {.name = "duplicate_settlements", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, duplicate_settlements)},
    {.name = "joined", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, joined)},
    {.name = "refused", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, refused)},
    {.name = "approvals", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, approvals)},
    {.name = "queued", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, queued)},
    {.name = "resolution_total_ns", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, resolution_total_ns)},
    {.name = "resolution_max_ns", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, resolution_max_ns)},
    {.name = "resolution_buckets", .kind = Kind::kFixed, .offset = offsetof(capsule_bridge_metrics, resolution_buckets), .entry = Kind::kU64, .count = 32},
    {.name = "chunks_sent", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, chunks_sent)},
    {.name = "chunks_received", .kind = Kind::kU64, .offset = offsetof(capsule_bridge_metrics, chunks_received)},
};

constexpr Member kMembers27[] = {
    {.name = "request_id", .kind = Kind::kU64, .offset = offsetof(capsule_pending_call, request_id)},
    {.name = "session_id", .kind = Kind::kU64, .offset = offsetof(capsule_pending_call, session_id)},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_pending_call, execution_id)},
    {.name = "received_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pending_call, received_ns)},
    {.name = "deadline_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pending_call, deadline_ns)},
    {.name = "state", .kind = Kind::kI32, .offset = offsetof(capsule_pending_call, state), .enumeration = &kEnumerations[29]},
    {.name = "capability", .kind = Kind::kString, .offset = offsetof(capsule_pending_call, capability), .count = 136},
};

constexpr Member kMembers28[] = {
    {.name = "in_flight", .kind = Kind::kU64, .offset = offsetof(capsule_capability_metrics, in_flight)},
    {.name = "ok", .kind = Kind::kU64, .offset = offsetof(capsule_capability_metrics, ok)},
    {.name = "failed", .kind = Kind::kU64, .offset = offsetof(capsule_capability_metrics, failed)},
    {.name = "denied", .kind = Kind::kU64, .offset = offsetof(capsule_capability_metrics, denied)},
    {.name = "resolution_total_ns", .kind = Kind::kU64, .offset = offsetof(capsule_capability_metrics, resolution_total_ns)},
    {.name = "resolution_buckets", .kind = Kind::kFixed, .offset = offsetof(capsule_capability_metrics, resolution_buckets), .entry = Kind::kU64, .count = 32},
    {.name = "capability", .kind = Kind::kString, .offset = offsetof(capsule_capability_metrics, capability), .count = 136},
};

constexpr Member kMembers29[] = {
    {.name = "compression_level", .kind = Kind::kI32, .offset = offsetof(capsule_checkpoint_options, compression_level)},
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_options, name)},
    {.name = "metadata", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_options, metadata)},
    {.name = "key", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_options, key)},
    {.name = "max_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_options, max_bytes)},
};

constexpr Member kMembers30[] = {
    {.name = "format", .kind = Kind::kI32, .offset = offsetof(capsule_checkpoint_info, format)},
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_info, name)},
    {.name = "metadata", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_info, metadata)},
    {.name = "python_version", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_info, python_version)},
    {.name = "created_unix_ns", .kind = Kind::kI64, .offset = offsetof(capsule_checkpoint_info, created_unix_ns)},
    {.name = "session_id", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, session_id)},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, execution_id)},
    {.name = "names", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, names)},
    {.name = "functions", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, functions)},
    {.name = "classes", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, classes)},
    {.name = "modules", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, modules)},
    {.name = "values", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, values)},
    {.name = "skipped", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, skipped)},
    {.name = "imports", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, imports)},
    {.name = "body_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, body_bytes)},
    {.name = "size_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, size_bytes)},
    {.name = "is_signed", .kind = Kind::kI32, .offset = offsetof(capsule_checkpoint_info, is_signed)},
    {.name = "is_verified", .kind = Kind::kI32, .offset = offsetof(capsule_checkpoint_info, is_verified)},
    {.name = "id", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_info, id)},
    {.name = "parent_id", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_info, parent_id)},
    {.name = "duration_ns", .kind = Kind::kU64, .offset = offsetof(capsule_checkpoint_info, duration_ns)},
};

constexpr Member kMembers31[] = {
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_entry, name)},
    {.name = "type_name", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_entry, type_name)},
    {.name = "reason", .kind = Kind::kText, .offset = offsetof(capsule_checkpoint_entry, reason)},
    {.name = "status", .kind = Kind::kI32, .offset = offsetof(capsule_checkpoint_entry, status), .enumeration = &kEnumerations[31]},
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_checkpoint_entry, kind), .enumeration = &kEnumerations[13]},
};

constexpr Member kMembers32[] = {
    {.name = "entries", .kind = Kind::kArray, .offset = offsetof(capsule_checkpoint_entries, entries), .entry = Kind::kStruct, .length_offset = offsetof(capsule_checkpoint_entries, count), .length_kind = Kind::kU64, .structure = &kStructs[31]},
};

constexpr Member kMembers33[] = {
    {.name = "stale", .kind = Kind::kU32, .offset = offsetof(capsule_executor_metrics, stale)},
    {.name = "outputs_enqueued", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, outputs_enqueued)},
    {.name = "output_bytes_enqueued", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, output_bytes_enqueued)},
    {.name = "outputs_captured", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, outputs_captured)},
    {.name = "output_bytes_captured", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, output_bytes_captured)},
    {.name = "outputs_sent", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, outputs_sent)},
    {.name = "output_bytes_sent", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, output_bytes_sent)},
    {.name = "output_queue_bytes_max", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, output_queue_bytes_max)},
    {.name = "output_waits", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, output_waits)},
    {.name = "outputs_dropped", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, outputs_dropped)},
    {.name = "output_bytes_dropped", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, output_bytes_dropped)},
    {.name = "outputs_refused", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, outputs_refused)},
    {.name = "drains", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, drains)},
    {.name = "drain_ns", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, drain_ns)},
    {.name = "input_requests", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, input_requests)},
    {.name = "input_answered", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, input_answered)},
    {.name = "input_declined", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, input_declined)},
    {.name = "input_canceled", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, input_canceled)},
    {.name = "input_timed_out", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, input_timed_out)},
    {.name = "output_bytes_coalesced", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, output_bytes_coalesced)},
    {.name = "drain_timeouts", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, drain_timeouts)},
    {.name = "drain_timeouts_suppressed", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, drain_timeouts_suppressed)},
    {.name = "displays_made", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, displays_made)},
    {.name = "displays_dropped", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, displays_dropped)},
    {.name = "displays_truncated", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, displays_truncated)},
    {.name = "display_errors", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, display_errors)},
    {.name = "progress_calls", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, progress_calls)},
    {.name = "progress_skipped", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, progress_skipped)},
    {.name = "output_queue_pieces", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, output_queue_pieces)},
    {.name = "output_queue_pieces_max", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, output_queue_pieces_max)},
    {.name = "output_queue_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_executor_metrics, output_queue_bytes)},
};

constexpr Member kMembers34[] = {
    {.name = "stale", .kind = Kind::kU32, .offset = offsetof(capsule_async_metrics, stale)},
    {.name = "executions", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, executions)},
    {.name = "successes", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, successes)},
    {.name = "errors", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, errors)},
    {.name = "canceled", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, canceled)},
    {.name = "coroutines_closed", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, coroutines_closed)},
    {.name = "mode_top_level_await", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, mode_top_level_await)},
    {.name = "mode_async_def", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, mode_async_def)},
    {.name = "mode_blocking_sync", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, mode_blocking_sync)},
    {.name = "mode_simple_sync", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, mode_simple_sync)},
    {.name = "mode_unknown", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, mode_unknown)},
    {.name = "detected_blocking_imports", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, detected_blocking_imports)},
    {.name = "detected_blocking_calls", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, detected_blocking_calls)},
    {.name = "missed_attribute_chains", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, missed_attribute_chains)},
    {.name = "overshadow_guard_skips", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, overshadow_guard_skips)},
    {.name = "ast_fallbacks", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, ast_fallbacks)},
    {.name = "ast_transforms", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, ast_transforms)},
    {.name = "ast_def_rewrites", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, ast_def_rewrites)},
    {.name = "ast_lambda_helpers", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, ast_lambda_helpers)},
    {.name = "ast_cache_hits", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, ast_cache_hits)},
    {.name = "ast_cache_misses", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, ast_cache_misses)},
    {.name = "ast_cache_evictions", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, ast_cache_evictions)},
    {.name = "code_cache_hits", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, code_cache_hits)},
    {.name = "code_cache_misses", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, code_cache_misses)},
    {.name = "code_cache_evictions", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, code_cache_evictions)},
    {.name = "cancels_requested", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, cancels_requested)},
    {.name = "cancels_effective", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, cancels_effective)},
    {.name = "cancels_noop", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, cancels_noop)},
    {.name = "cancels_pending", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, cancels_pending)},
    {.name = "blocking_warnings", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, blocking_warnings)},
    {.name = "blocking_warnings_suppressed", .kind = Kind::kU64, .offset = offsetof(capsule_async_metrics, blocking_warnings_suppressed)},
};

constexpr Member kMembers35[] = {
    {.name = "acquires", .kind = Kind::kU64, .offset = offsetof(capsule_limiter_metrics, acquires)},
    {.name = "waits", .kind = Kind::kU64, .offset = offsetof(capsule_limiter_metrics, waits)},
    {.name = "wait_ns", .kind = Kind::kU64, .offset = offsetof(capsule_limiter_metrics, wait_ns)},
    {.name = "wakeups", .kind = Kind::kU64, .offset = offsetof(capsule_limiter_metrics, wakeups)},
    {.name = "canceled", .kind = Kind::kU64, .offset = offsetof(capsule_limiter_metrics, canceled)},
    {.name = "tokens", .kind = Kind::kDouble, .offset = offsetof(capsule_limiter_metrics, tokens)},
};

constexpr Member kMembers36[] = {
    {.name = "max_promises", .kind = Kind::kU32, .offset = offsetof(capsule_promise_store_options, max_promises)},
    {.name = "max_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_promise_store_options, max_bytes)},
    {.name = "max_value_bytes", .kind = Kind::kU32, .offset = offsetof(capsule_promise_store_options, max_value_bytes)},
    {.name = "sync", .kind = Kind::kI32, .offset = offsetof(capsule_promise_store_options, sync)},
    {.name = "path", .kind = Kind::kText, .offset = offsetof(capsule_promise_store_options, path)},
    {.name = "url", .kind = Kind::kText, .offset = offsetof(capsule_promise_store_options, url)},
    {.name = "token", .kind = Kind::kText, .offset = offsetof(capsule_promise_store_options, token)},
    {.name = "group", .kind = Kind::kText, .offset = offsetof(capsule_promise_store_options, group)},
    {.name = "separator", .kind = Kind::kText, .offset = offsetof(capsule_promise_store_options, separator)},
    {.name = "request_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_promise_store_options, request_timeout_ms)},
    {.name = "lease_ms", .kind = Kind::kI64, .offset = offsetof(capsule_promise_store_options, lease_ms)},
    {.name = "refresh_ms", .kind = Kind::kI64, .offset = offsetof(capsule_promise_store_options, refresh_ms)},
};

constexpr Member kMembers37[] = {
    {.name = "id", .kind = Kind::kText, .offset = offsetof(capsule_promise_wish, id)},
    {.name = "param", .kind = Kind::kText, .offset = offsetof(capsule_promise_wish, param)},
    {.name = "timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_promise_wish, timeout_ms)},
    {.name = "target", .kind = Kind::kText, .offset = offsetof(capsule_promise_wish, target)},
};

constexpr Member kMembers38[] = {
    {.name = "state", .kind = Kind::kI32, .offset = offsetof(capsule_promise, state), .enumeration = &kEnumerations[32]},
    {.name = "id", .kind = Kind::kText, .offset = offsetof(capsule_promise, id)},
    {.name = "param", .kind = Kind::kText, .offset = offsetof(capsule_promise, param)},
    {.name = "value", .kind = Kind::kText, .offset = offsetof(capsule_promise, value)},
    {.name = "timeout_at_ms", .kind = Kind::kI64, .offset = offsetof(capsule_promise, timeout_at_ms)},
    {.name = "created_at_ms", .kind = Kind::kI64, .offset = offsetof(capsule_promise, created_at_ms)},
    {.name = "settled_at_ms", .kind = Kind::kI64, .offset = offsetof(capsule_promise, settled_at_ms)},
};

constexpr Member kMembers39[] = {
    {.name = "age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pending_promise, age_ns)},
    {.name = "left_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pending_promise, left_ns)},
    {.name = "waiters", .kind = Kind::kU32, .offset = offsetof(capsule_pending_promise, waiters)},
    {.name = "claimed", .kind = Kind::kI32, .offset = offsetof(capsule_pending_promise, claimed)},
    {.name = "id", .kind = Kind::kString, .offset = offsetof(capsule_pending_promise, id), .count = 520},
};

constexpr Member kMembers40[] = {
    {.name = "pending", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, pending)},
    {.name = "pending_hwm", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, pending_hwm)},
    {.name = "kept", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, kept)},
    {.name = "created", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, created)},
    {.name = "found", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, found)},
    {.name = "resolved", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, resolved)},
    {.name = "rejected", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, rejected)},
    {.name = "canceled", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, canceled)},
    {.name = "timed_out", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, timed_out)},
    {.name = "ignored_settlements", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, ignored_settlements)},
    {.name = "evicted", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, evicted)},
    {.name = "refused", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, refused)},
    {.name = "retries", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, retries)},
    {.name = "failures", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, failures)},
    {.name = "reconnects", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, reconnects)},
    {.name = "lost_claims", .kind = Kind::kU64, .offset = offsetof(capsule_promise_metrics, lost_claims)},
};

constexpr Member kMembers41[] = {
    {.name = "store", .kind = Kind::kHandle, .offset = offsetof(capsule_durable_options, store), .handle = "promise_store"},
    {.name = "promise_id", .kind = Kind::kText, .offset = offsetof(capsule_durable_options, promise_id)},
    {.name = "timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_durable_options, timeout_ms)},
};

constexpr Member kMembers42[] = {
    {.name = "min_idle", .kind = Kind::kU32, .offset = offsetof(capsule_pool_options, min_idle)},
    {.name = "max_sessions", .kind = Kind::kU32, .offset = offsetof(capsule_pool_options, max_sessions)},
    {.name = "reset", .kind = Kind::kI32, .offset = offsetof(capsule_pool_options, reset), .enumeration = &kEnumerations[33]},
    {.name = "session", .kind = Kind::kPointer, .offset = offsetof(capsule_pool_options, session), .structure = &kStructs[11]},
    {.name = "imports", .kind = Kind::kArray, .offset = offsetof(capsule_pool_options, imports), .entry = Kind::kText, .length_offset = offsetof(capsule_pool_options, import_count), .length_kind = Kind::kU64},
    {.name = "warmup", .kind = Kind::kText, .offset = offsetof(capsule_pool_options, warmup)},
    {.name = "warmup_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_options, warmup_timeout_ms)},
    {.name = "imports_fatal", .kind = Kind::kU32, .offset = offsetof(capsule_pool_options, imports_fatal)},
    {.name = "pre_warm", .kind = Kind::kU32, .offset = offsetof(capsule_pool_options, pre_warm)},
    {.name = "idle_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_options, idle_timeout_ms)},
    {.name = "health_interval_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_options, health_interval_ms)},
    {.name = "acquire_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_options, acquire_timeout_ms)},
    {.name = "recycle_executions", .kind = Kind::kU64, .offset = offsetof(capsule_pool_options, recycle_executions)},
    {.name = "recycle_age_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_options, recycle_age_ms)},
    {.name = "recycle_growth_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_pool_options, recycle_growth_bytes)},
    {.name = "session_memory_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_pool_options, session_memory_bytes)},
    {.name = "pool_memory_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_pool_options, pool_memory_bytes)},
    {.name = "max_waiters", .kind = Kind::kU32, .offset = offsetof(capsule_pool_options, max_waiters)},
    {.name = "breaker_failures", .kind = Kind::kU32, .offset = offsetof(capsule_pool_options, breaker_failures)},
    {.name = "breaker_pause_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_options, breaker_pause_ms)},
    {.name = "breaker_pause_max_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_options, breaker_pause_max_ms)},
    {.name = "trace_bytes", .kind = Kind::kU32, .offset = offsetof(capsule_pool_options, trace_bytes)},
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_pool_options, name)},
};

constexpr Member kMembers43[] = {
    {.name = "timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_acquire_options, timeout_ms)},
    {.name = "key", .kind = Kind::kText, .offset = offsetof(capsule_acquire_options, key)},
};

constexpr Member kMembers44[] = {
    {.name = "cursor", .kind = Kind::kU64, .offset = offsetof(capsule_trace_event, cursor)},
    {.name = "time_ns", .kind = Kind::kU64, .offset = offsetof(capsule_trace_event, time_ns)},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_trace_event, execution_id)},
    {.name = "sequence", .kind = Kind::kU64, .offset = offsetof(capsule_trace_event, sequence)},
    {.name = "parent", .kind = Kind::kU64, .offset = offsetof(capsule_trace_event, parent)},
    {.name = "link", .kind = Kind::kU64, .offset = offsetof(capsule_trace_event, link)},
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_trace_event, kind), .enumeration = &kEnumerations[34]},
    {.name = "phase", .kind = Kind::kI32, .offset = offsetof(capsule_trace_event, phase), .enumeration = &kEnumerations[38]},
    {.name = "status", .kind = Kind::kI32, .offset = offsetof(capsule_trace_event, status)},
    {.name = "severity", .kind = Kind::kI32, .offset = offsetof(capsule_trace_event, severity), .enumeration = &kEnumerations[60]},
    {.name = "source", .kind = Kind::kI32, .offset = offsetof(capsule_trace_event, source), .enumeration = &kEnumerations[39]},
    {.name = "writer", .kind = Kind::kI32, .offset = offsetof(capsule_trace_event, writer), .enumeration = &kEnumerations[40]},
    {.name = "incarnation", .kind = Kind::kU32, .offset = offsetof(capsule_trace_event, incarnation)},
    {.name = "label", .kind = Kind::kU32, .offset = offsetof(capsule_trace_event, label)},
    {.name = "arguments", .kind = Kind::kFixed, .offset = offsetof(capsule_trace_event, arguments), .entry = Kind::kI64, .count = 4},
};

constexpr Member kMembers45[] = {
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_trace_filter, kind), .enumeration = &kEnumerations[34]},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_trace_filter, execution_id)},
    {.name = "after_cursor", .kind = Kind::kU64, .offset = offsetof(capsule_trace_filter, after_cursor)},
    {.name = "since_ns", .kind = Kind::kU64, .offset = offsetof(capsule_trace_filter, since_ns)},
    {.name = "until_ns", .kind = Kind::kU64, .offset = offsetof(capsule_trace_filter, until_ns)},
    {.name = "source", .kind = Kind::kI32, .offset = offsetof(capsule_trace_filter, source), .enumeration = &kEnumerations[39]},
    {.name = "severity", .kind = Kind::kI32, .offset = offsetof(capsule_trace_filter, severity), .enumeration = &kEnumerations[60]},
    {.name = "caller", .kind = Kind::kText, .offset = offsetof(capsule_trace_filter, caller)},
};

constexpr Member kMembers46[] = {
    {.name = "matched", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, matched)},
    {.name = "stored", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, stored)},
    {.name = "stored_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, stored_bytes)},
    {.name = "limit_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, limit_bytes)},
    {.name = "last_cursor", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, last_cursor)},
    {.name = "next_cursor", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, next_cursor)},
    {.name = "emitted", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, emitted)},
    {.name = "evicted", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, evicted)},
    {.name = "evicted_executions", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, evicted_executions)},
    {.name = "dropped", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, dropped)},
    {.name = "refused", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, refused)},
    {.name = "late", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, late)},
    {.name = "truncated", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, truncated)},
    {.name = "invalid", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, invalid)},
    {.name = "oldest_cursor", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, oldest_cursor)},
    {.name = "lost", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, lost)},
    {.name = "realtime_offset_ns", .kind = Kind::kI64, .offset = offsetof(capsule_trace_info, realtime_offset_ns)},
    {.name = "labels", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, labels)},
    {.name = "labels_other", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, labels_other)},
    {.name = "redacted", .kind = Kind::kU64, .offset = offsetof(capsule_trace_info, redacted)},
};

constexpr Member kMembers47[] = {
    {.name = "form", .kind = Kind::kI32, .offset = offsetof(capsule_trace_label, form), .enumeration = &kEnumerations[47]},
    {.name = "full_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_trace_label, full_bytes)},
    {.name = "text", .kind = Kind::kString, .offset = offsetof(capsule_trace_label, text), .count = 1025},
};

constexpr Member kMembers48[] = {
    {.name = "given", .kind = Kind::kI32, .offset = offsetof(capsule_trace_context, given)},
    {.name = "traceparent", .kind = Kind::kString, .offset = offsetof(capsule_trace_context, traceparent), .count = 56},
    {.name = "tracestate", .kind = Kind::kString, .offset = offsetof(capsule_trace_context, tracestate), .count = 513},
};

constexpr Member kMembers49[] = {
    {.name = "number", .kind = Kind::kU32, .offset = offsetof(capsule_export_label, number)},
    {.name = "form", .kind = Kind::kI32, .offset = offsetof(capsule_export_label, form), .enumeration = &kEnumerations[47]},
    {.name = "full_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_export_label, full_bytes)},
    {.name = "text", .kind = Kind::kText, .offset = offsetof(capsule_export_label, text)},
};

constexpr Member kMembers50[] = {
    {.name = "session_id", .kind = Kind::kU64, .offset = offsetof(capsule_export_group, session_id)},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_export_group, execution_id)},
    {.name = "pid", .kind = Kind::kI32, .offset = offsetof(capsule_export_group, pid)},
    {.name = "outcome", .kind = Kind::kI32, .offset = offsetof(capsule_export_group, outcome), .enumeration = &kEnumerations[18]},
    {.name = "pool", .kind = Kind::kText, .offset = offsetof(capsule_export_group, pool)},
    {.name = "traceparent", .kind = Kind::kText, .offset = offsetof(capsule_export_group, traceparent)},
    {.name = "tracestate", .kind = Kind::kText, .offset = offsetof(capsule_export_group, tracestate)},
    {.name = "events", .kind = Kind::kArray, .offset = offsetof(capsule_export_group, events), .entry = Kind::kStruct, .length_offset = offsetof(capsule_export_group, event_count), .length_kind = Kind::kU64, .structure = &kStructs[44]},
    {.name = "labels", .kind = Kind::kArray, .offset = offsetof(capsule_export_group, labels), .entry = Kind::kStruct, .length_offset = offsetof(capsule_export_group, label_count), .length_kind = Kind::kU64, .structure = &kStructs[49]},
};

constexpr Member kMembers51[] = {
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_exporter_options, kind), .enumeration = &kEnumerations[42]},
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_exporter_options, name)},
    {.name = "path", .kind = Kind::kText, .offset = offsetof(capsule_exporter_options, path)},
    {.name = "queue_limit", .kind = Kind::kU32, .offset = offsetof(capsule_exporter_options, queue_limit)},
    {.name = "batch_limit", .kind = Kind::kU32, .offset = offsetof(capsule_exporter_options, batch_limit)},
    {.name = "interval_ms", .kind = Kind::kI64, .offset = offsetof(capsule_exporter_options, interval_ms)},
};

constexpr Member kMembers52[] = {
    {.name = "closed", .kind = Kind::kI32, .offset = offsetof(capsule_exporter_info, closed)},
    {.name = "accepted", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, accepted)},
    {.name = "queued", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, queued)},
    {.name = "sent", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, sent)},
    {.name = "failed", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, failed)},
    {.name = "dropped", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, dropped)},
    {.name = "batches", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, batches)},
    {.name = "batches_failed", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, batches_failed)},
    {.name = "total_ns", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, total_ns)},
    {.name = "longest_ns", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, longest_ns)},
    {.name = "busy_since_ns", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, busy_since_ns)},
    {.name = "trace_lost", .kind = Kind::kU64, .offset = offsetof(capsule_exporter_info, trace_lost)},
    {.name = "realtime_offset_ns", .kind = Kind::kI64, .offset = offsetof(capsule_exporter_info, realtime_offset_ns)},
};

constexpr Member kMembers53[] = {
    {.name = "direction", .kind = Kind::kI32, .offset = offsetof(capsule_frame, direction), .enumeration = &kEnumerations[43]},
    {.name = "channel", .kind = Kind::kI32, .offset = offsetof(capsule_frame, channel), .enumeration = &kEnumerations[44]},
    {.name = "session_id", .kind = Kind::kU64, .offset = offsetof(capsule_frame, session_id)},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_frame, execution_id)},
    {.name = "time_ns", .kind = Kind::kU64, .offset = offsetof(capsule_frame, time_ns)},
    {.name = "size_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_frame, size_bytes)},
};

constexpr Member kMembers54[] = {
    {.name = "quarantine_after", .kind = Kind::kU32, .offset = offsetof(capsule_interceptor_options, quarantine_after)},
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_interceptor_options, name)},
    {.name = "budget_ns", .kind = Kind::kU64, .offset = offsetof(capsule_interceptor_options, budget_ns)},
};

constexpr Member kMembers55[] = {
    {.name = "quarantined", .kind = Kind::kI32, .offset = offsetof(capsule_interceptor_info, quarantined)},
    {.name = "calls", .kind = Kind::kU64, .offset = offsetof(capsule_interceptor_info, calls)},
    {.name = "errors", .kind = Kind::kU64, .offset = offsetof(capsule_interceptor_info, errors)},
    {.name = "over_budget", .kind = Kind::kU64, .offset = offsetof(capsule_interceptor_info, over_budget)},
    {.name = "skipped", .kind = Kind::kU64, .offset = offsetof(capsule_interceptor_info, skipped)},
    {.name = "total_ns", .kind = Kind::kU64, .offset = offsetof(capsule_interceptor_info, total_ns)},
    {.name = "longest_ns", .kind = Kind::kU64, .offset = offsetof(capsule_interceptor_info, longest_ns)},
};

constexpr Member kMembers56[] = {
    {.name = "redaction", .kind = Kind::kI32, .offset = offsetof(capsule_introspection_policy, redaction), .enumeration = &kEnumerations[46]},
    {.name = "promises", .kind = Kind::kI32, .offset = offsetof(capsule_introspection_policy, promises), .enumeration = &kEnumerations[45]},
    {.name = "namespace_summary", .kind = Kind::kI32, .offset = offsetof(capsule_introspection_policy, namespace_summary), .enumeration = &kEnumerations[45]},
    {.name = "pool", .kind = Kind::kI32, .offset = offsetof(capsule_introspection_policy, pool), .enumeration = &kEnumerations[45]},
    {.name = "execution", .kind = Kind::kI32, .offset = offsetof(capsule_introspection_policy, execution), .enumeration = &kEnumerations[45]},
    {.name = "isolation", .kind = Kind::kI32, .offset = offsetof(capsule_introspection_policy, isolation), .enumeration = &kEnumerations[45]},
    {.name = "stack", .kind = Kind::kI32, .offset = offsetof(capsule_introspection_policy, stack), .enumeration = &kEnumerations[45]},
    {.name = "trace", .kind = Kind::kI32, .offset = offsetof(capsule_introspection_policy, trace), .enumeration = &kEnumerations[45]},
    {.name = "postmortem", .kind = Kind::kI32, .offset = offsetof(capsule_introspection_policy, postmortem), .enumeration = &kEnumerations[45]},
    {.name = "max_label_bytes", .kind = Kind::kU32, .offset = offsetof(capsule_introspection_policy, max_label_bytes)},
    {.name = "max_rows", .kind = Kind::kU32, .offset = offsetof(capsule_introspection_policy, max_rows)},
    {.name = "key", .kind = Kind::kText, .offset = offsetof(capsule_introspection_policy, key)},
};

constexpr Member kMembers57[] = {
    {.name = "level", .kind = Kind::kI32, .offset = offsetof(capsule_inspection, level), .enumeration = &kEnumerations[45]},
    {.name = "caller", .kind = Kind::kText, .offset = offsetof(capsule_inspection, caller)},
    {.name = "timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_inspection, timeout_ms)},
    {.name = "max_rows", .kind = Kind::kU32, .offset = offsetof(capsule_inspection, max_rows)},
};

constexpr Member kMembers58[] = {
    {.name = "text", .kind = Kind::kText, .offset = offsetof(capsule_label, text)},
    {.name = "full_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_label, full_bytes)},
    {.name = "form", .kind = Kind::kI32, .offset = offsetof(capsule_label, form), .enumeration = &kEnumerations[47]},
};

constexpr Member kMembers59[] = {
    {.name = "sessions_idle", .kind = Kind::kU32, .offset = offsetof(capsule_pool_metrics, sessions_idle)},
    {.name = "sessions_active", .kind = Kind::kU32, .offset = offsetof(capsule_pool_metrics, sessions_active)},
    {.name = "sessions_warming", .kind = Kind::kU32, .offset = offsetof(capsule_pool_metrics, sessions_warming)},
    {.name = "sessions_resetting", .kind = Kind::kU32, .offset = offsetof(capsule_pool_metrics, sessions_resetting)},
    {.name = "sessions_total", .kind = Kind::kU32, .offset = offsetof(capsule_pool_metrics, sessions_total)},
    {.name = "waiters_now", .kind = Kind::kU32, .offset = offsetof(capsule_pool_metrics, waiters_now)},
    {.name = "waiters_peak", .kind = Kind::kU32, .offset = offsetof(capsule_pool_metrics, waiters_peak)},
    {.name = "creations_requested", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, creations_requested)},
    {.name = "sessions_created", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, sessions_created)},
    {.name = "sessions_created_from_warmup", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, sessions_created_from_warmup)},
    {.name = "creations_failed", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, creations_failed)},
    {.name = "creations_abandoned", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, creations_abandoned)},
    {.name = "creations_refused_memory", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, creations_refused_memory)},
    {.name = "creations_refused_breaker", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, creations_refused_breaker)},
    {.name = "sessions_removed", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, sessions_removed)},
    {.name = "removed_used", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, removed_used)},
    {.name = "sessions_recycled", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, sessions_recycled)},
    {.name = "sessions_restarted", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, sessions_restarted)},
    {.name = "removed_by_health", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, removed_by_health)},
    {.name = "removed_idle", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, removed_idle)},
    {.name = "removed_at_close", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, removed_at_close)},
    {.name = "acquisition_attempts", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquisition_attempts)},
    {.name = "acquisition_successes", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquisition_successes)},
    {.name = "pool_hits", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, pool_hits)},
    {.name = "pool_misses", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, pool_misses)},
    {.name = "affinity_hits", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, affinity_hits)},
    {.name = "acquisition_timeouts", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquisition_timeouts)},
    {.name = "acquisition_canceled", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquisition_canceled)},
    {.name = "acquisition_refused", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquisition_refused)},
    {.name = "acquisition_errors", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquisition_errors)},
    {.name = "given_back", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, given_back)},
    {.name = "reclaimed", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, reclaimed)},
    {.name = "given_back_busy", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, given_back_busy)},
    {.name = "acquire_total_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquire_total_ns)},
    {.name = "acquire_max_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquire_max_ns)},
    {.name = "acquire_buckets", .kind = Kind::kFixed, .offset = offsetof(capsule_pool_metrics, acquire_buckets), .entry = Kind::kU64, .count = 28},
    {.name = "acquire_p50_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquire_p50_ns)},
    {.name = "acquire_p95_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquire_p95_ns)},
    {.name = "acquire_p99_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, acquire_p99_ns)},
    {.name = "executions", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, executions)},
    {.name = "warmup_triggers", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, warmup_triggers)},
    {.name = "warmup_loop_iterations", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, warmup_loop_iterations)},
    {.name = "health_check_triggers", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, health_check_triggers)},
    {.name = "health_check_runs", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, health_check_runs)},
    {.name = "health_touches", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, health_touches)},
    {.name = "breaker_opened", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, breaker_opened)},
    {.name = "memory_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_pool_metrics, memory_bytes)},
    {.name = "hit_rate", .kind = Kind::kDouble, .offset = offsetof(capsule_pool_metrics, hit_rate)},
    {.name = "acquire_avg_ns", .kind = Kind::kDouble, .offset = offsetof(capsule_pool_metrics, acquire_avg_ns)},
    {.name = "warmup_iterations_per_trigger", .kind = Kind::kDouble, .offset = offsetof(capsule_pool_metrics, warmup_iterations_per_trigger)},
    {.name = "created_per_requested", .kind = Kind::kDouble, .offset = offsetof(capsule_pool_metrics, created_per_requested)},
    {.name = "health_runs_per_trigger", .kind = Kind::kDouble, .offset = offsetof(capsule_pool_metrics, health_runs_per_trigger)},
    {.name = "removed_per_health_run", .kind = Kind::kDouble, .offset = offsetof(capsule_pool_metrics, removed_per_health_run)},
};

constexpr Member kMembers60[] = {
    {.name = "state", .kind = Kind::kI32, .offset = offsetof(capsule_pool_info, state)},
    {.name = "min_idle", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, min_idle)},
    {.name = "max_sessions", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, max_sessions)},
    {.name = "reset", .kind = Kind::kI32, .offset = offsetof(capsule_pool_info, reset)},
    {.name = "imports_fatal", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, imports_fatal)},
    {.name = "pre_warm", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, pre_warm)},
    {.name = "max_waiters", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, max_waiters)},
    {.name = "warmup_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_info, warmup_timeout_ms)},
    {.name = "idle_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_info, idle_timeout_ms)},
    {.name = "health_interval_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_info, health_interval_ms)},
    {.name = "acquire_timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_info, acquire_timeout_ms)},
    {.name = "recycle_executions", .kind = Kind::kU64, .offset = offsetof(capsule_pool_info, recycle_executions)},
    {.name = "recycle_age_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_info, recycle_age_ms)},
    {.name = "recycle_growth_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_pool_info, recycle_growth_bytes)},
    {.name = "session_memory_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_pool_info, session_memory_bytes)},
    {.name = "pool_memory_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_pool_info, pool_memory_bytes)},
    {.name = "breaker_pause_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_info, breaker_pause_ms)},
    {.name = "breaker_pause_max_ms", .kind = Kind::kI64, .offset = offsetof(capsule_pool_info, breaker_pause_max_ms)},
    {.name = "breaker_failures", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, breaker_failures)},
    {.name = "sessions_idle", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, sessions_idle)},
    {.name = "sessions_active", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, sessions_active)},
    {.name = "sessions_warming", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, sessions_warming)},
    {.name = "sessions_resetting", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, sessions_resetting)},
    {.name = "sessions_total", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, sessions_total)},
    {.name = "waiters_now", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, waiters_now)},
    {.name = "target_idle", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, target_idle)},
    {.name = "imports_done", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, imports_done)},
    {.name = "imports_failed", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, imports_failed)},
    {.name = "breaker_state", .kind = Kind::kI32, .offset = offsetof(capsule_pool_info, breaker_state), .enumeration = &kEnumerations[48]},
    {.name = "failures_in_a_row", .kind = Kind::kU32, .offset = offsetof(capsule_pool_info, failures_in_a_row)},
    {.name = "last_error_status", .kind = Kind::kI32, .offset = offsetof(capsule_pool_info, last_error_status), .enumeration = &kEnumerations[0]},
    {.name = "breaker_until_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pool_info, breaker_until_ns)},
    {.name = "arrivals_per_s", .kind = Kind::kDouble, .offset = offsetof(capsule_pool_info, arrivals_per_s)},
    {.name = "memory_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_pool_info, memory_bytes)},
    {.name = "last_error", .kind = Kind::kString, .offset = offsetof(capsule_pool_info, last_error), .count = 512},
    {.name = "bridge", .kind = Kind::kStruct, .offset = offsetof(capsule_pool_info, bridge), .structure = &kStructs[3]},
};

constexpr Member kMembers61[] = {
    {.name = "session_id", .kind = Kind::kU64, .offset = offsetof(capsule_pool_session, session_id)},
    {.name = "pid", .kind = Kind::kI32, .offset = offsetof(capsule_pool_session, pid)},
    {.name = "state", .kind = Kind::kI32, .offset = offsetof(capsule_pool_session, state), .enumeration = &kEnumerations[50]},
    {.name = "created_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pool_session, created_ns)},
    {.name = "since_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pool_session, since_ns)},
    {.name = "acquisitions", .kind = Kind::kU64, .offset = offsetof(capsule_pool_session, acquisitions)},
    {.name = "executions", .kind = Kind::kU64, .offset = offsetof(capsule_pool_session, executions)},
    {.name = "private_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_pool_session, private_bytes)},
    {.name = "keyed", .kind = Kind::kI32, .offset = offsetof(capsule_pool_session, keyed)},
};

constexpr Member kMembers62[] = {
    {.name = "sessions", .kind = Kind::kArray, .offset = offsetof(capsule_pool_sessions, sessions), .entry = Kind::kStruct, .length_offset = offsetof(capsule_pool_sessions, count), .length_kind = Kind::kU64, .stride_offset = offsetof(capsule_pool_sessions, session_size), .structure = &kStructs[61]},
};

constexpr Member kMembers63[] = {
    {.name = "module", .kind = Kind::kText, .offset = offsetof(capsule_pool_import, module)},
    {.name = "error", .kind = Kind::kText, .offset = offsetof(capsule_pool_import, error)},
    {.name = "duration_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pool_import, duration_ns)},
    {.name = "imported", .kind = Kind::kI32, .offset = offsetof(capsule_pool_import, imported)},
};

constexpr Member kMembers64[] = {
    {.name = "imports", .kind = Kind::kArray, .offset = offsetof(capsule_pool_imports, imports), .entry = Kind::kStruct, .length_offset = offsetof(capsule_pool_imports, count), .length_kind = Kind::kU64, .stride_offset = offsetof(capsule_pool_imports, import_size), .structure = &kStructs[63]},
};

constexpr Member kMembers65[] = {
    {.name = "max_frames", .kind = Kind::kU32, .offset = offsetof(capsule_stack_options, max_frames)},
    {.name = "timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_stack_options, timeout_ms)},
    {.name = "max_native_frames", .kind = Kind::kU32, .offset = offsetof(capsule_stack_options, max_native_frames)},
};

constexpr Member kMembers66[] = {
    {.name = "source", .kind = Kind::kI32, .offset = offsetof(capsule_stack_info, source), .enumeration = &kEnumerations[51]},
    {.name = "pid", .kind = Kind::kI32, .offset = offsetof(capsule_stack_info, pid)},
    {.name = "process_state", .kind = Kind::kI32, .offset = offsetof(capsule_stack_info, process_state), .enumeration = &kEnumerations[52]},
    {.name = "time_ns", .kind = Kind::kU64, .offset = offsetof(capsule_stack_info, time_ns)},
    {.name = "collect_ns", .kind = Kind::kU64, .offset = offsetof(capsule_stack_info, collect_ns)},
    {.name = "threads", .kind = Kind::kU64, .offset = offsetof(capsule_stack_info, threads)},
    {.name = "threads_omitted", .kind = Kind::kU64, .offset = offsetof(capsule_stack_info, threads_omitted)},
    {.name = "cause", .kind = Kind::kText, .offset = offsetof(capsule_stack_info, cause)},
};

constexpr Member kMembers67[] = {
    {.name = "tid", .kind = Kind::kI32, .offset = offsetof(capsule_stack_thread, tid)},
    {.name = "ident", .kind = Kind::kU64, .offset = offsetof(capsule_stack_thread, ident)},
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_stack_thread, name)},
    {.name = "is_main", .kind = Kind::kI32, .offset = offsetof(capsule_stack_thread, is_main)},
    {.name = "state", .kind = Kind::kI32, .offset = offsetof(capsule_stack_thread, state), .enumeration = &kEnumerations[52]},
    {.name = "holds_gil", .kind = Kind::kI32, .offset = offsetof(capsule_stack_thread, holds_gil)},
    {.name = "hit", .kind = Kind::kI32, .offset = offsetof(capsule_stack_thread, hit)},
    {.name = "torn", .kind = Kind::kI32, .offset = offsetof(capsule_stack_thread, torn)},
    {.name = "frames", .kind = Kind::kU64, .offset = offsetof(capsule_stack_thread, frames)},
    {.name = "frames_omitted", .kind = Kind::kU64, .offset = offsetof(capsule_stack_thread, frames_omitted)},
    {.name = "native_frames", .kind = Kind::kU64, .offset = offsetof(capsule_stack_thread, native_frames)},
    {.name = "native_frames_omitted", .kind = Kind::kU64, .offset = offsetof(capsule_stack_thread, native_frames_omitted)},
    {.name = "native_state", .kind = Kind::kI32, .offset = offsetof(capsule_stack_thread, native_state), .enumeration = &kEnumerations[53]},
    {.name = "system_call", .kind = Kind::kI32, .offset = offsetof(capsule_stack_thread, system_call)},
};

constexpr Member kMembers68[] = {
    {.name = "line", .kind = Kind::kU32, .offset = offsetof(capsule_stack_frame, line)},
    {.name = "file", .kind = Kind::kText, .offset = offsetof(capsule_stack_frame, file)},
    {.name = "function", .kind = Kind::kText, .offset = offsetof(capsule_stack_frame, function)},
};

constexpr Member kMembers69[] = {
    {.name = "module", .kind = Kind::kText, .offset = offsetof(capsule_native_frame, module)},
    {.name = "symbol", .kind = Kind::kText, .offset = offsetof(capsule_native_frame, symbol)},
    {.name = "symbol_offset", .kind = Kind::kU64, .offset = offsetof(capsule_native_frame, symbol_offset)},
    {.name = "module_offset", .kind = Kind::kU64, .offset = offsetof(capsule_native_frame, module_offset)},
};

constexpr Member kMembers70[] = {
    {.name = "pid", .kind = Kind::kI32, .offset = offsetof(capsule_postmortem_info, pid)},
    {.name = "session_id", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, session_id)},
    {.name = "incarnation", .kind = Kind::kU32, .offset = offsetof(capsule_postmortem_info, incarnation)},
    {.name = "death_reason", .kind = Kind::kI32, .offset = offsetof(capsule_postmortem_info, death_reason), .enumeration = &kEnumerations[20]},
    {.name = "death_certain", .kind = Kind::kI32, .offset = offsetof(capsule_postmortem_info, death_certain)},
    {.name = "exit_code", .kind = Kind::kI32, .offset = offsetof(capsule_postmortem_info, exit_code)},
    {.name = "signal_number", .kind = Kind::kI32, .offset = offsetof(capsule_postmortem_info, signal_number)},
    {.name = "last_kind", .kind = Kind::kI32, .offset = offsetof(capsule_postmortem_info, last_kind)},
    {.name = "died_ns", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, died_ns)},
    {.name = "uptime_ns", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, uptime_ns)},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, execution_id)},
    {.name = "execution_age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, execution_age_ns)},
    {.name = "executions_queued", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, executions_queued)},
    {.name = "heartbeat_age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, heartbeat_age_ns)},
    {.name = "resident_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, resident_bytes)},
    {.name = "private_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, private_bytes)},
    {.name = "cpu_ns", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, cpu_ns)},
    {.name = "threads", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, threads)},
    {.name = "namespace_size", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, namespace_size)},
    {.name = "output_queue_limit_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, output_queue_limit_bytes)},
    {.name = "output_window_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, output_window_bytes)},
    {.name = "timeout_ms", .kind = Kind::kI64, .offset = offsetof(capsule_postmortem_info, timeout_ms)},
    {.name = "cancel_grace_ms", .kind = Kind::kI64, .offset = offsetof(capsule_postmortem_info, cancel_grace_ms)},
    {.name = "output_recovered_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, output_recovered_bytes)},
    {.name = "output_untaken_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, output_untaken_bytes)},
    {.name = "events_lost", .kind = Kind::kU64, .offset = offsetof(capsule_postmortem_info, events_lost)},
    {.name = "events", .kind = Kind::kArray, .offset = offsetof(capsule_postmortem_info, events), .entry = Kind::kStruct, .length_offset = offsetof(capsule_postmortem_info, event_count), .length_kind = Kind::kU64, .structure = &kStructs[44]},
    {.name = "announced_limits", .kind = Kind::kText, .offset = offsetof(capsule_postmortem_info, announced_limits)},
};

constexpr Member kMembers71[] = {
    {.name = "request_id", .kind = Kind::kU64, .offset = offsetof(capsule_pending_row, request_id)},
    {.name = "session_id", .kind = Kind::kU64, .offset = offsetof(capsule_pending_row, session_id)},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_pending_row, execution_id)},
    {.name = "age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pending_row, age_ns)},
    {.name = "left_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pending_row, left_ns)},
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_pending_row, kind), .enumeration = &kEnumerations[54]},
    {.name = "state", .kind = Kind::kI32, .offset = offsetof(capsule_pending_row, state), .enumeration = &kEnumerations[29]},
    {.name = "owner", .kind = Kind::kI32, .offset = offsetof(capsule_pending_row, owner), .enumeration = &kEnumerations[55]},
    {.name = "waiters", .kind = Kind::kU32, .offset = offsetof(capsule_pending_row, waiters)},
    {.name = "name", .kind = Kind::kStruct, .offset = offsetof(capsule_pending_row, name), .structure = &kStructs[58]},
    {.name = "progress_done", .kind = Kind::kU64, .offset = offsetof(capsule_pending_row, progress_done)},
    {.name = "progress_total", .kind = Kind::kU64, .offset = offsetof(capsule_pending_row, progress_total)},
};

constexpr Member kMembers72[] = {
    {.name = "level", .kind = Kind::kI32, .offset = offsetof(capsule_pending_summary, level), .enumeration = &kEnumerations[45]},
    {.name = "total", .kind = Kind::kU64, .offset = offsetof(capsule_pending_summary, total)},
    {.name = "left_out", .kind = Kind::kU64, .offset = offsetof(capsule_pending_summary, left_out)},
    {.name = "redactions", .kind = Kind::kU64, .offset = offsetof(capsule_pending_summary, redactions)},
    {.name = "oldest_ns", .kind = Kind::kU64, .offset = offsetof(capsule_pending_summary, oldest_ns)},
    {.name = "rows", .kind = Kind::kArray, .offset = offsetof(capsule_pending_summary, rows), .entry = Kind::kStruct, .length_offset = offsetof(capsule_pending_summary, count), .length_kind = Kind::kU64, .stride_offset = offsetof(capsule_pending_summary, row_size), .structure = &kStructs[71]},
};

constexpr Member kMembers73[] = {
    {.name = "name", .kind = Kind::kStruct, .offset = offsetof(capsule_namespace_row, name), .structure = &kStructs[58]},
    {.name = "type_name", .kind = Kind::kStruct, .offset = offsetof(capsule_namespace_row, type_name), .structure = &kStructs[58]},
    {.name = "size_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_row, size_bytes)},
    {.name = "kind", .kind = Kind::kI32, .offset = offsetof(capsule_namespace_row, kind), .enumeration = &kEnumerations[13]},
};

constexpr Member kMembers74[] = {
    {.name = "level", .kind = Kind::kI32, .offset = offsetof(capsule_namespace_summary, level), .enumeration = &kEnumerations[45]},
    {.name = "answered_by", .kind = Kind::kI32, .offset = offsetof(capsule_namespace_summary, answered_by), .enumeration = &kEnumerations[56]},
    {.name = "worker_status", .kind = Kind::kI32, .offset = offsetof(capsule_namespace_summary, worker_status)},
    {.name = "age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_summary, age_ns)},
    {.name = "total", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_summary, total)},
    {.name = "left_out", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_summary, left_out)},
    {.name = "redactions", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_summary, redactions)},
    {.name = "counted", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_summary, counted)},
    {.name = "size_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_summary, size_bytes)},
    {.name = "values", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_summary, values)},
    {.name = "functions", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_summary, functions)},
    {.name = "classes", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_summary, classes)},
    {.name = "modules", .kind = Kind::kU64, .offset = offsetof(capsule_namespace_summary, modules)},
    {.name = "rows", .kind = Kind::kArray, .offset = offsetof(capsule_namespace_summary, rows), .entry = Kind::kStruct, .length_offset = offsetof(capsule_namespace_summary, count), .length_kind = Kind::kU64, .stride_offset = offsetof(capsule_namespace_summary, row_size), .structure = &kStructs[73]},
};

constexpr Member kMembers75[] = {
    {.name = "level", .kind = Kind::kI32, .offset = offsetof(capsule_pool_summary, level), .enumeration = &kEnumerations[45]},
    {.name = "total", .kind = Kind::kU64, .offset = offsetof(capsule_pool_summary, total)},
    {.name = "left_out", .kind = Kind::kU64, .offset = offsetof(capsule_pool_summary, left_out)},
    {.name = "redactions", .kind = Kind::kU64, .offset = offsetof(capsule_pool_summary, redactions)},
    {.name = "rows", .kind = Kind::kArray, .offset = offsetof(capsule_pool_summary, rows), .entry = Kind::kStruct, .length_offset = offsetof(capsule_pool_summary, count), .length_kind = Kind::kU64, .stride_offset = offsetof(capsule_pool_summary, row_size), .structure = &kStructs[61]},
};

constexpr Member kMembers76[] = {
    {.name = "level", .kind = Kind::kI32, .offset = offsetof(capsule_execution_status, level), .enumeration = &kEnumerations[45]},
    {.name = "session_state", .kind = Kind::kI32, .offset = offsetof(capsule_execution_status, session_state), .enumeration = &kEnumerations[10]},
    {.name = "phase", .kind = Kind::kI32, .offset = offsetof(capsule_execution_status, phase), .enumeration = &kEnumerations[57]},
    {.name = "waits_for", .kind = Kind::kI32, .offset = offsetof(capsule_execution_status, waits_for), .enumeration = &kEnumerations[58]},
    {.name = "mode", .kind = Kind::kI32, .offset = offsetof(capsule_execution_status, mode), .enumeration = &kEnumerations[8]},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_execution_status, execution_id)},
    {.name = "age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_execution_status, age_ns)},
    {.name = "running_ns", .kind = Kind::kU64, .offset = offsetof(capsule_execution_status, running_ns)},
    {.name = "queued", .kind = Kind::kU64, .offset = offsetof(capsule_execution_status, queued)},
    {.name = "output_queue_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_execution_status, output_queue_bytes)},
    {.name = "open_inputs", .kind = Kind::kU64, .offset = offsetof(capsule_execution_status, open_inputs)},
    {.name = "open_calls", .kind = Kind::kU64, .offset = offsetof(capsule_execution_status, open_calls)},
    {.name = "heartbeat_age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_execution_status, heartbeat_age_ns)},
    {.name = "kill_left_ns", .kind = Kind::kU64, .offset = offsetof(capsule_execution_status, kill_left_ns)},
};

constexpr Member kMembers77[] = {
    {.name = "name", .kind = Kind::kText, .offset = offsetof(capsule_isolation_layer, name)},
    {.name = "reason", .kind = Kind::kText, .offset = offsetof(capsule_isolation_layer, reason)},
    {.name = "state", .kind = Kind::kI32, .offset = offsetof(capsule_isolation_layer, state), .enumeration = &kEnumerations[59]},
};

constexpr Member kMembers78[] = {
    {.name = "level", .kind = Kind::kI32, .offset = offsetof(capsule_isolation_report, level), .enumeration = &kEnumerations[45]},
    {.name = "active", .kind = Kind::kU32, .offset = offsetof(capsule_isolation_report, active)},
    {.name = "unavailable", .kind = Kind::kU32, .offset = offsetof(capsule_isolation_report, unavailable)},
    {.name = "waived", .kind = Kind::kU32, .offset = offsetof(capsule_isolation_report, waived)},
    {.name = "rows", .kind = Kind::kArray, .offset = offsetof(capsule_isolation_report, rows), .entry = Kind::kStruct, .length_offset = offsetof(capsule_isolation_report, count), .length_kind = Kind::kU64, .stride_offset = offsetof(capsule_isolation_report, row_size), .structure = &kStructs[77]},
};

constexpr Member kMembers79[] = {
    {.name = "sink", .kind = Kind::kI32, .offset = offsetof(capsule_log_options, sink), .enumeration = &kEnumerations[61]},
    {.name = "level", .kind = Kind::kI32, .offset = offsetof(capsule_log_options, level), .enumeration = &kEnumerations[60]},
    {.name = "format", .kind = Kind::kI32, .offset = offsetof(capsule_log_options, format), .enumeration = &kEnumerations[62]},
    {.name = "path", .kind = Kind::kText, .offset = offsetof(capsule_log_options, path)},
};

constexpr Member kMembers80[] = {
    {.name = "records", .kind = Kind::kFixed, .offset = offsetof(capsule_log_info, records), .entry = Kind::kU64, .count = 4},
    {.name = "dropped", .kind = Kind::kFixed, .offset = offsetof(capsule_log_info, dropped), .entry = Kind::kU64, .count = 4},
};

constexpr Member kMembers81[] = {
    {.name = "state", .kind = Kind::kI32, .offset = offsetof(capsule_worker_metrics, state), .enumeration = &kEnumerations[10]},
    {.name = "pid", .kind = Kind::kI32, .offset = offsetof(capsule_worker_metrics, pid)},
    {.name = "threads", .kind = Kind::kU32, .offset = offsetof(capsule_worker_metrics, threads)},
    {.name = "open_descriptors", .kind = Kind::kU32, .offset = offsetof(capsule_worker_metrics, open_descriptors)},
    {.name = "heartbeat_interval_ms", .kind = Kind::kU32, .offset = offsetof(capsule_worker_metrics, heartbeat_interval_ms)},
    {.name = "uptime_ns", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, uptime_ns)},
    {.name = "resident_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, resident_bytes)},
    {.name = "peak_resident_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, peak_resident_bytes)},
    {.name = "private_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, private_bytes)},
    {.name = "shared_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, shared_bytes)},
    {.name = "cpu_ns", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, cpu_ns)},
    {.name = "cpu_ratio", .kind = Kind::kDouble, .offset = offsetof(capsule_worker_metrics, cpu_ratio)},
    {.name = "namespace_size", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, namespace_size)},
    {.name = "namespace_age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, namespace_age_ns)},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, execution_id)},
    {.name = "execution_age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, execution_age_ns)},
    {.name = "heartbeat_ns", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, heartbeat_ns)},
    {.name = "heartbeat_age_ns", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, heartbeat_age_ns)},
    {.name = "heartbeats", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, heartbeats)},
    {.name = "heartbeats_missed", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, heartbeats_missed)},
    {.name = "send_failures", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, send_failures)},
    {.name = "cpu_total_ns", .kind = Kind::kU64, .offset = offsetof(capsule_worker_metrics, cpu_total_ns)},
};

constexpr Member kMembers82[] = {
    {.name = "pid", .kind = Kind::kI32, .offset = offsetof(capsule_worker_info, pid)},
    {.name = "python_version", .kind = Kind::kString, .offset = offsetof(capsule_worker_info, python_version), .count = 64},
    {.name = "python_path", .kind = Kind::kString, .offset = offsetof(capsule_worker_info, python_path), .count = 512},
    {.name = "executors", .kind = Kind::kString, .offset = offsetof(capsule_worker_info, executors), .count = 64},
    {.name = "features", .kind = Kind::kString, .offset = offsetof(capsule_worker_info, features), .count = 512},
    {.name = "limits", .kind = Kind::kString, .offset = offsetof(capsule_worker_info, limits), .count = 512},
    {.name = "isolation", .kind = Kind::kString, .offset = offsetof(capsule_worker_info, isolation), .count = 64},
};

constexpr Member kMembers83[] = {
    {.name = "frames", .kind = Kind::kU64, .offset = offsetof(capsule_transport_flow, frames)},
    {.name = "bytes", .kind = Kind::kU64, .offset = offsetof(capsule_transport_flow, bytes)},
    {.name = "largest_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_transport_flow, largest_bytes)},
    {.name = "messages", .kind = Kind::kFixed, .offset = offsetof(capsule_transport_flow, messages), .entry = Kind::kU64, .count = 64},
};

constexpr Member kMembers84[] = {
    {.name = "stale", .kind = Kind::kU32, .offset = offsetof(capsule_transport_metrics, stale)},
    {.name = "sent", .kind = Kind::kStruct, .offset = offsetof(capsule_transport_metrics, sent), .structure = &kStructs[83]},
    {.name = "received", .kind = Kind::kStruct, .offset = offsetof(capsule_transport_metrics, received), .structure = &kStructs[83]},
    {.name = "rejected", .kind = Kind::kFixed, .offset = offsetof(capsule_transport_metrics, rejected), .entry = Kind::kU64, .count = 16},
    {.name = "wakeups", .kind = Kind::kU64, .offset = offsetof(capsule_transport_metrics, wakeups)},
    {.name = "partial_reads", .kind = Kind::kU64, .offset = offsetof(capsule_transport_metrics, partial_reads)},
    {.name = "write_stalls", .kind = Kind::kU64, .offset = offsetof(capsule_transport_metrics, write_stalls)},
    {.name = "queue_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_transport_metrics, queue_bytes)},
    {.name = "queue_bytes_max", .kind = Kind::kU64, .offset = offsetof(capsule_transport_metrics, queue_bytes_max)},
    {.name = "encode_ns", .kind = Kind::kU64, .offset = offsetof(capsule_transport_metrics, encode_ns)},
    {.name = "decode_ns", .kind = Kind::kU64, .offset = offsetof(capsule_transport_metrics, decode_ns)},
};

constexpr Member kMembers85[] = {
    {.name = "triggers", .kind = Kind::kU64, .offset = offsetof(capsule_cancel_metrics, triggers)},
    {.name = "executions_canceled", .kind = Kind::kU64, .offset = offsetof(capsule_cancel_metrics, executions_canceled)},
    {.name = "waits_interrupted", .kind = Kind::kU64, .offset = offsetof(capsule_cancel_metrics, waits_interrupted)},
};

constexpr Member kMembers86[] = {
    {.name = "count", .kind = Kind::kU64, .offset = offsetof(capsule_histogram, count)},
    {.name = "sum", .kind = Kind::kU64, .offset = offsetof(capsule_histogram, sum)},
    {.name = "buckets", .kind = Kind::kFixed, .offset = offsetof(capsule_histogram, buckets), .entry = Kind::kU64, .count = 28},
};

constexpr Member kMembers87[] = {
    {.name = "ok", .kind = Kind::kU64, .offset = offsetof(capsule_execution_totals, ok)},
    {.name = "errors", .kind = Kind::kU64, .offset = offsetof(capsule_execution_totals, errors)},
    {.name = "canceled", .kind = Kind::kU64, .offset = offsetof(capsule_execution_totals, canceled)},
    {.name = "timed_out", .kind = Kind::kU64, .offset = offsetof(capsule_execution_totals, timed_out)},
    {.name = "killed", .kind = Kind::kU64, .offset = offsetof(capsule_execution_totals, killed)},
    {.name = "died", .kind = Kind::kU64, .offset = offsetof(capsule_execution_totals, died)},
};

constexpr Member kMembers88[] = {
    {.name = "enqueued", .kind = Kind::kU64, .offset = offsetof(capsule_output_totals, enqueued)},
    {.name = "sent", .kind = Kind::kU64, .offset = offsetof(capsule_output_totals, sent)},
    {.name = "bytes_sent", .kind = Kind::kU64, .offset = offsetof(capsule_output_totals, bytes_sent)},
    {.name = "dropped_newest", .kind = Kind::kU64, .offset = offsetof(capsule_output_totals, dropped_newest)},
    {.name = "dropped_oldest", .kind = Kind::kU64, .offset = offsetof(capsule_output_totals, dropped_oldest)},
    {.name = "refused", .kind = Kind::kU64, .offset = offsetof(capsule_output_totals, refused)},
};

constexpr Member kMembers89[] = {
    {.name = "sessions_closed", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, sessions_closed)},
    {.name = "sessions_killed", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, sessions_killed)},
    {.name = "sessions_failed", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, sessions_failed)},
    {.name = "start_fork", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, start_fork), .structure = &kStructs[86]},
    {.name = "start_spawn", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, start_spawn), .structure = &kStructs[86]},
    {.name = "start_restore", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, start_restore), .structure = &kStructs[86]},
    {.name = "checkpoint_size", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, checkpoint_size), .structure = &kStructs[86]},
    {.name = "checkpoint_duration", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, checkpoint_duration), .structure = &kStructs[86]},
    {.name = "execution_peak_resident_delta", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, execution_peak_resident_delta), .structure = &kStructs[86]},
    {.name = "worker_peak_resident_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, worker_peak_resident_bytes)},
    {.name = "durable_operations", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, durable_operations)},
    {.name = "durable_failures", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, durable_failures)},
    {.name = "exporter_queue_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, exporter_queue_bytes)},
    {.name = "telemetry_memory_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, telemetry_memory_bytes)},
    {.name = "worker_deaths", .kind = Kind::kFixed, .offset = offsetof(capsule_runtime_metrics, worker_deaths), .entry = Kind::kU64, .count = 16},
    {.name = "cancels_effective", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, cancels_effective)},
    {.name = "cancels_noop", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, cancels_noop)},
    {.name = "cancels_killed", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, cancels_killed)},
    {.name = "top_level_await", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, top_level_await), .structure = &kStructs[87]},
    {.name = "async_def", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, async_def), .structure = &kStructs[87]},
    {.name = "blocking_sync", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, blocking_sync), .structure = &kStructs[87]},
    {.name = "simple_sync", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, simple_sync), .structure = &kStructs[87]},
    {.name = "unknown", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, unknown), .structure = &kStructs[87]},
    {.name = "execution_duration", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, execution_duration), .structure = &kStructs[86]},
    {.name = "execution_queue", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, execution_queue), .structure = &kStructs[86]},
    {.name = "execution_cpu", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, execution_cpu), .structure = &kStructs[86]},
    {.name = "input_wait_ns", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, input_wait_ns)},
    {.name = "promise_wait_ns", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, promise_wait_ns)},
    {.name = "stdout_lines", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, stdout_lines)},
    {.name = "stderr_lines", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, stderr_lines)},
    {.name = "minor_faults", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, minor_faults)},
    {.name = "major_faults", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, major_faults)},
    {.name = "voluntary_switches", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, voluntary_switches)},
    {.name = "involuntary_switches", .kind = Kind::kU64, .offset = offsetof(capsule_runtime_metrics, involuntary_switches)},
    {.name = "standard_output", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, standard_output), .structure = &kStructs[88]},
    {.name = "standard_error", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, standard_error), .structure = &kStructs[88]},
    {.name = "displays", .kind = Kind::kStruct, .offset = offsetof(capsule_runtime_metrics, displays), .structure = &kStructs[88]},
};

constexpr Member kMembers90[] = {
    {.name = "text", .kind = Kind::kText, .offset = offsetof(capsule_metrics_text, text)},
};

constexpr Member kMembers91[] = {
    {.name = "rate_hz", .kind = Kind::kU32, .offset = offsetof(capsule_profile_options, rate_hz)},
    {.name = "duration_ms", .kind = Kind::kI64, .offset = offsetof(capsule_profile_options, duration_ms)},
    {.name = "threads", .kind = Kind::kI32, .offset = offsetof(capsule_profile_options, threads), .enumeration = &kEnumerations[64]},
    {.name = "max_frames", .kind = Kind::kU32, .offset = offsetof(capsule_profile_options, max_frames)},
    {.name = "max_stacks", .kind = Kind::kU32, .offset = offsetof(capsule_profile_options, max_stacks)},
    {.name = "caller", .kind = Kind::kText, .offset = offsetof(capsule_profile_options, caller)},
};

constexpr Member kMembers92[] = {
    {.name = "is_running", .kind = Kind::kI32, .offset = offsetof(capsule_profile_info, is_running)},
    {.name = "samples", .kind = Kind::kU64, .offset = offsetof(capsule_profile_info, samples)},
    {.name = "missed", .kind = Kind::kU64, .offset = offsetof(capsule_profile_info, missed)},
    {.name = "torn", .kind = Kind::kU64, .offset = offsetof(capsule_profile_info, torn)},
    {.name = "stacks", .kind = Kind::kU64, .offset = offsetof(capsule_profile_info, stacks)},
    {.name = "overflowed", .kind = Kind::kU64, .offset = offsetof(capsule_profile_info, overflowed)},
    {.name = "different", .kind = Kind::kU64, .offset = offsetof(capsule_profile_info, different)},
    {.name = "duration_ns", .kind = Kind::kU64, .offset = offsetof(capsule_profile_info, duration_ns)},
    {.name = "collect_ns", .kind = Kind::kU64, .offset = offsetof(capsule_profile_info, collect_ns)},
};

constexpr Member kMembers93[] = {
    {.name = "pid", .kind = Kind::kI32, .offset = offsetof(capsule_snapshot_info, pid)},
    {.name = "snapshot_id", .kind = Kind::kU64, .offset = offsetof(capsule_snapshot_info, snapshot_id)},
    {.name = "session_id", .kind = Kind::kU64, .offset = offsetof(capsule_snapshot_info, session_id)},
    {.name = "execution_id", .kind = Kind::kU64, .offset = offsetof(capsule_snapshot_info, execution_id)},
    {.name = "created_ns", .kind = Kind::kU64, .offset = offsetof(capsule_snapshot_info, created_ns)},
    {.name = "duration_ns", .kind = Kind::kU64, .offset = offsetof(capsule_snapshot_info, duration_ns)},
    {.name = "resident_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_snapshot_info, resident_bytes)},
    {.name = "private_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_snapshot_info, private_bytes)},
    {.name = "uses", .kind = Kind::kU64, .offset = offsetof(capsule_snapshot_info, uses)},
    {.name = "evicted", .kind = Kind::kI32, .offset = offsetof(capsule_snapshot_info, evicted)},
    {.name = "proportional_bytes", .kind = Kind::kU64, .offset = offsetof(capsule_snapshot_info, proportional_bytes)},
};

const Struct kStructs[94] = {
    {sizeof(capsule_text), false, nullptr, nullptr, kMembers0},  // capsule_text
    {sizeof(capsule_error), true, nullptr, nullptr, kMembers1},  // capsule_error
    {sizeof(capsule_runtime_options), true, init<capsule_runtime_options_init>, nullptr, kMembers2},  // capsule_runtime_options
    {sizeof(capsule_bridge_figures), false, nullptr, nullptr, kMembers3},  // capsule_bridge_figures
    {sizeof(capsule_runtime_info), true, nullptr, nullptr, kMembers4},  // capsule_runtime_info
    {sizeof(capsule_audit_options), true, init<capsule_audit_options_init>, nullptr, kMembers5},  // capsule_audit_options
    {sizeof(capsule_audit_record), false, nullptr, nullptr, kMembers6},  // capsule_audit_record
    {sizeof(capsule_audit_info), true, nullptr, nullptr, kMembers7},  // capsule_audit_info
    {sizeof(capsule_audit_list), true, nullptr, release<capsule_audit_list_release>, kMembers8},  // capsule_audit_list
    {sizeof(capsule_audit_check), true, nullptr, nullptr, kMembers9},  // capsule_audit_check
    {sizeof(capsule_audit_report), true, nullptr, nullptr, kMembers10},  // capsule_audit_report
    {sizeof(capsule_session_options), true, init<capsule_session_options_init>, nullptr, kMembers11},  // capsule_session_options
    {sizeof(capsule_session_info), true, nullptr, nullptr, kMembers12},  // capsule_session_info
    {sizeof(capsule_value), true, nullptr, release<capsule_value_release>, kMembers13},  // capsule_value
    {sizeof(capsule_input), false, nullptr, nullptr, kMembers14},  // capsule_input
    {sizeof(capsule_name), false, nullptr, nullptr, kMembers15},  // capsule_name
    {sizeof(capsule_name_list), true, nullptr, release<capsule_name_list_release>, kMembers16},  // capsule_name_list
    {sizeof(capsule_mime_part), false, nullptr, nullptr, kMembers17},  // capsule_mime_part
    {sizeof(capsule_event), true, nullptr, release<capsule_event_release>, kMembers18},  // capsule_event
    {sizeof(capsule_execution_options), true, init<capsule_execution_options_init>, nullptr, kMembers19},  // capsule_execution_options
    {sizeof(capsule_capability), true, init<capsule_capability_init>, nullptr, kMembers20},  // capsule_capability
    {sizeof(capsule_constraint), false, nullptr, nullptr, kMembers21},  // capsule_constraint
    {sizeof(capsule_rule), false, nullptr, nullptr, kMembers22},  // capsule_rule
    {sizeof(capsule_bridge_options), true, init<capsule_bridge_options_init>, nullptr, kMembers23},  // capsule_bridge_options
    {sizeof(capsule_attachment), false, nullptr, nullptr, kMembers24},  // capsule_attachment
    {sizeof(capsule_request), true, nullptr, release<capsule_request_release>, kMembers25},  // capsule_request
    {sizeof(capsule_bridge_metrics), true, nullptr, nullptr, kMembers26},  // capsule_bridge_metrics
    {sizeof(capsule_pending_call), false, nullptr, nullptr, kMembers27},  // capsule_pending_call
    {sizeof(capsule_capability_metrics), false, nullptr, nullptr, kMembers28},  // capsule_capability_metrics
    {sizeof(capsule_checkpoint_options), true, init<capsule_checkpoint_options_init>, nullptr, kMembers29},  // capsule_checkpoint_options
    {sizeof(capsule_checkpoint_info), true, nullptr, nullptr, kMembers30},  // capsule_checkpoint_info
    {sizeof(capsule_checkpoint_entry), false, nullptr, nullptr, kMembers31},  // capsule_checkpoint_entry
    {sizeof(capsule_checkpoint_entries), true, nullptr, release<capsule_checkpoint_entries_release>, kMembers32},  // capsule_checkpoint_entries
    {sizeof(capsule_executor_metrics), true, nullptr, nullptr, kMembers33},  // capsule_executor_metrics
    {sizeof(capsule_async_metrics), true, nullptr, nullptr, kMembers34},  // capsule_async_metrics
    {sizeof(capsule_limiter_metrics), true, nullptr, nullptr, kMembers35},  // capsule_limiter_metrics
    {sizeof(capsule_promise_store_options), true, init<capsule_promise_store_options_init>, nullptr, kMembers36},  // capsule_promise_store_options
    {sizeof(capsule_promise_wish), true, init<capsule_promise_wish_init>, nullptr, kMembers37},  // capsule_promise_wish
    {sizeof(capsule_promise), true, nullptr, release<capsule_promise_release>, kMembers38},  // capsule_promise
    {sizeof(capsule_pending_promise), false, nullptr, nullptr, kMembers39},  // capsule_pending_promise
    {sizeof(capsule_promise_metrics), true, nullptr, nullptr, kMembers40},  // capsule_promise_metrics
    {sizeof(capsule_durable_options), true, init<capsule_durable_options_init>, nullptr, kMembers41},  // capsule_durable_options
    {sizeof(capsule_pool_options), true, init<capsule_pool_options_init>, nullptr, kMembers42},  // capsule_pool_options
    {sizeof(capsule_acquire_options), true, init<capsule_acquire_options_init>, nullptr, kMembers43},  // capsule_acquire_options
    {sizeof(capsule_trace_event), false, nullptr, nullptr, kMembers44},  // capsule_trace_event
    {sizeof(capsule_trace_filter), true, nullptr, nullptr, kMembers45},  // capsule_trace_filter
    {sizeof(capsule_trace_info), true, nullptr, nullptr, kMembers46},  // capsule_trace_info
    {sizeof(capsule_trace_label), true, nullptr, nullptr, kMembers47},  // capsule_trace_label
    {sizeof(capsule_trace_context), true, nullptr, nullptr, kMembers48},  // capsule_trace_context
    {sizeof(capsule_export_label), false, nullptr, nullptr, kMembers49},  // capsule_export_label
    {sizeof(capsule_export_group), false, nullptr, nullptr, kMembers50},  // capsule_export_group
    {sizeof(capsule_exporter_options), true, init<capsule_exporter_options_init>, nullptr, kMembers51},  // capsule_exporter_options
    {sizeof(capsule_exporter_info), true, nullptr, nullptr, kMembers52},  // capsule_exporter_info
    {sizeof(capsule_frame), true, nullptr, nullptr, kMembers53},  // capsule_frame
    {sizeof(capsule_interceptor_options), true, init<capsule_interceptor_options_init>, nullptr, kMembers54},  // capsule_interceptor_options
    {sizeof(capsule_interceptor_info), true, nullptr, nullptr, kMembers55},  // capsule_interceptor_info
    {sizeof(capsule_introspection_policy), true, init<capsule_introspection_policy_init>, nullptr, kMembers56},  // capsule_introspection_policy
    {sizeof(capsule_inspection), true, init<capsule_inspection_init>, nullptr, kMembers57},  // capsule_inspection
    {sizeof(capsule_label), false, nullptr, nullptr, kMembers58},  // capsule_label
    {sizeof(capsule_pool_metrics), true, nullptr, nullptr, kMembers59},  // capsule_pool_metrics
    {sizeof(capsule_pool_info), true, nullptr, nullptr, kMembers60},  // capsule_pool_info
    {sizeof(capsule_pool_session), false, nullptr, nullptr, kMembers61},  // capsule_pool_session
    {sizeof(capsule_pool_sessions), true, nullptr, release<capsule_pool_sessions_release>, kMembers62},  // capsule_pool_sessions
    {sizeof(capsule_pool_import), false, nullptr, nullptr, kMembers63},  // capsule_pool_import
    {sizeof(capsule_pool_imports), true, nullptr, release<capsule_pool_imports_release>, kMembers64},  // capsule_pool_imports
    {sizeof(capsule_stack_options), true, init<capsule_stack_options_init>, nullptr, kMembers65},  // capsule_stack_options
    {sizeof(capsule_stack_info), true, nullptr, nullptr, kMembers66},  // capsule_stack_info
    {sizeof(capsule_stack_thread), true, nullptr, nullptr, kMembers67},  // capsule_stack_thread
    {sizeof(capsule_stack_frame), true, nullptr, nullptr, kMembers68},  // capsule_stack_frame
    {sizeof(capsule_native_frame), true, nullptr, nullptr, kMembers69},  // capsule_native_frame
    {sizeof(capsule_postmortem_info), true, nullptr, nullptr, kMembers70},  // capsule_postmortem_info
    {sizeof(capsule_pending_row), false, nullptr, nullptr, kMembers71},  // capsule_pending_row
    {sizeof(capsule_pending_summary), true, nullptr, release<capsule_pending_summary_release>, kMembers72},  // capsule_pending_summary
    {sizeof(capsule_namespace_row), false, nullptr, nullptr, kMembers73},  // capsule_namespace_row
    {sizeof(capsule_namespace_summary), true, nullptr, release<capsule_namespace_summary_release>, kMembers74},  // capsule_namespace_summary
    {sizeof(capsule_pool_summary), true, nullptr, release<capsule_pool_summary_release>, kMembers75},  // capsule_pool_summary
    {sizeof(capsule_execution_status), true, nullptr, nullptr, kMembers76},  // capsule_execution_status
    {sizeof(capsule_isolation_layer), false, nullptr, nullptr, kMembers77},  // capsule_isolation_layer
    {sizeof(capsule_isolation_report), true, nullptr, release<capsule_isolation_report_release>, kMembers78},  // capsule_isolation_report
    {sizeof(capsule_log_options), true, nullptr, nullptr, kMembers79},  // capsule_log_options
    {sizeof(capsule_log_info), true, nullptr, nullptr, kMembers80},  // capsule_log_info
    {sizeof(capsule_worker_metrics), true, nullptr, nullptr, kMembers81},  // capsule_worker_metrics
    {sizeof(capsule_worker_info), true, nullptr, nullptr, kMembers82},  // capsule_worker_info
    {sizeof(capsule_transport_flow), false, nullptr, nullptr, kMembers83},  // capsule_transport_flow
    {sizeof(capsule_transport_metrics), true, nullptr, nullptr, kMembers84},  // capsule_transport_metrics
    {sizeof(capsule_cancel_metrics), true, nullptr, nullptr, kMembers85},  // capsule_cancel_metrics
    {sizeof(capsule_histogram), false, nullptr, nullptr, kMembers86},  // capsule_histogram
    {sizeof(capsule_execution_totals), false, nullptr, nullptr, kMembers87},  // capsule_execution_totals
    {sizeof(capsule_output_totals), false, nullptr, nullptr, kMembers88},  // capsule_output_totals
    {sizeof(capsule_runtime_metrics), true, nullptr, nullptr, kMembers89},  // capsule_runtime_metrics
    {sizeof(capsule_metrics_text), true, nullptr, release<capsule_metrics_text_release>, kMembers90},  // capsule_metrics_text
    {sizeof(capsule_profile_options), true, init<capsule_profile_options_init>, nullptr, kMembers91},  // capsule_profile_options
    {sizeof(capsule_profile_info), true, nullptr, nullptr, kMembers92},  // capsule_profile_info
    {sizeof(capsule_snapshot_info), true, nullptr, nullptr, kMembers93},  // capsule_snapshot_info
};

constexpr Parameter kParameters0[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
};

constexpr Result kResults0[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[4]}, 8},
};

constexpr Parameter kParameters1[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[5]}, 0},
};

constexpr Parameter kParameters2[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
};

constexpr Result kResults2[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[7]}, 8},
};

constexpr Parameter kParameters3[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
    {{.name = "after_sequence", .kind = Kind::kU64, .offset = 8}, std::nullopt},
};

constexpr Result kResults3[] = {
    {{.name = "list", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[8]}, 16},
};

constexpr Parameter kParameters4[] = {
    {{.name = "check", .kind = Kind::kPointer, .offset = 0, .structure = &kStructs[9]}, std::nullopt},
};

constexpr Result kResults4[] = {
    {{.name = "report", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[10]}, 8},
};

constexpr Parameter kParameters5[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[11]}, 0},
};

constexpr Result kResults5[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, 16},
};

constexpr Parameter kParameters6[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, -1},
};

constexpr Parameter kParameters7[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
};

constexpr Parameter kParameters8[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, std::nullopt},
};

constexpr Parameter kParameters9[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "level", .kind = Kind::kI32, .offset = 8, .enumeration = &kEnumerations[60]}, std::nullopt},
};

constexpr Parameter kParameters10[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, 0},
};

constexpr Parameter kParameters11[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
};

constexpr Result kResults11[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[12]}, 8},
};

constexpr Parameter kParameters12[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "name", .kind = Kind::kBytes, .offset = 8, .length_offset = 16, .length_kind = Kind::kU64}, std::nullopt},
    {{.name = "value", .kind = Kind::kPointer, .offset = 24, .structure = &kStructs[13]}, std::nullopt},
    {{.name = "strategy", .kind = Kind::kI32, .offset = 32, .enumeration = &kEnumerations[12]}, 0},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 40}, -1},
};

constexpr Parameter kParameters13[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "inputs", .kind = Kind::kArray, .offset = 8, .entry = Kind::kStruct, .length_offset = 16, .length_kind = Kind::kU64, .structure = &kStructs[14]}, std::nullopt},
    {{.name = "strategy", .kind = Kind::kI32, .offset = 24, .enumeration = &kEnumerations[12]}, 0},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 32}, -1},
};

constexpr Parameter kParameters14[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "name", .kind = Kind::kBytes, .offset = 8, .length_offset = 16, .length_kind = Kind::kU64}, std::nullopt},
    {{.name = "kind", .kind = Kind::kI32, .offset = 24, .enumeration = &kEnumerations[11]}, 0},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 32}, -1},
};

constexpr Result kResults14[] = {
    {{.name = "value", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[13]}, 40},
};

constexpr Parameter kParameters15[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "name", .kind = Kind::kBytes, .offset = 8, .length_offset = 16, .length_kind = Kind::kU64}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 24}, -1},
};

constexpr Parameter kParameters16[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "limit", .kind = Kind::kU32, .offset = 8}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 16}, -1},
};

constexpr Result kResults16[] = {
    {{.name = "list", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[16]}, 24},
};

constexpr Parameter kParameters17[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "source", .kind = Kind::kBytes, .offset = 8, .length_offset = 16, .length_kind = Kind::kU64}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 24, .structure = &kStructs[19]}, 0},
};

constexpr Result kResults17[] = {
    {{.name = "execution", .kind = Kind::kHandle, .offset = 0, .handle = "execution"}, 32},
};

constexpr Parameter kParameters18[] = {
    {{.name = "execution", .kind = Kind::kHandle, .offset = 0, .handle = "execution"}, std::nullopt},
    {{.name = "input_id", .kind = Kind::kU64, .offset = 8}, std::nullopt},
    {{.name = "text", .kind = Kind::kBytes, .offset = 16, .length_offset = 24, .length_kind = Kind::kU64}, 0},
};

constexpr Parameter kParameters19[] = {
    {{.name = "execution", .kind = Kind::kHandle, .offset = 0, .handle = "execution"}, std::nullopt},
    {{.name = "input_id", .kind = Kind::kU64, .offset = 8}, std::nullopt},
};

constexpr Parameter kParameters20[] = {
    {{.name = "execution", .kind = Kind::kHandle, .offset = 0, .handle = "execution"}, std::nullopt},
    {{.name = "grace_ms", .kind = Kind::kI64, .offset = 8}, -1},
};

constexpr Parameter kParameters21[] = {
    {{.name = "execution", .kind = Kind::kHandle, .offset = 0, .handle = "execution"}, std::nullopt},
};

constexpr Parameter kParameters22[] = {
    {{.name = "execution", .kind = Kind::kHandle, .offset = 0, .handle = "execution"}, std::nullopt},
};

constexpr Result kResults22[] = {
    {{.name = "id", .kind = Kind::kU64, .offset = 0}, 8},
};

constexpr Parameter kParameters23[] = {
    {{.name = "execution", .kind = Kind::kHandle, .offset = 0, .handle = "execution"}, 0},
};

constexpr Parameter kParameters24[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[23]}, 0},
};

constexpr Result kResults24[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, 16},
};

constexpr Parameter kParameters25[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
    {{.name = "capability", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[20]}, std::nullopt},
};

constexpr Parameter kParameters26[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
    {{.name = "name", .kind = Kind::kBytes, .offset = 8, .length_offset = 16, .length_kind = Kind::kU64}, std::nullopt},
};

constexpr Parameter kParameters27[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
    {{.name = "request_id", .kind = Kind::kU64, .offset = 8}, std::nullopt},
    {{.name = "value", .kind = Kind::kPointer, .offset = 16, .structure = &kStructs[13]}, 0},
};

constexpr Parameter kParameters28[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
    {{.name = "request_id", .kind = Kind::kU64, .offset = 8}, std::nullopt},
    {{.name = "error_type", .kind = Kind::kText, .offset = 16}, std::nullopt},
    {{.name = "message", .kind = Kind::kText, .offset = 32}, std::nullopt},
};

constexpr Parameter kParameters29[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
    {{.name = "request_id", .kind = Kind::kU64, .offset = 8}, std::nullopt},
    {{.name = "approved", .kind = Kind::kI32, .offset = 16}, std::nullopt},
};

constexpr Parameter kParameters30[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
    {{.name = "request_id", .kind = Kind::kU64, .offset = 8}, std::nullopt},
    {{.name = "done", .kind = Kind::kU64, .offset = 16}, std::nullopt},
    {{.name = "total", .kind = Kind::kU64, .offset = 24}, std::nullopt},
};

constexpr Parameter kParameters31[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
};

constexpr Parameter kParameters32[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
};

constexpr Parameter kParameters33[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, 0},
};

constexpr Parameter kParameters34[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "rules", .kind = Kind::kArray, .offset = 8, .entry = Kind::kStruct, .length_offset = 16, .length_kind = Kind::kU64, .structure = &kStructs[22]}, std::nullopt},
};

constexpr Parameter kParameters35[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
};

constexpr Result kResults35[] = {
    {{.name = "calls", .kind = Kind::kArray, .offset = 0, .entry = Kind::kStruct, .length_offset = 8, .length_kind = Kind::kU64, .structure = &kStructs[27]}, 8, 16},
    {{.name = "total", .kind = Kind::kU64, .offset = 8 + 8}, 32},
    {{.name = {}, .kind = Kind::kU64, .offset = 8}, 24},
};

constexpr Parameter kParameters36[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
};

constexpr Result kResults36[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[26]}, 8},
};

constexpr Parameter kParameters37[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
};

constexpr Result kResults37[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[26]}, 8},
};

constexpr Parameter kParameters38[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
};

constexpr Result kResults38[] = {
    {{.name = "metrics", .kind = Kind::kArray, .offset = 0, .entry = Kind::kStruct, .length_offset = 8, .length_kind = Kind::kU64, .structure = &kStructs[28]}, 8, 16},
    {{.name = "total", .kind = Kind::kU64, .offset = 8 + 8}, 32},
    {{.name = {}, .kind = Kind::kU64, .offset = 8}, 24},
};

constexpr Parameter kParameters39[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
    {{.name = "request_id", .kind = Kind::kU64, .offset = 8}, std::nullopt},
    {{.name = "value", .kind = Kind::kPointer, .offset = 16, .structure = &kStructs[13]}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 24}, -1},
};

constexpr Parameter kParameters40[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
    {{.name = "request_id", .kind = Kind::kU64, .offset = 8}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 16}, -1},
};

constexpr Result kResults40[] = {
    {{.name = "value", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[13]}, 24},
};

constexpr Parameter kParameters41[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[29]}, 0},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 16}, -1},
};

constexpr Result kResults41[] = {
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 0, .handle = "checkpoint"}, 24},
};

constexpr Parameter kParameters42[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 8, .handle = "checkpoint"}, std::nullopt},
    {{.name = "flags", .kind = Kind::kU32, .offset = 16, .enumeration = &kEnumerations[30]}, 0},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 24}, -1},
};

constexpr Result kResults42[] = {
    {{.name = "report", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[32]}, 32},
};

constexpr Parameter kParameters43[] = {
    {{.name = "data", .kind = Kind::kBytes, .offset = 0, .length_offset = 8, .length_kind = Kind::kU64}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 16, .structure = &kStructs[29]}, 0},
};

constexpr Result kResults43[] = {
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 0, .handle = "checkpoint"}, 24},
};

constexpr Parameter kParameters44[] = {
    {{.name = "path", .kind = Kind::kBytes, .offset = 0, .length_offset = 8, .length_kind = Kind::kU64}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 16, .structure = &kStructs[29]}, 0},
};

constexpr Result kResults44[] = {
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 0, .handle = "checkpoint"}, 24},
};

constexpr Parameter kParameters45[] = {
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 0, .handle = "checkpoint"}, std::nullopt},
    {{.name = "path", .kind = Kind::kBytes, .offset = 8, .length_offset = 16, .length_kind = Kind::kU64}, std::nullopt},
};

constexpr Parameter kParameters46[] = {
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 0, .handle = "checkpoint"}, std::nullopt},
};

constexpr Result kResults46[] = {
    {{.name = "data", .kind = Kind::kBytes, .offset = 0, .length_offset = 8, .length_kind = Kind::kU64}, 8},
    {{.name = {}, .kind = Kind::kU64, .offset = 8}, 16},
};

constexpr Parameter kParameters47[] = {
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 0, .handle = "checkpoint"}, std::nullopt},
};

constexpr Result kResults47[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[30]}, 8},
};

constexpr Parameter kParameters48[] = {
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 0, .handle = "checkpoint"}, std::nullopt},
};

constexpr Result kResults48[] = {
    {{.name = "entries", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[32]}, 8},
};

constexpr Parameter kParameters49[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 8, .handle = "checkpoint"}, std::nullopt},
};

constexpr Parameter kParameters50[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "name", .kind = Kind::kBytes, .offset = 8, .length_offset = 16, .length_kind = Kind::kU64}, 0},
};

constexpr Result kResults50[] = {
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 0, .handle = "checkpoint"}, 24},
};

constexpr Parameter kParameters51[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "index", .kind = Kind::kU64, .offset = 8}, std::nullopt},
};

constexpr Result kResults51[] = {
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 0, .handle = "checkpoint"}, 16},
};

constexpr Parameter kParameters52[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "name", .kind = Kind::kBytes, .offset = 8, .length_offset = 16, .length_kind = Kind::kU64}, std::nullopt},
};

constexpr Parameter kParameters53[] = {
    {{.name = "checkpoint", .kind = Kind::kHandle, .offset = 0, .handle = "checkpoint"}, 0},
};

constexpr Parameter kParameters54[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
};

constexpr Result kResults54[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[33]}, 8},
};

constexpr Parameter kParameters55[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
};

constexpr Result kResults55[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[34]}, 8},
};

constexpr Parameter kParameters56[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
};

constexpr Result kResults56[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[35]}, 8},
};

constexpr Parameter kParameters57[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[36]}, 0},
};

constexpr Result kResults57[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, 16},
};

constexpr Parameter kParameters58[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, std::nullopt},
    {{.name = "wish", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[37]}, std::nullopt},
};

constexpr Result kResults58[] = {
    {{.name = "promise", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[38]}, 16},
};

constexpr Parameter kParameters59[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, std::nullopt},
    {{.name = "id", .kind = Kind::kText, .offset = 8}, std::nullopt},
    {{.name = "state", .kind = Kind::kI32, .offset = 24, .enumeration = &kEnumerations[32]}, std::nullopt},
    {{.name = "value", .kind = Kind::kText, .offset = 32}, std::nullopt},
};

constexpr Result kResults59[] = {
    {{.name = "promise", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[38]}, 48},
};

constexpr Parameter kParameters60[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, std::nullopt},
    {{.name = "id", .kind = Kind::kText, .offset = 8}, std::nullopt},
};

constexpr Result kResults60[] = {
    {{.name = "promise", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[38]}, 24},
};

constexpr Parameter kParameters61[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, std::nullopt},
    {{.name = "id", .kind = Kind::kText, .offset = 8}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 24}, -1},
};

constexpr Result kResults61[] = {
    {{.name = "promise", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[38]}, 32},
};

constexpr Parameter kParameters62[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, std::nullopt},
    {{.name = "id", .kind = Kind::kText, .offset = 8}, std::nullopt},
};

constexpr Parameter kParameters63[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, std::nullopt},
    {{.name = "id", .kind = Kind::kText, .offset = 8}, std::nullopt},
};

constexpr Parameter kParameters64[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, std::nullopt},
};

constexpr Result kResults64[] = {
    {{.name = "promises", .kind = Kind::kArray, .offset = 0, .entry = Kind::kStruct, .length_offset = 8, .length_kind = Kind::kU64, .structure = &kStructs[39]}, 8, 16},
    {{.name = "total", .kind = Kind::kU64, .offset = 8 + 8}, 32},
    {{.name = {}, .kind = Kind::kU64, .offset = 8}, 24},
};

constexpr Parameter kParameters65[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, std::nullopt},
};

constexpr Result kResults65[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[40]}, 8},
};

constexpr Parameter kParameters66[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, std::nullopt},
};

constexpr Parameter kParameters67[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, 0},
};

constexpr Parameter kParameters68[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "source", .kind = Kind::kBytes, .offset = 8, .length_offset = 16, .length_kind = Kind::kU64}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 24, .structure = &kStructs[19]}, 0},
    {{.name = "durable", .kind = Kind::kPointer, .offset = 32, .structure = &kStructs[41]}, std::nullopt},
};

constexpr Result kResults68[] = {
    {{.name = "execution", .kind = Kind::kHandle, .offset = 0, .handle = "execution"}, 40},
    {{.name = "promise", .kind = Kind::kStruct, .offset = 8, .structure = &kStructs[38]}, 48},
};

constexpr Parameter kParameters69[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[42]}, 0},
};

constexpr Result kResults69[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, 16},
};

constexpr Parameter kParameters70[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, -1},
};

constexpr Parameter kParameters71[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[43]}, 0},
};

constexpr Result kResults71[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, 16},
};

constexpr Parameter kParameters72[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[43]}, 0},
};

constexpr Result kResults72[] = {
    {{.name = "acquisition", .kind = Kind::kHandle, .offset = 0, .handle = "acquisition"}, 16},
};

constexpr Parameter kParameters73[] = {
    {{.name = "acquisition", .kind = Kind::kHandle, .offset = 0, .handle = "acquisition"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, -1},
};

constexpr Result kResults73[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, 16},
};

constexpr Parameter kParameters74[] = {
    {{.name = "acquisition", .kind = Kind::kHandle, .offset = 0, .handle = "acquisition"}, std::nullopt},
};

constexpr Parameter kParameters75[] = {
    {{.name = "acquisition", .kind = Kind::kHandle, .offset = 0, .handle = "acquisition"}, 0},
};

constexpr Parameter kParameters76[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
    {{.name = "session", .kind = Kind::kHandle, .offset = 8, .handle = "session"}, std::nullopt},
};

constexpr Parameter kParameters77[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, std::nullopt},
};

constexpr Parameter kParameters78[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, 0},
};

constexpr Parameter kParameters79[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "filter", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[45]}, 0},
};

constexpr Result kResults79[] = {
    {{.name = "events", .kind = Kind::kArray, .offset = 0, .entry = Kind::kStruct, .length_offset = 8, .length_kind = Kind::kU64, .structure = &kStructs[44]}, 16, 24},
    {{.name = "info", .kind = Kind::kStruct, .offset = 8 + 8, .structure = &kStructs[46]}, 40},
    {{.name = {}, .kind = Kind::kU64, .offset = 8}, 32},
};

constexpr Parameter kParameters80[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
    {{.name = "filter", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[45]}, 0},
};

constexpr Result kResults80[] = {
    {{.name = "events", .kind = Kind::kArray, .offset = 0, .entry = Kind::kStruct, .length_offset = 8, .length_kind = Kind::kU64, .structure = &kStructs[44]}, 16, 24},
    {{.name = "info", .kind = Kind::kStruct, .offset = 8 + 8, .structure = &kStructs[46]}, 40},
    {{.name = {}, .kind = Kind::kU64, .offset = 8}, 32},
};

constexpr Parameter kParameters81[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "filter", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[45]}, 0},
};

constexpr Result kResults81[] = {
    {{.name = "trace", .kind = Kind::kHandle, .offset = 0, .handle = "trace"}, 16},
};

constexpr Parameter kParameters82[] = {
    {{.name = "trace", .kind = Kind::kHandle, .offset = 0, .handle = "trace"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, -1},
};

constexpr Result kResults82[] = {
    {{.name = "event", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[44]}, 16},
};

constexpr Parameter kParameters83[] = {
    {{.name = "trace", .kind = Kind::kHandle, .offset = 0, .handle = "trace"}, std::nullopt},
};

constexpr Result kResults83[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[46]}, 8},
};

constexpr Parameter kParameters84[] = {
    {{.name = "trace", .kind = Kind::kHandle, .offset = 0, .handle = "trace"}, 0},
};

constexpr Parameter kParameters85[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "number", .kind = Kind::kU32, .offset = 8}, std::nullopt},
};

constexpr Result kResults85[] = {
    {{.name = "label", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[47]}, 16},
};

constexpr Parameter kParameters86[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "execution_id", .kind = Kind::kU64, .offset = 8}, std::nullopt},
};

constexpr Result kResults86[] = {
    {{.name = "context", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[48]}, 16},
};

constexpr Parameter kParameters87[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[51]}, 0},
};

constexpr Result kResults87[] = {
    {{.name = "exporter", .kind = Kind::kHandle, .offset = 0, .handle = "exporter"}, 16},
};

constexpr Parameter kParameters88[] = {
    {{.name = "exporter", .kind = Kind::kHandle, .offset = 0, .handle = "exporter"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, std::nullopt},
};

constexpr Parameter kParameters89[] = {
    {{.name = "exporter", .kind = Kind::kHandle, .offset = 0, .handle = "exporter"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, std::nullopt},
};

constexpr Parameter kParameters90[] = {
    {{.name = "exporter", .kind = Kind::kHandle, .offset = 0, .handle = "exporter"}, std::nullopt},
};

constexpr Result kResults90[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[52]}, 8},
};

constexpr Parameter kParameters91[] = {
    {{.name = "exporter", .kind = Kind::kHandle, .offset = 0, .handle = "exporter"}, 0},
};

constexpr Parameter kParameters92[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
    {{.name = "policy", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[56]}, 0},
};

constexpr Parameter kParameters93[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "policy", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[56]}, std::nullopt},
};

constexpr Parameter kParameters94[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
};

constexpr Result kResults94[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[59]}, 8},
};

constexpr Parameter kParameters95[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
};

constexpr Result kResults95[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[60]}, 8},
};

constexpr Parameter kParameters96[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
};

constexpr Result kResults96[] = {
    {{.name = "sessions", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[62]}, 8},
};

constexpr Parameter kParameters97[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
};

constexpr Result kResults97[] = {
    {{.name = "imports", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[64]}, 8},
};

constexpr Parameter kParameters98[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[65]}, 0},
};

constexpr Result kResults98[] = {
    {{.name = "stack", .kind = Kind::kHandle, .offset = 0, .handle = "stack"}, 16},
};

constexpr Parameter kParameters99[] = {
    {{.name = "stack", .kind = Kind::kHandle, .offset = 0, .handle = "stack"}, std::nullopt},
};

constexpr Result kResults99[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[66]}, 8},
};

constexpr Parameter kParameters100[] = {
    {{.name = "stack", .kind = Kind::kHandle, .offset = 0, .handle = "stack"}, std::nullopt},
    {{.name = "index", .kind = Kind::kU64, .offset = 8}, std::nullopt},
};

constexpr Result kResults100[] = {
    {{.name = "thread", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[67]}, 16},
};

constexpr Parameter kParameters101[] = {
    {{.name = "stack", .kind = Kind::kHandle, .offset = 0, .handle = "stack"}, std::nullopt},
    {{.name = "thread", .kind = Kind::kU64, .offset = 8}, std::nullopt},
    {{.name = "index", .kind = Kind::kU64, .offset = 16}, std::nullopt},
};

constexpr Result kResults101[] = {
    {{.name = "frame", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[68]}, 24},
};

constexpr Parameter kParameters102[] = {
    {{.name = "stack", .kind = Kind::kHandle, .offset = 0, .handle = "stack"}, std::nullopt},
    {{.name = "thread", .kind = Kind::kU64, .offset = 8}, std::nullopt},
    {{.name = "index", .kind = Kind::kU64, .offset = 16}, std::nullopt},
};

constexpr Result kResults102[] = {
    {{.name = "frame", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[69]}, 24},
};

constexpr Parameter kParameters103[] = {
    {{.name = "stack", .kind = Kind::kHandle, .offset = 0, .handle = "stack"}, 0},
};

constexpr Parameter kParameters104[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "index", .kind = Kind::kU32, .offset = 8}, std::nullopt},
};

constexpr Result kResults104[] = {
    {{.name = "postmortem", .kind = Kind::kHandle, .offset = 0, .handle = "postmortem"}, 16},
};

constexpr Parameter kParameters105[] = {
    {{.name = "postmortem", .kind = Kind::kHandle, .offset = 0, .handle = "postmortem"}, std::nullopt},
};

constexpr Result kResults105[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[70]}, 8},
};

constexpr Parameter kParameters106[] = {
    {{.name = "postmortem", .kind = Kind::kHandle, .offset = 0, .handle = "postmortem"}, std::nullopt},
};

constexpr Result kResults106[] = {
    {{.name = "stack", .kind = Kind::kHandle, .offset = 0, .handle = "stack"}, 8},
};

constexpr Parameter kParameters107[] = {
    {{.name = "postmortem", .kind = Kind::kHandle, .offset = 0, .handle = "postmortem"}, std::nullopt},
};

constexpr Result kResults107[] = {
    {{.name = "json", .kind = Kind::kText, .offset = 0}, 8},
};

constexpr Parameter kParameters108[] = {
    {{.name = "postmortem", .kind = Kind::kHandle, .offset = 0, .handle = "postmortem"}, 0},
};

constexpr Parameter kParameters109[] = {
    {{.name = "bridge", .kind = Kind::kHandle, .offset = 0, .handle = "bridge"}, std::nullopt},
    {{.name = "inspection", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[57]}, 0},
};

constexpr Result kResults109[] = {
    {{.name = "summary", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[72]}, 16},
};

constexpr Parameter kParameters110[] = {
    {{.name = "store", .kind = Kind::kHandle, .offset = 0, .handle = "promise_store"}, std::nullopt},
    {{.name = "inspection", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[57]}, 0},
};

constexpr Result kResults110[] = {
    {{.name = "summary", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[72]}, 16},
};

constexpr Parameter kParameters111[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "inspection", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[57]}, 0},
};

constexpr Result kResults111[] = {
    {{.name = "summary", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[74]}, 16},
};

constexpr Parameter kParameters112[] = {
    {{.name = "pool", .kind = Kind::kHandle, .offset = 0, .handle = "pool"}, std::nullopt},
    {{.name = "inspection", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[57]}, 0},
};

constexpr Result kResults112[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[60]}, 16},
    {{.name = "summary", .kind = Kind::kStruct, .offset = room_of<capsule_pool_info>, .structure = &kStructs[75]}, 24},
};

constexpr Parameter kParameters113[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "inspection", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[57]}, 0},
};

constexpr Result kResults113[] = {
    {{.name = "status", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[76]}, 16},
};

constexpr Parameter kParameters114[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "inspection", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[57]}, 0},
};

constexpr Result kResults114[] = {
    {{.name = "report", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[78]}, 16},
};

constexpr Parameter kParameters115[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "inspection", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[57]}, 0},
    {{.name = "options", .kind = Kind::kPointer, .offset = 16, .structure = &kStructs[65]}, 0},
};

constexpr Result kResults115[] = {
    {{.name = "stack", .kind = Kind::kHandle, .offset = 0, .handle = "stack"}, 24},
};

constexpr Parameter kParameters116[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "inspection", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[57]}, 0},
    {{.name = "index", .kind = Kind::kU32, .offset = 16}, std::nullopt},
};

constexpr Result kResults116[] = {
    {{.name = "postmortem", .kind = Kind::kHandle, .offset = 0, .handle = "postmortem"}, 24},
};

constexpr Parameter kParameters117[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "inspection", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[57]}, 0},
    {{.name = "number", .kind = Kind::kU32, .offset = 16}, std::nullopt},
};

constexpr Result kResults117[] = {
    {{.name = "label", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[47]}, 24},
};

constexpr Parameter kParameters118[] = {
    {{.name = "options", .kind = Kind::kPointer, .offset = 0, .structure = &kStructs[79]}, 0},
};

constexpr Result kResults119[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[80]}, 0},
};

constexpr Parameter kParameters120[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
};

constexpr Result kResults120[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[81]}, 8},
};

constexpr Parameter kParameters121[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
};

constexpr Result kResults121[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[82]}, 8},
};

constexpr Parameter kParameters122[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
};

constexpr Result kResults122[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[84]}, 8},
};

constexpr Parameter kParameters123[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
};

constexpr Result kResults123[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[85]}, 8},
};

constexpr Parameter kParameters124[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
};

constexpr Result kResults124[] = {
    {{.name = "metrics", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[89]}, 8},
};

constexpr Parameter kParameters125[] = {
    {{.name = "runtime", .kind = Kind::kHandle, .offset = 0, .handle = "runtime"}, std::nullopt},
};

constexpr Result kResults125[] = {
    {{.name = "text", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[90]}, 8},
};

constexpr Parameter kParameters126[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "options", .kind = Kind::kPointer, .offset = 8, .structure = &kStructs[91]}, 0},
};

constexpr Result kResults126[] = {
    {{.name = "profile", .kind = Kind::kHandle, .offset = 0, .handle = "profile"}, 16},
};

constexpr Parameter kParameters127[] = {
    {{.name = "profile", .kind = Kind::kHandle, .offset = 0, .handle = "profile"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, -1},
};

constexpr Parameter kParameters128[] = {
    {{.name = "profile", .kind = Kind::kHandle, .offset = 0, .handle = "profile"}, std::nullopt},
};

constexpr Parameter kParameters129[] = {
    {{.name = "profile", .kind = Kind::kHandle, .offset = 0, .handle = "profile"}, std::nullopt},
};

constexpr Result kResults129[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[92]}, 8},
};

constexpr Parameter kParameters130[] = {
    {{.name = "profile", .kind = Kind::kHandle, .offset = 0, .handle = "profile"}, std::nullopt},
};

constexpr Result kResults130[] = {
    {{.name = "data", .kind = Kind::kBytes, .offset = 0, .length_offset = 8, .length_kind = Kind::kU64}, 8},
    {{.name = {}, .kind = Kind::kU64, .offset = 8}, 16},
};

constexpr Parameter kParameters131[] = {
    {{.name = "profile", .kind = Kind::kHandle, .offset = 0, .handle = "profile"}, 0},
};

constexpr Parameter kParameters132[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, -1},
};

constexpr Result kResults132[] = {
    {{.name = "snapshot", .kind = Kind::kHandle, .offset = 0, .handle = "snapshot"}, 16},
};

constexpr Parameter kParameters133[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "snapshot", .kind = Kind::kHandle, .offset = 8, .handle = "snapshot"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 16}, -1},
};

constexpr Parameter kParameters134[] = {
    {{.name = "snapshot", .kind = Kind::kHandle, .offset = 0, .handle = "snapshot"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, -1},
};

constexpr Result kResults134[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, 16},
};

constexpr Parameter kParameters135[] = {
    {{.name = "session", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, std::nullopt},
    {{.name = "timeout_ms", .kind = Kind::kI64, .offset = 8}, -1},
};

constexpr Result kResults135[] = {
    {{.name = "branch", .kind = Kind::kHandle, .offset = 0, .handle = "session"}, 16},
};

constexpr Parameter kParameters136[] = {
    {{.name = "snapshot", .kind = Kind::kHandle, .offset = 0, .handle = "snapshot"}, std::nullopt},
};

constexpr Result kResults136[] = {
    {{.name = "info", .kind = Kind::kStruct, .offset = 0, .structure = &kStructs[93]}, 8},
};

constexpr Parameter kParameters137[] = {
    {{.name = "snapshot", .kind = Kind::kHandle, .offset = 0, .handle = "snapshot"}, 0},
};

constexpr Function kFunctions[] = {
    {"runtime_get_info", false, false, false, call<capsule_runtime_get_info>, kParameters0, kResults0, 24, room_of<capsule_runtime_info>},
    {"runtime_set_audit", false, false, false, call<capsule_runtime_set_audit>, kParameters1, {}, 24, 0},
    {"runtime_get_audit_info", false, false, false, call<capsule_runtime_get_audit_info>, kParameters2, kResults2, 24, room_of<capsule_audit_info>},
    {"runtime_list_audit", false, false, false, call<capsule_runtime_list_audit>, kParameters3, kResults3, 32, room_of<capsule_audit_list>},
    {"audit_verify", false, false, false, call<capsule_audit_verify>, kParameters4, kResults4, 24, room_of<capsule_audit_report>},
    {"session_open", true, false, false, call<capsule_session_open>, kParameters5, kResults5, 32, 8},
    {"session_wait_ready", true, false, false, call<capsule_session_wait_ready>, kParameters6, {}, 24, 0},
    {"session_restart", true, false, false, call<capsule_session_restart>, kParameters7, {}, 16, 0},
    {"session_close", true, false, false, call<capsule_session_close>, kParameters8, {}, 24, 0},
    {"session_set_log_level", false, false, false, call<capsule_session_set_log_level>, kParameters9, {}, 24, 0},
    {"session_release", false, false, true, call<capsule_session_release>, kParameters10, {}, 8, 0},
    {"session_get_info", false, false, false, call<capsule_session_get_info>, kParameters11, kResults11, 24, room_of<capsule_session_info>},
    {"session_set", true, true, false, call<capsule_session_set>, kParameters12, {}, 56, 0},
    {"session_update", true, true, false, call<capsule_session_update>, kParameters13, {}, 48, 0},
    {"session_get", true, true, false, call<capsule_session_get>, kParameters14, kResults14, 56, room_of<capsule_value>},
    {"session_delete", true, true, false, call<capsule_session_delete>, kParameters15, {}, 40, 0},
    {"session_list", true, true, false, call<capsule_session_list>, kParameters16, kResults16, 40, room_of<capsule_name_list>},
    {"execution_create", false, true, false, call<capsule_execution_create>, kParameters17, kResults17, 48, 8},
    {"execution_answer", false, false, false, call<capsule_execution_answer>, kParameters18, {}, 40, 0},
    {"execution_decline", false, false, false, call<capsule_execution_decline>, kParameters19, {}, 24, 0},
    {"execution_cancel", false, false, false, call<capsule_execution_cancel>, kParameters20, {}, 24, 0},
    {"execution_interrupt", false, false, false, call<capsule_execution_interrupt>, kParameters21, {}, 16, 0},
    {"execution_get_id", false, false, false, call<capsule_execution_get_id>, kParameters22, kResults22, 24, 8},
    {"execution_release", false, false, true, call<capsule_execution_release>, kParameters23, {}, 8, 0},
    {"bridge_create", false, false, false, call<capsule_bridge_create>, kParameters24, kResults24, 32, 8},
    {"bridge_register", false, false, false, call<capsule_bridge_register>, kParameters25, {}, 24, 0},
    {"bridge_unregister", false, false, false, call<capsule_bridge_unregister>, kParameters26, {}, 32, 0},
    {"bridge_respond", false, false, false, call<capsule_bridge_respond>, kParameters27, {}, 32, 0},
    {"bridge_fail", false, false, false, call<capsule_bridge_fail>, kParameters28, {}, 56, 0},
    {"bridge_approve", false, false, false, call<capsule_bridge_approve>, kParameters29, {}, 32, 0},
    {"bridge_report_progress", false, false, false, call<capsule_bridge_report_progress>, kParameters30, {}, 40, 0},
    {"bridge_cancel_all", false, false, false, call<capsule_bridge_cancel_all>, kParameters31, {}, 16, 0},
    {"bridge_close", false, false, false, call<capsule_bridge_close>, kParameters32, {}, 16, 0},
    {"bridge_release", false, false, true, call<capsule_bridge_release>, kParameters33, {}, 8, 0},
    {"session_narrow_rules", false, false, false, call<capsule_session_narrow_rules>, kParameters34, {}, 32, 0},
    {"bridge_list_pending", false, false, false, call<capsule_bridge_list_pending>, kParameters35, kResults35, 48, 8 + 8 + 8},
    {"bridge_get_metrics", false, false, false, call<capsule_bridge_get_metrics>, kParameters36, kResults36, 24, room_of<capsule_bridge_metrics>},
    {"session_get_bridge_metrics", false, false, false, call<capsule_session_get_bridge_metrics>, kParameters37, kResults37, 24, room_of<capsule_bridge_metrics>},
    {"bridge_list_capability_metrics", false, false, false, call<capsule_bridge_list_capability_metrics>, kParameters38, kResults38, 48, 8 + 8 + 8},
    {"bridge_send_chunk", true, false, false, call<capsule_bridge_send_chunk>, kParameters39, {}, 40, 0},
    {"bridge_next_chunk", true, false, false, call<capsule_bridge_next_chunk>, kParameters40, kResults40, 40, room_of<capsule_value>},
    {"session_checkpoint", true, true, false, call<capsule_session_checkpoint>, kParameters41, kResults41, 40, 8},
    {"session_restore_checkpoint", true, true, false, call<capsule_session_restore_checkpoint>, kParameters42, kResults42, 48, room_of<capsule_checkpoint_entries>},
    {"checkpoint_read", false, false, false, call<capsule_checkpoint_read>, kParameters43, kResults43, 40, 8},
    {"checkpoint_read_file", false, false, false, call<capsule_checkpoint_read_file>, kParameters44, kResults44, 40, 8},
    {"checkpoint_write_file", false, false, false, call<capsule_checkpoint_write_file>, kParameters45, {}, 32, 0},
    {"checkpoint_get_data", false, false, false, call<capsule_checkpoint_get_data>, kParameters46, kResults46, 32, 8 + 8},
    {"checkpoint_get_info", false, false, false, call<capsule_checkpoint_get_info>, kParameters47, kResults47, 24, room_of<capsule_checkpoint_info>},
    {"checkpoint_list", false, false, false, call<capsule_checkpoint_list>, kParameters48, kResults48, 24, room_of<capsule_checkpoint_entries>},
    {"session_keep_checkpoint", false, false, false, call<capsule_session_keep_checkpoint>, kParameters49, {}, 24, 0},
    {"session_find_checkpoint", false, false, false, call<capsule_session_find_checkpoint>, kParameters50, kResults50, 40, 8},
    {"session_checkpoint_at", false, false, false, call<capsule_session_checkpoint_at>, kParameters51, kResults51, 32, 8},
    {"session_forget_checkpoint", false, false, false, call<capsule_session_forget_checkpoint>, kParameters52, {}, 32, 0},
    {"checkpoint_release", false, false, true, call<capsule_checkpoint_release>, kParameters53, {}, 8, 0},
    {"session_get_executor_metrics", false, false, false, call<capsule_session_get_executor_metrics>, kParameters54, kResults54, 24, room_of<capsule_executor_metrics>},
    {"session_get_async_metrics", false, false, false, call<capsule_session_get_async_metrics>, kParameters55, kResults55, 24, room_of<capsule_async_metrics>},
    {"session_get_limiter_metrics", false, false, false, call<capsule_session_get_limiter_metrics>, kParameters56, kResults56, 24, room_of<capsule_limiter_metrics>},
    {"promise_store_open", false, false, false, call<capsule_promise_store_open>, kParameters57, kResults57, 32, 8},
    {"promise_create", true, false, false, call<capsule_promise_create>, kParameters58, kResults58, 32, room_of<capsule_promise>},
    {"promise_settle", true, false, false, call<capsule_promise_settle>, kParameters59, kResults59, 64, room_of<capsule_promise>},
    {"promise_get", true, false, false, call<capsule_promise_get>, kParameters60, kResults60, 40, room_of<capsule_promise>},
    {"promise_wait", true, false, false, call<capsule_promise_wait>, kParameters61, kResults61, 48, room_of<capsule_promise>},
    {"promise_watch", true, false, false, call<capsule_promise_watch>, kParameters62, {}, 32, 0},
    {"promise_forget", true, false, false, call<capsule_promise_forget>, kParameters63, {}, 32, 0},
    {"promise_list_pending", false, false, false, call<capsule_promise_list_pending>, kParameters64, kResults64, 48, 8 + 8 + 8},
    {"promise_store_get_metrics", false, false, false, call<capsule_promise_store_get_metrics>, kParameters65, kResults65, 24, room_of<capsule_promise_metrics>},
    {"promise_store_close", true, false, false, call<capsule_promise_store_close>, kParameters66, {}, 16, 0},
    {"promise_store_release", false, false, true, call<capsule_promise_store_release>, kParameters67, {}, 8, 0},
    {"session_execute_durable", true, true, false, call<capsule_session_execute_durable>, kParameters68, kResults68, 64, 8 + room_of<capsule_promise>},
    {"pool_create", false, false, false, call<capsule_pool_create>, kParameters69, kResults69, 32, 8},
    {"pool_wait_ready", true, false, false, call<capsule_pool_wait_ready>, kParameters70, {}, 24, 0},
    {"pool_acquire", true, false, false, call<capsule_pool_acquire>, kParameters71, kResults71, 32, 8},
    {"pool_acquire_async", false, false, false, call<capsule_pool_acquire_async>, kParameters72, kResults72, 32, 8},
    {"acquisition_take", true, false, false, call<capsule_acquisition_take>, kParameters73, kResults73, 32, 8},
    {"acquisition_cancel", false, false, false, call<capsule_acquisition_cancel>, kParameters74, {}, 16, 0},
    {"acquisition_release", false, false, true, call<capsule_acquisition_release>, kParameters75, {}, 8, 0},
    {"pool_give_back", false, false, true, call<capsule_pool_give_back>, kParameters76, {}, 24, 0},
    {"pool_close", true, false, false, call<capsule_pool_close>, kParameters77, {}, 24, 0},
    {"pool_release", true, false, true, call<capsule_pool_release>, kParameters78, {}, 8, 0},
    {"session_get_trace", false, false, false, call<capsule_session_get_trace>, kParameters79, kResults79, 56, 8 + 8 + room_of<capsule_trace_info>},
    {"pool_get_trace", false, false, false, call<capsule_pool_get_trace>, kParameters80, kResults80, 56, 8 + 8 + room_of<capsule_trace_info>},
    {"trace_get", false, false, false, call<capsule_trace_get>, kParameters81, kResults81, 32, 8},
    {"trace_next", true, false, false, call<capsule_trace_next>, kParameters82, kResults82, 32, room_of<capsule_trace_event>},
    {"trace_get_info", false, false, false, call<capsule_trace_get_info>, kParameters83, kResults83, 24, room_of<capsule_trace_info>},
    {"trace_release", false, false, true, call<capsule_trace_release>, kParameters84, {}, 8, 0},
    {"session_get_trace_label", false, false, false, call<capsule_session_get_trace_label>, kParameters85, kResults85, 32, room_of<capsule_trace_label>},
    {"session_get_trace_context", false, false, false, call<capsule_session_get_trace_context>, kParameters86, kResults86, 32, room_of<capsule_trace_context>},
    {"exporter_create", false, false, false, call<capsule_exporter_create>, kParameters87, kResults87, 32, 8},
    {"exporter_flush", true, false, false, call<capsule_exporter_flush>, kParameters88, {}, 24, 0},
    {"exporter_close", true, false, false, call<capsule_exporter_close>, kParameters89, {}, 24, 0},
    {"exporter_get_info", false, false, false, call<capsule_exporter_get_info>, kParameters90, kResults90, 24, room_of<capsule_exporter_info>},
    {"exporter_release", false, false, true, call<capsule_exporter_release>, kParameters91, {}, 8, 0},
    {"runtime_set_introspection_policy", false, false, false, call<capsule_runtime_set_introspection_policy>, kParameters92, {}, 24, 0},
    {"session_narrow_introspection", false, false, false, call<capsule_session_narrow_introspection>, kParameters93, {}, 24, 0},
    {"pool_get_metrics", false, false, false, call<capsule_pool_get_metrics>, kParameters94, kResults94, 24, room_of<capsule_pool_metrics>},
    {"pool_get_info", false, false, false, call<capsule_pool_get_info>, kParameters95, kResults95, 24, room_of<capsule_pool_info>},
    {"pool_list_sessions", false, false, false, call<capsule_pool_list_sessions>, kParameters96, kResults96, 24, room_of<capsule_pool_sessions>},
    {"pool_list_imports", false, false, false, call<capsule_pool_list_imports>, kParameters97, kResults97, 24, room_of<capsule_pool_imports>},
    {"session_get_stack", true, false, false, call<capsule_session_get_stack>, kParameters98, kResults98, 32, 8},
    {"stack_get_info", false, false, false, call<capsule_stack_get_info>, kParameters99, kResults99, 24, room_of<capsule_stack_info>},
    {"stack_get_thread", false, false, false, call<capsule_stack_get_thread>, kParameters100, kResults100, 32, room_of<capsule_stack_thread>},
    {"stack_get_frame", false, false, false, call<capsule_stack_get_frame>, kParameters101, kResults101, 40, room_of<capsule_stack_frame>},
    {"stack_get_native_frame", false, false, false, call<capsule_stack_get_native_frame>, kParameters102, kResults102, 40, room_of<capsule_native_frame>},
    {"stack_release", false, false, true, call<capsule_stack_release>, kParameters103, {}, 8, 0},
    {"session_get_postmortem", false, false, false, call<capsule_session_get_postmortem>, kParameters104, kResults104, 32, 8},
    {"postmortem_get_info", false, false, false, call<capsule_postmortem_get_info>, kParameters105, kResults105, 24, room_of<capsule_postmortem_info>},
    {"postmortem_get_stack", false, false, false, call<capsule_postmortem_get_stack>, kParameters106, kResults106, 24, 8},
    {"postmortem_to_json", false, false, false, call<capsule_postmortem_to_json>, kParameters107, kResults107, 24, room_of<capsule_text>},
    {"postmortem_release", false, false, true, call<capsule_postmortem_release>, kParameters108, {}, 8, 0},
    {"bridge_inspect_pending", false, false, false, call<capsule_bridge_inspect_pending>, kParameters109, kResults109, 32, room_of<capsule_pending_summary>},
    {"promise_store_inspect_pending", false, false, false, call<capsule_promise_store_inspect_pending>, kParameters110, kResults110, 32, room_of<capsule_pending_summary>},
    {"session_inspect_namespace", true, false, false, call<capsule_session_inspect_namespace>, kParameters111, kResults111, 32, room_of<capsule_namespace_summary>},
    {"pool_inspect", false, false, false, call<capsule_pool_inspect>, kParameters112, kResults112, 40, room_of<capsule_pool_info> + room_of<capsule_pool_summary>},
    {"session_inspect_execution", false, false, false, call<capsule_session_inspect_execution>, kParameters113, kResults113, 32, room_of<capsule_execution_status>},
    {"session_inspect_isolation", false, false, false, call<capsule_session_inspect_isolation>, kParameters114, kResults114, 32, room_of<capsule_isolation_report>},
    {"session_inspect_stack", true, false, false, call<capsule_session_inspect_stack>, kParameters115, kResults115, 40, 8},
    {"session_inspect_postmortem", false, false, false, call<capsule_session_inspect_postmortem>, kParameters116, kResults116, 40, 8},
    {"session_inspect_trace_label", false, false, false, call<capsule_session_inspect_trace_label>, kParameters117, kResults117, 40, room_of<capsule_trace_label>},
    {"log_set_sink", false, false, false, call<capsule_log_set_sink>, kParameters118, {}, 16, 0},
    {"log_get_info", false, false, false, call<capsule_log_get_info>, {}, kResults119, 16, room_of<capsule_log_info>},
    {"session_get_worker_metrics", false, false, false, call<capsule_session_get_worker_metrics>, kParameters120, kResults120, 24, room_of<capsule_worker_metrics>},
    {"session_get_worker_info", false, false, false, call<capsule_session_get_worker_info>, kParameters121, kResults121, 24, room_of<capsule_worker_info>},
    {"session_get_transport_metrics", false, false, false, call<capsule_session_get_transport_metrics>, kParameters122, kResults122, 24, room_of<capsule_transport_metrics>},
    {"session_get_cancel_metrics", false, false, false, call<capsule_session_get_cancel_metrics>, kParameters123, kResults123, 24, room_of<capsule_cancel_metrics>},
    {"runtime_get_metrics", false, false, false, call<capsule_runtime_get_metrics>, kParameters124, kResults124, 24, room_of<capsule_runtime_metrics>},
    {"runtime_get_prometheus", false, false, false, call<capsule_runtime_get_prometheus>, kParameters125, kResults125, 24, room_of<capsule_metrics_text>},
    {"session_profile", false, false, false, call<capsule_session_profile>, kParameters126, kResults126, 32, 8},
    {"profile_wait", true, false, false, call<capsule_profile_wait>, kParameters127, {}, 24, 0},
    {"profile_stop", false, false, false, call<capsule_profile_stop>, kParameters128, {}, 16, 0},
    {"profile_get_info", false, false, false, call<capsule_profile_get_info>, kParameters129, kResults129, 24, room_of<capsule_profile_info>},
    {"profile_get_collapsed", false, false, false, call<capsule_profile_get_collapsed>, kParameters130, kResults130, 32, 8 + 8},
    {"profile_release", false, false, true, call<capsule_profile_release>, kParameters131, {}, 8, 0},
    {"session_snapshot", true, true, false, call<capsule_session_snapshot>, kParameters132, kResults132, 32, 8},
    {"session_restore", true, true, false, call<capsule_session_restore>, kParameters133, {}, 32, 0},
    {"snapshot_branch", true, false, false, call<capsule_snapshot_branch>, kParameters134, kResults134, 32, 8},
    {"session_branch", true, true, false, call<capsule_session_branch>, kParameters135, kResults135, 32, 8},
    {"snapshot_get_info", false, false, false, call<capsule_snapshot_get_info>, kParameters136, kResults136, 24, room_of<capsule_snapshot_info>},
    {"snapshot_release", false, false, true, call<capsule_snapshot_release>, kParameters137, {}, 8, 0},
};

constexpr HandleType kHandleTypes[] = {
    {"runtime", release<capsule_runtime_release>},
    {"session", release<capsule_session_release>},
    {"bridge", release<capsule_bridge_release>},
    {"buffer", release<capsule_buffer_release>},
    {"execution", release<capsule_execution_release>},
    {"checkpoint", release<capsule_checkpoint_release>},
    {"promise_store", release<capsule_promise_store_release>},
    {"pool", release<capsule_pool_release>},
    {"acquisition", release<capsule_acquisition_release>},
    {"trace", release<capsule_trace_release>},
    {"exporter", release<capsule_exporter_release>},
    {"stack", release<capsule_stack_release>},
    {"postmortem", release<capsule_postmortem_release>},
    {"profile", release<capsule_profile_release>},
    {"snapshot", release<capsule_snapshot_release>},
};

}  // namespace

std::span<const Function> functions() { return kFunctions; }

std::span<const HandleType> handle_types() { return kHandleTypes; }

const Struct &event_struct() { return kStructs[18]; }

const Struct &request_struct() { return kStructs[25]; }

const Struct &promise_struct() { return kStructs[38]; }

}  // namespace capsule::cli::serve
