// Matrix products on the cores of a CPU.
#pragma once

#include "analyzer/predict/time_model.h"

namespace gable {

std::span<const ConstantRow> cpu_gemm_constants();
KernelTime cpu_gemm_time(const Shape& shape, const ChipFacts& device, std::span<const double> values);

}  // namespace gable
