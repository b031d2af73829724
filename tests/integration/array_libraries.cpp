// Arrays of the libraries that have them are buffers, where the libraries are to be had.
#include <cstring>

#include "buffers.hpp"
#include "test.hpp"

using namespace capsule_test;

CAPSULE_TEST(arrays_of_numpy) {
  const Session session = open_session();
  Run probe(session, "import numpy");
  if (probe.end().outcome != "ok") {
    skip_test("numpy cannot be imported");
  }
  value_of(session,
           "c = numpy.arange(6, dtype='f8').reshape(2, 3); f = numpy.asfortranarray(c); s = c[:, ::2]; z = numpy.array(5)\n"
           "big = numpy.arange(3, dtype='>i4'); o = numpy.array([object()]); large = numpy.zeros((100, 1000), order='F')");
  CHECK_EQ(layout(Value(session, "c")), "d [2, 3] [24, 8] 8 48");
  CHECK_EQ(layout(Value(session, "f")), "d [2, 3] [24, 8] 8 48");
  CHECK_EQ(Value(session, "f").data(), Value(session, "c").data());
  CHECK_EQ(layout(Value(session, "s")), "d [2, 2] [16, 8] 8 32");
  CHECK_EQ(layout(Value(session, "z")), "l [] [] 8 8");
  CHECK_EQ(layout(Value(session, "big")), ">i [3] [4] 4 12");
  CHECK_EQ(layout(Value(session, "large")), "d [100, 1000] [8000, 8] 8 800000");
  capsule_value value{.struct_size = sizeof value};
  REFUSED(CAPSULE_E_TYPE, capsule_session_get(session.get(), "o", 1, CAPSULE_VALUE_BUFFER, kPatienceMs, &value, error));
  const HostBuffer buffer(800);
  Shaped shaped{"", "d", {10, 10}, buffer.handle};
  ACCEPTED(shaped.set(session, error));
  CHECK_EQ(value_of(session, "a = numpy.asarray(x); a.shape, a.flags.writeable, a.flags.owndata"), "((10, 10), False, False)");
}

// What an Arrow library exports, by hand: a format, numbers, a validity bitmap or none, and where they begin.
constexpr const char *kArrow = R"(
import array, ctypes
api = ctypes.pythonapi
api.PyCapsule_New.restype = ctypes.py_object
api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
class Schema(ctypes.Structure):
    _fields_ = [('format', ctypes.c_char_p), ('name', ctypes.c_char_p), ('metadata', ctypes.c_char_p), ('flags', ctypes.c_int64),
                ('n_children', ctypes.c_int64), ('children', ctypes.c_void_p), ('dictionary', ctypes.c_void_p),
                ('release', ctypes.c_void_p), ('private', ctypes.c_void_p)]
class Array(ctypes.Structure):
    _fields_ = [('length', ctypes.c_int64), ('null_count', ctypes.c_int64), ('offset', ctypes.c_int64), ('n_buffers', ctypes.c_int64),
                ('n_children', ctypes.c_int64), ('buffers', ctypes.c_void_p), ('children', ctypes.c_void_p),
                ('dictionary', ctypes.c_void_p), ('release', ctypes.c_void_p), ('private', ctypes.c_void_p)]
class Exported:
    def __init__(self, format, numbers, offset=0, null_count=0, validity=None):
        self.numbers = numbers
        self.buffers = (ctypes.c_void_p * 2)(validity, numbers.buffer_info()[0])
        self.schema = Schema(format=format)
        self.array = Array(len(numbers) - offset, null_count, offset, 2, 0, ctypes.addressof(self.buffers))
    def __arrow_c_array__(self, requested_schema=None):
        return (api.PyCapsule_New(ctypes.addressof(self.schema), b'arrow_schema', None),
                api.PyCapsule_New(ctypes.addressof(self.array), b'arrow_array', None))
)";

CAPSULE_TEST(arrow_arrays_are_buffers) {
  const Session session = open_session();
  value_of(session, kArrow);
  const struct {
    const char *source;
    const char *layout;
  } cases[] = {
      {"Exported(b'l', array.array('q', range(10)))", "q [10] [8] 8 80"},
      {"Exported(b'g', array.array('d', range(10)), offset=4)", "d [6] [8] 8 48"},
      {"Exported(b'C', array.array('B', range(10)), null_count=-1)", "B [10] [1] 1 10"},
      {"Exported(b'i', array.array('i', range(1 << 16)))", "i [65536] [4] 4 262144"},
      {"Exported(b'f', array.array('f'))", "f [0] [4] 4 0"},
  };
  for (const auto &one : cases) {
    value_of(session, "x = " + std::string(one.source));
    CHECK_EQ(layout(Value(session, "x")), one.layout);
    CHECK_EQ(layout(Value(session, "x", CAPSULE_VALUE_BUFFER)), one.layout);
  }
  value_of(session, "x = Exported(b'l', array.array('q', range(10)), offset=7)");
  const Value value(session, "x", CAPSULE_VALUE_BYTES);
  std::int64_t numbers[3] = {};
  CHECK_EQ(value.data().size(), sizeof numbers);
  std::memcpy(numbers, value.data().data(), sizeof numbers);
  CHECK(numbers[0] == 7 && numbers[1] == 8 && numbers[2] == 9);
}

CAPSULE_TEST(arrow_arrays_that_are_no_numbers_or_have_nulls_are_refused) {
  const Session session = open_session();
  value_of(session, kArrow);
  const std::pair<const char *, const char *> cases[] = {
      {"Exported(b'u', array.array('q', [0]))", "format 'u'"},
      {"Exported(b'tdD', array.array('i', [0]))", "format 'tdD'"},
      {"Exported(b'l', array.array('q', [1, 2]), null_count=1, validity=1)", "nulls"},
      {"Exported(b'l', array.array('q', [1, 2]), null_count=-1, validity=1)", "nulls"},
      {"type('Bad', (), {'__arrow_c_array__': lambda self: 1})()", "Bad"},
  };
  for (const auto &[source, reason] : cases) {
    value_of(session, "x = " + std::string(source));
    capsule_value value{.struct_size = sizeof value};
    CHECK_CONTAINS(
        REFUSED(CAPSULE_E_TYPE, capsule_session_get(session.get(), "x", 1, CAPSULE_VALUE_BUFFER, kPatienceMs, &value, error)),
        reason);
  }
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(arrays_of_an_arrow_library_are_buffers) {
  const Session session = open_session();
  Run probe(session, "import nanoarrow");
  if (probe.end().outcome != "ok") {
    skip_test("nanoarrow cannot be imported");
  }
  value_of(session, "import nanoarrow\nx = nanoarrow.c_array([1.5, 2.5, 3.5], nanoarrow.float64())");
  CHECK_EQ(layout(Value(session, "x", CAPSULE_VALUE_BUFFER)), "d [3] [8] 8 24");
  value_of(session, "x = nanoarrow.c_array([1, None], nanoarrow.int64())");
  capsule_value value{.struct_size = sizeof value};
  REFUSED(CAPSULE_E_TYPE, capsule_session_get(session.get(), "x", 1, CAPSULE_VALUE_BUFFER, kPatienceMs, &value, error));
}
