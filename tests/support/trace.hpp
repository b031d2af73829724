// Traces and post-mortems, as tests look at them.
#pragma once

#include <vector>

#include "pool.hpp"
#include "run.hpp"
#include "session.hpp"
#include "test.hpp"

namespace capsule_test {

using TraceReader = Handle<capsule_trace, capsule_trace_release>;
using Postmortem = Handle<capsule_postmortem, capsule_postmortem_release>;

struct Taken {
  std::vector<capsule_trace_event> events;
  capsule_trace_info info{.struct_size = sizeof(capsule_trace_info)};
};

// Every answer accounts for every event there was.
inline void check_account(const capsule_trace_info &info) {
  CHECK_EQ(info.emitted, info.stored + info.evicted + info.dropped + info.refused + info.late + info.truncated + info.invalid);
  CHECK(info.stored_bytes <= info.limit_bytes);
}

template <typename Traced, typename Get>
Taken take_trace(const Traced &traced, Get get, capsule_trace_filter filter, std::size_t capacity) {
  filter.struct_size = sizeof filter;
  Taken taken;
  taken.events.resize(capacity);
  std::size_t count = 0;
  ACCEPTED(get(traced.get(), &filter, taken.events.data(), capacity, &count, &taken.info, error));
  taken.events.resize(count);
  std::uint64_t last_ns = 1;
  for (const capsule_trace_event &event : taken.events) {
    CHECK(event.time_ns >= last_ns && event.cursor > filter.after_cursor && event.source > 0 && event.severity > 0);
    last_ns = event.time_ns;
  }
  check_account(taken.info);
  return taken;
}

inline Taken trace_of(const Session &session, capsule_trace_filter filter = {}, std::size_t capacity = 10'000) {
  return take_trace(session, capsule_session_get_trace, filter, capacity);
}

inline Taken trace_of(const Pool &pool, capsule_trace_filter filter = {}) {
  return take_trace(pool, capsule_pool_get_trace, filter, 10'000);
}

inline std::string kinds_of(const std::vector<capsule_trace_event> &events) {
  std::string kinds;
  for (const capsule_trace_event &event : events) {
    kinds += (kinds.empty() ? "" : " ") + std::string(capsule_trace_kind_name(event.kind));
  }
  return kinds;
}
inline std::string kinds_of(const Taken &taken) { return kinds_of(taken.events); }

inline std::string kinds_in(const Session &session, std::int32_t group) { return kinds_of(trace_of(session, {.kind = group})); }

inline capsule_trace_event only(const Session &session, std::int32_t kind) {
  const Taken taken = trace_of(session, {.kind = kind});
  CHECK_EQ(taken.events.size(), 1);
  return taken.events.front();
}

inline TraceReader follow(const Session &session, capsule_trace_filter filter = {}) {
  filter.struct_size = sizeof filter;
  TraceReader reader;
  ACCEPTED(capsule_trace_get(session.get(), &filter, reader.out(), error));
  return reader;
}

// Up to the first of that kind, that one included.
inline std::vector<capsule_trace_event> until(const TraceReader &reader, std::int32_t kind) {
  std::vector<capsule_trace_event> events;
  do {
    events.emplace_back();
    ACCEPTED(capsule_trace_next(reader.get(), kPatienceMs, &events.back(), error));
  } while (events.back().kind != kind);
  return events;
}

inline Postmortem postmortem_of(const Session &session, std::uint32_t index = 0) {
  Postmortem postmortem;
  ACCEPTED(capsule_session_get_postmortem(session.get(), index, postmortem.out(), error));
  return postmortem;
}

inline capsule_postmortem_info info_of(const Postmortem &postmortem) {
  capsule_postmortem_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_postmortem_get_info(postmortem.get(), &info, error));
  return info;
}

inline std::vector<capsule_trace_event> events_of(const capsule_postmortem_info &info) {
  return {info.events, info.events + info.event_count};
}

}  // namespace capsule_test
