// What the probes' kernels should have computed, on the host.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "analyzer/base/dtype.h"
#include "probes/cuda/probe_kernels.h"

namespace gable::cuda {

/// Sum of the first n words of a pattern, modulo 2^32.
std::uint32_t pattern_sum(std::int64_t n, std::uint32_t seed);

/// Word i of what a streaming kernel writes: of kWrite and kCopy from a pattern, of kTriad from small floats x, y with
/// these seeds.
std::uint32_t stream_word(StreamFn fn, std::int64_t i, std::uint32_t seed_x, std::uint32_t seed_y);

/// Word i of FillKind::kSmall: a float.
std::uint32_t small_word(std::int64_t i, std::uint32_t seed);

/// Element i of an array in memory, of every dtype that a product reads or writes (fp4: the low half of a byte first).
double decoded(Dtype dtype, const void* data, std::int64_t i);
/// Nearest fp16 value, ties to even.
double rounded_to_fp16(double value);

/// What a thread of the FMA kernel ends with, in the arithmetic of fp64, fp32 or fp16.
double fma_result(Dtype dtype, std::int64_t thread, std::int64_t rounds);

/// Dot product of two arrays in fp64, with the sum of magnitudes that its error is measured by.
struct Dot {
  double value = 0;
  double magnitude = 0;
};
Dot dot(Dtype dtype, const void* a, const void* b, std::int64_t k);
/// How far an element of a product may be from `exact`: rounding of the result, and of k sums in the accumulator.
double gemm_tolerance(Dtype dtype, Dtype out, const Dot& exact);

}  // namespace gable::cuda
