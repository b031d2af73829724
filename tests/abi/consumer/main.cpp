#include <capsule/capsule.hpp>
#include <cstdio>

int main() {
  capsule::Runtime runtime;
  std::printf("%s\n", capsule_version());
}
