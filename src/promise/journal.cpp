#include "promise/journal.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/quiet_thread.hpp"
#include "base/unique_fd.hpp"

namespace capsule {
namespace {

// "CAPS" and the version of the table, so that no other file is taken for one of these.
constexpr int kApplicationId = 0x43415053;
constexpr int kVersion = 1;
constexpr const char *kSchema =
    "CREATE TABLE promises (id TEXT PRIMARY KEY, state INTEGER NOT NULL, param BLOB NOT NULL, value BLOB NOT NULL,"
    " timeout_at INTEGER NOT NULL, created_at INTEGER NOT NULL, settled_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX settled ON promises (settled_at);";

Status sqlite_error(sqlite3 *database, const char *what) {
  const int code = database == nullptr ? SQLITE_NOMEM : sqlite3_errcode(database);
  const std::string why = database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
    return {CAPSULE_E_BUSY, "options.path: another store has the file open"};
  }
  return {code == SQLITE_NOMEM ? CAPSULE_E_MEMORY : CAPSULE_E_SYSTEM, std::string("options.path: ") + what + ": " + why};
}

Status execute(sqlite3 *database, const char *statement) {
  return sqlite3_exec(database, statement, nullptr, nullptr, nullptr) == SQLITE_OK ? Status()
                                                                                   : sqlite_error(database, statement);
}

class Statement {
 public:
  Statement(sqlite3 *database, const char *text) { sqlite3_prepare_v2(database, text, -1, &statement_, nullptr); }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement &) = delete;
  Statement &operator=(const Statement &) = delete;

  // What is bound must live until the next run().
  Statement &text(int column, const std::string &value) {
    sqlite3_bind_text64(statement_, column, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
    return *this;
  }
  Statement &blob(int column, const std::string &value) {
    sqlite3_bind_blob64(statement_, column, value.data(), value.size(), SQLITE_STATIC);
    return *this;
  }
  Statement &number(int column, std::int64_t value) {
    sqlite3_bind_int64(statement_, column, value);
    return *this;
  }
  bool run() {
    const int code = sqlite3_step(statement_);
    sqlite3_reset(statement_);
    return code == SQLITE_DONE;
  }
  // The next row; false behind the last, and where it fails.
  bool next() { return sqlite3_step(statement_) == SQLITE_ROW; }
  [[nodiscard]] std::int64_t number_at(int column) { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::string bytes_at(int column) {
    const void *data = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return data == nullptr ? std::string() : std::string(static_cast<const char *>(data), size);
  }

 private:
  sqlite3_stmt *statement_ = nullptr;
};

std::int64_t pragma(sqlite3 *database, const char *text) {
  Statement statement(database, text);
  return statement.next() ? statement.number_at(0) : -1;
}

// Makes the table where the file is new; refuses a file that is something else.
Status prepare(sqlite3 *database, bool sync) {
  for (const char *setting : {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL",
                              sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF", "BEGIN IMMEDIATE"}) {
    if (Status status = execute(database, setting); !status.ok()) {
      return status;
    }
  }
  if (pragma(database, "SELECT count(*) FROM sqlite_master") == 0) {
    const std::string marks = std::string(kSchema) + "PRAGMA application_id=" + std::to_string(kApplicationId) +
                              ";PRAGMA user_version=" + std::to_string(kVersion);
    if (Status status = execute(database, marks.c_str()); !status.ok()) {
      return status;
    }
  } else if (pragma(database, "PRAGMA application_id") != kApplicationId) {
    return {CAPSULE_E_SYSTEM, "options.path: the file holds something else than promises"};
  } else if (const std::int64_t version = pragma(database, "PRAGMA user_version"); version != kVersion) {
    return {CAPSULE_E_SYSTEM, "options.path: the file is of version " + std::to_string(version) + "; this library knows " +
                                  std::to_string(kVersion)};
  }
  return execute(database, "COMMIT");
}

Status load_all(sqlite3 *database, const std::function<Status(Promise)> &load) {
  Statement rows(database,
                 "SELECT state, id, param, value, timeout_at, created_at, settled_at FROM promises ORDER BY settled_at, id");
  while (rows.next()) {
    Status status = load({.state = static_cast<std::int32_t>(rows.number_at(0)),
                          .id = rows.bytes_at(1),
                          .param = rows.bytes_at(2),
                          .value = rows.bytes_at(3),
                          .timeout_at_ms = rows.number_at(4),
                          .created_at_ms = rows.number_at(5),
                          .settled_at_ms = rows.number_at(6)});
    if (!status.ok()) {
      return status;
    }
  }
  const int code = sqlite3_errcode(database);
  return code == SQLITE_DONE || code == SQLITE_OK ? Status() : sqlite_error(database, "reading");
}

}  // namespace

void Journal::CloseDatabase::operator()(sqlite3 *database) const { sqlite3_close_v2(database); }

Result<std::unique_ptr<Journal>> Journal::open(const std::string &path, bool sync, const std::function<Status(Promise)> &load) {
  sqlite3 *raw = nullptr;
  // What is in it is its owner's alone. One that exists is not opened here: to close it again would end SQLite's locks on it.
  [[maybe_unused]] const UniqueFd made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) {
    return sqlite_error(raw, "opening");
  }
  if (Status status = prepare(raw, sync); !status.ok()) {
    return status;
  }
  if (Status status = load_all(raw, load); !status.ok()) {
    return status;
  }
  std::unique_ptr<Journal> journal(new Journal(std::move(database)));
  const Status status = start_quietly(journal->thread_, [raw = journal.get()] { raw->run(); });
  return status.ok() ? Result<std::unique_ptr<Journal>>(std::move(journal)) : status;
}

Journal::Journal(Database database) : database_(std::move(database)) {}

void Journal::finish() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closing_, true)) {
      return;
    }
    changed_.notify_all();
  }
  if (thread_.joinable()) {  // else there was none to be had
    thread_.join();
  }
  database_.reset();
}

std::uint64_t Journal::write(Change change) {
  const std::lock_guard lock(mutex_);
  changes_.push_back(std::move(change));
  changed_.notify_all();
  return ++given_;
}

void Journal::when_written(std::uint64_t number, std::function<void(Status)> done) {
  Status status;
  {
    const std::lock_guard lock(mutex_);
    if (number > written_ && failure_.ok()) {
      waiting_.emplace_back(number, std::move(done));
      return;
    }
    status = number > written_ ? failure_ : Status();
  }
  done(status);
}

Status Journal::failure() {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Journal::run() {
  pthread_setname_np(pthread_self(), "capsule-file");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !changes_.empty(); });
    if (changes_.empty()) {
      return;
    }
    const std::deque<Change> changes = std::exchange(changes_, {});
    const std::uint64_t last = given_;
    const bool usable = failure_.ok();
    lock.unlock();
    const Status status = usable ? write_all(changes) : Status();
    lock.lock();
    if (!status.ok()) {
      failure_ = status;
    } else if (usable) {
      written_ = last;
    }
    // Those asked for meanwhile stand behind, in any order of their numbers.
    std::vector<std::pair<std::uint64_t, std::function<void(Status)>>> ready;
    std::erase_if(waiting_, [&](auto &one) {
      const bool now = one.first <= written_ || !failure_.ok();
      if (now) {
        ready.push_back(std::move(one));
      }
      return now;
    });
    const Status failed = failure_;
    const std::uint64_t written = written_;
    lock.unlock();
    for (const auto &[number, done] : ready) {
      done(number <= written ? Status() : failed);
    }
    ready.clear();
    lock.lock();
  }
}

Status Journal::write_all(const std::deque<Change> &changes) {
  sqlite3 *const database = database_.get();
  if (Status status = execute(database, "BEGIN"); !status.ok()) {
    return status;
  }
  Statement insert(database, "INSERT OR REPLACE INTO promises VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  Statement update(database, "UPDATE promises SET state=?2, value=?3, settled_at=?4 WHERE id=?1");
  Statement erase(database, "DELETE FROM promises WHERE id=?1");
  bool good = true;
  for (const Change &change : changes) {
    if (const auto *created = std::get_if<Created>(&change)) {
      const Promise &p = created->promise;
      insert.text(1, p.id).number(2, p.state).blob(3, p.param).blob(4, p.value).number(5, p.timeout_at_ms);
      good = insert.number(6, p.created_at_ms).number(7, p.settled_at_ms).run();
    } else if (const auto *settled = std::get_if<Settled>(&change)) {
      const Promise &p = settled->promise;
      good = update.text(1, p.id).number(2, p.state).blob(3, p.value).number(4, p.settled_at_ms).run();
    } else {
      good = erase.text(1, std::get<Forgotten>(change).id).run();
    }
    if (!good) {
      break;
    }
  }
  Status status = good ? execute(database, "COMMIT") : sqlite_error(database, "writing");
  if (!status.ok()) {
    sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return status;
}

}  // namespace capsule
