// Kernels that go over rows: layer norm and softmax.
#pragma once

#include "analyzer/predict/time_model.h"

namespace gable {

std::span<const ConstantRow> layernorm_constants();
KernelTime layernorm_time(const Shape& shape, const ChipFacts& device, std::span<const double> values);

std::span<const ConstantRow> softmax_constants();
KernelTime softmax_time(const Shape& shape, const ChipFacts& device, std::span<const double> values);

Features rows_features(const Shape& shape, const KernelTime& time);

}  // namespace gable
