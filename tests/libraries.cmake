# Packages from the package registry that tests want, in virtual environments: made once for each build folder.

# What sessions are to get on with.
set(CAPSULE_TEST_LIBRARIES matplotlib==3.11.2 numpy==2.4.6 nanoarrow==0.9.0)

# Sets `result` to the interpreter of an environment of that name, made by `python`, that has the packages.
function(capsule_get_environment result name python)
  set(folder ${PROJECT_BINARY_DIR}/${name})
  list(JOIN ARGN "-" packages)
  string(MD5 packages "${packages}")
  set(done ${folder}/${packages})
  set(${result} ${folder}/bin/python3 PARENT_SCOPE)
  if(EXISTS ${done})
    return()
  endif()
  message(STATUS "Getting ${ARGN}")
  execute_process(
    COMMAND ${python} -m venv --clear ${folder}
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND ${folder}/bin/pip install --quiet --disable-pip-version-check --only-binary :all: ${ARGN}
    COMMAND_ERROR_IS_FATAL ANY)
  # The last step, so that what exists is whole.
  file(TOUCH ${done})
endfunction()
