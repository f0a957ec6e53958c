// Kernels that move bytes in other ways than one after the other: sums of many elements, rows taken by index.
#pragma once

#include "analyzer/predict/time_model.h"

namespace gable {

std::span<const ConstantRow> reduce_constants();
/// A stream of what is summed, then the steps in which threads, warps and blocks join their parts.
KernelTime reduce_time(const Shape& shape, const ChipFacts& device, std::span<const double> constants);

std::span<const ConstantRow> gather_constants();
/// Rows of a table by index: whole sectors are read; rows that are taken again come from L2.
KernelTime gather_time(const Shape& shape, const ChipFacts& device, std::span<const double> constants);

}  // namespace gable
