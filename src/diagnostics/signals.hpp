// The metrics of signal_table.hpp as values: an index of every cell, and sets of cells that are counted in, added up and rendered.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buckets.hpp"
#include "diagnostics/signal_table.hpp"
#include "wire/messages.hpp"

namespace capsule {

enum class Signal : std::uint8_t {
#define X(name, ...) name,
  CAPSULE_POOLED_SIGNALS(X) CAPSULE_OPT_IN_SIGNALS(X) CAPSULE_LIBRARY_SIGNALS(X)
#undef X
      count
};

// A gauge of sets that are added up is their sum, a kGaugeMax the greatest. The histograms differ in their bounds.
enum class SignalKind : std::uint8_t { kCounter, kGauge, kGaugeMax, kHistogram, kPromiseHistogram, kByteHistogram };

// What a cell holds: as it is, bytes, nanoseconds, thousandths.
enum class Unit : std::uint8_t { kOne, kBytes, kSeconds, kThousandths };

// A label's name and its values; a closed set, but for names that the host gives (capability, exporter) and versions of interpreters.
enum class SignalLabel : std::uint8_t {
  kNone,
  kPath,
  kEnd,
  kDeath,
  kMode,
  kOutcome,
  kFault,
  kSwitch,
  kCancel,
  kStream,
  kDrop,
  kLoss,
  kDrain,
  kDisplay,
  kProgress,
  kInput,
  kLoopOutcome,
  kWarning,
  kTransform,
  kCache,
  kLookup,
  kLoopCancel,
  kDirection,
  kMessage,
  kReject,
  kSnapshot,
  kCheckpoint,
  kSkip,
  kSettled,
  kIgnored,
  kCall,
  kDurable,
  kEventSource,
  kSource,
  kTraceLoss,
  kState,
  kAcquisition,
  kPooled,
  kLevel,
  kDecision,
  kCapability,
  kPython,
  kExporter,
  count
};

struct LabelInfo {
  std::string_view name;
  std::span<const char *const> values;  // none: they come with the cells
};
const LabelInfo &info_of(SignalLabel label);

// Values of labels, in the order of info_of().
enum class StartPath : std::uint8_t { kFork, kSpawn, kRestore };
enum class SessionEnd : std::uint8_t { kClosed, kKilled, kError };
enum class CancelOutcome : std::uint8_t { kEffective, kNoop, kKilled };
enum class OutputStream : std::uint8_t { kStdout, kStderr, kDisplay };
enum class OutputDrop : std::uint8_t { kNewest, kOldest, kRefused };
enum class DurableOutcome : std::uint8_t { kOk, kFailed };

inline constexpr std::size_t kMessageKinds = std::variant_size_v<wire::Body>;

constexpr std::size_t values_of(SignalLabel label) {
  switch (label) {
    case SignalLabel::kNone:
    case SignalLabel::kCapability:
    case SignalLabel::kPython:
    case SignalLabel::kExporter:
      return 1;
    case SignalLabel::kFault:
    case SignalLabel::kSwitch:
    case SignalLabel::kDrain:
    case SignalLabel::kProgress:
    case SignalLabel::kWarning:
    case SignalLabel::kCache:
    case SignalLabel::kDirection:
    case SignalLabel::kIgnored:
    case SignalLabel::kDurable:
    case SignalLabel::kSource:
      return 2;
    case SignalLabel::kPath:
    case SignalLabel::kEnd:
    case SignalLabel::kCancel:
    case SignalLabel::kStream:
    case SignalLabel::kDrop:
    case SignalLabel::kLoopOutcome:
    case SignalLabel::kTransform:
    case SignalLabel::kLookup:
    case SignalLabel::kLoopCancel:
    case SignalLabel::kCall:
    case SignalLabel::kDecision:
      return 3;
    case SignalLabel::kLoss:
    case SignalLabel::kDisplay:
    case SignalLabel::kInput:
    case SignalLabel::kSnapshot:
    case SignalLabel::kCheckpoint:
    case SignalLabel::kSkip:
    case SignalLabel::kPooled:
    case SignalLabel::kLevel:
      return 4;
    case SignalLabel::kMode:
      return 5;
    case SignalLabel::kOutcome:
    case SignalLabel::kReject:
    case SignalLabel::kSettled:
    case SignalLabel::kTraceLoss:
    case SignalLabel::kAcquisition:
      return 6;
    case SignalLabel::kState:
    case SignalLabel::kEventSource:
      return 7;
    case SignalLabel::kDeath:
      return 8;
    case SignalLabel::kMessage:
      return kMessageKinds;
    case SignalLabel::count:
      break;
  }
  return 0;
}

struct SignalInfo {
  std::string_view name;
  SignalKind kind;
  Unit unit;
  SignalLabel first;
  SignalLabel second;
  bool pooled;
  bool opt_in;
  std::string_view fields;
  std::string_view help;

  [[nodiscard]] constexpr bool is_histogram() const { return kind >= SignalKind::kHistogram; }
  // Those with values that come with the cells have none of their own in a set.
  [[nodiscard]] constexpr bool named() const {
    return first == SignalLabel::kCapability || first == SignalLabel::kPython || first == SignalLabel::kExporter;
  }
  [[nodiscard]] constexpr std::size_t buckets() const { return kind == SignalKind::kPromiseHistogram ? 32 : kTimeBuckets; }
  // Cells of one combination of labels: of a histogram its buckets and its sum.
  [[nodiscard]] constexpr std::size_t width() const { return is_histogram() ? buckets() + 1 : 1; }
  [[nodiscard]] constexpr std::size_t cells() const { return width() * values_of(first) * values_of(second); }
};

inline constexpr std::size_t kSignals = static_cast<std::size_t>(Signal::count);

inline constexpr std::array<SignalInfo, kSignals> kSignalTable{{
#define CAPSULE_ROW(pooled, opt_in, name, kind, unit, first, second, fields, help) \
  {#name, SignalKind::kind, Unit::unit, SignalLabel::first, SignalLabel::second, pooled, opt_in, fields, help},
#define X(...) CAPSULE_ROW(true, false, __VA_ARGS__)
    CAPSULE_POOLED_SIGNALS(X)
#undef X
#define X(...) CAPSULE_ROW(true, true, __VA_ARGS__)
        CAPSULE_OPT_IN_SIGNALS(X)
#undef X
#define X(...) CAPSULE_ROW(false, false, __VA_ARGS__)
            CAPSULE_LIBRARY_SIGNALS(X)
#undef X
#undef CAPSULE_ROW
}};

// Whatever the text tells, a plain C call tells too, if not by every label: times of executions of all kinds of code together.
static_assert([] {
  for (const SignalInfo &info : kSignalTable) {
    if (!info.fields.starts_with("capsule_") || info.fields.find('.') == std::string_view::npos) {
      return false;
    }
  }
  return true;
}());

constexpr const SignalInfo &info_of(Signal signal) { return kSignalTable[static_cast<std::size_t>(signal)]; }

// Where a signal's cells begin in a set; behind the last, how many there are.
inline constexpr std::array<std::size_t, kSignals + 1> kSignalOffsets = [] {
  std::array<std::size_t, kSignals + 1> offsets{};
  for (std::size_t i = 0; i < kSignals; ++i) {
    offsets[i + 1] = offsets[i] + (kSignalTable[i].named() ? 0 : kSignalTable[i].cells());
  }
  return offsets;
}();
inline constexpr std::size_t kSignalCells = kSignalOffsets[kSignals];

// One value of every cell. Its owner guards it; to count is one addition.
class SignalSet {
 public:
  // `first` and `second` are values of the signal's labels by their order.
  template <typename First = int, typename Second = int>
  void add(Signal signal, std::uint64_t amount = 1, First first = {}, Second second = {}) {
    cells_[index(signal, static_cast<std::size_t>(first), static_cast<std::size_t>(second))] += amount;
  }
  template <typename First = int>
  void raise(Signal signal, std::uint64_t to, First first = {}) {
    std::uint64_t &cell = cells_[index(signal, static_cast<std::size_t>(first), 0)];
    cell = cell < to ? to : cell;
  }
  // A time in nanoseconds.
  template <typename First = int>
  void observe(Signal histogram, std::uint64_t ns, First first = {}) {
    std::uint64_t *cells = &cells_[index(histogram, static_cast<std::size_t>(first), 0)];
    ++cells[bucket_of(ns)];
    cells[kTimeBuckets] += ns;
  }
  // A size: buckets of factor 2 from 64 bytes.
  void observe_bytes(Signal histogram, std::uint64_t bytes);
  // A whole histogram: its buckets and its sum.
  void add_histogram(Signal histogram, std::span<const std::uint64_t> buckets, std::uint64_t sum);
  // The cells under a label whose values are not known beforehand.
  std::span<std::uint64_t> named(Signal signal, std::string_view value);

  // Opt-in signals are shown where one set of those added up had this.
  void opt_in() { opted_in_ = true; }
  [[nodiscard]] bool opted_in() const { return opted_in_; }

  [[nodiscard]] std::uint64_t get(Signal signal, std::size_t first = 0, std::size_t second = 0) const {
    return cells_[index(signal, first, second)];
  }
  [[nodiscard]] std::span<const std::uint64_t> cells(Signal signal) const {
    return std::span(cells_).subspan(kSignalOffsets[static_cast<std::size_t>(signal)], info_of(signal).cells());
  }
  using Named = std::map<std::string, std::vector<std::uint64_t>, std::less<>>;
  [[nodiscard]] const Named *named(Signal signal) const;
  // One combination of labels of a histogram: its buckets, and behind them its sum.
  [[nodiscard]] std::span<const std::uint64_t> histogram(Signal signal, std::size_t first = 0) const {
    return std::span(cells_).subspan(index(signal, first, 0), info_of(signal).width());
  }

  void merge(const SignalSet &other);
  // The same of one that is gone, and has no state any more: without its gauges.
  void merge_past(const SignalSet &gone);

 private:
  static constexpr std::size_t index(Signal signal, std::size_t first, std::size_t second) {
    const SignalInfo &info = info_of(signal);
    return kSignalOffsets[static_cast<std::size_t>(signal)] + (first * values_of(info.second) + second) * info.width();
  }
  void merge(const SignalSet &other, bool with_gauges);

  std::array<std::uint64_t, kSignalCells> cells_{};
  std::map<Signal, Named> named_;
  bool opted_in_ = false;
};

// What a runtime counted: by the name of the pool, and what belongs to none.
struct SignalReport {
  std::map<std::string, SignalSet> pools;
  SignalSet library;
};

// What has something to report beside the sessions.
class SignalSource {
 public:
  virtual ~SignalSource() = default;
  // Any thread, under no lock but the runtime's.
  virtual void report(SignalReport &report) = 0;
};

// The name of sessions that are in no pool, as a label; and of pools that were given no name.
inline constexpr const char *kNoPool = "none";
inline constexpr const char *kUnnamedPool = "unnamed";

}  // namespace capsule
