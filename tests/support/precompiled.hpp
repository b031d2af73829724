// What nearly every test includes, read once for all of them. A test includes what it uses all the same.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "files.hpp"
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"
