// Functions of the engine that the user's code calls: what they raise has no frame of the engine in its traceback, as if they were
// built in. Python code cannot do that for itself: the frame that takes the others out is one too.
#include "module/native.hpp"
// Behind Python.h.
#include <structmember.h>

#include <cstddef>

namespace capsule::worker {
namespace {

// Lives as long as the process, so that the collector need not know it.
struct Guarded {
  PyObject_HEAD PyObject *function;
  PyObject *clean;  // takes the engine's frames out of an exception's traceback
  PyObject *attributes;
};

// types.MethodType and the type itself.
PyObject *method_type = nullptr;
PyObject *guarded_type = nullptr;

Guarded *guarded_of(PyObject *object) { return reinterpret_cast<Guarded *>(object); }

PyObject *call(PyObject *self, PyObject *arguments, PyObject *keywords) {
  PyObject *result = PyObject_Call(guarded_of(self)->function, arguments, keywords);
  if (result == nullptr) {
    const PyRef error = take_exception();
    const PyRef cleaned(PyObject_CallFunctionObjArgs(guarded_of(self)->clean, error.get(), nullptr));
    PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(error.get())), error.get());
  }
  return result;
}

PyObject *bind(PyObject *self, PyObject *instance, PyObject *) {
  return instance == nullptr ? PyRef::borrow(self).release()
                             : PyObject_CallFunctionObjArgs(method_type, self, instance, nullptr);
}

PyObject *describe(PyObject *self) { return PyObject_Repr(guarded_of(self)->function); }

PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(Guarded, attributes), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_call, reinterpret_cast<void *>(call)},
    {Py_tp_descr_get, reinterpret_cast<void *>(bind)},
    {Py_tp_repr, reinterpret_cast<void *>(describe)},
    {Py_tp_members, members},
    {Py_tp_getattro, reinterpret_cast<void *>(PyObject_GenericGetAttr)},
    {0, nullptr},
};

PyType_Spec spec{"capsule.function", sizeof(Guarded), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};

// guarded(function, clean, attributes)
PyObject *py_guarded(PyObject *, PyObject *arguments) {
  PyObject *function = nullptr;
  PyObject *clean = nullptr;
  PyObject *attributes = nullptr;
  if (PyArg_ParseTuple(arguments, "OOO!:guarded", &function, &clean, &PyDict_Type, &attributes) == 0) {
    return nullptr;
  }
  PyObject *made = PyType_GenericAlloc(reinterpret_cast<PyTypeObject *>(guarded_type), 0);
  if (made != nullptr) {
    guarded_of(made)->function = PyRef::borrow(function).release();
    guarded_of(made)->clean = PyRef::borrow(clean).release();
    guarded_of(made)->attributes = PyRef::borrow(attributes).release();
  }
  return made;
}

PyMethodDef guarded_functions[] = {
    {"guarded", py_guarded, METH_VARARGS,
     "A function that raises without frames of the engine: function, cleaner, attributes."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool add_guarded(PyObject *native) {
  const PyRef types(PyImport_ImportModule("types"));
  method_type = types ? PyObject_GetAttrString(types.get(), "MethodType") : nullptr;
  guarded_type = method_type != nullptr ? PyType_FromSpec(&spec) : nullptr;
  return guarded_type != nullptr && PyModule_AddFunctions(native, guarded_functions) == 0;
}

}  // namespace capsule::worker
