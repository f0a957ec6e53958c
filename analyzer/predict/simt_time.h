// Matrix products on plain lanes (FP32 without TF32), where the kernel a library picks matters more than memory.
#pragma once

#include "analyzer/predict/time_model.h"

namespace gable {

std::span<const ConstantRow> simt_constants();
KernelTime simt_time(const Shape& shape, const ChipFacts& device, std::span<const double> values);
Features product_features(const Shape& shape, const KernelTime& time);

}  // namespace gable
