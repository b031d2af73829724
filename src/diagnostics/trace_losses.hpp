// What a trace has lost, by why: as in capsule_trace_info.
#pragma once

#include <cstdint>

namespace capsule {

struct TraceLosses {
  std::uint64_t evicted = 0;
  std::uint64_t dropped = 0;
  std::uint64_t refused = 0;
  std::uint64_t late = 0;
  std::uint64_t truncated = 0;
  std::uint64_t invalid = 0;

  // use(name, member): of each reason.
  template <typename Use>
  static void for_each(Use &&use) {
    use("evicted", &TraceLosses::evicted);
    use("dropped", &TraceLosses::dropped);
    use("refused", &TraceLosses::refused);
    use("late", &TraceLosses::late);
    use("truncated", &TraceLosses::truncated);
    use("invalid", &TraceLosses::invalid);
  }

  void add(const TraceLosses &more) {
    for_each([&](const char *, auto member) { this->*member += more.*member; });
  }
  // What came since `told`, which becomes what there is now.
  [[nodiscard]] TraceLosses since(TraceLosses &told) const {
    TraceLosses more;
    for_each([&](const char *, auto member) {
      more.*member = this->*member - told.*member;
      told.*member = this->*member;
    });
    return more;
  }
  [[nodiscard]] std::uint64_t total() const { return evicted + dropped + refused + late + truncated + invalid; }
};

}  // namespace capsule
