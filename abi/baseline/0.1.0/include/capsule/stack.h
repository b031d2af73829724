/**
 * @file stack.h
 * @brief Where a session's Python code stands: the frames of its threads, by file, function and line.
 *
 * The host reads them in the worker's memory. It needs nothing of the worker for it: not the GIL, not a thread that answers, not that it
 * runs at all. So a worker that hangs is read as well: in a Python loop, in C code with or without the GIL, in a lock, stopped by a
 * signal. It goes on undisturbed. No privilege is needed, as workers are descendants of the host.
 *
 * Stacks are guarded (introspection.h): by default their threads are told, and of the frames how many there are. A program that wants
 * files and functions sets `stack` of its runtime's policy to `CAPSULE_INSPECT_FULL`, and `max_label_bytes` to the longest path it wants.
 *
 * What runs on while it is read can be told as it never was: a thread is read until four readings in a row are the same, a few
 * times; then it is told with `torn` set, and the frames near its top may be of different moments.
 *
 * Below the Python frames of a thread that waits in the kernel, or that is stopped, stand the native ones: which function of which library
 * it waits in, and what called that. The kernel tells where such a thread stands; the rest is read in the worker's memory too, by the
 * unwind tables and the dynamic symbols of what is mapped there. Of a thread that runs they cannot be had without stopping it. Functions
 * that are not exported have no name here, but a place in their file, which `addr2line` knows.
 *
 * The layout of an interpreter's memory is known for each minor version of CPython. A worker tries it on its own stack before it is
 * ready; one in which it does not fit, as an interpreter that was altered, answers `CAPSULE_E_STATE` here. Code that calls
 * `prctl(PR_SET_DUMPABLE, 0)` closes its memory to the host: `CAPSULE_E_SYSTEM`.
 *
 * At a fatal signal (SIGSEGV, SIGFPE, SIGABRT, SIGBUS, SIGILL) CPython's faulthandler writes the stacks to memory that outlives the
 * worker, and the same call answers them when the worker is dead. Code that calls `faulthandler.enable()`, or an environment that sets
 * `PYTHONFAULTHANDLER`, has them written where it says, as always, and then they are not had here; nor are they after
 * `faulthandler.disable()`, after `Py_FatalError`, which writes them to stderr itself, nor after SIGKILL, which no process sees.
 */
#ifndef CAPSULE_STACK_H
#define CAPSULE_STACK_H

#include "capsule/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief How a stack was had. */
enum {
  /** Read in the memory of the worker, which lives. */
  CAPSULE_STACK_MEMORY = 1,
  /** Written by the worker as a fatal signal ended it. */
  CAPSULE_STACK_DEATH = 2
};

/** @brief What the kernel says of a process or thread. */
enum {
  /** It cannot be told. */
  CAPSULE_TASK_UNKNOWN = 0,
  /** It runs, or would on a free CPU. */
  CAPSULE_TASK_RUNNING = 1,
  /** It waits: in a lock, for input, for time. */
  CAPSULE_TASK_SLEEPING = 2,
  /** It waits for a device and cannot be interrupted. */
  CAPSULE_TASK_BLOCKED = 3,
  /** A signal or a debugger has stopped it. */
  CAPSULE_TASK_STOPPED = 4,
  /** It is dead. */
  CAPSULE_TASK_DEAD = 5
};

/** @brief What is told of a thread's native frames. */
enum {
  /** Nothing: they were not asked for, or the worker is dead. */
  CAPSULE_UNWIND_NONE = 0,
  /** All of them, out to the function that the thread began with. */
  CAPSULE_UNWIND_WHOLE = 1,
  /**
   * The inner ones; there are more than were asked for, or those further out cannot be found: of code without unwind tables, or that keeps no
   * registers as it never returns. The outermost functions of a worker's main thread are such.
   */
  CAPSULE_UNWIND_PARTIAL = 2,
  /** None: it runs, or ran on while it was read. */
  CAPSULE_UNWIND_RUNNING = 3,
  /** None: the kernel does not tell where the thread stands. */
  CAPSULE_UNWIND_REFUSED = 4,
  /** None: the time for them, 5 ms of CPU time of all together or what was left of `timeout_ms`, was over. */
  CAPSULE_UNWIND_LATE = 5
};

/** @brief A stack as it was once: a token, never dereferenced. It outlives its session. */
typedef struct capsule_stack capsule_stack;

/** @brief How a stack is to be had. */
typedef struct capsule_stack_options {
  /** `sizeof(capsule_stack_options)`. */
  uint32_t struct_size;
  /** Most frames told of each thread, the innermost: 1 … 4,096. Default 128. */
  uint32_t max_frames;
  /** Within which time, in milliseconds: 1 … 60,000. Default 1,000; it takes well under one, as a rule. */
  int64_t timeout_ms;
  /** Most native frames told of each thread, the innermost: 0 … 256. Default 32. */
  uint32_t max_native_frames;
  /** Reserved, zero. */
  uint32_t reserved;
} capsule_stack_options;

/** @brief What is known of a stack as a whole. Texts are valid until it is released. */
typedef struct capsule_stack_info {
  /** `sizeof(capsule_stack_info)`, set by the caller. */
  uint32_t struct_size;
  /** `CAPSULE_STACK_…`. */
  int32_t source;
  /** The worker's process id. */
  int32_t pid;
  /** `CAPSULE_TASK_…`. */
  int32_t process_state;
  /** When it was had, CLOCK_MONOTONIC; of a death, when the host had understood it. */
  uint64_t time_ns;
  /** How long that took. 0 of a death. */
  uint64_t collect_ns;
  /** Threads that it tells of: those of Python. */
  uint64_t threads;
  /** Others that it does not: at least so many. It tells of 256, or of a death of what 64 KiB held. */
  uint64_t threads_omitted;
  /** Of a death: what faulthandler calls it, as "Segmentation fault". Else empty. */
  capsule_text cause;
} capsule_stack_info;

/** @brief One thread of a stack. Texts are valid until the stack is released. */
typedef struct capsule_stack_thread {
  /** `sizeof(capsule_stack_thread)`, set by the caller. */
  uint32_t struct_size;
  /** The kernel's number of it; 0 where it is not known. */
  int32_t tid;
  /** Its number in Python, `threading.get_ident()`. */
  uint64_t ident;
  /** "main"; else the name that the kernel knows, where that is not the process's; or empty. */
  capsule_text name;
  /** 1 of the main thread. */
  int32_t is_main;
  /** `CAPSULE_TASK_…`. */
  int32_t state;
  /** 1 when it has the GIL, 0 when it has not, -1 where that is not known. */
  int32_t holds_gil;
  /** Of a death: 1 of the thread that the signal hit. */
  int32_t hit;
  /** 1 when it ran on while it was read, so that some frames may be of different moments. */
  int32_t torn;
  /** Reserved, zero. */
  int32_t reserved;
  /** Frames that are told. None of a thread that runs nothing of the user's: the worker's own are left out. */
  uint64_t frames;
  /** Outer frames that are not: at least so many. Of a death, 1 where it tells of 100, which are all that faulthandler writes. */
  uint64_t frames_omitted;
  /** Native frames that are told. */
  uint64_t native_frames;
  /** Native frames that were found and are not told, as the policy wants. */
  uint64_t native_frames_omitted;
  /** `CAPSULE_UNWIND_…`. */
  int32_t native_state;
  /** Number of the system call that it waits in, as the kernel has it for the machine; -1 where it waits in none, or that is not known. */
  int32_t system_call;
} capsule_stack_thread;

/** @brief One frame. Texts are valid until the stack is released. */
typedef struct capsule_stack_frame {
  /** `sizeof(capsule_stack_frame)`, set by the caller. */
  uint32_t struct_size;
  /** The line it is at; 0 where that is not known. */
  uint32_t line;
  /** The file, as `co_filename` has it; its first 4,096 characters. */
  capsule_text file;
  /** The function: `co_qualname`, of a death `co_name`. */
  capsule_text function;
} capsule_stack_frame;

/** @brief One native frame. Texts are valid until the stack is released. */
typedef struct capsule_native_frame {
  /** `sizeof(capsule_native_frame)`, set by the caller. */
  uint32_t struct_size;
  /** Reserved, zero. */
  int32_t reserved;
  /** The program or library, by its path; empty of code that is of no file. */
  capsule_text module;
  /** The function, as the library's dynamic symbols have it, undecorated names as they are; empty where it is none of these. */
  capsule_text symbol;
  /** How far into the function, in bytes; 0 where that is not known. */
  uint64_t symbol_offset;
  /** The address in the file, as `addr2line` wants it; of no file, the address. Of a caller, where it goes on. */
  uint64_t module_offset;
} capsule_native_frame;

/**
 * @brief Fills in the defaults.
 * @param options Nullable.
 * @param struct_size `sizeof(capsule_stack_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_stack_options_init(capsule_stack_options *options, uint32_t struct_size);

/**
 * @brief Where the session's Python code stands now; or of a worker that is dead, where it stood at the fatal signal that ended it.
 *
 * As far as the policy lets it be seen: capsule_session_inspect_stack() with the defaults.
 * @param session A session that runs Python.
 * @param options NULL for the defaults.
 * @param[out] stack The new handle, NULL on failure; ended with capsule_stack_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_STATE` (it runs no Python, or one whose memory is laid out in an unknown way, or has no worker yet);
 * `CAPSULE_E_DIED` (the worker is dead and left no stack, or died meanwhile); `CAPSULE_E_DENIED`; `CAPSULE_E_CLOSED`; `CAPSULE_E_TIMEOUT`;
 * `CAPSULE_E_SYSTEM` (the kernel refused); `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread;
 * waits for nobody, but where a worker means harm and has its memory's reads wait for it (userfaultfd): it is killed 2 s after
 * `timeout_ms` then. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_stack(capsule_session *session, const capsule_stack_options *options,
                                                     capsule_stack **stack, capsule_error *error);

/**
 * @brief Copies what is known of a stack as a whole.
 * @param stack A stack.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_stack_get_info(capsule_stack *stack, capsule_stack_info *info, capsule_error *error);

/**
 * @brief Copies what is known of one of its threads.
 * @param stack A stack.
 * @param index 0 … `threads` - 1. Of a living worker, 0 is the main thread.
 * @param[out] thread Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT` (there are fewer); `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_stack_get_thread(capsule_stack *stack, uint64_t index, capsule_stack_thread *thread,
                                                    capsule_error *error);

/**
 * @brief Copies one frame.
 * @param stack A stack.
 * @param thread As in capsule_stack_get_thread().
 * @param index 0, the innermost, … `frames` - 1.
 * @param[out] frame Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT` (there are fewer); `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_stack_get_frame(capsule_stack *stack, uint64_t thread, uint64_t index,
                                                   capsule_stack_frame *frame, capsule_error *error);

/**
 * @brief Copies one native frame.
 * @param stack A stack.
 * @param thread As in capsule_stack_get_thread().
 * @param index 0, the innermost, … `native_frames` - 1.
 * @param[out] frame Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT` (there are fewer); `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_stack_get_native_frame(capsule_stack *stack, uint64_t thread, uint64_t index,
                                                          capsule_native_frame *frame, capsule_error *error);

/**
 * @brief Gives the handle back.
 * @param stack A stack; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_stack_release(capsule_stack *stack);

#ifdef __cplusplus
}
#endif
#endif
