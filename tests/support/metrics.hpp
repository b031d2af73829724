// The library's metrics, as tests read them: structs, and the Prometheus text as numbers by name and labels.
#pragma once

#include <cmath>
#include <map>
#include <string>

#include "session.hpp"
#include "test.hpp"

namespace capsule_test {

inline std::string prometheus_of(capsule_runtime *runtime) {
  capsule_metrics_text text{};
  text.struct_size = sizeof text;
  ACCEPTED(capsule_runtime_get_prometheus(runtime, &text, error));
  std::string copy(text.text.data, text.text.size);
  capsule_metrics_text_release(&text);
  return copy;
}

inline std::string prometheus_of(const Runtime &runtime) { return prometheus_of(runtime.get()); }

// The samples of a text, by all that stands in front of the value.
class Samples {
 public:
  explicit Samples(const std::string &text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const std::string line = text.substr(at, end - at);
      if (line.front() != '#') {
        const std::size_t space = line.rfind(' ');
        CHECK(all_.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second);  // each once
      }
      at = end + 1;
    }
  }
  explicit Samples(const Runtime &runtime) : Samples(prometheus_of(runtime)) {}

  [[nodiscard]] bool has(const std::string &series) const { return all_.contains("capsule_" + series); }
  // A number of things. Fails the test where there is no such series.
  [[nodiscard]] long long operator[](const std::string &series) const { return std::llround(real(series)); }
  [[nodiscard]] double real(const std::string &series) const {
    const auto found = all_.find("capsule_" + series);
    if (found == all_.end()) {
      FAIL("there is no series capsule_" + series);
    }
    return found->second;
  }
  // Of all series of the metric.
  [[nodiscard]] long long sum(const std::string &metric) const {
    double total = 0;
    for (const auto &[series, value] : all_) {
      total += series == "capsule_" + metric || series.starts_with("capsule_" + metric + "{") ? value : 0;
    }
    return std::llround(total);
  }
  [[nodiscard]] const std::map<std::string, double> &all() const { return all_; }

 private:
  std::map<std::string, double> all_;
};

inline capsule_runtime_metrics runtime_metrics_of(const Runtime &runtime) {
  capsule_runtime_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  ACCEPTED(capsule_runtime_get_metrics(runtime.get(), &metrics, error));
  return metrics;
}

template <typename Struct, typename Get>
Struct metrics_by(Get get, const Session &session) {
  Struct metrics{};
  metrics.struct_size = sizeof metrics;
  ACCEPTED(get(session.get(), &metrics, error));
  return metrics;
}

inline capsule_worker_metrics worker_metrics_of(const Session &session) {
  return metrics_by<capsule_worker_metrics>(capsule_session_get_worker_metrics, session);
}
inline capsule_transport_metrics transport_metrics_of(const Session &session) {
  return metrics_by<capsule_transport_metrics>(capsule_session_get_transport_metrics, session);
}
inline capsule_cancel_metrics cancel_metrics_of(const Session &session) {
  return metrics_by<capsule_cancel_metrics>(capsule_session_get_cancel_metrics, session);
}

}  // namespace capsule_test
