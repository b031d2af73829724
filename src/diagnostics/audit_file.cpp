#include "diagnostics/audit_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "diagnostics/audit_record.hpp"

namespace capsule {
namespace {

// A record's strings are bounded, and so is its line.
constexpr std::uint64_t kLongestLine = 4096;

// While it lives, a write beyond the limit for files answers EFBIG, and the signal that comes with it is taken away: the host's own
// handlers and masks are as they were.
class NoFileSizeSignal {
 public:
  NoFileSizeSignal() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGXFSZ) == 1;
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~NoFileSizeSignal() {
    const timespec none{};
    if (!was_pending_) {
      sigtimedwait(&signal_, nullptr, &none);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoFileSizeSignal(const NoFileSizeSignal &) = delete;
  NoFileSizeSignal &operator=(const NoFileSizeSignal &) = delete;

 private:
  sigset_t signal_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace

Status AuditFile::refuse(const std::string &reason) const { return {CAPSULE_E_SYSTEM, "audit: '" + path_ + "': " + reason}; }

Result<std::unique_ptr<AuditFile>> AuditFile::open(const std::string &path) {
  constexpr mode_t kOwnerOnly = 0600;
  // Not blocking: a pipe without a reader is refused, not waited for.
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kOwnerOnly));
  const int error = errno;
  std::unique_ptr<AuditFile> file(new AuditFile(path, std::move(fd)));
  struct stat info {};
  if (!file->fd_.valid() || fstat(file->fd_.get(), &info) != 0) {
    return file->refuse(std::strerror(file->fd_.valid() ? errno : error));
  }
  if (!S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode)) {
    return file->refuse("it is no file");
  }
  file->regular_ = S_ISREG(info.st_mode);
  if (file->regular_ && flock(file->fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    return file->refuse("another trail writes to it");
  }
  const Status status = file->regular_ ? file->read_head(static_cast<std::uint64_t>(info.st_size)) : Status();
  return status.ok() ? Result<std::unique_ptr<AuditFile>>(std::move(file)) : status;
}

// Of the last line alone: whether all before it is whole is for the verifier.
Status AuditFile::read_head(std::uint64_t size) {
  if (size == 0) {
    return {};
  }
  const std::uint64_t from = size > kLongestLine ? size - kLongestLine : 0;
  std::string end(static_cast<std::size_t>(size - from), '\0');
  if (pread(fd_.get(), end.data(), end.size(), static_cast<off_t>(from)) != static_cast<ssize_t>(end.size())) {
    return refuse("it cannot be read");
  }
  const std::string behind = "\"}\n";
  const std::size_t length = kHashField.size() + kHashDigits + behind.size();
  if (end.size() < length || !end.ends_with(behind) ||
      !std::string_view(end).substr(end.size() - length).starts_with(kHashField)) {
    return refuse("it does not end with a whole record");
  }
  head_ = end.substr(end.size() - behind.size() - kHashDigits, kHashDigits);
  return {};
}

Status AuditFile::append(std::string_view line) {
  const NoFileSizeSignal quiet;
  struct stat before {};
  if (fstat(fd_.get(), &before) != 0) {
    return refuse(std::strerror(errno));
  }
  size_before_ = before.st_size;
  ssize_t written = -1;
  do {
    written = ::write(fd_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) {
    return {};
  }
  const std::string reason = written < 0 ? std::strerror(errno) : "there is no room for a whole record";
  if (written > 0) {
    take_back();
  }
  return refuse(reason);
}

void AuditFile::take_back() {
  if (regular_) {
    // Where that fails too, the verifier finds what is left.
    [[maybe_unused]] const int cut = ftruncate(fd_.get(), size_before_);
  }
}

}  // namespace capsule
