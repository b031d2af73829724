/*
 * What libcapsule does, to watch: `./dev demo`. Every line shown comes from the library, as an event or an info struct; what is
 * not as it should be is said, and makes the exit status 1.
 */
#define _POSIX_C_SOURCE 200809L

#include <capsule/capsule.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PARALLEL = 4, LINE_SIZE = 256 };

static int failures;
static int coloured;
static uint64_t start_ns;
static capsule_error error = {.struct_size = sizeof error};

/* Output comes in pieces that need not end where lines do. */
typedef struct lines {
  const char *prefix;
  const char *colour;
  size_t size;
  char text[LINE_SIZE];
} lines;

typedef struct job {
  capsule_session *session;
  capsule_execution *execution;
  int32_t fd;
  lines lines;
} job;

static const char *const kPrimes =
    "import time\n"
    "for limit in range(4000, 20001, 4000):\n"
    "    found = [n for n in range(2, limit) if all(n % d for d in range(2, int(n ** 0.5) + 1))]\n"
    "    print(f'{len(found)} primes below {limit}')\n"
    "    time.sleep(0.2)\n"
    "found[-1]";
static const char *const kPi =
    "import random, time\n"
    "inside = 0\n"
    "for step in range(1, 6):\n"
    "    inside += sum(random.random() ** 2 + random.random() ** 2 < 1 for _ in range(40000))\n"
    "    print(f'pi is about {4 * inside / (step * 40000):.3f}')\n"
    "    time.sleep(0.3)\n"
    "round(4 * inside / 200000, 3)";
static const char *const kCollatz =
    "import time\n"
    "def steps(n):\n"
    "    return 1 + steps(n // 2 if n % 2 == 0 else 3 * n + 1) if n > 1 else 0\n"
    "for limit in (10, 100, 1000, 5000):\n"
    "    print(f'the longest Collatz walk below {limit} has', max(map(steps, range(1, limit))), 'steps')\n"
    "    time.sleep(0.25)\n"
    "max(range(1, 5000), key=steps)";
static const char *const kDice =
    "import collections, random, time\n"
    "rolls = collections.Counter()\n"
    "for _ in range(5):\n"
    "    rolls.update(random.randint(1, 6) + random.randint(1, 6) for _ in range(500))\n"
    "    print('most frequent sum of two dice:', rolls.most_common(1))\n"
    "    time.sleep(0.35)\n"
    "rolls.total()";
static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static double ms(uint64_t ns) { return (double)ns / 1e6; }

static const char *paint(const char *code) { return coloured ? code : ""; }

static void expect(int condition, const char *what) {
  if (!condition) {
    ++failures;
    printf("%sUNEXPECTED: %s%s\n", paint("\033[1;31m"), what, paint("\033[0m"));
  }
}

/* Without the call nothing that follows makes sense. The library ends the workers of a host that exits. */
static void need(capsule_status status, const char *call) {
  if (status != CAPSULE_OK) {
    printf("%s: %s: %s\n", call, capsule_status_name(status), error.message);
    exit(1);
  }
}

static void section(const char *title) {
  printf("\n%s%s%s  %s(%.1f s)%s\n", paint("\033[1m"), title, paint("\033[0m"), paint("\033[2m"), ms(now_ns() - start_ns) / 1e3,
         paint("\033[0m"));
}

static void say(const lines *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const lines *to, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("  %s%-8s%s ", paint(to->colour), to->prefix, paint("\033[0m"));
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
}

static void flush_line(lines *to) {
  if (to->size > 0) {
    say(to, "%.*s", (int)to->size, to->text);
    to->size = 0;
  }
}

static void add_output(lines *to, const capsule_text *data) {
  for (size_t i = 0; i < data->size; ++i) {
    if (data->data[i] == '\n' || to->size == LINE_SIZE) {
      flush_line(to);
    }
    if (data->data[i] != '\n') {
      to->text[to->size++] = data->data[i];
    }
  }
}

static const char *text_or(const capsule_text *text, const char *otherwise) {
  return text->data != NULL ? text->data : otherwise;
}

static void show_end(lines *to, const capsule_event *end) {
  flush_line(to);
  if (end->kind == CAPSULE_EVENT_RESULT) {
    say(to, "%s-> %s%s  (%s, %.1f ms)", paint("\033[32m"), text_or(&end->repr, "no value"), paint("\033[0m"),
        text_or(&end->type_name, "-"), ms(end->duration_ns));
    return;
  }
  say(to, "%s-> %s%s%s%s  (%.1f ms)", paint("\033[33m"), text_or(&end->error_type, "?"), end->message.size > 0 ? ": " : "",
      text_or(&end->message, ""), paint("\033[0m"), ms(end->duration_ns));
  say(to, "   outcome %s, cancel phase %s, death reason %s, signal %d, namespace %s", capsule_outcome_name(end->outcome),
      capsule_cancel_phase_name(end->cancel_phase), capsule_death_reason_name(end->death_reason), (int)end->signal_number,
      end->state == CAPSULE_STATE_PRESERVED ? "preserved" : "lost");
}

static capsule_execution *submit(capsule_session *session, const char *source, int64_t timeout_ms) {
  capsule_execution_options options;
  capsule_execution_options_init(&options, sizeof options);
  options.timeout_ms = timeout_ms;
  capsule_execution *execution = NULL;
  need(capsule_execution_create(session, source, strlen(source), &options, &execution, &error), "capsule_execution_create");
  return execution;
}

/* Shows one event; returns whether it was the last. */
static int show(lines *to, const capsule_event *event) {
  if (event->kind == CAPSULE_EVENT_OUTPUT) {
    add_output(to, &event->data);
  }
  if (event->kind != CAPSULE_EVENT_RESULT && event->kind != CAPSULE_EVENT_ERROR) {
    return 0;
  }
  show_end(to, event);
  return 1;
}

/* Shows what comes until the end, or until nothing has come for `timeout_ms`; returns the outcome, 0 for the latter. */
static int32_t watch(capsule_execution *execution, int64_t timeout_ms, lines *to) {
  capsule_event event = {.struct_size = sizeof event};
  int32_t outcome = 0;
  capsule_status status = CAPSULE_OK;
  while (outcome == 0 && (status = capsule_execution_next(execution, timeout_ms, &event, &error)) == CAPSULE_OK) {
    if (show(to, &event)) {
      outcome = event.outcome;
    }
  }
  expect(status == CAPSULE_OK || status == CAPSULE_E_TIMEOUT, "capsule_execution_next failed");
  capsule_event_release(&event);
  return outcome;
}

static void run(capsule_session *session, const char *source, int64_t timeout_ms, int32_t expected, lines *to) {
  capsule_execution *execution = submit(session, source, timeout_ms);
  expect(watch(execution, -1, to) == expected, "the execution had another outcome");
  capsule_execution_release(execution);
}

static capsule_session_info info_of(capsule_session *session) {
  capsule_session_info info = {.struct_size = sizeof info};
  need(capsule_session_get_info(session, &info, &error), "capsule_session_get_info");
  return info;
}

static void open_sessions(capsule_runtime *runtime, job *jobs) {
  section("Four sessions, each a Python process of its own");
  for (int i = 0; i < PARALLEL; ++i) {
    need(capsule_session_open(runtime, NULL, &jobs[i].session, &error), "capsule_session_open");
    const capsule_session_info info = info_of(jobs[i].session);
    say(&jobs[i].lines, "Python %s, pid %d, %s %.1f ms after it was asked for", info.python_version, (int)info.pid,
        capsule_session_state_name(info.state), ms(info.ready_ns - info.created_ns));
    expect(info.state == CAPSULE_SESSION_READY, "the session is not ready");
  }
}

/* Takes all that is there; returns 1 when that was the end. `worked_ns` grows by the time the code took. */
static int take_ready(job *from, uint64_t *worked_ns) {
  capsule_event event = {.struct_size = sizeof event};
  capsule_status status = CAPSULE_OK;
  int ended = 0;
  while (!ended && (status = capsule_execution_next(from->execution, 0, &event, &error)) == CAPSULE_OK) {
    ended = show(&from->lines, &event);
  }
  if (ended) {
    expect(event.outcome == CAPSULE_OUTCOME_OK, "a parallel execution did not succeed");
    *worked_ns += event.duration_ns;
  } else {
    expect(status == CAPSULE_E_TIMEOUT, "capsule_execution_next failed");
  }
  capsule_event_release(&event);
  return ended;
}

static void run_parallel(job *jobs) {
  const char *const sources[PARALLEL] = {kPrimes, kPi, kCollatz, kDice};
  struct pollfd fds[PARALLEL];
  section("All four at work; one thread of the host polls their descriptors");
  const uint64_t began_ns = now_ns();
  for (int i = 0; i < PARALLEL; ++i) {
    jobs[i].execution = submit(jobs[i].session, sources[i], 0);
    need(capsule_execution_get_fd(jobs[i].execution, &jobs[i].fd, &error), "capsule_execution_get_fd");
    fds[i] = (struct pollfd){.fd = jobs[i].fd, .events = POLLIN};
  }
  uint64_t worked_ns = 0;
  for (int left = PARALLEL; left > 0;) {
    if (poll(fds, PARALLEL, 10000) <= 0) {
      expect(0, "no event came for ten seconds");
      break;
    }
    for (int i = 0; i < PARALLEL; ++i) {
      if (fds[i].revents != 0 && take_ready(&jobs[i], &worked_ns)) {
        fds[i].fd = -1; /* poll() skips it */
        --left;
      }
    }
  }
  for (int i = 0; i < PARALLEL; ++i) {
    capsule_execution_release(jobs[i].execution);
  }
  printf("  %.2f s of running code in %.2f s\n", ms(worked_ns) / 1e3, ms(now_ns() - began_ns) / 1e3);
}

static void answer_question(capsule_session *session, lines *to) {
  const char *answer = "Ada";
  int asked = 0;
  section("A question: input() waits for the host");
  capsule_execution *execution =
      submit(session, "name = input('What is your name? ')\nprint(f'Good evening, {name}.')\nlen(name)", 0);
  capsule_event event = {.struct_size = sizeof event};
  int32_t outcome = 0;
  while (outcome == 0 && capsule_execution_next(execution, 10000, &event, &error) == CAPSULE_OK) {
    if (event.kind == CAPSULE_EVENT_INPUT) {
      ++asked;
      say(to, "%s%s%s", event.prompt.data, paint("\033[36m"), answer);
      printf("%s", paint("\033[0m"));
      need(capsule_execution_answer(execution, event.input_id, answer, strlen(answer), &error), "capsule_execution_answer");
    } else if (show(to, &event)) {
      outcome = event.outcome;
    }
  }
  expect(asked == 1 && outcome == CAPSULE_OUTCOME_OK, "the question was not asked once, or not answered");
  capsule_event_release(&event);
  capsule_execution_release(execution);
}

static void restart(capsule_session *session, lines *to) {
  const uint64_t began_ns = now_ns();
  need(capsule_session_restart(session, &error), "capsule_session_restart");
  const capsule_session_info info = info_of(session);
  say(to, "restarted: %s as pid %d, %.1f ms later", capsule_session_state_name(info.state), (int)info.pid,
      ms(info.ready_ns - began_ns));
  expect(info.state == CAPSULE_SESSION_READY, "the session is not ready after its restart");
}

static void cancel(capsule_session *session, const char *source, lines *to) {
  capsule_execution *execution = submit(session, source, 0);
  expect(watch(execution, 300, to) == 0, "an endless loop ended");
  const uint64_t asked_ns = now_ns();
  need(capsule_execution_cancel(execution, -1, &error), "capsule_execution_cancel");
  expect(watch(execution, -1, to) == CAPSULE_OUTCOME_CANCELED, "the cancel had no effect");
  say(to, "   over %.1f ms after the cancel", ms(now_ns() - asked_ns));
  capsule_execution_release(execution);
}

static void cancel_loops(capsule_session *session, lines *to) {
  section("An endless loop, cancelled: KeyboardInterrupt, and the session goes on");
  run(session, "kept = 'what earlier code defined'", 0, CAPSULE_OUTCOME_OK, to);
  cancel(session, "while True: pass", to);
  run(session, "kept", 0, CAPSULE_OUTCOME_OK, to);
  section("A loop in C, which no interrupt reaches: killed when the grace period ends");
  cancel(session, "print('adding up')\nsum(range(10 ** 12))", to);
  restart(session, to);
}

static void time_out(capsule_session *session, lines *to) {
  section("A timeout of 400 ms");
  run(session, "import time\nprint('this will take a minute')\ntime.sleep(60)", 400, CAPSULE_OUTCOME_TIMEOUT, to);
}

static void die(capsule_session *session, lines *to) {
  section("Killed by signal 9: what was printed before still arrives");
  run(session, "import os\nprint('these are my last words')\nos.kill(os.getpid(), 9)", 0, CAPSULE_OUTCOME_DIED, to);
  restart(session, to);
  section("A segmentation fault in C code: the host does not notice");
  run(session, "import ctypes\nprint('reading address 0')\nctypes.string_at(0)", 0, CAPSULE_OUTCOME_DIED, to);
  expect(info_of(session).state == CAPSULE_SESSION_ERROR, "the session is not in error after a death");
  restart(session, to);
  run(session, "'at work again'", 0, CAPSULE_OUTCOME_OK, to);
}

static void show_sessions(const job *jobs) {
  static const struct {
    const char *label;
    size_t offset;
  } rows[] = {
      {"executions started", offsetof(capsule_session_info, executions_started)},
      {"  succeeded", offsetof(capsule_session_info, executions_succeeded)},
      {"  failed", offsetof(capsule_session_info, executions_failed)},
      {"  cancelled", offsetof(capsule_session_info, executions_canceled)},
      {"  timed out", offsetof(capsule_session_info, executions_timed_out)},
      {"  died with the worker", offsetof(capsule_session_info, executions_died)},
      {"restarts", offsetof(capsule_session_info, restarts)},
      {"input requests", offsetof(capsule_session_info, input_requests)},
      {"output bytes", offsetof(capsule_session_info, output_bytes)},
      {"  recovered from the dead", offsetof(capsule_session_info, recovered_output_bytes)},
      {"frames sent", offsetof(capsule_session_info, frames_sent)},
      {"frames received", offsetof(capsule_session_info, frames_received)},
  };
  section("What the library counted, by session");
  capsule_session_info infos[PARALLEL];
  printf("  %-26s", "");
  for (int i = 0; i < PARALLEL; ++i) {
    infos[i] = info_of(jobs[i].session);
    printf("%s%10s%s", paint(jobs[i].lines.colour), jobs[i].lines.prefix, paint("\033[0m"));
  }
  printf("\n  %-26s", "state");
  for (int i = 0; i < PARALLEL; ++i) {
    printf("%10s", capsule_session_state_name(infos[i].state));
  }
  for (size_t row = 0; row < sizeof rows / sizeof rows[0]; ++row) {
    printf("\n  %-26s", rows[row].label);
    for (int i = 0; i < PARALLEL; ++i) {
      uint64_t value;
      memcpy(&value, (const char *)&infos[i] + rows[row].offset, sizeof value);
      printf("%10llu", (unsigned long long)value);
    }
  }
  printf("\n");
}

static void show_runtime(capsule_runtime *runtime) {
  capsule_runtime_info info = {.struct_size = sizeof info};
  need(capsule_runtime_get_info(runtime, &info, &error), "capsule_runtime_get_info");
  section("And in all");
  printf("  %-26s%10llu\n", "sessions opened", (unsigned long long)info.sessions_opened);
  printf("  %-26s%10llu\n", "workers started", (unsigned long long)info.workers_started);
  printf("  %-26s%10llu\n", "workers died unasked", (unsigned long long)info.workers_died);
  printf("  %-26s%10llu\n", "zygotes started", (unsigned long long)info.zygotes_started);
  expect(info.workers_died == 2, "two workers should have died unasked");
}

int main(void) {
  const char *const colours[PARALLEL] = {"\033[36m", "\033[35m", "\033[34m", "\033[33m"};
  const char *const prefixes[PARALLEL] = {"first", "second", "third", "fourth"};
  job jobs[PARALLEL] = {{0}};
  capsule_runtime *runtime = NULL;
  setvbuf(stdout, NULL, _IOLBF, 0);
  coloured = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
  start_ns = now_ns();
  printf("libcapsule %s\n", capsule_version());
  need(capsule_runtime_create(NULL, &runtime, &error), "capsule_runtime_create");
  for (int i = 0; i < PARALLEL; ++i) {
    jobs[i].lines.prefix = prefixes[i];
    jobs[i].lines.colour = colours[i];
  }
  open_sessions(runtime, jobs);
  run_parallel(jobs);
  answer_question(jobs[0].session, &jobs[0].lines);
  cancel_loops(jobs[1].session, &jobs[1].lines);
  time_out(jobs[2].session, &jobs[2].lines);
  die(jobs[3].session, &jobs[3].lines);
  show_sessions(jobs);
  show_runtime(runtime);
  for (int i = 0; i < PARALLEL; ++i) {
    capsule_session_release(jobs[i].session);
  }
  capsule_runtime_release(runtime);
  printf("\n%s in %.1f s\n", failures == 0 ? "All as expected" : "NOT all as expected", ms(now_ns() - start_ns) / 1e3);
  return failures == 0 ? 0 : 1;
}
