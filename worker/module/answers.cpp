// What the host asks of an idle session: the engine's values.py does it; here it is taken out of the frame and put into another.
#include <unistd.h>

#include "base/utf8.hpp"
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

// Owns what the views of a wire::Answer point to.
class EngineAnswer {
 public:
  EngineAnswer(PyRef fields, std::uint64_t request_id) : fields_(std::move(fields)) { answer_.request_id = request_id; }

  // False with an exception set where the engine returned something else than it should.
  bool read() {
    answer_.status = static_cast<std::int32_t>(number("status"));
    answer_.kind = static_cast<std::uint8_t>(number("kind"));
    answer_.size_bytes = number("size_bytes");
    answer_.total = number("total");
    answer_.message = text("message");
    answer_.type_name = text("type_name");
    answer_.format = text("format");
    if (PyObject *data = field("data"); data != nullptr) {
      char *bytes = nullptr;
      Py_ssize_t size = 0;
      if (PyBytes_AsStringAndSize(data, &bytes, &size) != 0) {
        return false;
      }
      answer_.data = {bytes, static_cast<std::size_t>(size)};
    }
    answer_.shape = numbers<std::int64_t>("shape");
    answer_.strides = numbers<std::int64_t>("strides");
    answer_.sizes = numbers<std::uint64_t>("sizes");
    answer_.kinds = numbers<std::uint8_t>("kinds");
    answer_.names = texts("names");
    answer_.types = texts("types");
    if (PyObject *fd = field("fd"); fd != nullptr) {
      attached_.reset(static_cast<int>(PyLong_AsLong(fd)));
      answer_.attached = true;
    }
    return PyErr_Occurred() == nullptr;
  }

  [[nodiscard]] const wire::Answer &get() const { return answer_; }
  [[nodiscard]] int attached() const { return attached_.get(); }

 private:
  [[nodiscard]] PyObject *field(const char *name) const { return PyDict_GetItemString(fields_.get(), name); }

  [[nodiscard]] std::uint64_t number(const char *name) const {
    PyObject *value = field(name);
    return value == nullptr ? 0 : PyLong_AsUnsignedLongLong(value);
  }

  // A str lives as long as its dict.
  static wire::Text view(PyObject *value) {
    Py_ssize_t size = 0;
    const char *data = PyUnicode_AsUTF8AndSize(value, &size);
    return data == nullptr ? wire::Text() : wire::Text(data, static_cast<std::size_t>(size));
  }
  [[nodiscard]] wire::Text text(const char *name) const {
    PyObject *value = field(name);
    return value == nullptr ? wire::Text() : view(value);
  }

  template <typename Number>
  [[nodiscard]] std::vector<Number> numbers(const char *name) const {
    std::vector<Number> list;
    PyObject *values = field(name);
    for (Py_ssize_t i = 0; values != nullptr && i < PyList_Size(values); ++i) {
      list.push_back(static_cast<Number>(PyLong_AsLongLong(PyList_GetItem(values, i))));
    }
    return list;
  }
  [[nodiscard]] std::vector<wire::Text> texts(const char *name) const {
    std::vector<wire::Text> list;
    PyObject *values = field(name);
    for (Py_ssize_t i = 0; values != nullptr && i < PyList_Size(values); ++i) {
      list.push_back(view(PyList_GetItem(values, i)));
    }
    return list;
  }

  PyRef fields_;
  wire::Answer answer_;
  UniqueFd attached_;
};

}  // namespace

void PythonExecutor::answer(const wire::Ask &request, UniqueFd attached) {
  const PyRef name = from_utf8(request.name);
  const PyRef data = bytes_of(request.data);
  const PyRef format = from_utf8(request.format);
  const PyRef shape = list_of(request.shape);
  PyRef fields;
  {
    // What the host asks for may run code of the user's, as a __repr__.
    const Interruptible region(parts_->state, request.request_id);
    fields =
        PyRef(PyObject_CallMethod(engine_.get(), "answer", "iOiIOKOOi", static_cast<int>(request.operation), name.get(),
                                  static_cast<int>(request.kind), static_cast<unsigned>(request.option), data.get(),
                                  static_cast<unsigned long long>(request.limit), format.get(), shape.get(), attached.get()));
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
