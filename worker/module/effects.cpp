#include "module/effects.hpp"

#include <fcntl.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "capsule/event.h"
#include "module/native.hpp"

namespace capsule::worker {
namespace {

// Null while nobody watches: then an event costs one look at it.
WorkerCounters *watched = nullptr;

struct Effect {
  std::string_view event;
  std::uint32_t bit;
};

// https://docs.python.org/3/library/audit_events.html. "open" is looked at more closely.
constexpr Effect kEffects[] = {
    {"open", CAPSULE_EFFECT_FILES},
    {"os.remove", CAPSULE_EFFECT_FILES},
    {"os.rename", CAPSULE_EFFECT_FILES},
    {"os.mkdir", CAPSULE_EFFECT_FILES},
    {"os.rmdir", CAPSULE_EFFECT_FILES},
    {"os.chmod", CAPSULE_EFFECT_FILES},
    {"os.chown", CAPSULE_EFFECT_FILES},
    {"os.chflags", CAPSULE_EFFECT_FILES},
    {"os.link", CAPSULE_EFFECT_FILES},
    {"os.symlink", CAPSULE_EFFECT_FILES},
    {"os.truncate", CAPSULE_EFFECT_FILES},
    {"os.utime", CAPSULE_EFFECT_FILES},
    {"os.setxattr", CAPSULE_EFFECT_FILES},
    {"os.removexattr", CAPSULE_EFFECT_FILES},
    {"sqlite3.connect", CAPSULE_EFFECT_FILES},
    {"socket.connect", CAPSULE_EFFECT_NETWORK},
    {"socket.bind", CAPSULE_EFFECT_NETWORK},
    {"socket.sendto", CAPSULE_EFFECT_NETWORK},
    {"socket.sendmsg", CAPSULE_EFFECT_NETWORK},
    {"subprocess.Popen", CAPSULE_EFFECT_PROCESSES},
    {"os.system", CAPSULE_EFFECT_PROCESSES},
    {"os.posix_spawn", CAPSULE_EFFECT_PROCESSES},
    {"os.fork", CAPSULE_EFFECT_PROCESSES},
    {"os.forkpty", CAPSULE_EFFECT_PROCESSES},
    {"os.exec", CAPSULE_EFFECT_PROCESSES},
    {"os.kill", CAPSULE_EFFECT_SIGNALS},
    {"os.killpg", CAPSULE_EFFECT_SIGNALS},
    {"ctypes.dlopen", CAPSULE_EFFECT_NATIVE},
    {"ctypes.call_function", CAPSULE_EFFECT_NATIVE},
};

std::uint32_t effect_of(std::string_view event) {
  const auto *found =
      std::find_if(std::begin(kEffects), std::end(kEffects), [&](const Effect &one) { return one.event == event; });
  return found == std::end(kEffects) ? 0 : found->bit;
}

// open(path, mode, flags), by whichever call. In place of the path stands the descriptor of what is open already.
bool opens_to_write(PyObject *arguments) {
  PyObject *flags = PyTuple_Size(arguments) > 2 ? PyTuple_GetItem(arguments, 2) : nullptr;
  return flags != nullptr && PyLong_Check(flags) != 0 && PyLong_Check(PyTuple_GetItem(arguments, 0)) == 0 &&
         (PyLong_AsLong(flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)) != 0;
}

bool is_module_cache(PyObject *arguments) {
  PyObject *path = PyTuple_Size(arguments) > 0 ? PyTuple_GetItem(arguments, 0) : nullptr;
  return path != nullptr && PyUnicode_Check(path) != 0 && to_utf8(path).find("__pycache__") != std::string::npos;
}

// on_audit(event, arguments). What it raised would keep the code from what it wants to do.
PyObject *on_audit(PyObject *, PyObject *given) {
  PyObject *name = watched != nullptr && PyTuple_Size(given) == 2 ? PyTuple_GetItem(given, 0) : nullptr;
  PyObject *arguments = name != nullptr ? PyTuple_GetItem(given, 1) : nullptr;
  if (arguments == nullptr || PyUnicode_Check(name) == 0 || PyTuple_Check(arguments) == 0) {
    Py_RETURN_NONE;
  }
  const std::string event = to_utf8(name);
  const std::uint32_t effect = effect_of(event);
  const bool opens_to_read = event == "open" && !opens_to_write(arguments);
  if (effect != 0 && !opens_to_read && (effect != CAPSULE_EFFECT_FILES || !is_module_cache(arguments))) {
    watched->set(Counter::effects, watched->get(Counter::effects) | effect);
  }
  PyErr_Clear();
  Py_RETURN_NONE;
}

PyMethodDef audit_hook{"on_audit", on_audit, METH_VARARGS, nullptr};

// A hook stays for good; PySys_AddAuditHook() is not in the limited API.
bool add_hook() {
  const PyRef hook(PyCFunction_New(&audit_hook, nullptr));
  PyObject *add = PySys_GetObject("addaudithook");
  const PyRef added(hook && add != nullptr ? PyObject_CallFunctionObjArgs(add, hook.get(), nullptr) : nullptr);
  PyErr_Clear();
  return static_cast<bool>(added);
}

}  // namespace

void watch_effects(WorkerCounters &counters, std::uint64_t execution_id) {
  static bool hooked = false;
  hooked = hooked || add_hook();
  counters.set(Counter::effects, execution_id << kEffectBits);
  watched = &counters;
}

void stop_watching_effects() { watched = nullptr; }

}  // namespace capsule::worker
