// Python asks the host's database: a session reads a table that only the host has, row by row, and sells from it when the host agrees.
#include <capsule/capsule.hpp>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

namespace {

constexpr const char *kSource =
    "for row in host.stock.rows('a'):\n"
    "    print(row['name'], row['count'])\n"
    "print('left:', host.stock.sell('apple', 3))\n"
    "for attempt in (lambda: host.stock.sell('apple', 500), lambda: host.stock.burn(), lambda: host.stock.count('plum')):\n"
    "    try: attempt()\n"
    "    except Exception as error: print(type(error).__name__)\n";

class Database {
 public:
  std::map<std::string, int> starting_with(const std::string &text) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::map<std::string, int> found;
    for (const auto &[name, count] : counts_) {
      if (name.compare(0, text.size(), text) == 0) found.emplace(name, count);
    }
    return found;
  }
  int count(const std::string &name) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = counts_.find(name);
    if (found == counts_.end()) throw capsule::PythonError("KeyError", name);
    return found->second;
  }
  int sell(const std::string &name, int number) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return counts_.at(name) -= number;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> counts_{{"apple", 40}, {"apricot", 12}, {"pear", 7}};
};

// What stands behind `"NAME":`, as far as this example needs JSON.
std::string argument(const capsule::Request &request, const std::string &name) {
  const std::string_view all = request.arguments();
  std::size_t begin = all.find("\"" + name + "\":");
  if (begin == std::string_view::npos) return {};
  begin = all.find_first_not_of(" \"", begin + name.size() + 3);
  return std::string(all.substr(begin, all.find_first_of("\",}", begin) - begin));
}

void offer(capsule::Bridge &bridge, Database &database) {
  capsule::Capability rows("stock.rows", "prefix");
  rows.flags = CAPSULE_CAPABILITY_STREAM;
  rows.doc = "The rows whose name begins with it, one by one.";
  bridge.offer(rows, [&](const capsule::Request &request) {
    for (const auto &[name, count] : database.starting_with(argument(request, "prefix"))) {
      bridge.send_chunk(request.id(),
                        capsule::Answer::json("{\"name\": \"" + name + "\", \"count\": " + std::to_string(count) + "}"));
    }
    return capsule::Answer();
  });
  bridge.offer(
      {"stock.sell", "name, number"},
      [&](const capsule::Request &request) {
        const int left = database.sell(argument(request, "name"), std::stoi(argument(request, "number")));
        return capsule::Answer::json(std::to_string(left));
      },
      [](const capsule::Request &request) { return std::stoi(argument(request, "number")) <= 10; });
  bridge.offer({"stock.count", "name"}, [&](const capsule::Request &request) {
    return capsule::Answer::json(std::to_string(database.count(argument(request, "name"))));
  });
  bridge.add("stock.burn");  // there is no rule for it
}

}  // namespace

int main() try {
  Database database;
  capsule::Runtime runtime;
  capsule::Bridge bridge = runtime.open_bridge();
  offer(bridge, database);
  std::thread server([&] { bridge.serve(); });

  capsule::SessionOptions options;
  options.bridge = &bridge;
  options.rules = {capsule::Rule("stock.rows"), capsule::Rule("stock.count"), capsule::Rule("stock.sell", CAPSULE_POLICY_ASK)};
  int outcome = 0;
  try {
    const capsule::RunResult result = runtime.open(options).run(kSource);
    std::cout << result.stdout_text << result.stderr_text << result.error_type << '\n';
    std::cout << "calls: " << bridge.metrics().calls << ", denied: " << bridge.metrics().denied << '\n';
    outcome = result.ok() ? 0 : 1;
  } catch (const capsule::Error &error) {
    std::cerr << "database: " << error.what() << '\n';
    outcome = 1;
  }
  bridge.close();
  server.join();
  return outcome;
} catch (const capsule::Error &error) {
  std::cerr << "database: " << error.what() << '\n';
  return 1;
}
