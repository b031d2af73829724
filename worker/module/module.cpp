// The extension module: one function, serve(mode), called by the bootstrap and never returning.
#include <cstring>

#include "embedded.hpp"
#include "module/python_program.hpp"
#include "zygote.hpp"

namespace {

using capsule::worker::PyRef;

// The engine's module: private, so that the user's code neither sees nor replaces it.
PyRef load_engine() {
  const char *source = nullptr;
  for (std::size_t i = 0; i < capsule::worker::embedded_source_count; ++i) {
    if (std::strcmp(capsule::worker::embedded_sources[i].name, "engine") == 0) {
      source = capsule::worker::embedded_sources[i].text;
    }
  }
  PyRef engine(PyModule_New("capsule.engine"));
  const PyRef code(source == nullptr ? nullptr : Py_CompileString(source, "<capsule>", Py_file_input));
  const PyRef builtins(PyImport_ImportModule("builtins"));
  if (!engine || !code || !builtins) {
    return {};
  }
  PyObject *names = PyModule_GetDict(engine.get());
  if (PyDict_SetItemString(names, "__builtins__", builtins.get()) != 0) {
    return {};
  }
  const PyRef done(PyEval_EvalCode(code.get(), names, names));
  return done ? std::move(engine) : PyRef();
}

PyObject *serve(PyObject *, PyObject *mode) {
  const char *name = PyUnicode_AsUTF8AndSize(mode, nullptr);
  PyRef engine = name == nullptr ? PyRef() : load_engine();
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

PyMethodDef functions[] = {{"serve", serve, METH_O, "Serves the host that started this interpreter; does not return."},
                           {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_capsule_worker", nullptr, -1, functions, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__capsule_worker() { return PyModule_Create(&definition); }
