/**
 * @file capsule.h
 * @brief libcapsule: run Python in supervised worker processes, from any language. This header includes all others.
 *
 * **Objects.** A `capsule_runtime` owns one loop thread and the processes. A `capsule_session` is one Python process with a
 * namespace that persists. A `capsule_execution` is one source text running, or waiting to run, in a session; its events
 * (started, output, input request, result or error) are drained with `capsule_execution_next`.
 *
 * **Handles** are tokens, never dereferenced by the caller. NULL, a released handle, or one of another kind answers
 * `CAPSULE_E_HANDLE`. What `_create` or `_open` made is ended with exactly one `_release` (NULL is a no-op). `_close` stops the
 * thing, may be repeated, and leaves a handle that answers `CAPSULE_E_CLOSED`. A parent outlives its children by reference
 * count: any order of release is safe, also while another thread waits in a call (that call ends with a status).
 *
 * **Threads.** Any handle may be used from any thread at any time. Calls that wait say so; they must not be made from a notify
 * callback, where they answer `CAPSULE_E_REENTRANT`. After the host forks, the child gets `CAPSULE_E_FORKED` from every call.
 *
 * **Structs** that may grow begin with `struct_size`. Set it to `sizeof` the struct, or call the struct's `_init` function, which
 * also fills the defaults. The library never reads or writes past it. An options struct that is longer than the library
 * knows is refused with `CAPSULE_E_ARGUMENT` unless what is beyond is zero. In options, zero means what the field's
 * comment says it means: `_init`'s values are not zero.
 *
 * **Text** in is copied before the call returns. Text out belongs to what the comment names.
 *
 * **Times** are nanoseconds of CLOCK_MONOTONIC unless the name ends in `_ms`, a length in milliseconds.
 *
 * **The host is left alone:** no signal handlers, no change of cwd, environment, locale or signal masks, no output, every
 * descriptor close-on-exec.
 */
#ifndef CAPSULE_CAPSULE_H
#define CAPSULE_CAPSULE_H

#include "capsule/audit.h"
#include "capsule/base.h"
#include "capsule/bridge.h"
#include "capsule/bridge_stream.h"
#include "capsule/checkpoint.h"
#include "capsule/diagnostics.h"
#include "capsule/durable.h"
#include "capsule/error.h"
#include "capsule/event.h"
#include "capsule/execution.h"
#include "capsule/exporter.h"
#include "capsule/interceptor.h"
#include "capsule/introspection.h"
#include "capsule/introspection_policy.h"
#include "capsule/log.h"
#include "capsule/metrics.h"
#include "capsule/pool.h"
#include "capsule/pool_info.h"
#include "capsule/postmortem.h"
#include "capsule/profile.h"
#include "capsule/promise.h"
#include "capsule/runtime.h"
#include "capsule/session.h"
#include "capsule/snapshot.h"
#include "capsule/stack.h"
#include "capsule/trace.h"
#include "capsule/value.h"

#endif
