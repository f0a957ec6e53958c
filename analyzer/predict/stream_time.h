// Kernels that only move data: element by element, and by rows.
#pragma once

#include "analyzer/predict/time_model.h"

namespace gable {

std::span<const ConstantRow> stream_constants();
KernelTime stream_time(const Shape& shape, const ChipFacts& device, std::span<const double> values);
Features stream_features(const Shape& shape, const KernelTime& time);

}  // namespace gable
