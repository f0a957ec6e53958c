#include "probes/cuda/shape_set.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "probes/cuda/lt_types.h"
#include "probes/cuda/peaks.h"
#include "probes/cuda/probes.h"
#include "probes/even_point.h"

namespace gable::cuda {
namespace {

constexpr double kMostPeakS = 0.1;
constexpr double kMostShapeS = 0.02;

/// The least that a product takes; 0 where the peak is not known.
double least_s(const CudaFacts& facts, const LtGemmSpec& spec) {
  const double peak = matrix_peak(facts, spec.dtype).value;
  const double flop = 2.0 * static_cast<double>(spec.m) * static_cast<double>(spec.n) * static_cast<double>(spec.k) *
                      static_cast<double>(spec.batch);
  return peak > 0 ? flop / peak : 0;
}

bool fits(const CudaFacts& facts, const LtGemmSpec& spec, double most_s) {
  return gemm_memory_bytes(spec) <= facts.free_bytes / 2 && least_s(facts, spec) <= most_s;
}

LtGemmSpec product(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k) {
  LtGemmSpec spec;
  spec.dtype = dtype;
  spec.m = m;
  spec.n = n;
  spec.k = k;
  spec.b_transposed = true;
  return spec;
}

int how_many(Effort effort) { return effort == Effort::kQuick ? 16 : effort == Effort::kDefault ? 64 : 256; }

}  // namespace

std::vector<LtGemmSpec> peak_shapes(const CudaFacts& facts, Dtype dtype) {
  // 128 rows a tile, one a SM: every wave is full whatever the tile's width.
  const std::int64_t waves = std::int64_t{128} * std::max(facts.sms, 1);
  std::vector<LtGemmSpec> shapes = {product(dtype, 8192, 8192, 8192), product(dtype, 4096, 4096, 4096),
                                    product(dtype, 16384, 8192, 8192), product(dtype, waves, 8192, 8192),
                                    product(dtype, waves, 4096, 4096)};
  std::erase_if(shapes, [&](const LtGemmSpec& spec) { return !fits(facts, spec, kMostPeakS); });
  for (std::int64_t side = 2048; shapes.empty(); side /= 2) {
    const LtGemmSpec cube = product(dtype, side, side, side);
    if (side <= 64 || fits(facts, cube, kMostPeakS)) shapes.push_back(cube);
  }
  return shapes;
}

std::vector<LtGemmSpec> calibration_shapes(const CudaFacts& facts, Effort effort, std::uint64_t seed) {
  constexpr std::array<Dtype, 4> kDtypes = {Dtype::kBf16, Dtype::kFp32, Dtype::kFp16, Dtype::kTf32};
  std::vector<LtGemmSpec> shapes;
  for (int i = 0; i < how_many(effort); ++i) {
    // Each dtype both ways at the same points: of every other point of a sequence to the base 2 all lie in one half.
    constexpr int kWays = 2 * static_cast<int>(kDtypes.size());
    const auto at = [&](int axis) { return even_point(axis, i / kWays, seed); };
    const bool batched = i % kWays >= static_cast<int>(kDtypes.size());
    LtGemmSpec spec = batched ? product(Dtype::kFp32, size_between(4, 11, at(0), 1), size_between(5, 11, at(1), 8),
                                        size_between(5, 8, at(2), 8))
                              : product(Dtype::kFp32, size_between(0, 14, at(0), 1), size_between(6, 14, at(1), 8),
                                        size_between(6, 14, at(2), 8));
    spec.dtype = kDtypes.at(static_cast<std::size_t>(i) % kDtypes.size());
    const LtTypes* types = lt_types(spec.dtype);
    if (facts.capability < types->min_capability) spec.dtype = Dtype::kFp32;
    spec.batch = batched ? size_between(1, 8, at(3), 1) : 1;
    while (!fits(facts, spec, kMostShapeS) && std::max({spec.m, spec.n, spec.k, spec.batch}) > 8) {
      std::int64_t* longest = &spec.m;
      for (std::int64_t* side : {&spec.n, &spec.k, &spec.batch}) {
        if (*side > *longest) longest = side;
      }
      *longest = std::max<std::int64_t>(*longest / 2 / 8 * 8, 1);
    }
    shapes.push_back(spec);
  }
  return shapes;
}

std::vector<std::int64_t> stream_sizes(const CudaFacts& facts, Effort effort) {
  // Bytes an array, in powers of 2; three arrays in a quarter of the memory at most.
  const int step = effort == Effort::kQuick ? 4 : effort == Effort::kDefault ? 2 : 1;
  std::vector<std::int64_t> sizes;
  for (int power = 12; power <= 30; power += step) {
    const std::int64_t bytes = std::int64_t{1} << power;
    if (3 * bytes <= facts.free_bytes / 4) sizes.push_back(bytes / 4);
  }
  return sizes;
}

std::vector<RowsSize> rows_sizes(const CudaFacts& facts, Effort effort) {
  const int step = effort == Effort::kQuick ? 6 : effort == Effort::kDefault ? 3 : 2;
  std::vector<RowsSize> sizes;
  for (int width = 6; width <= 16; width += step) {
    for (int rows = 3; rows <= 15; rows += step) {
      const RowsSize size = {std::int64_t{1} << rows, std::int64_t{1} << width};
      if (8 * size.rows * size.width <= facts.free_bytes / 4) sizes.push_back(size);
    }
  }
  return sizes;
}

}  // namespace gable::cuda
