// What worker/python/host.py calls: calls of the host's capabilities, made and waited for without the GIL.
#include "base/clock.hpp"
#include "capsule/value.h"
#include "link/host_call.hpp"
#include "module/engine_answer.hpp"

namespace capsule::worker {
namespace {

// Of calls that only begin: what `loop` is where no event loop waits for their replies.
constexpr int kNoLoop = -1;
// And where the calling thread waits.
constexpr int kWait = 0;
// Of one attachment in a frame, besides its name and its bytes.
constexpr std::size_t kAttachmentOverhead = 512;

const SessionParts *parts_to_call() {
  const SessionParts *parts = session_parts();
  if (parts == nullptr || parts->state.foreign.load()) {
    PyErr_SetString(PyExc_ConnectionError, "a forked child cannot call the host");
    return nullptr;
  }
  return parts;
}

// Adds its own life to the execution's time of waiting for the host, on the main thread.
class CallWait {
 public:
  explicit CallWait(SessionState &state) : state_(state), began_(monotonic_ns()) {}
  ~CallWait() {
    if (gettid() == state_.main_thread) {
      state_.call_wait_ns.fetch_add(monotonic_ns() - began_, std::memory_order_relaxed);
    }
  }
  CallWait(const CallWait &) = delete;
  CallWait &operator=(const CallWait &) = delete;

 private:
  SessionState &state_;
  const std::uint64_t began_;
};

// (outcome, more, kind or -1, data, format, shape, descriptor or -1, error type, message, reason, execution, request,
// timeout in ms); the descriptor is the taker's.
PyRef reply_tuple(CallReply reply) {
  PyRef shape(PyList_New(0));
  for (const std::int64_t length : reply.shape) {
    const PyRef number(PyLong_FromLongLong(length));
    if (!number || PyList_Append(shape.get(), number.get()) != 0) {
      return {};
    }
  }
  return PyRef(Py_BuildValue(
      "iOiy#s#Nis#s#s#KKK", static_cast<int>(reply.outcome), reply.more ? Py_True : Py_False,
      reply.has_value ? static_cast<int>(reply.kind) : -1, reply.data.data(), static_cast<Py_ssize_t>(reply.data.size()),
      reply.format.data(), static_cast<Py_ssize_t>(reply.format.size()), shape.release(), reply.attached.release(),
      reply.error_type.data(), static_cast<Py_ssize_t>(reply.error_type.size()), reply.message.data(),
      static_cast<Py_ssize_t>(reply.message.size()), reply.reason.data(), static_cast<Py_ssize_t>(reply.reason.size()),
      static_cast<unsigned long long>(reply.execution_id), static_cast<unsigned long long>(reply.request_id),
      static_cast<unsigned long long>(reply.timeout_ms)));
}

// The next reply to the call; empty with an exception set where a cancel broke the wait, which gives the call up.
PyRef wait_for(const SessionParts &parts, OpenCall &call, bool on_work) {
  const CallWait wait(parts.state);
  for (;;) {
    const std::uint32_t ticket = call.gate.ticket();
    if (auto reply = parts.calls.take(call)) {
      return reply_tuple(std::move(*reply));
    }
    {
      const WithoutGil released;
      wait_for_reply(parts, call, ticket, on_work);
    }
    if (PyErr_CheckSignals() != 0) {
      give_up(parts, call);
      return {};
    }
  }
}

// The arguments that are no JSON, as frames have them.
struct Attachments {
  std::vector<wire::Text> names;
  std::vector<EngineAnswer> owners;
  std::vector<wire::Answer> values;
  std::vector<int> fds;

  // False with an exception set.
  bool read(PyObject *list) {
    owners.reserve(static_cast<std::size_t>(PyList_Size(list)));
    for (Py_ssize_t i = 0; i < PyList_Size(list); ++i) {
      const char *name = nullptr;
      Py_ssize_t size = 0;
      PyObject *fields = nullptr;
      if (PyArg_ParseTuple(PyList_GetItem(list, i), "s#O", &name, &size, &fields) == 0) {
        return false;
      }
      EngineAnswer &owner = owners.emplace_back(PyRef::borrow(fields), 0);
      if (!owner.read()) {
        return false;
      }
      names.emplace_back(name, static_cast<std::size_t>(size));
      values.push_back(owner.get());
      if (owner.attached() >= 0) {
        fds.push_back(owner.attached());
      }
    }
    return true;
  }
};

// False with an exception set where the call is more than a frame may carry, which the host would take for a broken protocol.
bool check_size(const SessionParts &parts, std::size_t texts, const Attachments &attachments) {
  std::size_t bytes = texts;
  for (std::size_t i = 0; i < attachments.values.size(); ++i) {
    bytes += attachments.names[i].size() + attachments.values[i].data.size() + kAttachmentOverhead;
  }
  const std::size_t most = parts.options.max_frame_bytes - wire::kFrameOverhead;
  if (bytes > most) {
    PyErr_Format(PyExc_ValueError, "the arguments take %zu bytes; they can take %zu", bytes, most);
  } else if (attachments.values.size() > CAPSULE_MAX_INPUTS || attachments.fds.size() > kMaxAttachments) {
    PyErr_Format(PyExc_ValueError, "%zu arguments are bytes-like, %zu of them large; there can be %d, and %zu",
                 attachments.values.size(), attachments.fds.size(), CAPSULE_MAX_INPUTS, kMaxAttachments);
  } else {
    return true;
  }
  return false;
}

// call_host(capability, arguments, site, occurrence, timeout_ms, attachments, loop): the reply where `loop` is 0, else the call's id.
PyObject *py_call_host(PyObject *, PyObject *arguments) {
  const char *capability = nullptr;
  const char *json = nullptr;
  const char *site = nullptr;
  Py_ssize_t sizes[3] = {};
  unsigned occurrence = 0;
  unsigned long long timeout_ms = 0;
  PyObject *list = nullptr;
  int loop = kWait;
  if (PyArg_ParseTuple(arguments, "s#s#s#IKOi", &capability, &sizes[0], &json, &sizes[1], &site, &sizes[2], &occurrence,
                       &timeout_ms, &list, &loop) == 0) {
    return nullptr;
  }
  const SessionParts *parts = parts_to_call();
  Attachments attachments;
  if (parts == nullptr || !attachments.read(list) ||
      !check_size(*parts, static_cast<std::size_t>(sizes[0] + sizes[1] + sizes[2]), attachments)) {
    return nullptr;
  }
  const std::uint64_t execution_id = current_writer(*parts).execution_id;
  const std::shared_ptr<OpenCall> call = parts->calls.open(loop > 0 ? static_cast<std::uint32_t>(loop) : 0);
  const bool on_work = loop == kWait && waits_on_work(*parts);
  {
    const WithoutGil released;
    send_call(*parts, *call, execution_id,
              {.capability = {capability, static_cast<std::size_t>(sizes[0])},
               .arguments = {json, static_cast<std::size_t>(sizes[1])},
               .site = {site, static_cast<std::size_t>(sizes[2])},
               .occurrence = occurrence,
               .timeout_ms = timeout_ms,
               .names = attachments.names,
               .values = attachments.values},
              attachments.fds, on_work);
  }
  return loop == kWait ? wait_for(*parts, *call, on_work).release() : PyLong_FromUnsignedLongLong(call->id);
}

// The open call of that id, or null with an exception set.
std::shared_ptr<OpenCall> open_call(const SessionParts *parts, PyObject *id) {
  const unsigned long long number = PyLong_AsUnsignedLongLong(id);
  if (parts == nullptr || PyErr_Occurred() != nullptr) {
    return nullptr;
  }
  auto call = parts->calls.find(number);
  if (call == nullptr) {
    PyErr_SetString(PyExc_ConnectionError, "the call is not open any more");
  }
  return call;
}

PyObject *py_wait_call(PyObject *, PyObject *id) {
  const SessionParts *parts = parts_to_call();
  const auto call = open_call(parts, id);
  return call == nullptr ? nullptr : wait_for(*parts, *call, /*on_work=*/false).release();
}

PyObject *py_give_up_call(PyObject *, PyObject *id) {
  const SessionParts *parts = parts_to_call();
  if (const auto call = open_call(parts, id)) {
    const WithoutGil released;
    give_up(*parts, *call);
  }
  PyErr_Clear();  // it is over already
  Py_RETURN_NONE;
}

PyObject *py_take_pieces(PyObject *, PyObject *arguments) {
  unsigned long long id = 0;
  unsigned count = 0;
  if (PyArg_ParseTuple(arguments, "KI", &id, &count) == 0) {
    return nullptr;
  }
  if (const SessionParts *parts = parts_to_call(); parts != nullptr) {
    const WithoutGil released;
    parts->control.post(0, wire::CallCredit{id, count});
  }
  PyErr_Clear();
  Py_RETURN_NONE;
}

// take_room(id, wait): True where a piece of the call may be sent, None where the call is over, False where it would have to wait.
PyObject *py_take_room(PyObject *, PyObject *arguments) {
  unsigned long long id = 0;
  int may_wait = 0;
  const SessionParts *parts = parts_to_call();
  if (parts == nullptr || PyArg_ParseTuple(arguments, "Kp", &id, &may_wait) == 0) {
    return nullptr;
  }
  const auto call = parts->calls.find(id);
  if (call == nullptr) {
    Py_RETURN_NONE;
  }
  const CallWait waiting(parts->state);
  for (;;) {
    const std::uint32_t ticket = call->gate.ticket();
    const Room room = parts->calls.take_room(*call);
    if (room == Room::kOver) {
      Py_RETURN_NONE;
    }
    if (room == Room::kTaken || may_wait == 0) {
      return PyBool_FromLong(room == Room::kTaken ? 1 : 0);
    }
    {
      const WithoutGil released;
      call->gate.wait(ticket);
    }
    if (PyErr_CheckSignals() != 0) {
      return nullptr;
    }
  }
}

// Of a piece that is not sent after all.
PyObject *py_return_room(PyObject *, PyObject *id) {
  const unsigned long long number = PyLong_AsUnsignedLongLong(id);
  if (const SessionParts *parts = parts_to_call(); parts != nullptr && PyErr_Occurred() == nullptr) {
    parts->calls.add_room(number, 1);
  }
  PyErr_Clear();
  Py_RETURN_NONE;
}

// send_piece(id, fields): a piece for which room was taken, given back where it cannot be sent; None: there are no more.
PyObject *py_send_piece(PyObject *, PyObject *arguments) {
  unsigned long long id = 0;
  PyObject *fields = nullptr;
  const SessionParts *parts = parts_to_call();
  if (parts == nullptr || PyArg_ParseTuple(arguments, "KO", &id, &fields) == 0) {
    return nullptr;
  }
  wire::CallPiece piece{.call_id = id, .end = fields == Py_None};
  EngineAnswer owner(PyRef::borrow(piece.end ? nullptr : fields), 0);
  if (!piece.end) {
    const std::size_t most = parts->options.max_frame_bytes - wire::kFrameOverhead - kAttachmentOverhead;
    const bool read = owner.read();
    if (read && owner.get().data.size() > most) {
      PyErr_Format(PyExc_ValueError, "the piece takes %zu bytes; it can take %zu", owner.get().data.size(), most);
    }
    if (PyErr_Occurred() != nullptr) {
      parts->calls.add_room(id, 1);
      return nullptr;
    }
    piece.value = owner.get();
  }
  {
    const WithoutGil released;
    const int fd = owner.attached();
    parts->control.post(0, piece, fd < 0 ? std::span<const int>() : std::span<const int>(&fd, 1));
  }
  Py_RETURN_NONE;
}

PyObject *py_open_call_loop(PyObject *, PyObject *) {
  const SessionParts *parts = parts_to_call();
  if (parts == nullptr) {
    return nullptr;
  }
  const auto [number, fd] = parts->calls.open_loop();
  if (fd < 0) {
    return PyErr_SetFromErrno(PyExc_OSError);
  }
  return Py_BuildValue("Ii", number, fd);
}

PyObject *py_close_call_loop(PyObject *, PyObject *number) {
  const unsigned long loop = PyLong_AsUnsignedLong(number);
  if (const SessionParts *parts = session_parts(); parts != nullptr && PyErr_Occurred() == nullptr) {
    parts->calls.close_loop(static_cast<std::uint32_t>(loop));
  }
  PyErr_Clear();
  Py_RETURN_NONE;
}

// A list of (id, reply), with None in place of a reply where there is room for pieces again.
PyObject *py_ready_calls(PyObject *, PyObject *number) {
  const unsigned long loop = PyLong_AsUnsignedLong(number);
  const SessionParts *parts = PyErr_Occurred() == nullptr ? parts_to_call() : nullptr;
  PyRef list(parts == nullptr ? nullptr : PyList_New(0));
  if (!list) {
    return nullptr;
  }
  for (auto &[id, reply] : parts->calls.take_ready(static_cast<std::uint32_t>(loop))) {
    PyRef told = reply ? reply_tuple(std::move(*reply)) : PyRef::borrow(Py_None);
    const PyRef pair(Py_BuildValue("KN", static_cast<unsigned long long>(id), told.release()));
    if (!pair || PyList_Append(list.get(), pair.get()) != 0) {
      return nullptr;
    }
  }
  return list.release();
}

PyMethodDef call_functions[] = {
    {"call_host", py_call_host, METH_VARARGS, nullptr},
    {"wait_call", py_wait_call, METH_O, "The next reply to a call that was begun."},
    {"give_up_call", py_give_up_call, METH_O, "Nobody waits for the call any more."},
    {"take_pieces", py_take_pieces, METH_VARARGS, "So many pieces of a call's answer were taken: id, count."},
    {"take_room", py_take_room, METH_VARARGS, nullptr},
    {"return_room", py_return_room, METH_O, nullptr},
    {"send_piece", py_send_piece, METH_VARARGS, nullptr},
    {"open_call_loop", py_open_call_loop, METH_NOARGS,
     "For an event loop's calls: a number, and what is readable for ready_calls()."},
    {"close_call_loop", py_close_call_loop, METH_O, nullptr},
    {"ready_calls", py_ready_calls, METH_O, "The replies that have come for an event loop's calls."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool add_host_calls(PyObject *native) {
  return PyModule_AddFunctions(native, call_functions) == 0 && PyModule_AddIntConstant(native, "BEGIN_CALL", kNoLoop) == 0;
}

}  // namespace capsule::worker
