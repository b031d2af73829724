// The SQLite file of a store: written by a thread of its own, many changes at a time, so that callers share what a write costs and the
// loop never waits for a disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>

#include "promise/store.hpp"

struct sqlite3;

namespace capsule {

class Journal {
 public:
  struct Created {
    Promise promise;
  };
  struct Settled {
    Promise promise;
  };
  struct Forgotten {
    std::string id;
  };
  using Change = std::variant<Created, Settled, Forgotten>;

  // CAPSULE_E_BUSY where another has the file. `load` gets what is in it.
  static Result<std::unique_ptr<Journal>> open(const std::string &path, bool sync, const std::function<Status(Promise)> &load);
  ~Journal() { finish(); }
  Journal(const Journal &) = delete;
  Journal &operator=(const Journal &) = delete;

  // Any thread. In the order they come; the number is for when_written().
  std::uint64_t write(Change change);
  // Any thread; `done` on it where that is written, or nothing can be written any more, else on the journal's.
  void when_written(std::uint64_t number, std::function<void(Status)> done);
  // Writes what was given, and gives the file up. May be repeated; nothing may be written afterwards.
  void finish();
  // What failed, if anything has.
  Status failure();

 private:
  struct CloseDatabase {
    void operator()(sqlite3 *database) const;
  };
  using Database = std::unique_ptr<sqlite3, CloseDatabase>;

  explicit Journal(Database database);
  void run();
  Status write_all(const std::deque<Change> &changes);

  Database database_;  // the thread's, while it runs
  std::mutex mutex_;   // guards below
  std::condition_variable changed_;
  bool closing_ = false;
  Status failure_;
  std::deque<Change> changes_;
  std::uint64_t given_ = 0;
  std::uint64_t written_ = 0;
  std::deque<std::pair<std::uint64_t, std::function<void(Status)>>> waiting_;
  std::thread thread_;
};

}  // namespace capsule
