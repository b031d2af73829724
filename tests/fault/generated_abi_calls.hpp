// Made by ./dev generate from abi/api.json: every function of the library, with arguments that a fuzzer chooses.
// clang-format off
#pragma once

#include "abi_fuzz.hpp"

namespace capsule_fuzz {
template <> inline constexpr std::size_t kKind<capsule_runtime> = 0;
template <> inline constexpr std::size_t kKind<capsule_session> = 1;
template <> inline constexpr std::size_t kKind<capsule_bridge> = 2;
template <> inline constexpr std::size_t kKind<capsule_buffer> = 3;
template <> inline constexpr std::size_t kKind<capsule_execution> = 4;
template <> inline constexpr std::size_t kKind<capsule_checkpoint> = 5;
template <> inline constexpr std::size_t kKind<capsule_promise_store> = 6;
template <> inline constexpr std::size_t kKind<capsule_pool> = 7;
template <> inline constexpr std::size_t kKind<capsule_acquisition> = 8;
template <> inline constexpr std::size_t kKind<capsule_trace> = 9;
template <> inline constexpr std::size_t kKind<capsule_exporter> = 10;
template <> inline constexpr std::size_t kKind<capsule_stack> = 11;
template <> inline constexpr std::size_t kKind<capsule_postmortem> = 12;
template <> inline constexpr std::size_t kKind<capsule_profile> = 13;
template <> inline constexpr std::size_t kKind<capsule_snapshot> = 14;
template <> inline constexpr std::size_t kKind<void> = 15;  // how many there are
void fill(Fuzz &fuzz, capsule_constraint &it);
void fill(Fuzz &fuzz, capsule_rule &it);
void fill(Fuzz &fuzz, capsule_runtime_options &it);
void fill(Fuzz &fuzz, capsule_audit_options &it);
void fill(Fuzz &fuzz, capsule_audit_check &it);
void fill(Fuzz &fuzz, capsule_session_options &it);
void fill(Fuzz &fuzz, capsule_value &it);
void fill(Fuzz &fuzz, capsule_input &it);
void fill(Fuzz &fuzz, capsule_execution_options &it);
void fill(Fuzz &fuzz, capsule_bridge_options &it);
void fill(Fuzz &fuzz, capsule_capability &it);
void fill(Fuzz &fuzz, capsule_checkpoint_options &it);
void fill(Fuzz &fuzz, capsule_promise_store_options &it);
void fill(Fuzz &fuzz, capsule_promise_wish &it);
void fill(Fuzz &fuzz, capsule_durable_options &it);
void fill(Fuzz &fuzz, capsule_pool_options &it);
void fill(Fuzz &fuzz, capsule_acquire_options &it);
void fill(Fuzz &fuzz, capsule_trace_filter &it);
void fill(Fuzz &fuzz, capsule_exporter_options &it);
void fill(Fuzz &fuzz, capsule_interceptor_options &it);
void fill(Fuzz &fuzz, capsule_introspection_policy &it);
void fill(Fuzz &fuzz, capsule_stack_options &it);
void fill(Fuzz &fuzz, capsule_inspection &it);
void fill(Fuzz &fuzz, capsule_log_options &it);
void fill(Fuzz &fuzz, capsule_profile_options &it);

inline void fill(Fuzz &fuzz, capsule_constraint &it) {
  if (fuzz.some()) it.argument = fuzz.text("argument");
  if (fuzz.some()) fuzz.number(it.kind, "capsule_constraint.kind");
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_constraint.reserved");
  if (fuzz.some()) fuzz.items(it.patterns, it.pattern_count);
  if (fuzz.some()) fuzz.number(it.limit, "capsule_constraint.limit");
}

inline void fill(Fuzz &fuzz, capsule_rule &it) {
  if (fuzz.some()) it.capability = fuzz.text("capability");
  if (fuzz.some()) fuzz.number(it.decision, "capsule_rule.decision");
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_rule.reserved");
  if (fuzz.some()) fuzz.items(it.constraints, it.constraint_count);
  if (fuzz.some()) fuzz.number(it.max_calls, "capsule_rule.max_calls");
}

inline void fill(Fuzz &fuzz, capsule_runtime_options &it) {
  it = {};
  capsule_runtime_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.max_frame_bytes, "capsule_runtime_options.max_frame_bytes");
  if (fuzz.some()) it.worker_dir = fuzz.text("worker_dir");
  if (fuzz.some()) fuzz.items(it.rules, it.rule_count);
}

inline void fill(Fuzz &fuzz, capsule_audit_options &it) {
  it = {};
  capsule_audit_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.ring_records, "capsule_audit_options.ring_records");
  if (fuzz.some()) it.key = fuzz.text("key");
  if (fuzz.some()) it.path = fuzz.text("path");
  if (fuzz.some()) fuzz.callback(it.callback);
  if (fuzz.some()) fuzz.number(it.required, "capsule_audit_options.required");
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_audit_options.reserved");
}

inline void fill(Fuzz &fuzz, capsule_audit_check &it) {
  it = {.struct_size = sizeof it};
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_audit_check.reserved");
  if (fuzz.some()) it.path = fuzz.text("path");
  if (fuzz.some()) it.data = fuzz.text("data");
  if (fuzz.some()) it.key = fuzz.text("key");
  if (fuzz.some()) it.head = fuzz.text("head");
  if (fuzz.some()) it.head_before = fuzz.text("head_before");
}

inline void fill(Fuzz &fuzz, capsule_session_options &it) {
  it = {};
  capsule_session_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.executor, "capsule_session_options.executor");
  if (fuzz.some()) fuzz.number(it.start, "capsule_session_options.start");
  if (fuzz.some()) fuzz.number(it.queue_limit, "capsule_session_options.queue_limit");
  if (fuzz.some()) it.python = fuzz.text("python");
  if (fuzz.some()) fuzz.items(it.preload, it.preload_count);
  if (fuzz.some()) fuzz.items(it.native_thread_allow, it.native_thread_allow_count);
  if (fuzz.some()) fuzz.items(it.environment, it.environment_count);
  if (fuzz.some()) it.working_directory = fuzz.text("working_directory");
  if (fuzz.some()) fuzz.number(it.start_timeout_ms, "capsule_session_options.start_timeout_ms");
  if (fuzz.some()) fuzz.number(it.cancel_grace_ms, "capsule_session_options.cancel_grace_ms");
  if (fuzz.some()) fuzz.number(it.heartbeat_interval_ms, "capsule_session_options.heartbeat_interval_ms");
  if (fuzz.some()) fuzz.number(it.wait_ready, "capsule_session_options.wait_ready");
  if (fuzz.some()) fuzz.number(it.output_window_bytes, "capsule_session_options.output_window_bytes");
  if (fuzz.some()) fuzz.number(it.output_queue_bytes, "capsule_session_options.output_queue_bytes");
  if (fuzz.some()) fuzz.number(it.rate_limit_per_s, "capsule_session_options.rate_limit_per_s");
  if (fuzz.some()) fuzz.number(it.rate_limit_burst, "capsule_session_options.rate_limit_burst");
  if (fuzz.some()) fuzz.number(it.enable_metrics, "capsule_session_options.enable_metrics");
  if (fuzz.some()) fuzz.number(it.output_policy, "capsule_session_options.output_policy");
  if (fuzz.some()) fuzz.number(it.mode, "capsule_session_options.mode");
  if (fuzz.some()) fuzz.number(it.idle_tasks, "capsule_session_options.idle_tasks");
  if (fuzz.some()) fuzz.number(it.late_output, "capsule_session_options.late_output");
  if (fuzz.some()) fuzz.number(it.output_budget_bytes, "capsule_session_options.output_budget_bytes");
  if (fuzz.some()) fuzz.number(it.coalesce_carriage_returns, "capsule_session_options.coalesce_carriage_returns");
  if (fuzz.some()) fuzz.number(it.async_flags, "capsule_session_options.async_flags");
  if (fuzz.some()) fuzz.number(it.drain_timeout_ms, "capsule_session_options.drain_timeout_ms");
  if (fuzz.some()) fuzz.number(it.input_timeout_ms, "capsule_session_options.input_timeout_ms");
  if (fuzz.some()) fuzz.number(it.display_limit_bytes, "capsule_session_options.display_limit_bytes");
  if (fuzz.some()) fuzz.number(it.progress_rate_per_s, "capsule_session_options.progress_rate_per_s");
  if (fuzz.some()) fuzz.number(it.ast_cache_entries, "capsule_session_options.ast_cache_entries");
  if (fuzz.some()) fuzz.number(it.code_cache_entries, "capsule_session_options.code_cache_entries");
  if (fuzz.some()) fuzz.number(it.snapshot_limit, "capsule_session_options.snapshot_limit");
  if (fuzz.some()) fuzz.number(it.restart_policy, "capsule_session_options.restart_policy");
  if (fuzz.some()) fuzz.number(it.checkpoint_limit, "capsule_session_options.checkpoint_limit");
  if (fuzz.some()) fuzz.number(it.trace_bytes, "capsule_session_options.trace_bytes");
  if (fuzz.some()) fuzz.number(it.snapshot_memory_limit_bytes, "capsule_session_options.snapshot_memory_limit_bytes");
  if (fuzz.some()) it.bridge = fuzz.handle<capsule_bridge>();
  if (fuzz.some()) fuzz.items(it.rules, it.rule_count);
  if (fuzz.some()) fuzz.number(it.trace_level, "capsule_session_options.trace_level");
  if (fuzz.some()) fuzz.number(it.trace_transport, "capsule_session_options.trace_transport");
}

inline void fill(Fuzz &fuzz, capsule_value &it) {
  it = {.struct_size = sizeof it};
  if (fuzz.some()) fuzz.number(it.kind, "capsule_value.kind");
  if (fuzz.some()) fuzz.bytes(it.data, it.size_bytes);
  if (fuzz.some()) it.type_name = fuzz.text("type_name");
  if (fuzz.some()) it.format = fuzz.text("format");
  if (fuzz.some()) fuzz.items(it.shape, it.dimensions);
  if (fuzz.some()) fuzz.few(it.strides);
  if (fuzz.some()) fuzz.number(it.item_size_bytes, "capsule_value.item_size_bytes");
  if (fuzz.some()) it.buffer = fuzz.handle<capsule_buffer>();
}

inline void fill(Fuzz &fuzz, capsule_input &it) {
  if (fuzz.some()) it.name = fuzz.text("name");
  if (fuzz.some()) it.value = fuzz.in<capsule_value>();
}

inline void fill(Fuzz &fuzz, capsule_execution_options &it) {
  it = {};
  capsule_execution_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.mode, "capsule_execution_options.mode");
  if (fuzz.some()) it.file_name = fuzz.text("file_name");
  if (fuzz.some()) it.traceparent = fuzz.text("traceparent");
  if (fuzz.some()) it.tracestate = fuzz.text("tracestate");
  if (fuzz.some()) fuzz.number(it.timeout_ms, "capsule_execution_options.timeout_ms");
  if (fuzz.some()) fuzz.number(it.output_budget_bytes, "capsule_execution_options.output_budget_bytes");
  if (fuzz.some()) fuzz.number(it.transaction, "capsule_execution_options.transaction");
  if (fuzz.some()) fuzz.number(it.transaction_scope, "capsule_execution_options.transaction_scope");
  if (fuzz.some()) fuzz.items(it.inputs, it.input_count);
  if (fuzz.some()) fuzz.number(it.result_kind, "capsule_execution_options.result_kind");
  if (fuzz.some()) fuzz.number(it.capture_sources, "capsule_execution_options.capture_sources");
  if (fuzz.some()) it.idempotency_key = fuzz.text("idempotency_key");
}

inline void fill(Fuzz &fuzz, capsule_bridge_options &it) {
  it = {};
  capsule_bridge_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.max_pending, "capsule_bridge_options.max_pending");
  if (fuzz.some()) fuzz.number(it.max_session_pending, "capsule_bridge_options.max_session_pending");
  if (fuzz.some()) fuzz.number(it.max_answers, "capsule_bridge_options.max_answers");
  if (fuzz.some()) fuzz.number(it.cancel_notices, "capsule_bridge_options.cancel_notices");
  if (fuzz.some()) fuzz.number(it.max_session_bytes, "capsule_bridge_options.max_session_bytes");
  if (fuzz.some()) fuzz.items(it.rules, it.rule_count);
  if (fuzz.some()) fuzz.number(it.chunk_notices, "capsule_bridge_options.chunk_notices");
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_bridge_options.reserved");
}

inline void fill(Fuzz &fuzz, capsule_capability &it) {
  it = {};
  capsule_capability_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.flags, "capsule_capability.flags");
  if (fuzz.some()) it.name = fuzz.text("name");
  if (fuzz.some()) it.doc = fuzz.text("doc");
  if (fuzz.some()) it.parameters = fuzz.text("parameters");
  if (fuzz.some()) it.arguments_schema = fuzz.text("arguments_schema");
  if (fuzz.some()) it.result_schema = fuzz.text("result_schema");
  if (fuzz.some()) fuzz.number(it.timeout_ms, "capsule_capability.timeout_ms");
  if (fuzz.some()) fuzz.number(it.max_concurrent, "capsule_capability.max_concurrent");
  if (fuzz.some()) fuzz.number(it.burst, "capsule_capability.burst");
  if (fuzz.some()) fuzz.number(it.calls_per_s, "capsule_capability.calls_per_s");
}

inline void fill(Fuzz &fuzz, capsule_checkpoint_options &it) {
  it = {};
  capsule_checkpoint_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.compression_level, "capsule_checkpoint_options.compression_level");
  if (fuzz.some()) it.name = fuzz.text("name");
  if (fuzz.some()) it.metadata = fuzz.text("metadata");
  if (fuzz.some()) it.key = fuzz.text("key");
  if (fuzz.some()) fuzz.number(it.max_bytes, "capsule_checkpoint_options.max_bytes");
}

inline void fill(Fuzz &fuzz, capsule_promise_store_options &it) {
  it = {};
  capsule_promise_store_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.max_promises, "capsule_promise_store_options.max_promises");
  if (fuzz.some()) fuzz.number(it.max_bytes, "capsule_promise_store_options.max_bytes");
  if (fuzz.some()) fuzz.number(it.max_value_bytes, "capsule_promise_store_options.max_value_bytes");
  if (fuzz.some()) fuzz.number(it.sync, "capsule_promise_store_options.sync");
  if (fuzz.some()) it.path = fuzz.text("path");
  if (fuzz.some()) it.url = fuzz.text("url");
  if (fuzz.some()) it.token = fuzz.text("token");
  if (fuzz.some()) it.group = fuzz.text("group");
  if (fuzz.some()) it.separator = fuzz.text("separator");
  if (fuzz.some()) fuzz.number(it.request_timeout_ms, "capsule_promise_store_options.request_timeout_ms");
  if (fuzz.some()) fuzz.number(it.lease_ms, "capsule_promise_store_options.lease_ms");
  if (fuzz.some()) fuzz.number(it.refresh_ms, "capsule_promise_store_options.refresh_ms");
}

inline void fill(Fuzz &fuzz, capsule_promise_wish &it) {
  it = {};
  capsule_promise_wish_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_promise_wish.reserved");
  if (fuzz.some()) it.id = fuzz.text("id");
  if (fuzz.some()) it.param = fuzz.text("param");
  if (fuzz.some()) fuzz.number(it.timeout_ms, "capsule_promise_wish.timeout_ms");
  if (fuzz.some()) it.target = fuzz.text("target");
}

inline void fill(Fuzz &fuzz, capsule_durable_options &it) {
  it = {};
  capsule_durable_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_durable_options.reserved");
  if (fuzz.some()) it.store = fuzz.handle<capsule_promise_store>();
  if (fuzz.some()) it.promise_id = fuzz.text("promise_id");
  if (fuzz.some()) fuzz.number(it.timeout_ms, "capsule_durable_options.timeout_ms");
}

inline void fill(Fuzz &fuzz, capsule_pool_options &it) {
  it = {};
  capsule_pool_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.min_idle, "capsule_pool_options.min_idle");
  if (fuzz.some()) fuzz.number(it.max_sessions, "capsule_pool_options.max_sessions");
  if (fuzz.some()) fuzz.number(it.reset, "capsule_pool_options.reset");
  if (fuzz.some()) it.session = fuzz.in<capsule_session_options>();
  if (fuzz.some()) fuzz.items(it.imports, it.import_count);
  if (fuzz.some()) it.warmup = fuzz.text("warmup");
  if (fuzz.some()) fuzz.number(it.warmup_timeout_ms, "capsule_pool_options.warmup_timeout_ms");
  if (fuzz.some()) fuzz.number(it.imports_fatal, "capsule_pool_options.imports_fatal");
  if (fuzz.some()) fuzz.number(it.pre_warm, "capsule_pool_options.pre_warm");
  if (fuzz.some()) fuzz.number(it.idle_timeout_ms, "capsule_pool_options.idle_timeout_ms");
  if (fuzz.some()) fuzz.number(it.health_interval_ms, "capsule_pool_options.health_interval_ms");
  if (fuzz.some()) fuzz.number(it.acquire_timeout_ms, "capsule_pool_options.acquire_timeout_ms");
  if (fuzz.some()) fuzz.number(it.recycle_executions, "capsule_pool_options.recycle_executions");
  if (fuzz.some()) fuzz.number(it.recycle_age_ms, "capsule_pool_options.recycle_age_ms");
  if (fuzz.some()) fuzz.number(it.recycle_growth_bytes, "capsule_pool_options.recycle_growth_bytes");
  if (fuzz.some()) fuzz.number(it.session_memory_bytes, "capsule_pool_options.session_memory_bytes");
  if (fuzz.some()) fuzz.number(it.pool_memory_bytes, "capsule_pool_options.pool_memory_bytes");
  if (fuzz.some()) fuzz.number(it.max_waiters, "capsule_pool_options.max_waiters");
  if (fuzz.some()) fuzz.number(it.breaker_failures, "capsule_pool_options.breaker_failures");
  if (fuzz.some()) fuzz.number(it.breaker_pause_ms, "capsule_pool_options.breaker_pause_ms");
  if (fuzz.some()) fuzz.number(it.breaker_pause_max_ms, "capsule_pool_options.breaker_pause_max_ms");
  if (fuzz.some()) fuzz.number(it.trace_bytes, "capsule_pool_options.trace_bytes");
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_pool_options.reserved");
  if (fuzz.some()) it.name = fuzz.text("name");
}

inline void fill(Fuzz &fuzz, capsule_acquire_options &it) {
  it = {};
  capsule_acquire_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_acquire_options.reserved");
  if (fuzz.some()) fuzz.number(it.timeout_ms, "capsule_acquire_options.timeout_ms");
  if (fuzz.some()) it.key = fuzz.text("key");
}

inline void fill(Fuzz &fuzz, capsule_trace_filter &it) {
  it = {.struct_size = sizeof it};
  if (fuzz.some()) fuzz.number(it.kind, "capsule_trace_filter.kind");
  if (fuzz.some()) fuzz.number(it.execution_id, "capsule_trace_filter.execution_id");
  if (fuzz.some()) fuzz.number(it.after_cursor, "capsule_trace_filter.after_cursor");
  if (fuzz.some()) fuzz.number(it.since_ns, "capsule_trace_filter.since_ns");
  if (fuzz.some()) fuzz.number(it.until_ns, "capsule_trace_filter.until_ns");
  if (fuzz.some()) fuzz.number(it.source, "capsule_trace_filter.source");
  if (fuzz.some()) fuzz.number(it.severity, "capsule_trace_filter.severity");
  if (fuzz.some()) it.caller = fuzz.text("caller");
}

inline void fill(Fuzz &fuzz, capsule_exporter_options &it) {
  it = {};
  capsule_exporter_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.kind, "capsule_exporter_options.kind");
  if (fuzz.some()) it.name = fuzz.text("name");
  if (fuzz.some()) it.path = fuzz.text("path");
  if (fuzz.some()) fuzz.callback(it.callback);
  if (fuzz.some()) fuzz.number(it.queue_limit, "capsule_exporter_options.queue_limit");
  if (fuzz.some()) fuzz.number(it.batch_limit, "capsule_exporter_options.batch_limit");
  if (fuzz.some()) fuzz.number(it.interval_ms, "capsule_exporter_options.interval_ms");
}

inline void fill(Fuzz &fuzz, capsule_interceptor_options &it) {
  it = {};
  capsule_interceptor_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.quarantine_after, "capsule_interceptor_options.quarantine_after");
  if (fuzz.some()) it.name = fuzz.text("name");
  if (fuzz.some()) fuzz.callback(it.callback);
  if (fuzz.some()) fuzz.number(it.budget_ns, "capsule_interceptor_options.budget_ns");
}

inline void fill(Fuzz &fuzz, capsule_introspection_policy &it) {
  it = {};
  capsule_introspection_policy_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.redaction, "capsule_introspection_policy.redaction");
  if (fuzz.some()) fuzz.number(it.promises, "capsule_introspection_policy.promises");
  if (fuzz.some()) fuzz.number(it.namespace_summary, "capsule_introspection_policy.namespace_summary");
  if (fuzz.some()) fuzz.number(it.pool, "capsule_introspection_policy.pool");
  if (fuzz.some()) fuzz.number(it.execution, "capsule_introspection_policy.execution");
  if (fuzz.some()) fuzz.number(it.isolation, "capsule_introspection_policy.isolation");
  if (fuzz.some()) fuzz.number(it.stack, "capsule_introspection_policy.stack");
  if (fuzz.some()) fuzz.number(it.trace, "capsule_introspection_policy.trace");
  if (fuzz.some()) fuzz.number(it.postmortem, "capsule_introspection_policy.postmortem");
  if (fuzz.some()) fuzz.number(it.max_label_bytes, "capsule_introspection_policy.max_label_bytes");
  if (fuzz.some()) fuzz.number(it.max_rows, "capsule_introspection_policy.max_rows");
  if (fuzz.some()) it.key = fuzz.text("key");
}

inline void fill(Fuzz &fuzz, capsule_stack_options &it) {
  it = {};
  capsule_stack_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.max_frames, "capsule_stack_options.max_frames");
  if (fuzz.some()) fuzz.number(it.timeout_ms, "capsule_stack_options.timeout_ms");
  if (fuzz.some()) fuzz.number(it.max_native_frames, "capsule_stack_options.max_native_frames");
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_stack_options.reserved");
}

inline void fill(Fuzz &fuzz, capsule_inspection &it) {
  it = {};
  capsule_inspection_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.level, "capsule_inspection.level");
  if (fuzz.some()) it.caller = fuzz.text("caller");
  if (fuzz.some()) fuzz.number(it.timeout_ms, "capsule_inspection.timeout_ms");
  if (fuzz.some()) fuzz.number(it.max_rows, "capsule_inspection.max_rows");
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_inspection.reserved");
}

inline void fill(Fuzz &fuzz, capsule_log_options &it) {
  it = {.struct_size = sizeof it};
  if (fuzz.some()) fuzz.number(it.sink, "capsule_log_options.sink");
  if (fuzz.some()) fuzz.number(it.level, "capsule_log_options.level");
  if (fuzz.some()) fuzz.number(it.format, "capsule_log_options.format");
  if (fuzz.some()) it.path = fuzz.text("path");
  if (fuzz.some()) fuzz.callback(it.callback);
}

inline void fill(Fuzz &fuzz, capsule_profile_options &it) {
  it = {};
  capsule_profile_options_init(&it, sizeof it);
  if (fuzz.some()) fuzz.number(it.rate_hz, "capsule_profile_options.rate_hz");
  if (fuzz.some()) fuzz.number(it.duration_ms, "capsule_profile_options.duration_ms");
  if (fuzz.some()) fuzz.number(it.threads, "capsule_profile_options.threads");
  if (fuzz.some()) fuzz.number(it.max_frames, "capsule_profile_options.max_frames");
  if (fuzz.some()) fuzz.number(it.max_stacks, "capsule_profile_options.max_stacks");
  if (fuzz.some()) fuzz.number(it.reserved, "capsule_profile_options.reserved");
  if (fuzz.some()) it.caller = fuzz.text("caller");
}

inline const NamedCall kCalls[] = {
    {"capsule_text_from", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const char *a_string = fuzz.string(); static_cast<void>(capsule_text_from(a_string)); return kNone; }},
    {"capsule_version", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { static_cast<void>(capsule_version()); return kNone; }},
    {"capsule_version_number", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { static_cast<void>(capsule_version_number()); return kNone; }},
    {"capsule_status_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_status a_status = {}; fuzz.number(a_status, "status"); static_cast<void>(capsule_status_name(a_status)); return kNone; }},
    {"capsule_status_text", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_status a_status = {}; fuzz.number(a_status, "status"); static_cast<void>(capsule_status_text(a_status)); return kNone; }},
    {"capsule_runtime_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_runtime_options *>(fuzz.room(a_struct_size)); capsule_runtime_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_runtime_create", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const capsule_runtime_options *a_options = fuzz.in<capsule_runtime_options>(); capsule_runtime **a_runtime = fuzz.out_handle<capsule_runtime>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_runtime_create(a_options, a_runtime, a_error); fuzz.keep(a_runtime); return status; }},
    {"capsule_runtime_close", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_runtime_close(a_runtime, a_timeout_ms, a_error); return status; }},
    {"capsule_runtime_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); capsule_runtime_release(a_runtime); return kNone; }},
    {"capsule_runtime_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); capsule_runtime_info *a_info = fuzz.out<capsule_runtime_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_runtime_get_info(a_runtime, a_info, a_error); return status; }},
    {"capsule_audit_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_audit_options *>(fuzz.room(a_struct_size)); capsule_audit_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_runtime_set_audit", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); const capsule_audit_options *a_options = fuzz.in<capsule_audit_options>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_runtime_set_audit(a_runtime, a_options, a_error); return status; }},
    {"capsule_runtime_get_audit_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); capsule_audit_info *a_info = fuzz.out<capsule_audit_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_runtime_get_audit_info(a_runtime, a_info, a_error); return status; }},
    {"capsule_runtime_list_audit", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); uint64_t a_after_sequence = {}; fuzz.number(a_after_sequence, "after_sequence"); capsule_audit_list *a_list = fuzz.out<capsule_audit_list>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_runtime_list_audit(a_runtime, a_after_sequence, a_list, a_error); capsule_audit_list_release(a_list); return status; }},
    {"capsule_audit_list_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_audit_list *a_list = fuzz.out<capsule_audit_list>(); capsule_audit_list_release(a_list); return kNone; }},
    {"capsule_audit_verify", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const capsule_audit_check *a_check = fuzz.in<capsule_audit_check>(); capsule_audit_report *a_report = fuzz.out<capsule_audit_report>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_audit_verify(a_check, a_report, a_error); return status; }},
    {"capsule_audit_decision_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_decision = {}; fuzz.number(a_decision, "decision"); static_cast<void>(capsule_audit_decision_name(a_decision)); return kNone; }},
    {"capsule_audit_verdict_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_verdict = {}; fuzz.number(a_verdict, "verdict"); static_cast<void>(capsule_audit_verdict_name(a_verdict)); return kNone; }},
    {"capsule_session_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_session_options *>(fuzz.room(a_struct_size)); capsule_session_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_session_open", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); const capsule_session_options *a_options = fuzz.in<capsule_session_options>(); capsule_session **a_session = fuzz.out_handle<capsule_session>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_open(a_runtime, a_options, a_session, a_error); fuzz.keep(a_session); return status; }},
    {"capsule_session_wait_ready", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_wait_ready(a_session, a_timeout_ms, a_error); return status; }},
    {"capsule_session_restart", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_restart(a_session, a_error); return status; }},
    {"capsule_session_close", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_close(a_session, a_timeout_ms, a_error); return status; }},
    {"capsule_session_set_log_level", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); int32_t a_level = {}; fuzz.number(a_level, "level"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_set_log_level(a_session, a_level, a_error); return status; }},
    {"capsule_session_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_session_release(a_session); return kNone; }},
    {"capsule_session_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_session_info *a_info = fuzz.out<capsule_session_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_info(a_session, a_info, a_error); return status; }},
    {"capsule_session_state_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_state = {}; fuzz.number(a_state, "state"); static_cast<void>(capsule_session_state_name(a_state)); return kNone; }},
    {"capsule_session_set", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const char *a_name = nullptr; size_t a_name_size = 0; fuzz.bytes(a_name, a_name_size); const capsule_value *a_value = fuzz.in<capsule_value>(); int32_t a_strategy = {}; fuzz.number(a_strategy, "strategy"); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_set(a_session, a_name, a_name_size, a_value, a_strategy, a_timeout_ms, a_error); return status; }},
    {"capsule_session_update", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_input *a_inputs = nullptr; size_t a_count = 0; fuzz.items(a_inputs, a_count); int32_t a_strategy = {}; fuzz.number(a_strategy, "strategy"); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_update(a_session, a_inputs, a_count, a_strategy, a_timeout_ms, a_error); return status; }},
    {"capsule_session_get", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const char *a_name = nullptr; size_t a_name_size = 0; fuzz.bytes(a_name, a_name_size); int32_t a_kind = {}; fuzz.number(a_kind, "kind"); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_value *a_value = fuzz.out<capsule_value>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get(a_session, a_name, a_name_size, a_kind, a_timeout_ms, a_value, a_error); capsule_value_release(a_value); return status; }},
    {"capsule_session_delete", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const char *a_name = nullptr; size_t a_name_size = 0; fuzz.bytes(a_name, a_name_size); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_delete(a_session, a_name, a_name_size, a_timeout_ms, a_error); return status; }},
    {"capsule_session_list", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); uint32_t a_limit = {}; fuzz.number(a_limit, "limit"); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_name_list *a_list = fuzz.out<capsule_name_list>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_list(a_session, a_limit, a_timeout_ms, a_list, a_error); capsule_name_list_release(a_list); return status; }},
    {"capsule_value_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_value *a_value = fuzz.out<capsule_value>(); capsule_value_release(a_value); return kNone; }},
    {"capsule_name_list_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_name_list *a_list = fuzz.out<capsule_name_list>(); capsule_name_list_release(a_list); return kNone; }},
    {"capsule_buffer_create", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { uint64_t a_size_bytes = 0; fuzz.number(a_size_bytes, "size_bytes"); capsule_buffer **a_buffer = fuzz.out_handle<capsule_buffer>(); void **a_data = fuzz.place<void *>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_buffer_create(a_size_bytes, a_buffer, a_data, a_error); fuzz.keep(a_buffer); return status; }},
    {"capsule_buffer_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_buffer *a_buffer = fuzz.handle<capsule_buffer>(); capsule_buffer_release(a_buffer); return kNone; }},
    {"capsule_event_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_event *a_event = fuzz.out<capsule_event>(); capsule_event_release(a_event); return kNone; }},
    {"capsule_origin_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_origin = {}; fuzz.number(a_origin, "origin"); static_cast<void>(capsule_origin_name(a_origin)); return kNone; }},
    {"capsule_code_class_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_code_class = {}; fuzz.number(a_code_class, "code_class"); static_cast<void>(capsule_code_class_name(a_code_class)); return kNone; }},
    {"capsule_event_kind_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_kind = {}; fuzz.number(a_kind, "kind"); static_cast<void>(capsule_event_kind_name(a_kind)); return kNone; }},
    {"capsule_stream_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_stream = {}; fuzz.number(a_stream, "stream"); static_cast<void>(capsule_stream_name(a_stream)); return kNone; }},
    {"capsule_state_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_state = {}; fuzz.number(a_state, "state"); static_cast<void>(capsule_state_name(a_state)); return kNone; }},
    {"capsule_outcome_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_outcome = {}; fuzz.number(a_outcome, "outcome"); static_cast<void>(capsule_outcome_name(a_outcome)); return kNone; }},
    {"capsule_cancel_phase_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_phase = {}; fuzz.number(a_phase, "phase"); static_cast<void>(capsule_cancel_phase_name(a_phase)); return kNone; }},
    {"capsule_death_reason_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_reason = {}; fuzz.number(a_reason, "reason"); static_cast<void>(capsule_death_reason_name(a_reason)); return kNone; }},
    {"capsule_execution_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_execution_options *>(fuzz.room(a_struct_size)); capsule_execution_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_execution_create", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const char *a_source = nullptr; size_t a_source_size = 0; fuzz.source(a_source, a_source_size); const capsule_execution_options *a_options = fuzz.in<capsule_execution_options>(); capsule_execution **a_execution = fuzz.out_handle<capsule_execution>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_execution_create(a_session, a_source, a_source_size, a_options, a_execution, a_error); fuzz.keep(a_execution); return status; }},
    {"capsule_execution_next", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_execution *a_execution = fuzz.handle<capsule_execution>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_event *a_event = fuzz.out<capsule_event>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_execution_next(a_execution, a_timeout_ms, a_event, a_error); capsule_event_release(a_event); return status; }},
    {"capsule_execution_get_fd", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_execution *a_execution = fuzz.handle<capsule_execution>(); int32_t *a_fd = fuzz.place<int32_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_execution_get_fd(a_execution, a_fd, a_error); return status; }},
    {"capsule_execution_set_notify", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_execution *a_execution = fuzz.handle<capsule_execution>(); capsule_notify_callback a_callback = nullptr; fuzz.callback(a_callback); void *a_user_data = nullptr; capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_execution_set_notify(a_execution, a_callback, a_user_data, a_error); return status; }},
    {"capsule_execution_answer", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_execution *a_execution = fuzz.handle<capsule_execution>(); uint64_t a_input_id = {}; fuzz.number(a_input_id, "input_id"); const char *a_text = nullptr; size_t a_text_size = 0; fuzz.bytes(a_text, a_text_size); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_execution_answer(a_execution, a_input_id, a_text, a_text_size, a_error); return status; }},
    {"capsule_execution_decline", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_execution *a_execution = fuzz.handle<capsule_execution>(); uint64_t a_input_id = {}; fuzz.number(a_input_id, "input_id"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_execution_decline(a_execution, a_input_id, a_error); return status; }},
    {"capsule_execution_cancel", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_execution *a_execution = fuzz.handle<capsule_execution>(); int64_t a_grace_ms = {}; fuzz.number(a_grace_ms, "grace_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_execution_cancel(a_execution, a_grace_ms, a_error); return status; }},
    {"capsule_execution_interrupt", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_execution *a_execution = fuzz.handle<capsule_execution>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_execution_interrupt(a_execution, a_error); return status; }},
    {"capsule_execution_get_id", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_execution *a_execution = fuzz.handle<capsule_execution>(); uint64_t *a_id = fuzz.place<uint64_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_execution_get_id(a_execution, a_id, a_error); return status; }},
    {"capsule_execution_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_execution *a_execution = fuzz.handle<capsule_execution>(); capsule_execution_release(a_execution); return kNone; }},
    {"capsule_capability_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_capability = static_cast<capsule_capability *>(fuzz.room(a_struct_size)); capsule_capability_init(a_capability, a_struct_size); return kNone; }},
    {"capsule_bridge_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_bridge_options *>(fuzz.room(a_struct_size)); capsule_bridge_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_bridge_create", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); const capsule_bridge_options *a_options = fuzz.in<capsule_bridge_options>(); capsule_bridge **a_bridge = fuzz.out_handle<capsule_bridge>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_create(a_runtime, a_options, a_bridge, a_error); fuzz.keep(a_bridge); return status; }},
    {"capsule_bridge_register", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); const capsule_capability *a_capability = fuzz.in<capsule_capability>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_register(a_bridge, a_capability, a_error); return status; }},
    {"capsule_bridge_unregister", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); const char *a_name = nullptr; size_t a_name_size = 0; fuzz.bytes(a_name, a_name_size); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_unregister(a_bridge, a_name, a_name_size, a_error); return status; }},
    {"capsule_bridge_next_request", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_request *a_request = fuzz.out<capsule_request>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_next_request(a_bridge, a_timeout_ms, a_request, a_error); capsule_request_release(a_request); return status; }},
    {"capsule_bridge_get_fd", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); int32_t *a_fd = fuzz.place<int32_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_get_fd(a_bridge, a_fd, a_error); return status; }},
    {"capsule_bridge_set_notify", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); capsule_notify_callback a_callback = nullptr; fuzz.callback(a_callback); void *a_user_data = nullptr; capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_set_notify(a_bridge, a_callback, a_user_data, a_error); return status; }},
    {"capsule_request_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_request *a_request = fuzz.out<capsule_request>(); capsule_request_release(a_request); return kNone; }},
    {"capsule_bridge_respond", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); uint64_t a_request_id = {}; fuzz.number(a_request_id, "request_id"); const capsule_value *a_value = fuzz.in<capsule_value>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_respond(a_bridge, a_request_id, a_value, a_error); return status; }},
    {"capsule_bridge_fail", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); uint64_t a_request_id = {}; fuzz.number(a_request_id, "request_id"); const capsule_text a_error_type = fuzz.text("error_type"); const capsule_text a_message = fuzz.text("message"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_fail(a_bridge, a_request_id, a_error_type, a_message, a_error); return status; }},
    {"capsule_bridge_approve", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); uint64_t a_request_id = {}; fuzz.number(a_request_id, "request_id"); int32_t a_approved = {}; fuzz.number(a_approved, "approved"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_approve(a_bridge, a_request_id, a_approved, a_error); return status; }},
    {"capsule_bridge_report_progress", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); uint64_t a_request_id = {}; fuzz.number(a_request_id, "request_id"); uint64_t a_done = {}; fuzz.number(a_done, "done"); uint64_t a_total = {}; fuzz.number(a_total, "total"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_report_progress(a_bridge, a_request_id, a_done, a_total, a_error); return status; }},
    {"capsule_bridge_cancel_all", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_cancel_all(a_bridge, a_error); return status; }},
    {"capsule_bridge_close", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_close(a_bridge, a_error); return status; }},
    {"capsule_bridge_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); capsule_bridge_release(a_bridge); return kNone; }},
    {"capsule_session_narrow_rules", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_rule *a_rules = nullptr; size_t a_rule_count = 0; fuzz.items(a_rules, a_rule_count); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_narrow_rules(a_session, a_rules, a_rule_count, a_error); return status; }},
    {"capsule_bridge_list_pending", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); capsule_pending_call *a_calls = nullptr; size_t a_capacity = 0; fuzz.out_items(a_calls, a_capacity); size_t *a_count = fuzz.place<size_t>(); uint64_t *a_total = fuzz.place<uint64_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_list_pending(a_bridge, a_calls, a_capacity, a_count, a_total, a_error); return status; }},
    {"capsule_bridge_get_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); capsule_bridge_metrics *a_metrics = fuzz.out<capsule_bridge_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_get_metrics(a_bridge, a_metrics, a_error); return status; }},
    {"capsule_session_get_bridge_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_bridge_metrics *a_metrics = fuzz.out<capsule_bridge_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_bridge_metrics(a_session, a_metrics, a_error); return status; }},
    {"capsule_bridge_list_capability_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); capsule_capability_metrics *a_metrics = nullptr; size_t a_capacity = 0; fuzz.out_items(a_metrics, a_capacity); size_t *a_count = fuzz.place<size_t>(); uint64_t *a_total = fuzz.place<uint64_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_list_capability_metrics(a_bridge, a_metrics, a_capacity, a_count, a_total, a_error); return status; }},
    {"capsule_call_state_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_state = {}; fuzz.number(a_state, "state"); static_cast<void>(capsule_call_state_name(a_state)); return kNone; }},
    {"capsule_bridge_send_chunk", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); uint64_t a_request_id = {}; fuzz.number(a_request_id, "request_id"); const capsule_value *a_value = fuzz.in<capsule_value>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_send_chunk(a_bridge, a_request_id, a_value, a_timeout_ms, a_error); return status; }},
    {"capsule_bridge_next_chunk", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); uint64_t a_request_id = {}; fuzz.number(a_request_id, "request_id"); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_value *a_value = fuzz.out<capsule_value>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_next_chunk(a_bridge, a_request_id, a_timeout_ms, a_value, a_error); capsule_value_release(a_value); return status; }},
    {"capsule_checkpoint_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_checkpoint_options *>(fuzz.room(a_struct_size)); capsule_checkpoint_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_session_checkpoint", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_checkpoint_options *a_options = fuzz.in<capsule_checkpoint_options>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_checkpoint **a_checkpoint = fuzz.out_handle<capsule_checkpoint>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_checkpoint(a_session, a_options, a_timeout_ms, a_checkpoint, a_error); fuzz.keep(a_checkpoint); return status; }},
    {"capsule_session_restore_checkpoint", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_checkpoint *a_checkpoint = fuzz.handle<capsule_checkpoint>(); uint32_t a_flags = {}; fuzz.number(a_flags, "flags"); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_checkpoint_entries *a_report = fuzz.out<capsule_checkpoint_entries>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_restore_checkpoint(a_session, a_checkpoint, a_flags, a_timeout_ms, a_report, a_error); capsule_checkpoint_entries_release(a_report); return status; }},
    {"capsule_checkpoint_read", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const void *a_data = nullptr; size_t a_size = 0; fuzz.bytes(a_data, a_size); const capsule_checkpoint_options *a_options = fuzz.in<capsule_checkpoint_options>(); capsule_checkpoint **a_checkpoint = fuzz.out_handle<capsule_checkpoint>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_checkpoint_read(a_data, a_size, a_options, a_checkpoint, a_error); fuzz.keep(a_checkpoint); return status; }},
    {"capsule_checkpoint_read_file", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const char *a_path = nullptr; size_t a_path_size = 0; fuzz.bytes(a_path, a_path_size); const capsule_checkpoint_options *a_options = fuzz.in<capsule_checkpoint_options>(); capsule_checkpoint **a_checkpoint = fuzz.out_handle<capsule_checkpoint>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_checkpoint_read_file(a_path, a_path_size, a_options, a_checkpoint, a_error); fuzz.keep(a_checkpoint); return status; }},
    {"capsule_checkpoint_write_file", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_checkpoint *a_checkpoint = fuzz.handle<capsule_checkpoint>(); const char *a_path = nullptr; size_t a_path_size = 0; fuzz.bytes(a_path, a_path_size); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_checkpoint_write_file(a_checkpoint, a_path, a_path_size, a_error); return status; }},
    {"capsule_checkpoint_get_data", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_checkpoint *a_checkpoint = fuzz.handle<capsule_checkpoint>(); const void **a_data = fuzz.place<const void *>(); size_t *a_size = fuzz.place<size_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_checkpoint_get_data(a_checkpoint, a_data, a_size, a_error); return status; }},
    {"capsule_checkpoint_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_checkpoint *a_checkpoint = fuzz.handle<capsule_checkpoint>(); capsule_checkpoint_info *a_info = fuzz.out<capsule_checkpoint_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_checkpoint_get_info(a_checkpoint, a_info, a_error); return status; }},
    {"capsule_checkpoint_list", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_checkpoint *a_checkpoint = fuzz.handle<capsule_checkpoint>(); capsule_checkpoint_entries *a_entries = fuzz.out<capsule_checkpoint_entries>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_checkpoint_list(a_checkpoint, a_entries, a_error); capsule_checkpoint_entries_release(a_entries); return status; }},
    {"capsule_session_keep_checkpoint", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_checkpoint *a_checkpoint = fuzz.handle<capsule_checkpoint>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_keep_checkpoint(a_session, a_checkpoint, a_error); return status; }},
    {"capsule_session_find_checkpoint", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const char *a_name = nullptr; size_t a_name_size = 0; fuzz.bytes(a_name, a_name_size); capsule_checkpoint **a_checkpoint = fuzz.out_handle<capsule_checkpoint>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_find_checkpoint(a_session, a_name, a_name_size, a_checkpoint, a_error); fuzz.keep(a_checkpoint); return status; }},
    {"capsule_session_checkpoint_at", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); size_t a_index = {}; fuzz.number(a_index, "index"); capsule_checkpoint **a_checkpoint = fuzz.out_handle<capsule_checkpoint>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_checkpoint_at(a_session, a_index, a_checkpoint, a_error); fuzz.keep(a_checkpoint); return status; }},
    {"capsule_session_forget_checkpoint", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const char *a_name = nullptr; size_t a_name_size = 0; fuzz.bytes(a_name, a_name_size); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_forget_checkpoint(a_session, a_name, a_name_size, a_error); return status; }},
    {"capsule_checkpoint_entries_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_checkpoint_entries *a_entries = fuzz.out<capsule_checkpoint_entries>(); capsule_checkpoint_entries_release(a_entries); return kNone; }},
    {"capsule_checkpoint_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_checkpoint *a_checkpoint = fuzz.handle<capsule_checkpoint>(); capsule_checkpoint_release(a_checkpoint); return kNone; }},
    {"capsule_session_get_executor_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_executor_metrics *a_metrics = fuzz.out<capsule_executor_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_executor_metrics(a_session, a_metrics, a_error); return status; }},
    {"capsule_session_get_async_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_async_metrics *a_metrics = fuzz.out<capsule_async_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_async_metrics(a_session, a_metrics, a_error); return status; }},
    {"capsule_session_get_limiter_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_limiter_metrics *a_metrics = fuzz.out<capsule_limiter_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_limiter_metrics(a_session, a_metrics, a_error); return status; }},
    {"capsule_promise_store_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_promise_store_options *>(fuzz.room(a_struct_size)); capsule_promise_store_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_promise_wish_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_wish = static_cast<capsule_promise_wish *>(fuzz.room(a_struct_size)); capsule_promise_wish_init(a_wish, a_struct_size); return kNone; }},
    {"capsule_promise_store_open", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); const capsule_promise_store_options *a_options = fuzz.in<capsule_promise_store_options>(); capsule_promise_store **a_store = fuzz.out_handle<capsule_promise_store>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_store_open(a_runtime, a_options, a_store, a_error); fuzz.keep(a_store); return status; }},
    {"capsule_promise_create", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); const capsule_promise_wish *a_wish = fuzz.in<capsule_promise_wish>(); capsule_promise *a_promise = fuzz.out<capsule_promise>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_create(a_store, a_wish, a_promise, a_error); capsule_promise_release(a_promise); return status; }},
    {"capsule_promise_settle", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); const capsule_text a_id = fuzz.text("id"); int32_t a_state = {}; fuzz.number(a_state, "state"); const capsule_text a_value = fuzz.text("value"); capsule_promise *a_promise = fuzz.out<capsule_promise>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_settle(a_store, a_id, a_state, a_value, a_promise, a_error); capsule_promise_release(a_promise); return status; }},
    {"capsule_promise_get", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); const capsule_text a_id = fuzz.text("id"); capsule_promise *a_promise = fuzz.out<capsule_promise>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_get(a_store, a_id, a_promise, a_error); capsule_promise_release(a_promise); return status; }},
    {"capsule_promise_wait", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); const capsule_text a_id = fuzz.text("id"); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_promise *a_promise = fuzz.out<capsule_promise>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_wait(a_store, a_id, a_timeout_ms, a_promise, a_error); capsule_promise_release(a_promise); return status; }},
    {"capsule_promise_watch", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); const capsule_text a_id = fuzz.text("id"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_watch(a_store, a_id, a_error); return status; }},
    {"capsule_promise_next", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_promise *a_promise = fuzz.out<capsule_promise>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_next(a_store, a_timeout_ms, a_promise, a_error); capsule_promise_release(a_promise); return status; }},
    {"capsule_promise_store_get_fd", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); int32_t *a_fd = fuzz.place<int32_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_store_get_fd(a_store, a_fd, a_error); return status; }},
    {"capsule_promise_store_set_notify", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); capsule_notify_callback a_callback = nullptr; fuzz.callback(a_callback); void *a_user_data = nullptr; capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_store_set_notify(a_store, a_callback, a_user_data, a_error); return status; }},
    {"capsule_promise_forget", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); const capsule_text a_id = fuzz.text("id"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_forget(a_store, a_id, a_error); return status; }},
    {"capsule_promise_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise *a_promise = fuzz.out<capsule_promise>(); capsule_promise_release(a_promise); return kNone; }},
    {"capsule_promise_list_pending", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); capsule_pending_promise *a_promises = nullptr; size_t a_capacity = 0; fuzz.out_items(a_promises, a_capacity); size_t *a_count = fuzz.place<size_t>(); uint64_t *a_total = fuzz.place<uint64_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_list_pending(a_store, a_promises, a_capacity, a_count, a_total, a_error); return status; }},
    {"capsule_promise_store_get_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); capsule_promise_metrics *a_metrics = fuzz.out<capsule_promise_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_store_get_metrics(a_store, a_metrics, a_error); return status; }},
    {"capsule_promise_store_close", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_store_close(a_store, a_error); return status; }},
    {"capsule_promise_store_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); capsule_promise_store_release(a_store); return kNone; }},
    {"capsule_promise_state_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_state = {}; fuzz.number(a_state, "state"); static_cast<void>(capsule_promise_state_name(a_state)); return kNone; }},
    {"capsule_durable_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_durable_options *>(fuzz.room(a_struct_size)); capsule_durable_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_session_execute_durable", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const char *a_source = nullptr; size_t a_source_size = 0; fuzz.source(a_source, a_source_size); const capsule_execution_options *a_options = fuzz.in<capsule_execution_options>(); const capsule_durable_options *a_durable = fuzz.in<capsule_durable_options>(); capsule_execution **a_execution = fuzz.out_handle<capsule_execution>(); capsule_promise *a_promise = fuzz.out<capsule_promise>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_execute_durable(a_session, a_source, a_source_size, a_options, a_durable, a_execution, a_promise, a_error); fuzz.keep(a_execution); capsule_promise_release(a_promise); return status; }},
    {"capsule_pool_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_pool_options *>(fuzz.room(a_struct_size)); capsule_pool_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_acquire_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_acquire_options *>(fuzz.room(a_struct_size)); capsule_acquire_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_pool_create", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); const capsule_pool_options *a_options = fuzz.in<capsule_pool_options>(); capsule_pool **a_pool = fuzz.out_handle<capsule_pool>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_create(a_runtime, a_options, a_pool, a_error); fuzz.keep(a_pool); return status; }},
    {"capsule_pool_wait_ready", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_wait_ready(a_pool, a_timeout_ms, a_error); return status; }},
    {"capsule_pool_acquire", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); const capsule_acquire_options *a_options = fuzz.in<capsule_acquire_options>(); capsule_session **a_session = fuzz.out_handle<capsule_session>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_acquire(a_pool, a_options, a_session, a_error); fuzz.keep(a_session); return status; }},
    {"capsule_pool_acquire_async", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); const capsule_acquire_options *a_options = fuzz.in<capsule_acquire_options>(); capsule_acquisition **a_acquisition = fuzz.out_handle<capsule_acquisition>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_acquire_async(a_pool, a_options, a_acquisition, a_error); fuzz.keep(a_acquisition); return status; }},
    {"capsule_acquisition_take", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_acquisition *a_acquisition = fuzz.handle<capsule_acquisition>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_session **a_session = fuzz.out_handle<capsule_session>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_acquisition_take(a_acquisition, a_timeout_ms, a_session, a_error); fuzz.keep(a_session); return status; }},
    {"capsule_acquisition_get_fd", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_acquisition *a_acquisition = fuzz.handle<capsule_acquisition>(); int32_t *a_fd = fuzz.place<int32_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_acquisition_get_fd(a_acquisition, a_fd, a_error); return status; }},
    {"capsule_acquisition_cancel", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_acquisition *a_acquisition = fuzz.handle<capsule_acquisition>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_acquisition_cancel(a_acquisition, a_error); return status; }},
    {"capsule_acquisition_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_acquisition *a_acquisition = fuzz.handle<capsule_acquisition>(); capsule_acquisition_release(a_acquisition); return kNone; }},
    {"capsule_pool_give_back", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_give_back(a_pool, a_session, a_error); return status; }},
    {"capsule_pool_close", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_close(a_pool, a_timeout_ms, a_error); return status; }},
    {"capsule_pool_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); capsule_pool_release(a_pool); return kNone; }},
    {"capsule_session_get_trace", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_trace_filter *a_filter = fuzz.in<capsule_trace_filter>(); capsule_trace_event *a_events = nullptr; size_t a_capacity = 0; fuzz.out_items(a_events, a_capacity); size_t *a_count = fuzz.place<size_t>(); capsule_trace_info *a_info = fuzz.out<capsule_trace_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_trace(a_session, a_filter, a_events, a_capacity, a_count, a_info, a_error); return status; }},
    {"capsule_pool_get_trace", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); const capsule_trace_filter *a_filter = fuzz.in<capsule_trace_filter>(); capsule_trace_event *a_events = nullptr; size_t a_capacity = 0; fuzz.out_items(a_events, a_capacity); size_t *a_count = fuzz.place<size_t>(); capsule_trace_info *a_info = fuzz.out<capsule_trace_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_get_trace(a_pool, a_filter, a_events, a_capacity, a_count, a_info, a_error); return status; }},
    {"capsule_trace_get", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_trace_filter *a_filter = fuzz.in<capsule_trace_filter>(); capsule_trace **a_trace = fuzz.out_handle<capsule_trace>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_trace_get(a_session, a_filter, a_trace, a_error); fuzz.keep(a_trace); return status; }},
    {"capsule_trace_next", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_trace *a_trace = fuzz.handle<capsule_trace>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_trace_event *a_event = fuzz.out<capsule_trace_event>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_trace_next(a_trace, a_timeout_ms, a_event, a_error); return status; }},
    {"capsule_trace_get_fd", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_trace *a_trace = fuzz.handle<capsule_trace>(); int32_t *a_fd = fuzz.place<int32_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_trace_get_fd(a_trace, a_fd, a_error); return status; }},
    {"capsule_trace_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_trace *a_trace = fuzz.handle<capsule_trace>(); capsule_trace_info *a_info = fuzz.out<capsule_trace_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_trace_get_info(a_trace, a_info, a_error); return status; }},
    {"capsule_trace_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_trace *a_trace = fuzz.handle<capsule_trace>(); capsule_trace_release(a_trace); return kNone; }},
    {"capsule_session_get_trace_label", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); uint32_t a_number = {}; fuzz.number(a_number, "number"); capsule_trace_label *a_label = fuzz.out<capsule_trace_label>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_trace_label(a_session, a_number, a_label, a_error); return status; }},
    {"capsule_session_get_trace_context", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); uint64_t a_execution_id = {}; fuzz.number(a_execution_id, "execution_id"); capsule_trace_context *a_context = fuzz.out<capsule_trace_context>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_trace_context(a_session, a_execution_id, a_context, a_error); return status; }},
    {"capsule_trace_kind_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_kind = {}; fuzz.number(a_kind, "kind"); static_cast<void>(capsule_trace_kind_name(a_kind)); return kNone; }},
    {"capsule_exporter_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_exporter_options *>(fuzz.room(a_struct_size)); capsule_exporter_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_exporter_create", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); const capsule_exporter_options *a_options = fuzz.in<capsule_exporter_options>(); capsule_exporter **a_exporter = fuzz.out_handle<capsule_exporter>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_exporter_create(a_runtime, a_options, a_exporter, a_error); fuzz.keep(a_exporter); return status; }},
    {"capsule_exporter_flush", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_exporter *a_exporter = fuzz.handle<capsule_exporter>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_exporter_flush(a_exporter, a_timeout_ms, a_error); return status; }},
    {"capsule_exporter_close", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_exporter *a_exporter = fuzz.handle<capsule_exporter>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_exporter_close(a_exporter, a_timeout_ms, a_error); return status; }},
    {"capsule_exporter_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_exporter *a_exporter = fuzz.handle<capsule_exporter>(); capsule_exporter_info *a_info = fuzz.out<capsule_exporter_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_exporter_get_info(a_exporter, a_info, a_error); return status; }},
    {"capsule_exporter_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_exporter *a_exporter = fuzz.handle<capsule_exporter>(); capsule_exporter_release(a_exporter); return kNone; }},
    {"capsule_interceptor_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_interceptor_options *>(fuzz.room(a_struct_size)); capsule_interceptor_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_session_add_interceptor", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_interceptor_options *a_options = fuzz.in<capsule_interceptor_options>(); uint64_t *a_interceptor_id = fuzz.place<uint64_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_add_interceptor(a_session, a_options, a_interceptor_id, a_error); return status; }},
    {"capsule_session_remove_interceptor", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); uint64_t a_interceptor_id = {}; fuzz.number(a_interceptor_id, "interceptor_id"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_remove_interceptor(a_session, a_interceptor_id, a_error); return status; }},
    {"capsule_session_get_interceptor_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); uint64_t a_interceptor_id = {}; fuzz.number(a_interceptor_id, "interceptor_id"); capsule_interceptor_info *a_info = fuzz.out<capsule_interceptor_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_interceptor_info(a_session, a_interceptor_id, a_info, a_error); return status; }},
    {"capsule_introspection_policy_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_policy = static_cast<capsule_introspection_policy *>(fuzz.room(a_struct_size)); capsule_introspection_policy_init(a_policy, a_struct_size); return kNone; }},
    {"capsule_inspection_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_inspection = static_cast<capsule_inspection *>(fuzz.room(a_struct_size)); capsule_inspection_init(a_inspection, a_struct_size); return kNone; }},
    {"capsule_runtime_set_introspection_policy", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); const capsule_introspection_policy *a_policy = fuzz.in<capsule_introspection_policy>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_runtime_set_introspection_policy(a_runtime, a_policy, a_error); return status; }},
    {"capsule_session_narrow_introspection", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_introspection_policy *a_policy = fuzz.in<capsule_introspection_policy>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_narrow_introspection(a_session, a_policy, a_error); return status; }},
    {"capsule_inspect_level_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_level = {}; fuzz.number(a_level, "level"); static_cast<void>(capsule_inspect_level_name(a_level)); return kNone; }},
    {"capsule_pool_get_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); capsule_pool_metrics *a_metrics = fuzz.out<capsule_pool_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_get_metrics(a_pool, a_metrics, a_error); return status; }},
    {"capsule_pool_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); capsule_pool_info *a_info = fuzz.out<capsule_pool_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_get_info(a_pool, a_info, a_error); return status; }},
    {"capsule_pool_list_sessions", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); capsule_pool_sessions *a_sessions = fuzz.out<capsule_pool_sessions>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_list_sessions(a_pool, a_sessions, a_error); capsule_pool_sessions_release(a_sessions); return status; }},
    {"capsule_pool_sessions_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool_sessions *a_sessions = fuzz.out<capsule_pool_sessions>(); capsule_pool_sessions_release(a_sessions); return kNone; }},
    {"capsule_pool_list_imports", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); capsule_pool_imports *a_imports = fuzz.out<capsule_pool_imports>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_list_imports(a_pool, a_imports, a_error); capsule_pool_imports_release(a_imports); return status; }},
    {"capsule_pool_imports_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool_imports *a_imports = fuzz.out<capsule_pool_imports>(); capsule_pool_imports_release(a_imports); return kNone; }},
    {"capsule_breaker_state_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_state = {}; fuzz.number(a_state, "state"); static_cast<void>(capsule_breaker_state_name(a_state)); return kNone; }},
    {"capsule_pooled_state_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_state = {}; fuzz.number(a_state, "state"); static_cast<void>(capsule_pooled_state_name(a_state)); return kNone; }},
    {"capsule_stack_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_stack_options *>(fuzz.room(a_struct_size)); capsule_stack_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_session_get_stack", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_stack_options *a_options = fuzz.in<capsule_stack_options>(); capsule_stack **a_stack = fuzz.out_handle<capsule_stack>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_stack(a_session, a_options, a_stack, a_error); fuzz.keep(a_stack); return status; }},
    {"capsule_stack_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_stack *a_stack = fuzz.handle<capsule_stack>(); capsule_stack_info *a_info = fuzz.out<capsule_stack_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_stack_get_info(a_stack, a_info, a_error); return status; }},
    {"capsule_stack_get_thread", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_stack *a_stack = fuzz.handle<capsule_stack>(); uint64_t a_index = {}; fuzz.number(a_index, "index"); capsule_stack_thread *a_thread = fuzz.out<capsule_stack_thread>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_stack_get_thread(a_stack, a_index, a_thread, a_error); return status; }},
    {"capsule_stack_get_frame", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_stack *a_stack = fuzz.handle<capsule_stack>(); uint64_t a_thread = {}; fuzz.number(a_thread, "thread"); uint64_t a_index = {}; fuzz.number(a_index, "index"); capsule_stack_frame *a_frame = fuzz.out<capsule_stack_frame>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_stack_get_frame(a_stack, a_thread, a_index, a_frame, a_error); return status; }},
    {"capsule_stack_get_native_frame", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_stack *a_stack = fuzz.handle<capsule_stack>(); uint64_t a_thread = {}; fuzz.number(a_thread, "thread"); uint64_t a_index = {}; fuzz.number(a_index, "index"); capsule_native_frame *a_frame = fuzz.out<capsule_native_frame>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_stack_get_native_frame(a_stack, a_thread, a_index, a_frame, a_error); return status; }},
    {"capsule_stack_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_stack *a_stack = fuzz.handle<capsule_stack>(); capsule_stack_release(a_stack); return kNone; }},
    {"capsule_session_get_postmortem", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); uint32_t a_index = {}; fuzz.number(a_index, "index"); capsule_postmortem **a_postmortem = fuzz.out_handle<capsule_postmortem>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_postmortem(a_session, a_index, a_postmortem, a_error); fuzz.keep(a_postmortem); return status; }},
    {"capsule_postmortem_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_postmortem *a_postmortem = fuzz.handle<capsule_postmortem>(); capsule_postmortem_info *a_info = fuzz.out<capsule_postmortem_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_postmortem_get_info(a_postmortem, a_info, a_error); return status; }},
    {"capsule_postmortem_get_stack", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_postmortem *a_postmortem = fuzz.handle<capsule_postmortem>(); capsule_stack **a_stack = fuzz.out_handle<capsule_stack>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_postmortem_get_stack(a_postmortem, a_stack, a_error); fuzz.keep(a_stack); return status; }},
    {"capsule_postmortem_to_json", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_postmortem *a_postmortem = fuzz.handle<capsule_postmortem>(); capsule_text *a_json = fuzz.out<capsule_text>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_postmortem_to_json(a_postmortem, a_json, a_error); return status; }},
    {"capsule_postmortem_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_postmortem *a_postmortem = fuzz.handle<capsule_postmortem>(); capsule_postmortem_release(a_postmortem); return kNone; }},
    {"capsule_bridge_inspect_pending", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_bridge *a_bridge = fuzz.handle<capsule_bridge>(); const capsule_inspection *a_inspection = fuzz.in<capsule_inspection>(); capsule_pending_summary *a_summary = fuzz.out<capsule_pending_summary>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_bridge_inspect_pending(a_bridge, a_inspection, a_summary, a_error); capsule_pending_summary_release(a_summary); return status; }},
    {"capsule_promise_store_inspect_pending", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_promise_store *a_store = fuzz.handle<capsule_promise_store>(); const capsule_inspection *a_inspection = fuzz.in<capsule_inspection>(); capsule_pending_summary *a_summary = fuzz.out<capsule_pending_summary>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_promise_store_inspect_pending(a_store, a_inspection, a_summary, a_error); capsule_pending_summary_release(a_summary); return status; }},
    {"capsule_pending_summary_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pending_summary *a_summary = fuzz.out<capsule_pending_summary>(); capsule_pending_summary_release(a_summary); return kNone; }},
    {"capsule_session_inspect_namespace", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_inspection *a_inspection = fuzz.in<capsule_inspection>(); capsule_namespace_summary *a_summary = fuzz.out<capsule_namespace_summary>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_inspect_namespace(a_session, a_inspection, a_summary, a_error); capsule_namespace_summary_release(a_summary); return status; }},
    {"capsule_namespace_summary_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_namespace_summary *a_summary = fuzz.out<capsule_namespace_summary>(); capsule_namespace_summary_release(a_summary); return kNone; }},
    {"capsule_pool_inspect", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool *a_pool = fuzz.handle<capsule_pool>(); const capsule_inspection *a_inspection = fuzz.in<capsule_inspection>(); capsule_pool_info *a_info = fuzz.out<capsule_pool_info>(); capsule_pool_summary *a_summary = fuzz.out<capsule_pool_summary>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_pool_inspect(a_pool, a_inspection, a_info, a_summary, a_error); capsule_pool_summary_release(a_summary); return status; }},
    {"capsule_pool_summary_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_pool_summary *a_summary = fuzz.out<capsule_pool_summary>(); capsule_pool_summary_release(a_summary); return kNone; }},
    {"capsule_session_inspect_execution", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_inspection *a_inspection = fuzz.in<capsule_inspection>(); capsule_execution_status *a_status = fuzz.out<capsule_execution_status>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_inspect_execution(a_session, a_inspection, a_status, a_error); return status; }},
    {"capsule_session_inspect_isolation", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_inspection *a_inspection = fuzz.in<capsule_inspection>(); capsule_isolation_report *a_report = fuzz.out<capsule_isolation_report>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_inspect_isolation(a_session, a_inspection, a_report, a_error); capsule_isolation_report_release(a_report); return status; }},
    {"capsule_isolation_report_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_isolation_report *a_report = fuzz.out<capsule_isolation_report>(); capsule_isolation_report_release(a_report); return kNone; }},
    {"capsule_session_inspect_stack", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_inspection *a_inspection = fuzz.in<capsule_inspection>(); const capsule_stack_options *a_options = fuzz.in<capsule_stack_options>(); capsule_stack **a_stack = fuzz.out_handle<capsule_stack>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_inspect_stack(a_session, a_inspection, a_options, a_stack, a_error); fuzz.keep(a_stack); return status; }},
    {"capsule_session_inspect_postmortem", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_inspection *a_inspection = fuzz.in<capsule_inspection>(); uint32_t a_index = {}; fuzz.number(a_index, "index"); capsule_postmortem **a_postmortem = fuzz.out_handle<capsule_postmortem>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_inspect_postmortem(a_session, a_inspection, a_index, a_postmortem, a_error); fuzz.keep(a_postmortem); return status; }},
    {"capsule_session_inspect_trace_label", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_inspection *a_inspection = fuzz.in<capsule_inspection>(); uint32_t a_number = {}; fuzz.number(a_number, "number"); capsule_trace_label *a_label = fuzz.out<capsule_trace_label>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_inspect_trace_label(a_session, a_inspection, a_number, a_label, a_error); return status; }},
    {"capsule_phase_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_phase = {}; fuzz.number(a_phase, "phase"); static_cast<void>(capsule_phase_name(a_phase)); return kNone; }},
    {"capsule_waits_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_waits_for = {}; fuzz.number(a_waits_for, "waits_for"); static_cast<void>(capsule_waits_name(a_waits_for)); return kNone; }},
    {"capsule_layer_state_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_state = {}; fuzz.number(a_state, "state"); static_cast<void>(capsule_layer_state_name(a_state)); return kNone; }},
    {"capsule_log_set_callback", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_level = {}; fuzz.number(a_level, "level"); capsule_log_callback a_callback = nullptr; fuzz.callback(a_callback); void *a_user_data = nullptr; capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_log_set_callback(a_level, a_callback, a_user_data, a_error); return status; }},
    {"capsule_log_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_log_info *a_info = fuzz.out<capsule_log_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_log_get_info(a_info, a_error); return status; }},
    {"capsule_session_get_worker_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_worker_metrics *a_metrics = fuzz.out<capsule_worker_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_worker_metrics(a_session, a_metrics, a_error); return status; }},
    {"capsule_session_get_worker_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_worker_info *a_info = fuzz.out<capsule_worker_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_worker_info(a_session, a_info, a_error); return status; }},
    {"capsule_session_get_transport_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_transport_metrics *a_metrics = fuzz.out<capsule_transport_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_transport_metrics(a_session, a_metrics, a_error); return status; }},
    {"capsule_message_name", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { int32_t a_message = {}; fuzz.number(a_message, "message"); static_cast<void>(capsule_message_name(a_message)); return kNone; }},
    {"capsule_session_get_cancel_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_cancel_metrics *a_metrics = fuzz.out<capsule_cancel_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_get_cancel_metrics(a_session, a_metrics, a_error); return status; }},
    {"capsule_runtime_get_metrics", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); capsule_runtime_metrics *a_metrics = fuzz.out<capsule_runtime_metrics>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_runtime_get_metrics(a_runtime, a_metrics, a_error); return status; }},
    {"capsule_runtime_get_prometheus", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_runtime *a_runtime = fuzz.handle<capsule_runtime>(); capsule_metrics_text *a_text = fuzz.out<capsule_metrics_text>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_runtime_get_prometheus(a_runtime, a_text, a_error); capsule_metrics_text_release(a_text); return status; }},
    {"capsule_metrics_text_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_metrics_text *a_text = fuzz.out<capsule_metrics_text>(); capsule_metrics_text_release(a_text); return kNone; }},
    {"capsule_profile_options_init", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { const std::uint32_t a_struct_size = fuzz.size(); auto *a_options = static_cast<capsule_profile_options *>(fuzz.room(a_struct_size)); capsule_profile_options_init(a_options, a_struct_size); return kNone; }},
    {"capsule_session_profile", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); const capsule_profile_options *a_options = fuzz.in<capsule_profile_options>(); capsule_profile **a_profile = fuzz.out_handle<capsule_profile>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_profile(a_session, a_options, a_profile, a_error); fuzz.keep(a_profile); return status; }},
    {"capsule_profile_wait", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_profile *a_profile = fuzz.handle<capsule_profile>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_profile_wait(a_profile, a_timeout_ms, a_error); return status; }},
    {"capsule_profile_stop", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_profile *a_profile = fuzz.handle<capsule_profile>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_profile_stop(a_profile, a_error); return status; }},
    {"capsule_profile_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_profile *a_profile = fuzz.handle<capsule_profile>(); capsule_profile_info *a_info = fuzz.out<capsule_profile_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_profile_get_info(a_profile, a_info, a_error); return status; }},
    {"capsule_profile_get_collapsed", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_profile *a_profile = fuzz.handle<capsule_profile>(); const char **a_data = fuzz.place<const char *>(); size_t *a_size = fuzz.place<size_t>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_profile_get_collapsed(a_profile, a_data, a_size, a_error); return status; }},
    {"capsule_profile_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_profile *a_profile = fuzz.handle<capsule_profile>(); capsule_profile_release(a_profile); return kNone; }},
    {"capsule_session_snapshot", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_snapshot **a_snapshot = fuzz.out_handle<capsule_snapshot>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_snapshot(a_session, a_timeout_ms, a_snapshot, a_error); fuzz.keep(a_snapshot); return status; }},
    {"capsule_session_restore", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); capsule_snapshot *a_snapshot = fuzz.handle<capsule_snapshot>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_restore(a_session, a_snapshot, a_timeout_ms, a_error); return status; }},
    {"capsule_snapshot_branch", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_snapshot *a_snapshot = fuzz.handle<capsule_snapshot>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_session **a_session = fuzz.out_handle<capsule_session>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_snapshot_branch(a_snapshot, a_timeout_ms, a_session, a_error); fuzz.keep(a_session); return status; }},
    {"capsule_session_branch", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_session *a_session = fuzz.handle<capsule_session>(); int64_t a_timeout_ms = {}; fuzz.number(a_timeout_ms, "timeout_ms"); capsule_session **a_branch = fuzz.out_handle<capsule_session>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_session_branch(a_session, a_timeout_ms, a_branch, a_error); fuzz.keep(a_branch); return status; }},
    {"capsule_snapshot_get_info", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_snapshot *a_snapshot = fuzz.handle<capsule_snapshot>(); capsule_snapshot_info *a_info = fuzz.out<capsule_snapshot_info>(); capsule_error *a_error = fuzz.error(); const capsule_status status = capsule_snapshot_get_info(a_snapshot, a_info, a_error); return status; }},
    {"capsule_snapshot_release", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status { capsule_snapshot *a_snapshot = fuzz.handle<capsule_snapshot>(); capsule_snapshot_release(a_snapshot); return kNone; }},
};

inline constexpr void (*kRelease[])(void *) = {
    [](void *it) { capsule_runtime_release(static_cast<capsule_runtime *>(it)); },
    [](void *it) { capsule_session_release(static_cast<capsule_session *>(it)); },
    [](void *it) { capsule_bridge_release(static_cast<capsule_bridge *>(it)); },
    [](void *it) { capsule_buffer_release(static_cast<capsule_buffer *>(it)); },
    [](void *it) { capsule_execution_release(static_cast<capsule_execution *>(it)); },
    [](void *it) { capsule_checkpoint_release(static_cast<capsule_checkpoint *>(it)); },
    [](void *it) { capsule_promise_store_release(static_cast<capsule_promise_store *>(it)); },
    [](void *it) { capsule_pool_release(static_cast<capsule_pool *>(it)); },
    [](void *it) { capsule_acquisition_release(static_cast<capsule_acquisition *>(it)); },
    [](void *it) { capsule_trace_release(static_cast<capsule_trace *>(it)); },
    [](void *it) { capsule_exporter_release(static_cast<capsule_exporter *>(it)); },
    [](void *it) { capsule_stack_release(static_cast<capsule_stack *>(it)); },
    [](void *it) { capsule_postmortem_release(static_cast<capsule_postmortem *>(it)); },
    [](void *it) { capsule_profile_release(static_cast<capsule_profile *>(it)); },
    [](void *it) { capsule_snapshot_release(static_cast<capsule_snapshot *>(it)); },
};
}  // namespace capsule_fuzz
