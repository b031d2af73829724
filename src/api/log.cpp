#include "capsule/log.h"

#include "api/call.hpp"

using capsule::Status;
using namespace capsule::api;

extern "C" capsule_status capsule_log_set_callback(int32_t level, capsule_log_callback callback, void *user_data,
                                                   capsule_error *error) {
  return call(error, [&] {
    if (Status status = check_range("level", level, CAPSULE_LOG_DEBUG, CAPSULE_LOG_OFF); !status.ok()) {
      return status;
    }
    return capsule::set_log_sink(level, callback, user_data);
  });
}
