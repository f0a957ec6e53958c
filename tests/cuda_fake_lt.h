// cuBLASLt of the device that is not there: column-major products as its documentation defines them, computed plainly.
#pragma once

#include "probes/cuda/api.h"

namespace gable::cuda::fake {

LtApi make_lt();

}  // namespace gable::cuda::fake
