// Buffers in shared memory: of every shape and format, both ways, and whose memory they are.
#include "buffers.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "interpreters.hpp"
#include "process.hpp"
#include "snapshots.hpp"
#include "threads.hpp"
#include "values.hpp"

using namespace capsule_test;

namespace {

void set_buffer(const Session &session, std::string_view name, capsule_buffer *buffer) {
  const capsule_value value{.struct_size = sizeof value, .kind = CAPSULE_VALUE_BUFFER, .buffer = buffer};
  ACCEPTED(capsule_session_set(session.get(), name.data(), name.size(), &value, CAPSULE_SET_OVERWRITE, kPatienceMs, error));
}

std::string hex(std::string_view data) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : data) {
    text += {digits[static_cast<unsigned char>(c) >> 4U], digits[static_cast<unsigned char>(c) & 15U]};
  }
  return text;
}

}  // namespace

CAPSULE_TEST(layouts_that_python_offers) {
  const Session session = open_session();
  value_of(session, R"(
import array, ctypes
b = b'abc'
ba = bytearray(b'abc')
a = array.array('h', [1, 2, 3])
empty = array.array('d')
m = memoryview(bytes(range(24))).cast('B', (2, 3, 4))
i = memoryview(array.array('i', range(6))).cast('B').cast('i', (2, 3))
zero = memoryview(array.array('d', [2.5])).cast('B').cast('d', ())
every_second = memoryview(bytes(range(10)))[::2]
reversed_ = memoryview(bytes(range(4)))[::-1]
rows = memoryview(bytes(range(24))).cast('B', (4, 6))[::2]
c = (ctypes.c_int * 3)(1, 2, 3)
cc = ((ctypes.c_short * 2) * 3)()
one = ctypes.c_double(1.5)
class Point(ctypes.Structure): _fields_ = [('x', ctypes.c_int), ('y', ctypes.c_double)]
points = (Point * 2)()
)");
  CHECK_EQ(layout(Value(session, "b")), "B [3] [1] 1 3");
  CHECK_EQ(layout(Value(session, "ba")), "B [3] [1] 1 3");
  CHECK_EQ(layout(Value(session, "a")), "h [3] [2] 2 6");
  CHECK_EQ(layout(Value(session, "empty")), "d [0] [8] 8 0");
  CHECK_EQ(layout(Value(session, "m")), "B [2, 3, 4] [12, 4, 1] 1 24");
  CHECK_EQ(layout(Value(session, "i")), "i [2, 3] [12, 4] 4 24");
  CHECK_EQ(layout(Value(session, "zero")), "d [] [] 8 8");
  CHECK_EQ(layout(Value(session, "every_second")), "B [5] [1] 1 5");
  CHECK_EQ(hex(Value(session, "every_second").data()), "0002040608");
  CHECK_EQ(hex(Value(session, "reversed_").data()), "03020100");
  CHECK_EQ(layout(Value(session, "rows")), "B [2, 6] [6, 1] 1 12");
  CHECK_EQ(hex(Value(session, "rows").data()), "0001020304050c0d0e0f1011");
  CHECK_EQ(hex(Value(session, "rows", CAPSULE_VALUE_BYTES).data()), "0001020304050c0d0e0f1011");
  CHECK_EQ(layout(Value(session, "c")), "<i [3] [4] 4 12");
  CHECK_EQ(layout(Value(session, "cc")), "<h [3, 2] [4, 2] 2 12");
  CHECK_EQ(layout(Value(session, "one")), "<d [] [] 8 8");
  CHECK(layout(Value(session, "points")).ends_with("} [2] [16] 16 32"));
  double number = 0;
  std::memcpy(&number, Value(session, "zero").data().data(), sizeof number);
  CHECK(number == 2.5);
}

CAPSULE_TEST(the_same_layouts_beyond_what_fits_in_a_frame) {
  const Session session = open_session();
  value_of(session, R"(
import array, ctypes
large = bytes(range(250)) * 1000
every_second = memoryview(large)[::2]
columns = memoryview(large).cast('B', (500, 500))[::3]
numbers = memoryview(array.array('d', range(20000))).cast('B').cast('d', (100, 200))
c = (ctypes.c_int * 50000)(*range(50000))
cc = ((ctypes.c_short * 200) * 300)()
cc[299][199] = 7
class Point(ctypes.Structure): _fields_ = [('x', ctypes.c_int), ('y', ctypes.c_double)]
points = (Point * 10000)()
just = bytes(65536)
over = bytes(65537)
)");
  CHECK_EQ(layout(Value(session, "every_second")), "B [125000] [1] 1 125000");
  CHECK_EQ(hex(Value(session, "every_second").data().substr(124'996)), "f2f4f6f8");
  CHECK_EQ(layout(Value(session, "columns")), "B [167, 500] [500, 1] 1 83500");
  CHECK_EQ(Value(session, "columns").data().substr(500, 3), Value(session, "large").data().substr(1500, 3));
  CHECK_EQ(layout(Value(session, "numbers")), "d [100, 200] [1600, 8] 8 160000");
  CHECK_EQ(layout(Value(session, "c")), "<i [50000] [4] 4 200000");
  CHECK_EQ(layout(Value(session, "cc")), "<h [300, 200] [400, 2] 2 120000");
  CHECK_EQ(hex(Value(session, "cc").data().substr(119'998)), "0700");
  CHECK(layout(Value(session, "points")).ends_with("} [10000] [16] 16 160000"));
  CHECK_EQ(Value(session, "just")->size_bytes, 65'536);
  CHECK_EQ(Value(session, "over")->size_bytes, 65'537);
}

CAPSULE_TEST(layouts_that_the_host_sets) {
  const Session session = open_session();
  const std::string bytes("\x01\x02\x03\x04\x05\x06\x07\x08", 8);
  const std::pair<Shaped, const char *> cases[] = {
      {{bytes, "", {}}, "('B', (8,), b'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08')"},
      {{bytes, "", {8}}, "('B', (8,), b'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08')"},
      {{bytes, "", {2, 4}}, "('B', (2, 4), b'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08')"},
      {{bytes, "B", {2, 2, 2}}, "('B', (2, 2, 2), b'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08')"},
      {{bytes, "h", {4}}, "('h', (4,), b'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08')"},
      {{bytes, "i", {1, 2}}, "('i', (1, 2), b'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08')"},
      {{bytes, "d", {1}}, "('d', (1,), b'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08')"},
      {{bytes, "?", {8}}, "('?', (8,), b'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08')"},
  };
  for (const auto &[shaped, seen] : cases) {
    ACCEPTED(shaped.set(session, error));
    CHECK_EQ(value_of(session, "x.format, x.shape, x.tobytes()"), seen);
    CHECK_EQ(value_of(session, "x.readonly, x.c_contiguous"), "(True, True)");
  }
  std::vector<std::int64_t> most(16, 1);
  most.back() = 8;
  ACCEPTED((Shaped{bytes, "", most}.set(session, error)));
  CHECK_EQ(value_of(session, "x.ndim"), "16");
  CHECK_EQ(Value(session, "x")->dimensions, 16);
}

CAPSULE_TEST(shapes_and_formats_that_do_not_fit) {
  const Session session = open_session();
  const std::string bytes(8, 'x');
  const Shaped cases[] = {
      {bytes, "", {7}},         {bytes, "", {9}},
      {bytes, "i", {8}},        {bytes, "d", {2}},
      {bytes, "", {0}},         {bytes, "", {-8}},
      {bytes, "", {-2, -4}},    {bytes, "2i", {1}},
      {bytes, "no", {8}},       {bytes, "\xff", {8}},
      {bytes, "i", {}},         {bytes, "", std::vector<std::int64_t>(17, 1)},
      {"", "d", {1}},           {bytes, "", {std::int64_t{1} << 62, 4}},
      {bytes, "", {INT64_MAX}}, {bytes, std::string(256, 'i'), {1}},
  };
  for (const Shaped &shaped : cases) {
    REFUSED(CAPSULE_E_ARGUMENT, shaped.set(session, error));
  }
  const HostBuffer buffer(100);
  Shaped large{"", "d", {13}, buffer.handle};
  REFUSED(CAPSULE_E_ARGUMENT, large.set(session, error));
  CHECK_EQ(value_of(session, "'x' in globals()"), "False");
  capsule_value value{.struct_size = sizeof value, .kind = CAPSULE_VALUE_BUFFER, .dimensions = 1};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set(session.get(), "x", 1, &value, 0, kPatienceMs, error));  // shape is NULL
  value = {.struct_size = sizeof value, .kind = CAPSULE_VALUE_BUFFER, .data = "x", .size_bytes = 1, .buffer = buffer.handle};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set(session.get(), "x", 1, &value, 0, kPatienceMs, error));
  value = {.struct_size = sizeof value, .kind = CAPSULE_VALUE_BYTES, .buffer = buffer.handle};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set(session.get(), "x", 1, &value, 0, kPatienceMs, error));
}

CAPSULE_TEST(a_hundred_megabytes_both_ways) {
  const Session session = open_session();
  constexpr std::size_t kSize = 100'000'000;
  const HostBuffer buffer(kSize);
  for (std::size_t i = 0; i < kSize; i += 4096) {
    buffer.bytes()[i] = static_cast<unsigned char>(i >> 12U);
  }
  set_buffer(session, "x", buffer.handle);
  CHECK_EQ(value_of(session, "len(x), [i for i in range(0, len(x), 4096) if x[i] != i >> 12 & 255]"), "(100000000, [])");
  value_of(session, "y = bytearray(x); y[-1] = 9");
  const Value value(session, "y");
  CHECK_EQ(value->size_bytes, kSize);
  CHECK(std::memcmp(value->data, buffer.data, kSize - 1) == 0);
  CHECK(value.data().back() == 9);
  // As data, not as a buffer: copied once.
  const std::string text(kSize, 'z');
  set_value(session, "z", CAPSULE_VALUE_BUFFER, text);
  CHECK_EQ(value_of(session, "len(z), z[0], z[-1], z.readonly"), "(100000000, 122, 122, True)");
}

CAPSULE_TEST(the_host_s_memory_is_read_only_in_python) {
  const Session session = open_session();
  const HostBuffer buffer(200'000);
  std::memset(buffer.data, 'h', 200'000);
  set_buffer(session, "x", buffer.handle);
  CHECK_EQ(value_of(session, "x.readonly, x.obj is not None"), "(True, True)");
  for (const char *write : {"x[0] = 1", "x.obj[0] = 1", "x.obj.write(b'p')", "x.obj.resize(10)",
                            "import array; array.array('B').frombytes(x) or memoryview(x).cast('B').__setitem__(0, 1)"}) {
    Run run(session, write);
    CHECK(run.end().error_type == "TypeError" || run.end().error_type == "BufferError");
  }
  CHECK(buffer.bytes()[0] == 'h');
}

CAPSULE_TEST(writing_past_python_reaches_nobody_else) {
  const Session session = open_session();
  const Session other = open_session();
  const HostBuffer buffer(200'000);
  std::memset(buffer.data, 'h', 200'000);
  set_buffer(session, "x", buffer.handle);
  set_buffer(other, "x", buffer.handle);
  const std::string text(200'000, 'c');
  set_value(session, "copied", CAPSULE_VALUE_BUFFER, text);
  // By another mapping of the same file, or by making this one writable.
  CHECK_EQ(value_of(session, R"(
import ctypes, mmap, os
def attack(view):
    done = []
    for fd in os.listdir('/proc/self/fd'):
        try:
            if 'capsule-value' not in os.readlink('/proc/self/fd/' + fd): continue
        except OSError: continue
        for attempt in (lambda: os.pwrite(int(fd), b'evil', 0), lambda: os.ftruncate(int(fd), 0),
                        lambda: mmap.mmap(int(fd), 0).__setitem__(0, 1),
                        lambda: os.pwrite(os.open('/proc/self/fd/' + fd, os.O_RDWR), b'evil', 0)):
            try: done.append(attempt())
            except (OSError, ValueError): pass
    return done
libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
address = int(next(line for line in open('/proc/self/maps') if 'capsule-value' in line).split('-')[0], 16)
attack(x), libc.mprotect(address, 4096, 3)
)"),
           "([], -1)");
  Run crash(session, "ctypes.memset(address, 0, 10)");
  CHECK_EQ(crash.end().outcome, "died");
  CHECK(buffer.bytes()[0] == 'h');
  CHECK_EQ(value_of(other, "set(x.tobytes())"), "{104}");
}

CAPSULE_TEST(what_python_gave_is_the_host_s) {
  const Session session = open_session();
  value_of(session, "x = bytearray(b'p' * 300_000)");
  const Value value(session, "x");
  value_of(session, "x[:] = b'q' * 300_000");
  CHECK_EQ(value.data(), std::string(300'000, 'p'));
  CHECK_EQ(value_of(session,
                    "import os\n[name for name in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + name) "
                    "and 'capsule-value' in os.readlink('/proc/self/fd/' + name)]"),
           "[]");
  const Watched worker(info_of(session).pid);
  worker.kill(SIGKILL);
  CHECK(worker.wait_gone(Deadline()));
  CHECK_EQ(value.data(), std::string(300'000, 'p'));
}

CAPSULE_TEST(values_outlive_session_and_runtime) {
  Runtime runtime = make_runtime();
  Session session = open_session(runtime);
  value_of(session, "x = b'p' * 300_000; y = 'small'; z = {'a': 1}");
  const Value x(session, "x");
  const Value y(session, "y");
  const Value z(session, "z");
  const NameList list(session);
  HostBuffer buffer(100'000);
  buffer.bytes()[5] = 'v';
  set_buffer(session, "w", buffer.handle);
  session.reset();
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  runtime.reset();
  CHECK_EQ(x.data(), std::string(300'000, 'p'));
  CHECK_EQ(y.data(), "small");
  CHECK_EQ(z.data(), R"({"a": 1})");
  CHECK_EQ(list.text(), "x bytes value, y str value, z dict value");
  CHECK(buffer.bytes()[5] == 'v');
}

CAPSULE_TEST(a_buffer_in_two_sessions_and_in_their_copies) {
  const Session first = open_session();
  const Session second = open_session();
  Snapshot snapshot;
  Session branch;
  {
    const HostBuffer buffer(1'000'000);
    buffer.bytes()[999'999] = 'e';
    set_buffer(first, "x", buffer.handle);
    set_buffer(first, "again", buffer.handle);
    set_buffer(second, "x", buffer.handle);
    snapshot = snapshot_of(first);
    branch = branch_of(first);
  }
  const std::string look = "len(x), x[999_999], x.readonly";
  CHECK_EQ(value_of(first, look), "(1000000, 101, True)");
  CHECK_EQ(value_of(second, look), "(1000000, 101, True)");
  CHECK_EQ(value_of(branch, look), "(1000000, 101, True)");
  value_of(first, "x.release(); del x");
  restore(first, snapshot);
  CHECK_EQ(value_of(first, look), "(1000000, 101, True)");
  CHECK_EQ(value_of(branch_of(snapshot), "again == x"), "True");
  CHECK_EQ(Value(branch, "x")->size_bytes, 1'000'000);
}

CAPSULE_TEST(a_buffer_can_no_longer_be_written_once_it_was_set) {
  const Session session = open_session();
  const HostBuffer buffer(10'000);
  buffer.bytes()[0] = 1;
  CHECK_EQ(msync(buffer.data, 4096, MS_ASYNC), 0);
  set_buffer(session, "x", buffer.handle);
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  CHECK_EQ(write(writer.get(), "x", 1), 1);
  CHECK_EQ(read(reader.get(), buffer.data, 1), -1);  // the kernel is refused as we would be
  CHECK(buffer.bytes()[0] == 1);
}

CAPSULE_TEST(buffers_that_come_and_go_leave_nothing_behind) {
  const Session session = open_session();
  const auto round = [&] {
    const HostBuffer buffer(1 << 20);
    buffer.bytes()[0] = 1;
    set_buffer(session, "x", buffer.handle);
    const Value value(session, "x");
    CHECK_EQ(value->size_bytes, 1 << 20);
  };
  round();
  const std::size_t fds = descriptors().size();
  const long long theirs = descriptors_in(session);
  for (int i = 0; i < 100; ++i) {
    round();
  }
  check_descriptors_at_most(fds);
  CHECK_AT_MOST(descriptors_in(session), theirs);
}

CAPSULE_TEST(buffers_of_sizes_that_cannot_be) {
  capsule_buffer *buffer = nullptr;
  void *data = nullptr;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_buffer_create(0, &buffer, &data, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_buffer_create((std::uint64_t{1} << 40U) + 1, &buffer, &data, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_buffer_create(UINT64_MAX, &buffer, &data, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_buffer_create(1, nullptr, &data, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_buffer_create(1, &buffer, nullptr, error));
  CHECK(buffer == nullptr && data == nullptr);
  const HostBuffer one(1);
  capsule_buffer_release(nullptr);
  const Session session = open_session();
  set_buffer(session, "x", one.handle);
  CHECK_EQ(value_of(session, "bytes(x)"), "b'\\x00'");
}

CAPSULE_TEST(a_released_buffer_is_no_handle) {
  const Session session = open_session();
  capsule_buffer *buffer = nullptr;
  void *data = nullptr;
  ACCEPTED(capsule_buffer_create(10, &buffer, &data, error));
  capsule_buffer_release(buffer);
  capsule_buffer_release(buffer);
  const capsule_value value{.struct_size = sizeof value, .kind = CAPSULE_VALUE_BUFFER, .buffer = buffer};
  REFUSED(CAPSULE_E_HANDLE, capsule_session_set(session.get(), "x", 1, &value, CAPSULE_SET_OVERWRITE, kPatienceMs, error));
}

CAPSULE_TEST(references_to_objects_are_no_buffer) {
  const Session session = open_session();
  value_of(session,
           "import ctypes\nx = (ctypes.py_object * 2)(1, 2)\n"
           "class Named(ctypes.Structure): _fields_ = [('Otto', ctypes.c_int)]\ny = Named(7)\n"
           "class Holds(ctypes.Structure): _fields_ = [('a', ctypes.c_int), ('b', ctypes.py_object)]\nz = Holds(7, 'x')");
  capsule_value value{.struct_size = sizeof value};
  for (const char *name : {"x", "z"}) {
    for (const std::int32_t kind : {CAPSULE_VALUE_BUFFER, CAPSULE_VALUE_BYTES, CAPSULE_VALUE_AUTO}) {
      REFUSED(CAPSULE_E_TYPE, capsule_session_get(session.get(), name, 1, kind, kPatienceMs, &value, error));
    }
  }
  CHECK_EQ(Value(session, "y")->size_bytes, 4);
}
