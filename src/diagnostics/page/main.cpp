// Writes the reference page of the signals to stdout: `capsule-signals include/capsule/trace.h`.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "diagnostics/page/log_page.hpp"
#include "diagnostics/page/trace_page.hpp"
#include "diagnostics/reference.hpp"

int main(int argc, char **argv) {
  std::ifstream file(argc == 2 ? argv[1] : "");
  const std::string header{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string traces = capsule::trace_reference(header);
  if (traces.empty()) {
    std::fputs("capsule-signals: give the path of trace.h, in which each kind of trace event has a comment\n", stderr);
    return 1;
  }
  const std::string page = capsule::signals_reference() + traces + capsule::log_reference();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
