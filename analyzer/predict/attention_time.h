// Fused attention: prefill, bound by products and exponentials, and decode, bound by the key/value cache.
#pragma once

#include "analyzer/predict/time_model.h"

namespace gable {

std::span<const ConstantRow> prefill_constants();
KernelTime prefill_time(const Shape& shape, const ChipFacts& device, std::span<const double> values);

std::span<const ConstantRow> decode_constants();
KernelTime decode_time(const Shape& shape, const ChipFacts& device, std::span<const double> values);

Features attention_features(const Shape& shape, const KernelTime& time);

}  // namespace gable
