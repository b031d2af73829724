#include "api/call.hpp"

#include <sys/mman.h>

#include "base/utf8.hpp"
#include "session/event_queue.hpp"

namespace capsule::api {
namespace {

// A page that the kernel zeroes in a forked child: tells a fork without a handler in the host. It stays mapped: threads may call the library
// while the process exits.
class ForkMark {
 public:
  ForkMark() : page_(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (page_ == MAP_FAILED || madvise(page_, kSize, MADV_WIPEONFORK) != 0) {
      return;
    }
    *static_cast<volatile char *>(page_) = 1;
    usable_ = true;
  }
  ~ForkMark() = default;
  ForkMark(const ForkMark &) = delete;
  ForkMark &operator=(const ForkMark &) = delete;

  [[nodiscard]] bool wiped() const { return usable_ && *static_cast<volatile char *>(page_) == 0; }

 private:
  static constexpr std::size_t kSize = 4096;
  void *page_;
  bool usable_ = false;
};

const ForkMark fork_mark;  // made when the library is loaded

}  // namespace

bool forked() { return fork_mark.wiped(); }

Status check_may_wait(const char *function) {
  if (in_notify_callback()) {
    return {CAPSULE_E_REENTRANT, std::string(function) + " waits and cannot be called from a notify callback"};
  }
  return {};
}

Status check_wait(const char *function, std::int64_t timeout_ms) {
  if (timeout_ms == 0 || timeout_ms < -1 || timeout_ms > kDayMs) {
    return {CAPSULE_E_ARGUMENT,
            "timeout_ms is " + std::to_string(timeout_ms) + "; it can be -1, or 1 to " + std::to_string(kDayMs)};
  }
  return check_may_wait(function);
}

capsule_status report(const Status &status, capsule_error *error) noexcept {
  if (error == nullptr || error->struct_size < kMinStructSize) {
    return status.code();
  }
  error->status = status.code();
  const std::size_t room = std::min<std::size_t>(error->struct_size, sizeof *error) - offsetof(capsule_error, message);
  if (room > 0) {
    const std::string_view text = status.message();
    const std::size_t length = utf8_prefix(text, room - 1);
    std::memcpy(error->message, text.data(), length);
    error->message[length] = '\0';
  }
  return status.code();
}

Status check_struct_size(std::uint32_t struct_size, const char *name, std::size_t alignment) {
  if (struct_size < kMinStructSize || struct_size > kMaxStructSize || struct_size % alignment != 0) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + ".struct_size is " + std::to_string(struct_size) +
                                    "; set it to the size of the struct before the call"};
  }
  return {};
}

Status check_range(const char *name, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least || value > most) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + " is " + std::to_string(value) + "; it can be " + std::to_string(least) +
                                    " to " + std::to_string(most)};
  }
  return {};
}

Result<std::string> read_text(const char *name, capsule_text text, std::size_t most) {
  if (text.data == nullptr && text.size > 0) {
    return Status(CAPSULE_E_ARGUMENT, std::string(name) + " is NULL but has a size");
  }
  if (text.size > most) {
    return Status(CAPSULE_E_ARGUMENT,
                  std::string(name) + " has " + std::to_string(text.size) + " bytes; it can have " + std::to_string(most));
  }
  const std::string_view view(text.data == nullptr ? "" : text.data, text.size);
  if (view.find('\0') != std::string_view::npos) {
    return Status(CAPSULE_E_ARGUMENT, std::string(name) + " contains a NUL byte");
  }
  if (!is_utf8(view)) {
    return Status(CAPSULE_E_ARGUMENT, std::string(name) + " is not UTF-8");
  }
  return std::string(view);
}

}  // namespace capsule::api
