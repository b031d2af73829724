// Every metric of the library, once: names, help, exporters and the reference page (include/capsule/SIGNALS.md) come from here.
//
// A row: name without "capsule_" and "_total", kind, unit, first label, second label, where its values are as fields of structs, help.
// Rows of CAPSULE_POOLED_SIGNALS have the label `pool` too; those of CAPSULE_LIBRARY_SIGNALS have not. A row in CAPSULE_OPT_IN_SIGNALS
// is pooled, and there only where a session was opened with enable_metrics. Order is the order of all output.
#pragma once

// clang-format off
#define CAPSULE_POOLED_SIGNALS(X) \
  X(sessions_started, kCounter, kOne, kPath, kNone, "capsule_runtime_info.workers_started", "Workers that became ready, by how they were born.") \
  X(sessions_ended, kCounter, kOne, kEnd, kNone, "capsule_runtime_metrics.sessions_closed, sessions_killed, sessions_failed", "Sessions that are closed: their worker exited, was killed for it, or was not there any more.") \
  X(worker_deaths, kCounter, kOne, kDeath, kNone, "capsule_runtime_metrics.worker_deaths", "Workers that died, by why.") \
  X(session_restarts, kCounter, kOne, kNone, kNone, "capsule_session_info.restarts", "Times that a session was restarted.") \
  X(executions, kCounter, kOne, kMode, kOutcome, "capsule_runtime_metrics.top_level_await, async_def, blocking_sync, simple_sync, unknown, capsule_session_info.executions_…", "Executions that ended, by what their code was found to be and how they ended.") \
  X(executions_refused, kCounter, kOne, kNone, kNone, "capsule_session_info.executions_refused", "Submissions refused because the queue was full or the source too large.") \
  X(execution_page_faults, kCounter, kOne, kFault, kNone, "capsule_runtime_metrics.minor_faults, major_faults", "Page faults of executions that were measured.") \
  X(execution_context_switches, kCounter, kOne, kSwitch, kNone, "capsule_runtime_metrics.voluntary_switches, involuntary_switches", "Context switches of executions that were measured.") \
  X(execution_input_wait_seconds, kCounter, kSeconds, kNone, kNone, "capsule_runtime_metrics.input_wait_ns", "Time that executions waited for input.") \
  X(execution_promise_wait_seconds, kCounter, kSeconds, kNone, kNone, "capsule_runtime_metrics.promise_wait_ns", "Time that executions waited for answers of the host.") \
  X(cancels, kCounter, kOne, kCancel, kNone, "capsule_runtime_metrics.cancels_effective, cancels_noop, cancels_killed", "Cancels and timeouts: the code was ended by them, was over before they reached it, or its worker was killed.") \
  X(worker_cpu_seconds, kCounter, kSeconds, kNone, kNone, "capsule_worker_metrics.cpu_ns", "CPU time of workers, as of their last heartbeats.") \
  X(heartbeats, kCounter, kOne, kNone, kNone, "capsule_worker_metrics.heartbeats", "Heartbeats that came.") \
  X(heartbeats_missed, kCounter, kOne, kNone, kNone, "capsule_worker_metrics.heartbeats_missed", "Heartbeats that were due and did not come.") \
  X(heartbeat_send_failures, kCounter, kOne, kNone, kNone, "capsule_worker_metrics.send_failures", "Heartbeats that a worker could not send.") \
  X(outputs_enqueued, kCounter, kOne, kStream, kNone, "capsule_runtime_metrics.standard_output.enqueued, standard_error.enqueued, displays.enqueued, capsule_executor_metrics.outputs_enqueued, outputs_captured", "Pieces of output that were printed or captured.") \
  X(outputs_sent, kCounter, kOne, kStream, kNone, "capsule_runtime_metrics.standard_output.sent, standard_error.sent, displays.sent, capsule_executor_metrics.outputs_sent", "Pieces of output that workers sent.") \
  X(outputs_dropped, kCounter, kOne, kStream, kDrop, "capsule_runtime_metrics.standard_output.dropped_newest, standard_output.dropped_oldest, standard_output.refused, capsule_executor_metrics.outputs_dropped, outputs_refused", "Writes of which something was dropped or that raised, as output_policy has it.") \
  X(output_bytes, kCounter, kBytes, kStream, kNone, "capsule_runtime_metrics.standard_output.bytes_sent, standard_error.bytes_sent, displays.bytes_sent, capsule_executor_metrics.output_bytes_sent", "Bytes of output that workers sent.") \
  X(output_lost_bytes, kCounter, kBytes, kLoss, kNone, "capsule_executor_metrics.output_bytes_dropped, capsule_session_info.late_output_bytes, abandoned_output_bytes, left_out_output_bytes", "Bytes of output that nobody was given: dropped by output_policy, too late, of a released execution, over its budget.") \
  X(output_lines, kCounter, kOne, kStream, kNone, "capsule_runtime_metrics.stdout_lines, stderr_lines", "Lines that executions wrote until they ended.") \
  X(output_waits, kCounter, kOne, kNone, kNone, "capsule_executor_metrics.output_waits", "Writes that found the queue full and waited.") \
  X(output_drain_timeouts, kCounter, kOne, kDrain, kNone, "capsule_executor_metrics.drain_timeouts, drain_timeouts_suppressed", "Executions whose output could not be drained in time.") \
  X(displays, kCounter, kOne, kDisplay, kNone, "capsule_executor_metrics.displays_made, displays_dropped, displays_truncated, display_errors", "Displays that code made, and what befell them.") \
  X(progress_updates, kCounter, kOne, kProgress, kNone, "capsule_executor_metrics.progress_calls, progress_skipped", "Calls of progress, and those passed over for progress_rate_per_s.") \
  X(input_requests, kCounter, kOne, kInput, kNone, "capsule_executor_metrics.input_answered, input_declined, input_canceled, input_timed_out", "Input requests that ended.") \
  X(async_executions, kCounter, kOne, kMode, kNone, "capsule_async_metrics.mode_…", "Sources, by what they were found to be.") \
  X(async_loop_executions, kCounter, kOne, kLoopOutcome, kNone, "capsule_async_metrics.successes, errors, canceled", "Executions on the event loop that ended.") \
  X(async_coroutines_closed, kCounter, kOne, kNone, kNone, "capsule_async_metrics.coroutines_closed", "Coroutines and tasks that were closed before they were done.") \
  X(async_blocking_imports, kCounter, kOne, kNone, kNone, "capsule_async_metrics.detected_blocking_imports", "Sources that import a module known to block.") \
  X(async_blocking_calls, kCounter, kOne, kNone, kNone, "capsule_async_metrics.detected_blocking_calls", "Calls in sources known to block.") \
  X(async_blocking_warnings, kCounter, kOne, kWarning, kNone, "capsule_async_metrics.blocking_warnings, blocking_warnings_suppressed", "Log records of blocking code, and those not made again.") \
  X(async_missed_attribute_chains, kCounter, kOne, kNone, kNone, "capsule_async_metrics.missed_attribute_chains", "Calls of attributes that could not be judged.") \
  X(async_overshadow_guard_skips, kCounter, kOne, kNone, kNone, "capsule_async_metrics.overshadow_guard_skips", "Calls not taken for blocking because the source had bound their name.") \
  X(async_ast_transforms, kCounter, kOne, kTransform, kNone, "capsule_async_metrics.ast_fallbacks, ast_def_rewrites, ast_lambda_helpers", "Rewrites of sources.") \
  X(async_cache_lookups, kCounter, kOne, kCache, kLookup, "capsule_async_metrics.ast_cache_…, code_cache_…", "Lookups in the caches of sources, and what was put out of them.") \
  X(async_cancels, kCounter, kOne, kLoopCancel, kNone, "capsule_async_metrics.cancels_…", "Cancels that reached code on the event loop.") \
  X(interceptor_calls, kCounter, kOne, kNone, kNone, "capsule_interceptor_info.calls", "Calls of interceptors.") \
  X(interceptor_errors, kCounter, kOne, kNone, kNone, "capsule_interceptor_info.errors", "Of these, that returned an error.") \
  X(interceptor_seconds, kCounter, kSeconds, kNone, kNone, "capsule_interceptor_info.total_ns", "Time they took.") \
  X(transport_frames, kCounter, kOne, kDirection, kMessage, "capsule_transport_metrics.sent.messages, received.messages", "Frames between host and workers.") \
  X(transport_bytes, kCounter, kBytes, kDirection, kNone, "capsule_transport_metrics.sent.bytes, received.bytes", "Their bytes.") \
  X(transport_rejected, kCounter, kOne, kReject, kNone, "capsule_transport_metrics.rejected", "Frames that were refused.") \
  X(transport_partial_reads, kCounter, kOne, kNone, kNone, "capsule_transport_metrics.partial_reads", "Reads that ended in the middle of a frame.") \
  X(transport_wakeups, kCounter, kOne, kNone, kNone, "capsule_transport_metrics.wakeups", "Reads that brought something.") \
  X(transport_write_stalls, kCounter, kOne, kNone, kNone, "capsule_transport_metrics.write_stalls", "Frames that a socket did not take at once.") \
  X(snapshots, kCounter, kOne, kSnapshot, kNone, "capsule_session_info.snapshots, snapshots_evicted, restores, rollbacks", "Snapshots taken, let go, gone back to, and executions rolled back.") \
  X(checkpoints, kCounter, kOne, kCheckpoint, kNone, "capsule_session_info.checkpoints, checkpoints_failed, checkpoint_restores, checkpoint_restores_failed", "Checkpoints made or restored, or not.") \
  X(checkpoint_entries_skipped, kCounter, kOne, kSkip, kNone, "capsule_session_info.checkpoint_entries_skipped", "Names that had to be left out of checkpoints: no name for it, cannot be pickled, too deep or large, its own code raised.") \
  X(bridge_promises_created, kCounter, kOne, kNone, kNone, "capsule_bridge_metrics.calls", "Calls of the host that came.") \
  X(bridge_promises_settled, kCounter, kOne, kSettled, kNone, "capsule_bridge_metrics.ok, failed, denied, timed_out, canceled, rejected_at_shutdown", "Calls of the host that ended.") \
  X(bridge_settlements_ignored, kCounter, kOne, kIgnored, kNone, "capsule_bridge_metrics.late_settlements, duplicate_settlements", "Answers of the host that nobody waited for.") \
  X(capability_calls, kCounter, kOne, kCapability, kCall, "capsule_capability_metrics.ok, failed, denied", "Calls of each capability that ended.") \
  X(durable_operations, kCounter, kOne, kDurable, kNone, "capsule_session_info.durable_operations, durable_failures", "What durable executions asked of their stores: to claim their promise and to settle it, to look up and to record calls and inputs.") \
  X(trace_events, kCounter, kOne, kEventSource, kNone, "capsule_trace_info.emitted, capsule_trace_event.source", "Events recorded, by source; those of executors and output are their worker's.") \
  X(trace_events_lost, kCounter, kOne, kSource, kTraceLoss, "capsule_trace_info.evicted, dropped, refused, late, truncated, invalid", "Of these, not stored, or no longer, by who wrote them: all but the worker's are the host's.") \
  X(sessions, kGauge, kOne, kState, kNone, "capsule_session_info.state", "Sessions that are not closed.") \
  X(worker_resident_bytes, kGauge, kBytes, kNone, kNone, "capsule_worker_metrics.resident_bytes", "Resident memory of workers, as of their last heartbeats, shared pages counted in each.") \
  X(worker_private_bytes, kGauge, kBytes, kNone, kNone, "capsule_worker_metrics.private_bytes", "Of this, memory that is shared with nobody.") \
  X(worker_shared_bytes, kGauge, kBytes, kNone, kNone, "capsule_worker_metrics.shared_bytes", "Of this, memory shared with other processes.") \
  X(worker_peak_resident_bytes, kGaugeMax, kBytes, kNone, kNone, "capsule_worker_metrics.peak_resident_bytes, capsule_runtime_metrics.worker_peak_resident_bytes", "The most resident memory that one worker had, as of heartbeats, those that are gone included.") \
  X(worker_threads, kGauge, kOne, kNone, kNone, "capsule_worker_metrics.threads", "Threads of workers.") \
  X(worker_open_descriptors, kGauge, kOne, kNone, kNone, "capsule_worker_metrics.open_descriptors", "Descriptors that workers have open.") \
  X(worker_info, kGauge, kOne, kPython, kNone, "capsule_worker_info.python_version", "Live workers, by version of their interpreter.") \
  X(namespace_entries, kGauge, kOne, kNone, kNone, "capsule_worker_metrics.namespace_size", "Names in the namespaces of sessions.") \
  X(interceptors, kGauge, kOne, kNone, kNone, "capsule_session_info.interceptors", "Interceptors that sessions have.") \
  X(executions_queued, kGauge, kOne, kNone, kNone, "capsule_session_info.executions_queued", "Executions that wait.") \
  X(output_queue_depth, kGauge, kOne, kNone, kNone, "capsule_executor_metrics.output_queue_pieces", "Pieces of output that wait in queues.") \
  X(output_queue_depth_max, kGaugeMax, kOne, kNone, kNone, "capsule_executor_metrics.output_queue_pieces_max", "Most pieces that waited in one output queue.") \
  X(output_queue_bytes, kGauge, kBytes, kNone, kNone, "capsule_executor_metrics.output_queue_bytes", "Bytes of output queues that are taken.") \
  X(output_queue_bytes_max, kGaugeMax, kBytes, kNone, kNone, "capsule_executor_metrics.output_queue_bytes_max", "Most bytes that waited in one output queue.") \
  X(transport_largest_frame_bytes, kGaugeMax, kBytes, kDirection, kNone, "capsule_transport_metrics.sent.largest_bytes, received.largest_bytes", "The largest frame.") \
  X(transport_queue_bytes, kGauge, kBytes, kNone, kNone, "capsule_transport_metrics.queue_bytes", "Bytes that wait for a socket.") \
  X(transport_queue_depth_max, kGaugeMax, kBytes, kNone, kNone, "capsule_transport_metrics.queue_bytes_max", "Most bytes that waited for one socket.") \
  X(bridge_pending, kGauge, kOne, kNone, kNone, "capsule_bridge_metrics.bridge_pending_current", "Calls of the host that are open.") \
  X(bridge_pending_hwm, kGaugeMax, kOne, kNone, kNone, "capsule_bridge_metrics.bridge_pending_hwm", "Most that were open at once in one session.") \
  X(capability_calls_in_flight, kGauge, kOne, kCapability, kNone, "capsule_capability_metrics.in_flight", "Calls of each capability that are open.") \
  X(trace_stored_bytes, kGauge, kBytes, kNone, kNone, "capsule_trace_info.stored_bytes", "Bytes of the events that are stored.") \
  X(session_start_duration_seconds, kHistogram, kSeconds, kPath, kNone, "capsule_runtime_metrics.start_fork, start_spawn, start_restore", "From asking for a worker until it was ready.") \
  X(execution_duration_seconds, kHistogram, kSeconds, kMode, kNone, "capsule_runtime_metrics.execution_duration", "Time that executions ran.") \
  X(execution_queue_duration_seconds, kHistogram, kSeconds, kMode, kNone, "capsule_runtime_metrics.execution_queue", "Time that they waited before.") \
  X(execution_cpu_seconds, kHistogram, kSeconds, kMode, kNone, "capsule_runtime_metrics.execution_cpu", "CPU time of those that were measured.") \
  X(execution_peak_resident_delta_bytes, kByteHistogram, kBytes, kNone, kNone, "capsule_event.peak_resident_delta_bytes, capsule_runtime_metrics.execution_peak_resident_delta", "Rise of the most resident memory by each execution that was measured.") \
  X(output_drain_duration_seconds, kHistogram, kSeconds, kNone, kNone, "capsule_executor_metrics.drain_ns", "Time it took to send all output ahead of a terminal event or an input request.") \
  X(bridge_resolution_duration_seconds, kPromiseHistogram, kSeconds, kCapability, kNone, "capsule_bridge_metrics.resolution_…", "From a call of the host to its end.") \
  X(checkpoint_size_bytes, kByteHistogram, kBytes, kNone, kNone, "capsule_runtime_metrics.checkpoint_size", "Size of the checkpoints made, before they are compressed.") \
  X(checkpoint_duration_seconds, kHistogram, kSeconds, kNone, kNone, "capsule_runtime_metrics.checkpoint_duration", "Time it took to make them.") \
  X(pool_acquisitions, kCounter, kOne, kAcquisition, kNone, "capsule_pool_metrics.pool_hits, pool_misses, acquisition_…", "Acquisitions that ended.") \
  X(pool_warmup_triggers, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.warmup_triggers", "Times that a lack of sessions was told while it was not known.") \
  X(pool_warmup_iterations, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.warmup_loop_iterations", "Times that the pool looked how many are lacking.") \
  X(pool_warmup_created, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.sessions_created_from_warmup", "Sessions created without an acquisition that waited for them.") \
  X(pool_creations_requested, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.creations_requested", "Sessions that were asked for, by the warm-up or by an acquisition.") \
  X(pool_sessions_created, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.sessions_created", "Sessions created.") \
  X(pool_creations_failed, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.creations_failed", "Sessions whose creation failed.") \
  X(pool_sessions_removed, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.sessions_removed", "Sessions let go.") \
  X(pool_health_triggers, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.health_check_triggers", "Times that something to look at was told.") \
  X(pool_health_runs, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.health_check_runs", "Looks at the idle sessions.") \
  X(pool_health_removed, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.removed_by_health, removed_idle", "Sessions let go by them.") \
  X(pool_recycled, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.sessions_recycled", "Sessions let go for age, growth or executions.") \
  X(pool_restarted, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.sessions_restarted", "Sessions replaced because they were lost.") \
  X(pool_breaker_opened, kCounter, kOne, kNone, kNone, "capsule_pool_metrics.breaker_opened", "Times that the breaker opened.") \
  X(pool_sessions, kGauge, kOne, kPooled, kNone, "capsule_pool_metrics.sessions_…", "Sessions of the pool.") \
  X(pool_memory_bytes, kGauge, kBytes, kNone, kNone, "capsule_pool_metrics.memory_bytes", "Private memory of the sessions of the pool, as of their last heartbeats.") \
  X(pool_waiters, kGauge, kOne, kNone, kNone, "capsule_pool_metrics.waiters_now", "Acquisitions that wait.") \
  X(pool_waiters_peak, kGaugeMax, kOne, kNone, kNone, "capsule_pool_metrics.waiters_peak", "Most acquisitions that waited at once.") \
  X(pool_breaker_state, kGauge, kOne, kNone, kNone, "capsule_pool_info.breaker_state", "0 closed, 1 open, 2 half open.") \
  X(pool_acquire_duration_max_seconds, kGaugeMax, kSeconds, kNone, kNone, "capsule_pool_metrics.acquire_max_ns", "The longest that a successful acquisition took.") \
  X(pool_acquire_duration_seconds, kHistogram, kSeconds, kNone, kNone, "capsule_pool_metrics.acquire_buckets", "Time that successful acquisitions took.")

#define CAPSULE_OPT_IN_SIGNALS(X) \
  X(cancel_event_triggers, kCounter, kOne, kNone, kNone, "capsule_cancel_metrics.triggers", "Executions that a cancel or a timeout reached, each once.") \
  X(executions_canceled, kCounter, kOne, kNone, kNone, "capsule_cancel_metrics.executions_canceled", "Executions that ended as canceled.") \
  X(waits_interrupted, kCounter, kOne, kNone, kNone, "capsule_cancel_metrics.waits_interrupted", "Executions that a cancel ended while they waited.") \
  X(transport_encode_seconds, kCounter, kSeconds, kNone, kNone, "capsule_transport_metrics.encode_ns", "Time it took to encode frames to workers.") \
  X(transport_decode_seconds, kCounter, kSeconds, kNone, kNone, "capsule_transport_metrics.decode_ns", "Time it took to verify and decode frames from workers.") \
  X(limiter_acquires, kCounter, kOne, kNone, kNone, "capsule_limiter_metrics.acquires", "Executions that asked for a token.") \
  X(limiter_waits, kCounter, kOne, kNone, kNone, "capsule_limiter_metrics.waits", "Times there was none.") \
  X(limiter_wait_seconds, kCounter, kSeconds, kNone, kNone, "capsule_limiter_metrics.wait_ns", "Time waited for tokens.") \
  X(limiter_wakeups, kCounter, kOne, kNone, kNone, "capsule_limiter_metrics.wakeups", "Times a timer ended such a wait.") \
  X(limiter_canceled, kCounter, kOne, kNone, kNone, "capsule_limiter_metrics.canceled", "Executions canceled while they waited for one.") \
  X(limiter_tokens, kGauge, kThousandths, kNone, kNone, "capsule_limiter_metrics.tokens", "Tokens there are.")

#define CAPSULE_LIBRARY_SIGNALS(X) \
  X(zygotes_started, kCounter, kOne, kNone, kNone, "capsule_runtime_info.zygotes_started", "Zygotes started.") \
  X(zygotes_restarted, kCounter, kOne, kNone, kNone, "capsule_runtime_info.zygotes_restarted", "Of these, because one died.") \
  X(native_thread_warnings, kCounter, kOne, kNone, kNone, "capsule_runtime_info.native_thread_warnings", "Warnings about threads that a preloaded module left running.") \
  X(stderr_dropped_bytes, kCounter, kBytes, kNone, kNone, "capsule_runtime_info.stderr_dropped_bytes", "Bytes of workers' own stderr that no log record carried.") \
  X(log_records, kCounter, kOne, kLevel, kNone, "capsule_log_info.records", "Log records handed to the sink; of the whole process.") \
  X(log_records_dropped, kCounter, kOne, kLevel, kNone, "capsule_log_info.dropped", "Log records that no sink took, or that were made once and then only counted; of the whole process.") \
  X(audit_records, kCounter, kOne, kDecision, kNone, "capsule_audit_info.allowed, .denied, .failed", "Guarded calls, and denials of the bridge, that the audit trail recorded.") \
  X(exporter_sent, kCounter, kOne, kExporter, kNone, "capsule_exporter_info.sent", "Events that exporters wrote.") \
  X(exporter_failed, kCounter, kOne, kExporter, kNone, "capsule_exporter_info.failed", "Events that they could not write.") \
  X(exporter_dropped, kCounter, kOne, kExporter, kNone, "capsule_exporter_info.dropped", "Events that found their queue full.") \
  X(exporter_queue_length, kGauge, kOne, kExporter, kNone, "capsule_exporter_info.queued", "Events that wait for them.") \
  X(exporter_queue_bytes, kGauge, kBytes, kNone, kNone, "capsule_runtime_metrics.exporter_queue_bytes", "Memory of events that exporters have not written, of all of them together.") \
  X(telemetry_memory_bytes, kGauge, kBytes, kNone, kNone, "capsule_runtime_metrics.telemetry_memory_bytes", "Memory held for traces, counters, the audit's ring and exporters.")
// clang-format on
