// What probes measured, for the terminal.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/spec/profile.h"

namespace gable {

struct ProfileTableOptions {
  int width = 80;
  bool color = false;
};

/// A line a figure, then those that were refused, with the reason.
std::string render_profile(const Profile& profile, const ProfileTableOptions& options);

}  // namespace gable
