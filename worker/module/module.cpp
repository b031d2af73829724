// The extension module: one function, serve(mode), called by the bootstrap and never returning.
#include <cstring>
#include <string>

#include "embedded.hpp"
#include "module/python_program.hpp"
#include "zygote.hpp"

namespace {

using capsule::worker::PyRef;

const char *source_of(const char *name) {
  for (std::size_t i = 0; i < capsule::worker::embedded_source_count; ++i) {
    if (std::strcmp(capsule::worker::embedded_sources[i].name, name) == 0) {
      return capsule::worker::embedded_sources[i].text;
    }
  }
  PyErr_Format(PyExc_ImportError, "no source '%s' is embedded", name);
  return nullptr;
}

PyObject *py_load_once(PyObject *, PyObject *name);

PyMethodDef load_definition = {"load_once", py_load_once, METH_O,
                               "The private module of that name, loaded when it is first needed."};

// A module of an embedded source: private, so that the user's code neither sees nor replaces it. It gets at the others by load_once().
PyRef load_private(const char *name) {
  const char *source = source_of(name);
  PyRef module(PyModule_New((std::string("capsule.") + name).c_str()));
  const PyRef code(source == nullptr ? nullptr : Py_CompileString(source, "<capsule>", Py_file_input));
  if (!module || !code) {
    return {};  // why is not to be lost by what follows
  }
  const PyRef builtins(PyImport_ImportModule("builtins"));
  const PyRef load(PyCFunction_NewEx(&load_definition, nullptr, nullptr));
  if (!builtins || !load) {
    return {};
  }
  PyObject *names = PyModule_GetDict(module.get());
  if (PyDict_SetItemString(names, "__builtins__", builtins.get()) != 0 ||
      PyDict_SetItemString(names, load_definition.ml_name, load.get()) != 0) {
    return {};
  }
  const PyRef done(PyEval_EvalCode(code.get(), names, names));
  return done ? std::move(module) : PyRef();
}

PyObject *py_load_once(PyObject *, PyObject *name) {
  static PyObject *const loaded = PyDict_New();  // for good: C's exit() must not let go of it without the GIL
  PyObject *found = PyDict_GetItemWithError(loaded, name);
  if (found != nullptr || PyErr_Occurred() != nullptr) {
    return PyRef::borrow(found).release();
  }
  const char *text = PyUnicode_AsUTF8AndSize(name, nullptr);
  PyRef module = text == nullptr ? PyRef() : load_private(text);
  return module && PyDict_SetItem(loaded, name, module.get()) == 0 ? module.release() : nullptr;
}

PyObject *serve(PyObject *, PyObject *mode) {
  const char *name = PyUnicode_AsUTF8AndSize(mode, nullptr);
  PyRef engine = name == nullptr ? PyRef() : load_private("engine");
  if (!engine) {
    return nullptr;
  }
  static capsule::worker::PythonProgram program(std::move(engine));
  if (std::strcmp(name, "zygote") == 0) {
    capsule::worker::run_zygote(program);
  }
  if (std::strcmp(name, "session") == 0) {
    capsule::worker::run_spawned_session(program);
  }
  PyErr_SetString(PyExc_ValueError, "serve() takes 'zygote' or 'session'");
  return nullptr;
}

PyMethodDef module_functions[] = {{"serve", serve, METH_O, "Serves the host that started this interpreter; does not return."},
                                  {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_capsule_worker", nullptr, -1, module_functions, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__capsule_worker() { return PyModule_Create(&definition); }
