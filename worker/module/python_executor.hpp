// Runs source texts in the session's `__main__`.
#pragma once

#include "module/history.hpp"
#include "module/interruptible.hpp"
#include "module/native.hpp"
#include "module/trace_environment.hpp"

namespace capsule::worker {

// As tracebacks name it; nothing that fails is left set.
std::string type_name_of(PyObject *engine, PyObject *value);

class PythonExecutor : public Executor {
 public:
  // `engine` is the private module made of worker/python/engine.py. Exits the process when the session cannot be set up.
  explicit PythonExecutor(PyRef engine);

  // Makes it the executor of this process's session.
  void attach(const SessionParts &parts) override;
  void detach() override;
  std::string why_no_fork() override;
  void answer(const wire::Ask &request, std::vector<UniqueFd> attached) override;

  Outcome run(std::uint64_t execution_id, const wire::Execute &request, std::vector<UniqueFd> attached) override;
  // Brings in the pages that an execution needs: after a fork each one is copied at its first use.
  void warm_up();
  void run_background(int work_fd) override;
  void enter_idle() override { idle_ = PyEval_SaveThread(); }
  void leave_idle() override { PyEval_RestoreThread(idle_); }
  void on_idle_signal() override;
  void finish() override;
  [[nodiscard]] std::uint8_t code_class() const override { return code_class_; }
  [[nodiscard]] bool ran_on_loop() const override { return on_loop_; }

 private:
  Outcome run_transaction(const wire::Execute &request, const std::string &file_name, const std::vector<UniqueFd> &attached);
  Outcome run_with_inputs(const wire::Execute &request, const std::string &file_name, const std::vector<UniqueFd> &attached);
  // Binds the names; why that cannot be, or nothing.
  std::optional<std::string> bind_inputs(const wire::Execute &request, const std::vector<UniqueFd> &attached);
  Outcome run_source(const wire::Execute &request, const std::string &file_name);
  // Compiles and runs; the trailing expression's value, None without one, nothing with an exception set.
  PyRef evaluate(const wire::Execute &request, const std::string &file_name);
  PyRef evaluate_parts(const wire::Execute &request, const std::string &file_name);
  void record_begin(std::uint64_t transforms);
  // Runs compiled sources, of which one awaits, on the session's event loop.
  PyRef evaluate_on_loop(PyObject *codes);
  // `kind`: CAPSULE_VALUE_…, what else the value is wanted as.
  Outcome describe_value(const PyRef &value, int kind);
  // False with an exception set.
  bool encode_value(PyObject *object, int kind, Value &described);
  // False with an exception set.
  bool show_value(PyObject *object);
  void show_figures();
  void flush_replaced_streams();
  Outcome describe_failure();
  std::optional<std::string> json_of(PyObject *value, const std::string &repr);
  [[noreturn]] void leave_forked_child(const Outcome &outcome);

  const SessionParts *parts_ = nullptr;
  PyRef engine_;
  PyRef native_;
  PyRef globals_;
  PyRef remember_source_;
  PyRef warning_registry_;
  std::optional<History> history_;
  TraceEnvironment trace_environment_;
  PyThreadState *idle_ = nullptr;
  std::uint64_t execution_id_ = 0;
  bool loop_used_ = false;
  bool on_loop_ = false;
  bool thawed_ = false;
  bool calls_offered_ = false;
  std::uint8_t code_class_ = 0;
};

}  // namespace capsule::worker
