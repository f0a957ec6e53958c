// Matrix products by tiles, waves and split-K.
#pragma once

#include "analyzer/predict/time_model.h"

namespace gable {

std::span<const ConstantRow> gemm_constants();
KernelTime gemm_time(const Shape& shape, const ChipFacts& device, std::span<const double> values);

}  // namespace gable
