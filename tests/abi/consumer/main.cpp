// A program that knows only what is installed.
#include <capsule/capsule.hpp>
#include <cstdio>
#include <string_view>

int main() {
  capsule::Runtime runtime;
  capsule::SessionOptions options;
  options.executor = CAPSULE_EXECUTOR_ECHO;
  options.enable_metrics = true;
  capsule::Session session = runtime.open(options);
  const bool well = session.run("value 1").repr == "1" && session.executor_metrics().drains == 1 &&
                    session.limiter_metrics().acquires == 0 && session.async_metrics().executions == 0;
  const capsule::Buffer buffer(1 << 16);
  capsule::Inputs inputs;
  inputs.set("text", CAPSULE_VALUE_TEXT, "bound").set("buffer", buffer);
  capsule::ExecutionOptions asking;
  asking.inputs = inputs;
  asking.result_kind = CAPSULE_VALUE_TEXT;
  bool valued = false;
  for (const capsule::Event &event : session.execute("value asked", asking)) {
    valued = event.value() != nullptr &&
             std::string_view(static_cast<const char *>(event.value()->data), event.value()->size_bytes) == "asked";
  }
  session.update(inputs);
  valued = valued && session.get("text").data() == "bound" && session.checkpoints().empty() &&
           session.trace({}, 1).front().kind == CAPSULE_TRACE_SESSION_CREATED;
  const bool asked = runtime.open_promises().create("promise").pending() && runtime.open_bridge().metrics().calls == 0;
  std::printf("%s\n", capsule_version());
  return well && valued && asked ? 0 : 1;
}
