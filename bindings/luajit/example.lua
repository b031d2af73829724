-- luajit example.lua INCLUDE_FOLDER LIBRARY: a program that has nothing but the C headers and the library.
local ffi, seen = require("ffi"), {}
local function declare(header) -- as LuaJIT reads it: what it includes first, without the preprocessor's lines, constants as such
  if seen[header] then return else seen[header] = true end
  local text = io.open(arg[1] .. "/" .. header):read("*a")
  for other in text:gmatch('#include "(.-)"') do declare(other) end
  text = text:gsub("#define (CAPSULE_%u[%u_]*) %(?(%-?%d+)%)?", "static const int %1 = %2;"):gsub("#ifdef __cplusplus.-#endif", "")
  ffi.cdef((text:gsub("\n#[^\n]*", ""):gsub("CAPSULE_API ", "")))
end
declare("capsule/execution.h")

local C, failure = ffi.load(arg[2]), ffi.new("capsule_error", { struct_size = ffi.sizeof("capsule_error") })
local function check(status) if status ~= C.CAPSULE_OK then error(ffi.string(failure.message)) end end
local function make(kind, create, ...) -- the functions that make a handle have it last but the error
  local handle, arguments, count = ffi.new("capsule_" .. kind .. " *[1]"), { ... }, select("#", ...)
  arguments[count + 1], arguments[count + 2] = handle, failure
  check(create(unpack(arguments, 1, count + 2)))
  return ffi.gc(handle[0], C["capsule_" .. kind .. "_release"])
end
local function text(view) return view.data ~= nil and ffi.string(view.data, view.size) or "" end

local source = arg[3] or "print('Hello from', __import__('sys').implementation.name)\n6 * 7"
local session = make("session", C.capsule_session_open, make("runtime", C.capsule_runtime_create, nil), nil)
local execution = make("execution", C.capsule_execution_create, session, source, #source, nil)
local event = ffi.gc(ffi.new("capsule_event", { struct_size = ffi.sizeof("capsule_event") }), C.capsule_event_release)
while C.capsule_execution_next(execution, -1, event, failure) == C.CAPSULE_OK do
  if event.kind == C.CAPSULE_EVENT_OUTPUT then io.write(text(event.data)) end
  if event.kind == C.CAPSULE_EVENT_RESULT then print("result: " .. text(event.repr)) end
  if event.kind == C.CAPSULE_EVENT_ERROR then print(text(event.error_type) .. ": " .. text(event.message)) end
end
