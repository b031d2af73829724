# Finds the interpreters the tests run on.

# Sets `result` to a list of `version|executable`, one for each distinct CPython 3.11 to 3.14 that is not free-threaded.
function(capsule_find_interpreters result)
  set(candidates /usr/bin/python3)
  foreach(minor RANGE 11 14)
    find_program(CAPSULE_PYTHON_3_${minor} python3.${minor})
    mark_as_advanced(CAPSULE_PYTHON_3_${minor})
    if(CAPSULE_PYTHON_3_${minor})
      list(APPEND candidates ${CAPSULE_PYTHON_3_${minor}})
    endif()
  endforeach()
  foreach(root "$ENV{PYENV_ROOT}" "$ENV{HOME}/.pyenv")
    file(GLOB versions "${root}/versions/3.1[1-4]*/bin/python3")
    list(APPEND candidates ${versions})
  endforeach()

  set(probe "import os, sys, sysconfig
version = sys.version_info[:3]
free_threaded = sysconfig.get_config_var('Py_GIL_DISABLED') == 1
if sys.implementation.name == 'cpython' and (3, 11) <= version < (3, 15) and not free_threaded:
    print('%d.%d.%d|%s' % (*version, os.path.realpath(sys.executable)))")

  set(found "")
  foreach(candidate IN LISTS candidates)
    # A pyenv shim of a version that is not active fails: not an interpreter.
    execute_process(COMMAND ${candidate} -I -c "${probe}" OUTPUT_VARIABLE entry ERROR_QUIET
      OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(entry)
      list(APPEND found "${entry}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES found)

  # Two builds of one version get names of their own.
  set(named "")
  set(versions "")
  foreach(entry IN LISTS found)
    string(REGEX MATCH "^([^|]+)\\|(.+)$" matched "${entry}")
    set(version ${CMAKE_MATCH_1})
    set(executable ${CMAKE_MATCH_2})
    set(name ${version})
    set(number 1)
    while(name IN_LIST versions)
      math(EXPR number "${number} + 1")
      set(name ${version}-${number})
    endwhile()
    list(APPEND versions ${name})
    list(APPEND named "${name}|${executable}")
  endforeach()
  set(${result} "${named}" PARENT_SCOPE)
endfunction()
