# Sets how tests run under the sanitizers:
#   CAPSULE_NATIVE_TEST_ENVIRONMENT   for tests that start no Python
#   CAPSULE_PYTHON_TEST_ENVIRONMENT   for tests that do
#   CAPSULE_TEST_LAUNCHER             a command to put before each test, or empty

set(CAPSULE_NATIVE_TEST_ENVIRONMENT "")
set(CAPSULE_PYTHON_TEST_ENVIRONMENT "")
set(CAPSULE_TEST_LAUNCHER "")
if(NOT CAPSULE_SANITIZE)
  return()
endif()

# Tests kill workers on purpose: a crash has to end in its signal, not in a report and an exit status.
set(signals handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigill=0:handle_sigfpe=0)

if(CAPSULE_SANITIZE STREQUAL "thread")
  set(CAPSULE_NATIVE_TEST_ENVIRONMENT "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:${signals}")
else()
  # In a Python that was not built for it the runtime has to come first, and libstdc++ with it, so that `throw` is intercepted.
  set(preload "")
  foreach(library libasan.so libstdc++.so)
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=${library} OUTPUT_VARIABLE path
      OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    if(NOT IS_ABSOLUTE "${path}")
      message(FATAL_ERROR "${CMAKE_CXX_COMPILER} has no ${library}, which CAPSULE_SANITIZE=${CAPSULE_SANITIZE} needs.")
    endif()
    file(REAL_PATH ${path} path)
    list(APPEND preload ${path})
  endforeach()
  list(JOIN preload ":" preload)
  set(undefined "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:${signals}")
  set(CAPSULE_NATIVE_TEST_ENVIRONMENT "ASAN_OPTIONS=detect_leaks=1:${signals}" ${undefined})
  # CPython leaves its static objects to the end of the process.
  set(CAPSULE_PYTHON_TEST_ENVIRONMENT "ASAN_OPTIONS=detect_leaks=0:${signals}" ${undefined} LD_PRELOAD=${preload})
endif()

# The sanitizers of gcc 12 cannot place their shadow memory where addresses are randomised by more than 28 bits.
if(EXISTS /proc/sys/vm/mmap_rnd_bits)
  file(STRINGS /proc/sys/vm/mmap_rnd_bits bits)
  if(bits GREATER 28)
    set(CAPSULE_TEST_LAUNCHER setarch ${CMAKE_HOST_SYSTEM_PROCESSOR} --addr-no-randomize)
    execute_process(COMMAND ${CAPSULE_TEST_LAUNCHER} true RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
    if(failed)
      message(FATAL_ERROR
        "This kernel randomises addresses by ${bits} bits, more than the sanitizers can bear, and forbids to turn that off. "
        "Run `sysctl vm.mmap_rnd_bits=28` as root.")
    endif()
  endif()
endif()
