# Libraries that sessions are to get on with, from the package registry: in a virtual environment of one interpreter, once for each
# build folder.

set(CAPSULE_TEST_LIBRARIES matplotlib==3.11.2 numpy==2.4.6 nanoarrow==0.9.0)

# Sets `result` to the environment's interpreter.
function(capsule_get_libraries result python)
  set(folder ${PROJECT_BINARY_DIR}/libraries)
  list(JOIN CAPSULE_TEST_LIBRARIES "-" name)
  set(done ${folder}/${name})
  set(${result} ${folder}/bin/python3 PARENT_SCOPE)
  if(EXISTS ${done})
    return()
  endif()
  message(STATUS "Getting ${CAPSULE_TEST_LIBRARIES}")
  execute_process(
    COMMAND ${python} -m venv --clear ${folder}
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND ${folder}/bin/pip install --quiet --only-binary :all: ${CAPSULE_TEST_LIBRARIES}
    COMMAND_ERROR_IS_FATAL ANY)
  # The last step, so that what exists is whole.
  file(TOUCH ${done})
endfunction()
