// The Python interpreters of this machine.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace capsule_test {

// Major and minor of the interpreter under test.
std::pair<int, int> version_under_test();

// Interpreters that are too old for the library, found under pyenv; may be none.
std::vector<std::string> old_interpreters();

// Text with `{}` for each argument in turn.
std::string format(std::string text, const std::vector<std::string> &arguments);

// A Python literal of a text that has no NUL.
std::string py_quote(const std::string &text);

}  // namespace capsule_test
