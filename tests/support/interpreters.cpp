#include "interpreters.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "check.hpp"
#include "child.hpp"
#include "files.hpp"
#include "session.hpp"

namespace capsule_test {

std::pair<int, int> version_under_test() {
  static const std::string text =
      run_tool({python_under_test(), "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"});
  int major = 0;
  int minor = 0;
  if (std::sscanf(text.c_str(), "%d.%d", &major, &minor) != 2) {
    FAIL("the interpreter under test does not say its version: " + show(text));
  }
  return {major, minor};
}

std::vector<std::string> old_interpreters() {
  std::set<std::string> found;
  for (const char *variable : {"PYENV_ROOT", "HOME"}) {
    const char *value = std::getenv(variable);
    std::string root = value == nullptr ? "" : value;
    root += std::string(variable) == "HOME" ? "/.pyenv" : "";
    std::error_code missing;
    for (const auto &entry : std::filesystem::directory_iterator(root + "/versions", missing)) {
      const std::string version = entry.path().filename();
      const bool old = version.starts_with("2.") || version.starts_with("3.10.") ||
                       (version.size() > 3 && version.starts_with("3.") && version[3] == '.');
      const std::string python = entry.path() / "bin" / "python";
      if (old && exists(python)) {
        found.insert(python);
      }
    }
  }
  return {found.begin(), found.end()};
}

std::string format(std::string text, const std::vector<std::string> &arguments) {
  std::size_t from = 0;
  for (const std::string &argument : arguments) {
    from = text.find("{}", from);
    if (from == std::string::npos) {
      FAIL("more arguments than {} in a text");
    }
    text.replace(from, 2, argument);
    from += argument.size();
  }
  return text;
}

std::string py_quote(const std::string &text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace capsule_test
