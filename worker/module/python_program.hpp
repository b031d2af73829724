// The worker program that is a Python interpreter: started by src/session/bootstrap.py.
#pragma once

#include "module/py_ref.hpp"
#include "module/python_executor.hpp"
#include "module/stack_layout.hpp"

namespace capsule::worker {

class PythonProgram : public Program {
 public:
  explicit PythonProgram(PyRef engine) : engine_(std::move(engine)) {}

  PreloadReport preload(const wire::Preload &request, bool in_zygote) override;
  void prepare() override;
  std::unique_ptr<Executor> make_executor(const SessionParts &parts) override;
  std::string version() const override;
  std::string path() const override;
  std::vector<std::string> command(const std::string &mode) const override;
  void before_fork() override;
  void after_fork_in_parent() override;
  void after_fork_in_child() override;
  void use_idle_time() override;
  void warm_up() override { executor_->warm_up(); }
  void announce(WorkerStacks &stacks) override { stack_layout_.publish(stacks); }

 private:
  PyRef engine_;
  std::unique_ptr<PythonExecutor> executor_;  // made in the zygote, moved into the session
  StackLayout stack_layout_;
  bool frozen_ = false;
};

}  // namespace capsule::worker
