#include <capsule/capsule.hpp>
#include <iostream>

int main() try {
  capsule::Runtime runtime;
  capsule::Session session = runtime.open();
  // To the end, collected.
  const capsule::RunResult result = session.run("print('hello')\n6 * 7");
  std::cout << result.stdout_text << result.repr.value_or("nothing") << '\n';
  // Event by event, as they come.
  capsule::Execution execution = session.execute("name = input('name? ')\nprint('hello', name)");
  for (const capsule::Event &event : execution) {
    if (event.kind() == CAPSULE_EVENT_OUTPUT) std::cout << event.data();
    if (event.kind() == CAPSULE_EVENT_INPUT) execution.answer(event->input_id, "Ada");
    if (event.kind() == CAPSULE_EVENT_ERROR) std::cerr << event.error_type() << ": " << event.message() << '\n';
  }
} catch (const std::exception &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
