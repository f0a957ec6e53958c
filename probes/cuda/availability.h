// Is there a GPU that this program can use?
#pragma once

#include <string>

#include "probes/cuda/api.h"

namespace gable {

/// Why no device can be used, in one line, from what the driver answered; "" if one can. Versions are CUDA's
/// 1000 * major + 10 * minor; `driver` 0 means that there is none.
std::string why_unusable(cudaError_t status, int devices, int driver, int runtime);
/// The same, asked of this machine. Also of a driver that works: the error state is left clean.
std::string why_no_cuda(const RuntimeApi& runtime);

}  // namespace gable
