// Kernels of a CPU that go over tensors once or a few times: element by element, and by rows.
#pragma once

#include "analyzer/predict/time_model.h"

namespace gable {

std::span<const ConstantRow> cpu_stream_constants();
KernelTime cpu_stream_time(const Shape& shape, const ChipFacts& device, std::span<const double> values);

/// Layer norm and softmax: a core takes a row at a time.
std::span<const ConstantRow> cpu_rows_constants();
KernelTime cpu_rows_time(const Shape& shape, const ChipFacts& device, std::span<const double> values);

}  // namespace gable
