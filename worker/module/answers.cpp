// What the host asks of an idle session: the engine's values.py does it; here it is taken out of the frame and put into another.
#include <unistd.h>

#include "base/utf8.hpp"
#include "module/engine_answer.hpp"
#include "module/python_executor.hpp"

namespace capsule::worker {
namespace {

// Bytes of a message; it must fit in a frame.
constexpr std::size_t kMostOfFailure = 1000;

PyRef list_of(const std::vector<std::int64_t> &numbers) {
  PyRef list(PyList_New(0));
  for (const std::int64_t number : numbers) {
    const PyRef item(PyLong_FromLongLong(number));
    if (!item || PyList_Append(list.get(), item.get()) != 0) {
      return {};
    }
  }
  return list;
}

// None where it is absent.
PyRef bytes_of(wire::Text data) {
  return data.data() == nullptr ? PyRef::borrow(Py_None)
                                : PyRef(PyBytes_FromStringAndSize(data.data(), static_cast<Py_ssize_t>(data.size())));
}

// A list of (name, kind, data, format, shape, descriptor or -1), the descriptors from the front of `attached`.
PyRef list_of(const std::vector<wire::Item> &items, const std::vector<UniqueFd> &attached) {
  PyRef list(PyList_New(0));
  std::size_t next = 0;
  for (const wire::Item &item : items) {
    const int fd = item.attached && next < attached.size() ? attached[next++].get() : -1;
    const PyRef tuple(Py_BuildValue("NiNNNi", from_utf8(item.name).release(), static_cast<int>(item.kind),
                                    bytes_of(item.data).release(), from_utf8(item.format).release(),
                                    list_of(item.shape).release(), fd));
    if (!tuple || PyList_Append(list.get(), tuple.get()) != 0) {
      return {};
    }
  }
  return list;
}

}  // namespace

std::optional<std::string> PythonExecutor::bind_inputs(const wire::Execute &request, const std::vector<UniqueFd> &attached) {
  const PyRef items = list_of(request.inputs, attached);
  const PyRef refusal(items ? PyObject_CallMethod(engine_.get(), "bind_inputs", "O", items.get()) : nullptr);
  if (refusal && refusal.get() == Py_None) {
    return std::nullopt;
  }
  if (refusal) {
    return to_utf8(refusal.get());
  }
  const PyRef error = take_exception();
  return "it raised " + type_name_of(engine_.get(), error.get());
}

void PythonExecutor::answer(const wire::Ask &request, std::vector<UniqueFd> attached) {
  const PyRef name = from_utf8(request.name);
  const PyRef items = list_of(request.items, attached);
  const int fd = request.attached && !attached.empty() ? attached.back().get() : -1;
  PyRef fields;
  if (items) {
    // What the host asks for may run code of the user's, as a __repr__.
    const Interruptible region(parts_->state, request.request_id);
    fields = PyRef(PyObject_CallMethod(engine_.get(), "answer", "iOiIKOi", static_cast<int>(request.operation), name.get(),
                                       static_cast<int>(request.kind), static_cast<unsigned>(request.option),
                                       static_cast<unsigned long long>(request.limit), items.get(), fd));
  }
  std::string failure;
  if (!fields) {
    const PyRef error = take_exception();
    failure = "it raised " + type_name_of(engine_.get(), error.get());
    failure.resize(utf8_prefix(failure, kMostOfFailure));
  }
  EngineAnswer answer(std::move(fields), request.request_id);
  if (failure.empty() && !answer.read()) {
    PyErr_Clear();
    failure = "the engine's answer cannot be read";
  }
  parts_->state.ended_request_id.store(request.request_id, std::memory_order_seq_cst);
  const wire::Answer failed{.request_id = request.request_id, .status = CAPSULE_E_TYPE, .message = failure};
  enter_idle();
  parts_->control.answer(failure.empty() ? answer.get() : failed, answer.attached());
  leave_idle();
}

}  // namespace capsule::worker
