#include "pool/warm_up.hpp"

#include "pool/clear_names.hpp"

namespace capsule {
namespace {

constexpr const char *kFileName = "<pool>";

std::string string_of(const capsule_text &view) { return {view.data == nullptr ? "" : view.data, view.size}; }

}  // namespace

Chore::Chore(std::shared_ptr<Session> session, std::string source, std::string file_name, std::int64_t timeout_ms,
             std::function<void()> wake)
    : session_(std::move(session)), wake_(std::move(wake)) {
  ExecutionRequest request;
  request.source = std::move(source);
  request.file_name = std::move(file_name);
  request.timeout_ms = timeout_ms;
  auto submitted = session_->submit(std::move(request));
  if (!submitted.ok()) {
    end_ = End{submitted.status(), submitted.status().message(), 0};
    return;
  }
  execution_ = std::move(submitted.value());
  execution_->events.set_notify([](void *self) { static_cast<Chore *>(self)->wake_(); }, this);
}

Chore::~Chore() {
  if (execution_) {
    session_->abandon(*execution_);
  }
}

std::optional<Chore::End> Chore::poll() {
  while (!end_) {
    auto event = session_->next(*execution_, 0);
    if (!event.ok()) {
      return std::nullopt;  // none yet: behind the terminal one nobody asks
    }
    const capsule_event &fields = event.value().fields;
    if (fields.kind == CAPSULE_EVENT_INPUT) {
      static_cast<void>(Session::answer(execution_, fields.input_id, {}));
    } else if (fields.kind == CAPSULE_EVENT_RESULT) {
      end_ = End{Status(), "", fields.duration_ns};
    } else if (fields.kind == CAPSULE_EVENT_ERROR) {
      std::string type = string_of(fields.error_type);
      const bool died = fields.death_reason != CAPSULE_DEATH_NONE;
      Status status(died ? CAPSULE_E_DIED : CAPSULE_E_PRELOAD, type + ": " + string_of(fields.message));
      end_ = End{std::move(status), std::move(type), fields.duration_ns};
    }
  }
  return end_;
}

std::optional<Status> WarmUp::advance() {
  while (chore_ || start_next()) {
    const auto end = chore_->poll();
    if (!end) {
      return std::nullopt;
    }
    chore_.reset();
    if (Status status = judge(*end); !status.ok()) {
      return status;
    }
    ++step_;
  }
  return Status();
}

// False when nothing is left.
bool WarmUp::start_next() {
  const std::size_t imports = options_.imports.size();
  if (step_ == imports && options_.code.empty()) {
    ++step_;
  }
  std::string source;
  if (step_ < imports) {
    // As a statement without a name: nothing is bound, nothing is a result.
    source = "__import__('importlib').import_module('" + options_.imports[step_] + "'); None";
  } else if (step_ == imports) {
    source = options_.code;
  } else if (step_ == imports + 1 && options_.clears_names) {
    source = kClearNamesSource;
  } else {
    return false;
  }
  chore_ = std::make_unique<Chore>(session_, std::move(source), step_ == imports ? "<warm-up>" : kFileName, options_.timeout_ms,
                                   wake_);
  return true;
}

Status WarmUp::judge(const Chore::End &end) {
  const bool is_import = step_ < options_.imports.size();
  if (is_import) {
    imports_.push_back({options_.imports[step_], end.error_type, end.duration_ns});
  }
  const bool died = end.status.code() != CAPSULE_OK && end.status.code() != CAPSULE_E_PRELOAD;
  if (end.status.ok() || (is_import && !options_.imports_fatal && !died)) {
    return {};
  }
  const std::string what = is_import ? "import of " + options_.imports[step_] : "the warm-up code";
  return {end.status.code(), what + " failed: " + end.status.message()};
}

std::unique_ptr<Chore> clear_names(std::shared_ptr<Session> session, std::int64_t timeout_ms, std::function<void()> wake) {
  return std::make_unique<Chore>(std::move(session), "__import__('sys').modules['_capsule_pool'].clear()", kFileName,
                                 timeout_ms, std::move(wake));
}

}  // namespace capsule
