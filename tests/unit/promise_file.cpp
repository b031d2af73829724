// Files of promises that no store wrote, though they look as if.
#include <sqlite3.h>

#include <memory>

#include "files.hpp"
#include "promises.hpp"

using namespace capsule_test;

namespace {

// The marks of a file of promises, and a table whose names need not differ.
void write_file(const std::string &path, const std::string &rows) {
  sqlite3 *raw = nullptr;
  CHECK_EQ(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database(raw, sqlite3_close);
  const std::string statements =
      "PRAGMA application_id=1128353875; PRAGMA user_version=1;"
      "CREATE TABLE promises (id TEXT, state INTEGER, param BLOB, value BLOB, timeout_at INTEGER, created_at INTEGER,"
      " settled_at INTEGER);" +
      rows;
  CHECK_EQ(sqlite3_exec(raw, statements.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
}

void check_refused(const char *rows, const char *why) {
  const TempFolder folder;
  const std::string path = folder.path() + "/promises.db";
  write_file(path, rows);
  const Runtime runtime = make_runtime();
  const capsule_promise_store_options options = store_options(text(path));
  Store store;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_SYSTEM, capsule_promise_store_open(runtime.get(), &options, store.out(), error)), why);
}

}  // namespace

CAPSULE_TEST(a_promise_that_is_in_it_twice) {  // I1
  check_refused("INSERT INTO promises VALUES ('a',1,'','',4000000000000,1,0),('a',2,'','x',4000000000000,1,2);", "twice");
}

CAPSULE_TEST(a_state_that_is_none) {
  check_refused("INSERT INTO promises VALUES ('a',6,'','',4000000000000,1,0);", "no known state");
  check_refused("INSERT INTO promises VALUES ('a',0,'','',4000000000000,1,0);", "no known state");
}

CAPSULE_TEST(times_that_no_clock_tells) {
  const TempFolder folder;
  const std::string path = folder.path() + "/promises.db";
  write_file(
      path,
      "INSERT INTO promises VALUES ('past',1,'','',-9223372036854775808,1,0),('future',1,'','',9223372036854775807,1,0);");
  const Runtime runtime = make_runtime();
  const Store store = open_store(store_options(text(path)), runtime);
  CHECK_EQ(wait_for(store, "past"), "timed_out ");
  CHECK_EQ(read(store, "future"), "pending ");
}
