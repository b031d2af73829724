#include "diagnostics/signals.hpp"

#include <algorithm>

#include "wire/codec.hpp"

namespace capsule {
namespace {

template <std::size_t N>
constexpr LabelInfo label(std::string_view name, const char *const (&values)[N]) {
  return {name, std::span<const char *const>(values, N)};
}

constexpr const char *kPaths[] = {"fork", "spawn", "restore"};
constexpr const char *kEnds[] = {"closed", "killed", "error"};
constexpr const char *kDeaths[] = {"exit",     "signal",       "memory_limit", "cpu_limit",
                                   "protocol", "host_request", "start",        "unknown"};
constexpr const char *kModes[] = {"top_level_await", "async_def", "blocking_sync", "simple_sync", "unknown"};
constexpr const char *kOutcomes[] = {"ok", "error", "canceled", "timeout", "killed", "died"};
constexpr const char *kFaults[] = {"minor", "major"};
constexpr const char *kSwitches[] = {"voluntary", "involuntary"};
constexpr const char *kCancels[] = {"effective", "noop", "killed"};
constexpr const char *kStreams[] = {"stdout", "stderr", "display"};
constexpr const char *kDrops[] = {"newest", "oldest", "refused"};
constexpr const char *kLosses[] = {"policy", "late", "abandoned", "budget"};
constexpr const char *kDrains[] = {"failed", "suppressed"};
constexpr const char *kDisplays[] = {"made", "dropped", "truncated", "error"};
constexpr const char *kProgresses[] = {"made", "skipped"};
constexpr const char *kInputs[] = {"answered", "declined", "canceled", "timeout"};
constexpr const char *kLoopOutcomes[] = {"ok", "error", "canceled"};
constexpr const char *kWarnings[] = {"logged", "suppressed"};
constexpr const char *kTransforms[] = {"fallback", "def", "lambda"};
constexpr const char *kCaches[] = {"ast", "code"};
constexpr const char *kLookups[] = {"hit", "miss", "eviction"};
constexpr const char *kLoopCancels[] = {"effective", "noop", "pending"};
constexpr const char *kDirections[] = {"to_worker", "from_worker"};
constexpr const char *kRejects[] = {"oversize", "length", "malformed", "descriptors", "unexpected", "version"};
constexpr const char *kSnapshots[] = {"taken", "evicted", "restored", "rolled_back"};
constexpr const char *kCheckpoints[] = {"ok", "failed", "restored", "restore_failed"};
constexpr const char *kSkips[] = {"name", "unpicklable", "too_large", "raised"};
constexpr const char *kSettles[] = {"resolved", "rejected", "denied", "timeout", "canceled", "shutdown"};
constexpr const char *kIgnores[] = {"late", "duplicate"};
constexpr const char *kCalls[] = {"ok", "error", "denied"};
constexpr const char *kDurables[] = {"ok", "failed"};
constexpr const char *kEventSources[] = {"host", "worker", "transport", "bridge", "provider", "pool", "checkpoint"};
constexpr const char *kSources[] = {"host", "worker"};
constexpr const char *kTraceLosses[] = {"evicted", "dropped", "refused", "late", "truncated", "invalid"};
constexpr const char *kStates[] = {"creating", "warming", "ready", "busy", "idle", "error", "shutting_down"};
constexpr const char *kAcquisitions[] = {"hit", "miss", "timeout", "canceled", "refused", "error"};
constexpr const char *kPooledStates[] = {"idle", "active", "warming", "resetting"};
constexpr const char *kLevels[] = {"debug", "info", "warn", "error"};
constexpr const char *kDecisions[] = {"allowed", "denied", "failed"};

// The kinds of messages are the wire's.
const std::array<const char *, kMessageKinds> &messages() {
  static const auto names = [] {
    std::array<const char *, kMessageKinds> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = wire::message_name(i);
    }
    return all;
  }();
  return names;
}

constexpr std::array<LabelInfo, static_cast<std::size_t>(SignalLabel::count)> kLabels{{
    {"", {}},
    label("path", kPaths),
    label("reason", kEnds),
    label("reason", kDeaths),
    label("mode", kModes),
    label("outcome", kOutcomes),
    label("kind", kFaults),
    label("kind", kSwitches),
    label("outcome", kCancels),
    label("stream", kStreams),
    label("reason", kDrops),
    label("reason", kLosses),
    label("outcome", kDrains),
    label("outcome", kDisplays),
    label("outcome", kProgresses),
    label("outcome", kInputs),
    label("outcome", kLoopOutcomes),
    label("outcome", kWarnings),
    label("kind", kTransforms),
    label("cache", kCaches),
    label("outcome", kLookups),
    label("outcome", kLoopCancels),
    label("direction", kDirections),
    {"message", {}},
    label("reason", kRejects),
    label("kind", kSnapshots),
    label("outcome", kCheckpoints),
    label("reason", kSkips),
    label("outcome", kSettles),
    label("reason", kIgnores),
    label("outcome", kCalls),
    label("outcome", kDurables),
    label("source", kEventSources),
    label("source", kSources),
    label("reason", kTraceLosses),
    label("state", kStates),
    label("outcome", kAcquisitions),
    label("state", kPooledStates),
    label("level", kLevels),
    label("decision", kDecisions),
    {"capability", {}},
    {"python", {}},
    {"exporter", {}},
}};

static_assert([] {
  for (std::size_t i = 0; i < kLabels.size(); ++i) {
    if (static_cast<SignalLabel>(i) != SignalLabel::kMessage &&
        std::max<std::size_t>(kLabels[i].values.size(), 1) != values_of(static_cast<SignalLabel>(i))) {
      return false;
    }
  }
  return true;
}());

// Most values of a label that are told apart; what comes beyond is "other".
constexpr std::size_t kMostNames = 256;

void combine(std::uint64_t &cell, std::uint64_t other, SignalKind kind) {
  cell = kind == SignalKind::kGaugeMax ? std::max(cell, other) : cell + other;
}

}  // namespace

const LabelInfo &info_of(SignalLabel label) {
  static const LabelInfo message{"message", messages()};
  return label == SignalLabel::kMessage ? message : kLabels[static_cast<std::size_t>(label)];
}

void SignalSet::observe_bytes(Signal histogram, std::uint64_t bytes) {
  constexpr unsigned kFirst = 6;  // 2^6 = 64
  std::uint64_t *cells = &cells_[index(histogram, 0, 0)];
  const std::size_t width = bytes <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(bytes - 1));
  ++cells[std::min<std::size_t>(width <= kFirst ? 0 : width - kFirst, kTimeBuckets - 1)];
  cells[kTimeBuckets] += bytes;
}

void SignalSet::add_histogram(Signal histogram, std::span<const std::uint64_t> buckets, std::uint64_t sum) {
  std::uint64_t *cells = &cells_[index(histogram, 0, 0)];
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    cells[i] += buckets[i];
  }
  cells[info_of(histogram).buckets()] += sum;
}

std::span<std::uint64_t> SignalSet::named(Signal signal, std::string_view value) {
  Named &all = named_[signal];
  auto found = all.find(value);
  if (found == all.end()) {
    const bool room = all.size() < kMostNames;
    found = all.try_emplace(room ? std::string(value) : "other").first;
    found->second.resize(info_of(signal).cells());
  }
  return found->second;
}

const SignalSet::Named *SignalSet::named(Signal signal) const {
  const auto found = named_.find(signal);
  return found == named_.end() ? nullptr : &found->second;
}

void SignalSet::merge(const SignalSet &other, bool with_gauges) {
  opted_in_ = opted_in_ || other.opted_in_;
  for (std::size_t i = 0; i < kSignals; ++i) {
    const SignalKind kind = kSignalTable[i].kind;
    if (kind == SignalKind::kGauge && !with_gauges) {
      continue;
    }
    for (std::size_t at = kSignalOffsets[i]; at < kSignalOffsets[i + 1]; ++at) {
      combine(cells_[at], other.cells_[at], kind);
    }
  }
  for (const auto &[signal, all] : other.named_) {
    const SignalKind kind = info_of(signal).kind;
    if (kind == SignalKind::kGauge && !with_gauges) {
      continue;
    }
    for (const auto &[value, cells] : all) {
      const std::span<std::uint64_t> mine = named(signal, value);
      for (std::size_t i = 0; i < cells.size(); ++i) {
        combine(mine[i], cells[i], kind);
      }
    }
  }
}

void SignalSet::merge(const SignalSet &other) { merge(other, true); }

void SignalSet::merge_past(const SignalSet &gone) { merge(gone, false); }

}  // namespace capsule
