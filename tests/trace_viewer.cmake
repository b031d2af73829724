# Chromium's trace viewer, catapult's, which chrome://tracing is: of one page, that a package of the Python package index brings with it.

set(CAPSULE_TEST_TRACE_VIEWER torch-tb-profiler==0.4.3)
set(CAPSULE_TEST_TRACE_VIEWER_HASH a46409ce4119222d5149e46d80d6068309f0d68d100904204089b73150bb4bbd)

# Sets `page` to the viewer.
function(capsule_get_trace_viewer page)
  set(folder ${CAPSULE_TEST_TOOLS}/trace-viewer-${CAPSULE_TEST_TRACE_VIEWER_HASH})
  set(found ${folder}/torch_tb_profiler/static/trace_viewer_full.html)
  set(${page} ${found} PARENT_SCOPE)
  if(EXISTS ${found})
    return()
  endif()
  message(STATUS "Getting ${CAPSULE_TEST_TRACE_VIEWER}")
  find_program(CAPSULE_TEST_VENV_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
  # What the package needs to run is not wanted: nothing of it is run but the page.
  execute_process(
    COMMAND ${CAPSULE_TEST_VENV_PYTHON} -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps
            --no-compile --target ${folder}.new ${CAPSULE_TEST_TRACE_VIEWER}
    COMMAND_ERROR_IS_FATAL ANY)
  file(SHA256 ${folder}.new/torch_tb_profiler/static/trace_viewer_full.html hash)
  if(NOT hash STREQUAL CAPSULE_TEST_TRACE_VIEWER_HASH)
    message(FATAL_ERROR "${CAPSULE_TEST_TRACE_VIEWER} has another trace viewer: ${hash}")
  endif()
  # The last step, so that what exists is whole.
  file(RENAME ${folder}.new ${folder})
endfunction()
