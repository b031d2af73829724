#include "module/python_program.hpp"

#include <algorithm>
#include <filesystem>

namespace capsule::worker {
namespace {

std::size_t count_threads() {
  std::error_code ignored;
  const std::filesystem::directory_iterator tasks("/proc/self/task", ignored);
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

std::vector<std::string> text_list(const char *sys_name) {
  std::vector<std::string> list;
  PyObject *texts = PySys_GetObject(sys_name);
  for (Py_ssize_t i = 0; texts != nullptr && i < PyList_Size(texts); ++i) {
    list.push_back(to_utf8(PyList_GetItem(texts, i)));
  }
  return list;
}

void call_quietly(PyObject *object, const char *method) {
  Py_XDECREF(PyObject_CallMethod(object, method, nullptr));
  PyErr_Clear();
}

}  // namespace

PreloadReport PythonProgram::preload(const wire::Preload &request, bool in_zygote) {
  PreloadReport report;
  const auto &allowed = request.native_thread_allow;
  for (const wire::Text module : request.modules) {
    const std::size_t before = count_threads();
    const PyRef name = from_utf8(module);
    const PyRef failure(PyObject_CallMethod(engine_.get(), "preload", "Oi", name.get(), in_zygote ? 1 : 0));
    if (!failure) {
      PyErr_Clear();
      report.failure = "preload: module '" + std::string(module) + "' cannot be imported";
    } else if (failure.get() != Py_None) {
      report.failure = to_utf8(failure.get());
    }
    if (!report.failure.empty()) {
      return report;
    }
    if (in_zygote && count_threads() > before && std::find(allowed.begin(), allowed.end(), module) == allowed.end()) {
      report.native_thread_modules.emplace_back(module);
    }
  }
  return report;
}

void PythonProgram::prepare() {
  executor_ = std::make_unique<PythonExecutor>(PyRef::borrow(engine_.get()));
  Py_XDECREF(PyObject_CallMethod(engine_.get(), "watch_for_death", "i", kDeathStackFd));
  PyErr_Clear();  // a Python that has no faulthandler does without
  stack_layout_ = find_stack_layout(engine_.get());
}

std::unique_ptr<Executor> PythonProgram::make_executor(const SessionParts &parts) {
  executor_->attach(parts);
  return std::move(executor_);
}

std::string PythonProgram::version() const {
  const std::string full = Py_GetVersion();  // "3.11.2 (main, …) [GCC …]"
  return full.substr(0, full.find(' '));
}

std::string PythonProgram::path() const {
  PyObject *executable = PySys_GetObject("executable");
  return executable != nullptr && PyUnicode_Check(executable) ? to_utf8(executable) : std::string();
}

std::vector<std::string> PythonProgram::command(const std::string &mode) const {
  std::vector<std::string> command = text_list("orig_argv");
  command.front() = path();
  command.back() = mode;
  return command;
}

void PythonProgram::before_fork() {
  if (!frozen_) {
    // What is there stays for good: the collector of a session need not touch, and so copy, the pages it lies on.
    frozen_ = true;
    const PyRef gc(PyImport_ImportModule("gc"));
    if (gc) {
      call_quietly(gc.get(), "freeze");
    }
  }
  PyOS_BeforeFork();
}

void PythonProgram::after_fork_in_parent() { PyOS_AfterFork_Parent(); }

void PythonProgram::after_fork_in_child() { PyOS_AfterFork_Child(); }

void PythonProgram::use_idle_time() {
  call_quietly(engine_.get(), "use_idle_time");
  frozen_ = false;
}

}  // namespace capsule::worker
