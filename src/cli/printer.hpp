// How what the library reports is shown: for people (text_printer.cpp) or for programs (json_printer.cpp).
#pragma once

#include <memory>

#include "capsule.hpp"
#include "cli/console.hpp"

namespace capsule::cli {

class Printer {
 public:
  virtual ~Printer() = default;
  virtual void output(const Event &event) = 0;
  virtual void display(const Event &event) = 0;
  virtual void progress(const Event &event) = 0;
  virtual void input(const Event &event) = 0;
  virtual void result(const Event &event) = 0;
  virtual void error(const Event &event) = 0;
  // A fresh worker runs what follows.
  virtual void restarted() = 0;
  virtual void info(const capsule_session_info &info) = 0;
};

std::unique_ptr<Printer> make_text_printer(Console &console);
std::unique_ptr<Printer> make_json_printer(Console &console);

}  // namespace capsule::cli
