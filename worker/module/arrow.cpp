// Arrays of the Arrow C data interface as memory: https://arrow.apache.org/docs/format/CDataInterface.html
#include <cstdint>
#include <cstring>

#include "module/native.hpp"

namespace capsule::worker {
namespace {

// The two structs are the interface's; only what is read here is named for what it is.
struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  std::int64_t flags;
  std::int64_t child_count;
  ArrowSchema **children;
  ArrowSchema *dictionary;
  void (*release)(ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;
  std::int64_t offset;
  std::int64_t buffer_count;
  std::int64_t child_count;
  const void **buffers;
  ArrowArray **children;
  ArrowArray *dictionary;
  void (*release)(ArrowArray *);
  void *private_data;
};

// A primitive type: its letter in a schema, in the struct module, and its size.
struct Primitive {
  char arrow;
  char format;
  std::int64_t size;
};
constexpr Primitive kPrimitives[] = {{'c', 'b', 1}, {'C', 'B', 1}, {'s', 'h', 2}, {'S', 'H', 2}, {'i', 'i', 4}, {'I', 'I', 4},
                                     {'l', 'q', 8}, {'L', 'Q', 8}, {'e', 'e', 2}, {'f', 'f', 4}, {'g', 'd', 8}};

const Primitive *primitive_of(const ArrowSchema &schema) {
  for (const Primitive &one : kPrimitives) {
    if (schema.format[0] == one.arrow && schema.format[1] == '\0' && schema.dictionary == nullptr) {
      return &one;
    }
  }
  return nullptr;
}

// Null with an exception set where the array is none of numbers without nulls.
PyObject *memory_of(const ArrowSchema &schema, const ArrowArray &array) {
  const Primitive *primitive = primitive_of(schema);
  if (primitive == nullptr || array.buffer_count != 2) {
    PyErr_Format(PyExc_TypeError, "an Arrow array of format '%.50s' is none of numbers", schema.format);
    return nullptr;
  }
  if (array.null_count != 0 && array.buffers[0] != nullptr) {
    PyErr_SetString(PyExc_TypeError, "the Arrow array may have nulls, which a buffer has not");
    return nullptr;
  }
  const auto *first = static_cast<const char *>(array.buffers[1]) + array.offset * primitive->size;
  const PyRef bytes(array.length == 0
                        ? PyObject_CallFunction(reinterpret_cast<PyObject *>(&PyMemoryView_Type), "y", "")
                        : PyMemoryView_FromMemory(const_cast<char *>(first), array.length * primitive->size, PyBUF_READ));
  const char format[] = {primitive->format, '\0'};
  return bytes ? PyObject_CallMethod(bytes.get(), "cast", "s", format) : nullptr;
}

// arrow_view(object): a memoryview of its numbers, and what has to live as long as that.
PyObject *py_arrow_view(PyObject *, PyObject *object) {
  const PyRef exported(PyObject_CallMethod(object, "__arrow_c_array__", nullptr));
  PyObject *schema_capsule = nullptr;
  PyObject *array_capsule = nullptr;
  if (exported && PyTuple_Check(exported.get()) == 0) {
    PyErr_SetString(PyExc_TypeError, "its __arrow_c_array__() returns no tuple");
    return nullptr;
  }
  if (!exported || PyArg_ParseTuple(exported.get(), "OO", &schema_capsule, &array_capsule) == 0) {
    return nullptr;
  }
  const auto *schema = static_cast<const ArrowSchema *>(PyCapsule_GetPointer(schema_capsule, "arrow_schema"));
  const auto *array =
      schema == nullptr ? nullptr : static_cast<const ArrowArray *>(PyCapsule_GetPointer(array_capsule, "arrow_array"));
  PyObject *view = array == nullptr ? nullptr : memory_of(*schema, *array);
  return view == nullptr ? nullptr : Py_BuildValue("NO", view, exported.get());
}

PyMethodDef arrow_functions[] = {
    {"arrow_view", py_arrow_view, METH_O, "The numbers of an Arrow array as memory, and their owner."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_arrow(PyObject *native) { return PyModule_AddFunctions(native, arrow_functions) == 0; }

}  // namespace capsule::worker
