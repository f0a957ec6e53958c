// The engine that runs on this machine's processor: oneDNN where it has the kernel, Eigen for the rest. fp32.
#pragma once

#include <memory>

#include "probes/engine.h"

namespace gable {

/// `threads` for every kernel. @throws CapabilityError where no module with kernels can be loaded
std::unique_ptr<Engine> make_cpu_engine(int threads);

}  // namespace gable
