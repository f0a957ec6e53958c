// What the driver of CUDA says, where it is in the process already.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gable::inject {

/// 13000 is CUDA 13.0; 0 without a driver. Before its initialisation, too.
std::uint64_t driver_version();

/// Of each visible device the object of "deviceProperties". Not from a callback of CUPTI.
std::vector<std::string> driver_devices();

}  // namespace gable::inject
