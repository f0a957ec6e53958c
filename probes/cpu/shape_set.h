// Which kernels are timed on a CPU for the calibration of predictions.
#pragma once

#include <vector>

#include "analyzer/ops/shape.h"
#include "probes/cpu/facts.h"
#include "probes/probe.h"

namespace gable {

/// Products with weights, even in the logarithms of m, n and k over the sizes of deep learning; the longest side of
/// what takes longer than a twentieth of a second at `flop_per_s`, or more than an eighth of the free memory, is halved
/// until it does not.
std::vector<Shape> product_shapes(const CpuFacts& facts, Effort effort, double flop_per_s);

/// Batches of products of activations, as attention's.
std::vector<Shape> batched_shapes(const CpuFacts& facts, Effort effort, double flop_per_s);

/// Copies and sums from 4 KiB a tensor to what no cache holds.
std::vector<Shape> stream_shapes(const CpuFacts& facts, Effort effort);

/// Softmax and layer norm.
std::vector<Shape> rows_shapes(const CpuFacts& facts, Effort effort);

}  // namespace gable
