// A profile of a session, written to a file when it is done.
#pragma once

#include <fstream>
#include <memory>
#include <string>

#include "capsule/profile.h"

namespace capsule::cli {

class ProfileFile {
 public:
  // Opens the file at once, so that a name that cannot be used is told before anything has run. Throws UsageError, and Error.
  ProfileFile(capsule_session *session, const std::string &path);

  // Writes it; a sentence on what it holds. Throws Error, and what std::exception says.
  std::string finish();

 private:
  struct Release {
    void operator()(capsule_profile *profile) const { capsule_profile_release(profile); }
  };

  const std::string path_;
  std::ofstream file_;
  std::unique_ptr<capsule_profile, Release> profile_;
};

}  // namespace capsule::cli
