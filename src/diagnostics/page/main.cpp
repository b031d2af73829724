// Writes the reference page of the metrics to stdout.
#include <cstdio>

#include "diagnostics/reference.hpp"

int main() {
  const std::string page = capsule::signals_reference();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
