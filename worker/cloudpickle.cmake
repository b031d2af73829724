# Gets cloudpickle.py from the package registry, once for each build folder, to be embedded beside worker/python.

set(CAPSULE_CLOUDPICKLE_WHEEL "" CACHE FILEPATH "The wheel of cloudpickle; empty: pip gets it")

# Sets `result` to the path of the module.
function(capsule_get_cloudpickle result)
  set(version 3.1.2)
  set(expected_hash 9acb47f6afd73f60dc1df93bb801b472f05ff42fa6c84167d25cb206be1fbf4a)
  set(folder ${PROJECT_BINARY_DIR}/cloudpickle-${version})
  set(module ${folder}/cloudpickle.py)
  set(${result} ${module} PARENT_SCOPE)
  if(EXISTS ${module})
    return()
  endif()

  set(wheel ${CAPSULE_CLOUDPICKLE_WHEEL})
  if(NOT wheel)
    set(wheel ${folder}/cloudpickle-${version}-py3-none-any.whl)
    find_program(CAPSULE_PIP NAMES pip3 pip REQUIRED DOC "The installer of Python packages")
    mark_as_advanced(CAPSULE_PIP)
    message(STATUS "Getting cloudpickle ${version}")
    execute_process(
      COMMAND ${CAPSULE_PIP} download --quiet --no-deps --only-binary :all: --dest ${folder} cloudpickle==${version}
      RESULT_VARIABLE failed ERROR_VARIABLE errors)
    if(failed)
      message(FATAL_ERROR "${CAPSULE_PIP} could not get cloudpickle ${version}:\n${errors}\n"
        "Where there is no network, configure with -D CAPSULE_CLOUDPICKLE_WHEEL=<file>.")
    endif()
  endif()
  file(SHA256 ${wheel} hash)
  if(NOT hash STREQUAL expected_hash)
    message(FATAL_ERROR "${wheel} is not the wheel of cloudpickle ${version}: its SHA-256 is ${hash}, not ${expected_hash}.")
  endif()
  file(ARCHIVE_EXTRACT INPUT ${wheel} DESTINATION ${folder} PATTERNS cloudpickle/cloudpickle.py)
  # In the package this is in a file of its own.
  file(APPEND ${folder}/cloudpickle/cloudpickle.py "\n\n__version__ = \"${version}\"\n")
  # The last step, so that what exists is whole.
  file(RENAME ${folder}/cloudpickle/cloudpickle.py ${module})
endfunction()
