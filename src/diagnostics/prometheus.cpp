#include "diagnostics/prometheus.hpp"

#include <charconv>
#include <cmath>

#include "capsule/base.h"

namespace capsule {
namespace {

void append_number(std::string &text, std::uint64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  text.append(digits, end.ptr);
}

void append_number(std::string &text, double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  text.append(digits, end.ptr);
}

// What a cell stands for, in the unit of the name.
void append_value(std::string &text, std::uint64_t cell, Unit unit) {
  if (unit == Unit::kSeconds) {
    append_number(text, static_cast<double>(cell) / 1e9);
  } else if (unit == Unit::kThousandths) {
    append_number(text, static_cast<double>(cell) / 1e3);
  } else {
    append_number(text, cell);
  }
}

void append_label(std::string &text, std::string_view name, std::string_view value) {
  text += text.back() == '{' ? "" : ",";
  text += name;
  text += "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  text += '"';
}

// One signal, of one set.
class Series {
 public:
  Series(std::string &text, const SignalInfo &info, std::string_view pool) : text_(text), info_(info), pool_(pool) {}

  void write(std::span<const std::uint64_t> cells, std::string_view first_name) {
    const LabelInfo &first = info_of(info_.first);
    const LabelInfo &second = info_of(info_.second);
    const std::size_t seconds = values_of(info_.second);
    for (std::size_t i = 0; i < values_of(info_.first); ++i) {
      const std::string_view first_value = first.values.empty() ? first_name : first.values[i];
      for (std::size_t j = 0; j < seconds; ++j) {
        const auto own = cells.subspan((i * seconds + j) * info_.width(), info_.width());
        // Messages of which most go one way only, and histograms of which nothing is known.
        if (sparse() && own_count(own) == 0) {
          continue;
        }
        labels_.assign("{");
        if (info_.pooled) {
          append_label(labels_, "pool", pool_);
        }
        if (info_.first != SignalLabel::kNone) {
          append_label(labels_, first.name, first_value);
        }
        if (info_.second != SignalLabel::kNone) {
          append_label(labels_, second.name, second.values[j]);
        }
        info_.is_histogram() ? write_histogram(own) : write_cell(own.front());
      }
    }
  }

 private:
  [[nodiscard]] bool sparse() const {
    return info_.second == SignalLabel::kMessage || (info_.is_histogram() && info_.first != SignalLabel::kNone);
  }
  [[nodiscard]] static std::uint64_t own_count(std::span<const std::uint64_t> cells) {
    std::uint64_t count = 0;
    for (const std::uint64_t cell : cells) {
      count |= cell;
    }
    return count;
  }
  void begin(std::string_view suffix) {
    text_ += "capsule_";
    text_ += info_.name;
    text_ += suffix;
  }
  void write_labels() {
    if (labels_.size() > 1) {
      text_ += labels_;
      text_ += '}';
    }
    text_ += ' ';
  }
  void write_cell(std::uint64_t cell) {
    begin(info_.kind == SignalKind::kCounter ? "_total" : "");
    write_labels();
    append_value(text_, cell, info_.unit);
    text_ += '\n';
  }
  void write_histogram(std::span<const std::uint64_t> cells) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < info_.buckets(); ++i) {
      sum += cells[i];
      begin("_bucket");
      text_ += labels_;
      append_label(text_, "le", bounds()[i]);
      text_ += "} ";
      append_number(text_, sum);
      text_ += '\n';
    }
    begin("_sum");
    write_labels();
    append_value(text_, cells[info_.buckets()], info_.unit);
    text_ += '\n';
    begin("_count");
    write_labels();
    append_number(text_, sum);
    text_ += '\n';
  }
  [[nodiscard]] const std::vector<std::string> &bounds() const {
    static const auto all = [] {
      std::array<std::vector<std::string>, 3> made;
      const SignalInfo kinds[] = {info_of(Signal::execution_duration_seconds),
                                  info_of(Signal::bridge_resolution_duration_seconds), info_of(Signal::checkpoint_size_bytes)};
      for (std::size_t kind = 0; kind < made.size(); ++kind) {
        for (std::size_t i = 0; i < kinds[kind].buckets(); ++i) {
          made[kind].push_back(bucket_bound(kinds[kind], i));
        }
      }
      return made;
    }();
    return all[static_cast<std::size_t>(info_.kind) - static_cast<std::size_t>(SignalKind::kHistogram)];
  }

  std::string &text_;
  const SignalInfo &info_;
  const std::string_view pool_;
  std::string labels_;
};

void write_set(std::string &text, Signal signal, const SignalSet &set, std::string_view pool) {
  const SignalInfo &info = info_of(signal);
  if (info.opt_in && !set.opted_in()) {
    return;
  }
  Series series(text, info, pool);
  if (!info.named()) {
    series.write(set.cells(signal), {});
  } else if (const SignalSet::Named *all = set.named(signal)) {
    for (const auto &[value, cells] : *all) {
      series.write(cells, value);
    }
  }
}

void write_head(std::string &text, std::string_view name, std::string_view suffix, std::string_view help, const char *type) {
  for (const std::string_view piece :
       {std::string_view("# HELP capsule_"), name, suffix, std::string_view(" "), help, std::string_view("\n# TYPE capsule_"),
        name, suffix, std::string_view(" "), std::string_view(type), std::string_view("\n")}) {
    text += piece;
  }
}

void write_signal(std::string &text, Signal signal, const SignalReport &report) {
  const SignalInfo &info = info_of(signal);
  const std::size_t before = text.size();
  const char *type = info.is_histogram() ? "histogram" : info.kind == SignalKind::kCounter ? "counter" : "gauge";
  write_head(text, info.name, info.kind == SignalKind::kCounter ? "_total" : "", info.help, type);
  const std::size_t head = text.size();
  if (!info.pooled) {
    write_set(text, signal, report.library, {});
  } else {
    for (const auto &[pool, set] : report.pools) {
      write_set(text, signal, set, pool);
    }
  }
  if (text.size() == head) {
    text.resize(before);  // nothing of it is known
  }
}

}  // namespace

std::string bucket_bound(const SignalInfo &histogram, std::size_t bucket) {
  if (bucket + 1 == histogram.buckets()) {
    return "+Inf";
  }
  const double first = histogram.kind == SignalKind::kByteHistogram      ? 64
                       : histogram.kind == SignalKind::kPromiseHistogram ? 1e-3
                                                                         : 1e-6;
  std::string text;
  append_number(text, first * std::exp2(static_cast<double>(bucket)));
  return text;
}

std::string prometheus_text(const SignalReport &report) {
  constexpr std::size_t kPerPool = std::size_t{64} << 10U;
  std::string text;
  text.reserve(kPerPool * (report.pools.size() + 1));
  write_head(text, "build_info", "", "The library.", "gauge");
  text += "capsule_build_info{";
  append_label(text, "version", capsule_version());
  append_label(text, "abi", CAPSULE_ABI);
  text += "} 1\n";
  for (std::size_t i = 0; i < kSignals; ++i) {
    write_signal(text, static_cast<Signal>(i), report);
  }
  return text;
}

}  // namespace capsule
