// A machine profile as a file: a hardware spec whose numbers are those that probes measured.
#pragma once

#include <string>

#include "analyzer/spec/profile.h"
#include "probes/device.h"

namespace gable {

/// A plain name from a product's: "NVIDIA H100 80GB HBM3" -> "nvidia-h100-80gb-hbm3".
std::string profile_name(const DeviceFacts& facts);

/// The text of the file, which load_hardware() reads. Roofs are the best that was measured of streams and multiply-add
/// chains, the sustained rate of matrix products, the median of launches; refused figures count for none.
/// @throws CapabilityError where a figure that every profile needs is missing or was refused; it names it
std::string write_profile(const DeviceFacts& facts, const Profile& profile);

}  // namespace gable
