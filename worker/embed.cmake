# Turns files into C++ string literals at build time, so that what runs cannot differ from what was built.
#   -D INPUT=<file>    -D SYMBOL=<name> -D OUTPUT=<header>   one constant in namespace capsule
#   -D FOLDER=<folder> -D OTHER=<file> -D OUTPUT=<source>    capsule::worker::embedded_sources, one for each .py of the folder and the other

function(read_literal path literal size)
  file(READ ${path} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR bytes "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${hex}")
  set(${literal} "\"${text}\"" PARENT_SCOPE)
  set(${size} ${bytes} PARENT_SCOPE)
endfunction()

if(SYMBOL)
  read_literal(${INPUT} literal size)
  file(WRITE ${OUTPUT} "#pragma once\n\nnamespace capsule {\ninline constexpr char ${SYMBOL}[] = ${literal};\n}\n")
  return()
endif()

file(GLOB paths ${FOLDER}/*.py)
list(LENGTH paths count)
if(count EQUAL 0)
  message(FATAL_ERROR "There are no .py files in ${FOLDER}.")
endif()
list(APPEND paths ${OTHER})
list(SORT paths)
list(LENGTH paths count)
set(entries "")
foreach(path IN LISTS paths)
  cmake_path(GET path STEM name)
  read_literal(${path} literal size)
  string(APPEND entries "    {\"${name}\", ${literal}, ${size}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include <cstddef>

namespace capsule::worker {
struct EmbeddedSource {
  const char *name;
  const char *text;
  std::size_t size;
};
extern const EmbeddedSource embedded_sources[];
extern const std::size_t embedded_source_count;
const EmbeddedSource embedded_sources[] = {
${entries}};
const std::size_t embedded_source_count = ${count};
}
")
