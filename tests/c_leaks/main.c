// A hundred thousand executions by one session, in C alone: no memory, no descriptor and no thread stays of them.
// The echo executor runs them, or, where CAPSULE_TEST_PYTHON names an interpreter, a worker of Python: fewer.
#define _GNU_SOURCE
#include <capsule/capsule.h>
#include <dirent.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { kSanitized = 1 };
#else
enum { kSanitized = 0 };
#endif

// Of 100,000 executions no more may stay: a single byte of each would be 24 of the allocator's, and 2.4 MB.
enum { kMostHeld = 512 << 10, kMostResident = 4 << 20 };
enum { kPatienceMs = 60000, kSettleSeconds = 20 };

typedef struct {
  const char *plain;  // prints a line and has a value
  const char *waits;  // asks for input
  int count;
} Work;

typedef struct {
  size_t descriptors;
  size_t threads;
  size_t held;      // bytes that the allocator has given out; 0 under a sanitizer, which has its own
  size_t resident;  // bytes
} Usage;

static _Noreturn void fail(const char *what, const capsule_error *error) {
  fprintf(stderr, "%s: %s: %s\n", what, capsule_status_name(error->status), error->message);
  exit(1);
}

static size_t entries(const char *path) {
  size_t count = 0;
  DIR *folder = opendir(path);
  if (folder == NULL) {
    perror(path);
    exit(1);
  }
  while (readdir(folder) != NULL) {
    ++count;
  }
  closedir(folder);
  return count;
}

static size_t resident_bytes(void) {
  size_t total = 0;
  size_t resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%zu %zu", &total, &resident) != 2) {
    perror("/proc/self/statm");
    exit(1);
  }
  fclose(file);
  return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static Usage usage(void) {
  const Usage now = {entries("/proc/self/fd"), entries("/proc/self/task"), mallinfo2().uordblks, resident_bytes()};
  return now;
}

static int within(const Usage *now, const Usage *before) {
  return now->descriptors <= before->descriptors && now->threads <= before->threads &&
         (kSanitized || (now->held <= before->held + kMostHeld && now->resident <= before->resident + kMostResident));
}

// What is let go of without waiting takes a moment to be gone.
static Usage settled(const Usage *before) {
  const time_t end = time(NULL) + kSettleSeconds;
  Usage now = usage();
  while (!within(&now, before) && time(NULL) < end) {
    sched_yield();
    now = usage();
  }
  return now;
}

static capsule_execution *start(capsule_session *session, const char *source) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_execution *execution = NULL;
  if (capsule_execution_create(session, source, strlen(source), NULL, &execution, &error) != CAPSULE_OK) {
    fail("it is not accepted", &error);
  }
  return execution;
}

// Takes events until one of that kind or the terminal one, whose outcome it returns: the texts of that one are to be released.
static int32_t walk(capsule_execution *execution, int32_t kind) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_event event = {.struct_size = sizeof event};
  do {
    if (capsule_execution_next(execution, kPatienceMs, &event, &error) != CAPSULE_OK) {
      fail("no event", &error);
    }
  } while (event.kind != kind && event.outcome == 0);
  const int32_t outcome = event.outcome;
  capsule_event_release(&event);
  return outcome;
}

static void expect(int32_t outcome, int32_t wanted) {
  if (outcome != wanted) {
    fprintf(stderr, "an execution ended with outcome %d, not %d\n", outcome, wanted);
    exit(1);
  }
}

static void run(capsule_session *session, const char *source) {
  capsule_execution *execution = start(session, source);
  expect(walk(execution, CAPSULE_EVENT_RESULT), CAPSULE_OUTCOME_OK);
  capsule_execution_release(execution);
}

// One that waits for input is followed by a descriptor, and then canceled, or let go of as it is.
static void leave(capsule_session *session, const char *source, int canceled) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_execution *execution = start(session, source);
  int32_t fd = -1;
  if (capsule_execution_get_fd(execution, &fd, &error) != CAPSULE_OK) {
    fail("it has no descriptor", &error);
  }
  walk(execution, CAPSULE_EVENT_INPUT);
  if (canceled) {
    if (capsule_execution_cancel(execution, kPatienceMs, &error) != CAPSULE_OK) {
      fail("it cannot be canceled", &error);
    }
    expect(walk(execution, CAPSULE_EVENT_RESULT), CAPSULE_OUTCOME_CANCELED);
  }
  capsule_execution_release(execution);
}

static void work(capsule_session *session, const Work *all, int count) {
  for (int i = 0; i < count; ++i) {
    if (i % 1000 == 999) {
      leave(session, all->waits, i % 2000 == 1999);
    } else {
      run(session, all->plain);
    }
  }
  run(session, all->plain);  // Behind what was let go of.
}

static capsule_session *open_session(capsule_runtime *runtime, const char *python) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_session_options options;
  capsule_session_options_init(&options, sizeof options);
  options.executor = python == NULL ? CAPSULE_EXECUTOR_ECHO : options.executor;
  options.python = (capsule_text){python, python == NULL ? 0 : strlen(python)};
  capsule_session *session = NULL;
  if (capsule_session_open(runtime, &options, &session, &error) != CAPSULE_OK) {
    fail("no session", &error);
  }
  return session;
}

static int number_of_executions(const char *python) {
  const char *given = getenv("CAPSULE_LEAK_EXECUTIONS");
  if (given != NULL) {
    return atoi(given);
  }
  return (kSanitized ? 2000 : 100000) / (python == NULL ? 1 : 5);
}

int main(void) {
  const char *python = getenv("CAPSULE_TEST_PYTHON");
  const Work echo = {"out line\nvalue x", "input who?", number_of_executions(NULL)};
  const Work real = {"print('line')\n1", "input()", number_of_executions(python)};
  const Work *all = python == NULL ? &echo : &real;
  capsule_error error = {.struct_size = sizeof error};
  capsule_runtime *runtime = NULL;
  const size_t threads = entries("/proc/self/task");
  if (capsule_runtime_create(NULL, &runtime, &error) != CAPSULE_OK) {
    fail("no runtime", &error);
  }
  capsule_session *session = open_session(runtime, python);
  work(session, all, all->count / 5 + 1000);
  const Usage before = usage();
  work(session, all, all->count);
  const Usage after = settled(&before);
  printf("%d executions: %+ld descriptors, %+ld threads, %+ld bytes held, %+ld bytes resident\n", all->count,
         (long)(after.descriptors - before.descriptors), (long)(after.threads - before.threads),
         (long)(after.held - before.held), (long)(after.resident - before.resident));
  capsule_session_release(session);
  capsule_runtime_release(runtime);
  const Usage none = {before.descriptors, threads + kSanitized, before.held, before.resident};
  const Usage ended = settled(&none);
  // A sanitizer has a thread of its own from the first one on.
  if (!within(&after, &before) || ended.threads > threads + kSanitized) {
    fprintf(stderr, "that is too much, or %zu threads stay of %zu\n", ended.threads, threads);
    return 1;
  }
  return 0;
}
