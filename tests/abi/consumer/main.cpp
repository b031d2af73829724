// A program that knows only what is installed.
#include <capsule/capsule.hpp>
#include <cstdio>

int main() {
  capsule::Runtime runtime;
  capsule::SessionOptions options;
  options.executor = CAPSULE_EXECUTOR_ECHO;
  options.enable_metrics = true;
  capsule::Session session = runtime.open(options);
  const bool well = session.run("value 1").repr == "1" && session.executor_metrics().drains == 1 &&
                    session.limiter_metrics().acquires == 0 && session.async_metrics().executions == 0;
  std::printf("%s\n", capsule_version());
  return well ? 0 : 1;
}
