#include "probes/cpu/shape_set.h"

#include <algorithm>

#include "probes/even_point.h"
#include "probes/random.h"

namespace gable {
namespace {

constexpr std::uint64_t kSeed = 1;  // choices by i itself would go with the halves of axis 0, whose base is 2
constexpr double kMostProductS = 0.05;
constexpr double kMostBatchS = 0.01;

int by_effort(Effort effort, int quick, int usual, int full) {
  return effort == Effort::kQuick ? quick : effort == Effort::kFull ? full : usual;
}

/// The power of two at or below n.
std::int64_t power_of_two(std::int64_t n) {
  std::int64_t power = 1;
  while (2 * power <= n) power *= 2;
  return power;
}

/// Halves the longest of m, n, k, batch until it fits.
void cut(Shape& shape, const CpuFacts& facts, double most_flop) {
  const auto too_much = [&] {
    const ShapeWork work = work_of(shape);
    return work.flop > most_flop || work.bytes > static_cast<double>(facts.free_bytes) / 8;
  };
  while (too_much()) {
    auto& longest = *std::max_element(shape.dims.begin(), shape.dims.begin() + 4);
    if (longest <= 16) return;
    longest = longest > 128 ? longest / 2 / 64 * 64 : longest / 2;
  }
}

}  // namespace

std::vector<Shape> product_shapes(const CpuFacts& facts, Effort effort, double flop_per_s) {
  // Libraries have kernels of their own for what models have most: rows (batches of contexts) that are powers of two,
  // widths that are multiples of 64. One in so many is no multiple of anything, as vocabularies are.
  constexpr int kOdd = 4;
  std::vector<Shape> shapes;
  for (int i = 0; i < by_effort(effort, 24, 96, 240); ++i) {
    const bool odd = random_index(kSeed, static_cast<std::uint64_t>(i), kOdd) == 0;
    const std::int64_t m = size_between(0, 10, even_point(0, i, kSeed), 1);
    Shape shape = product_shape(Dtype::kFp32, 1, odd ? m : power_of_two(m),
                                size_between(7, 16, even_point(1, i, kSeed), odd ? 1 : 64),
                                size_between(7, 13, even_point(2, i, kSeed), 64));
    cut(shape, facts, flop_per_s * kMostProductS);
    shapes.push_back(shape);
  }
  return shapes;
}

std::vector<Shape> batched_shapes(const CpuFacts& facts, Effort effort, double flop_per_s) {
  std::vector<Shape> shapes;
  for (int i = 0; i < by_effort(effort, 8, 24, 96); ++i) {
    const std::int64_t length = size_between(4, 11, even_point(1, i, kSeed), 8);
    const std::int64_t width = size_between(5, 8, even_point(2, i, kSeed), 8);
    const bool scores =
        random_index(kSeed, static_cast<std::uint64_t>(i), 2) == 0;  // queries x keys, or their shares x values
    Shape shape = product_shape(Dtype::kFp32, size_between(1, 7, even_point(3, i, kSeed), 1),
                                size_between(0, 10, even_point(0, i, kSeed), 1), scores ? length : width,
                                scores ? width : length);
    cut(shape, facts, flop_per_s * kMostBatchS);
    shape.kind = ShapeKind::kBmm;
    shapes.push_back(shape);
  }
  return shapes;
}

std::vector<Shape> stream_shapes(const CpuFacts& facts, Effort effort) {
  std::vector<Shape> shapes;
  const int step = by_effort(effort, 3, 2, 1);
  for (int power = 12; power <= 28; power += step) {
    const std::int64_t bytes = std::int64_t{1} << static_cast<unsigned>(power);
    if (3 * bytes > facts.free_bytes / 8) break;
    for (const std::int64_t inputs : {1, 2})
      shapes.push_back({ShapeKind::kStream, Dtype::kFp32, {inputs, 1, bytes / 4}});
  }
  return shapes;
}

std::vector<Shape> rows_shapes(const CpuFacts& facts, Effort effort) {
  std::vector<Shape> shapes;
  const int step = by_effort(effort, 4, 2, 1);
  for (int width = 4; width <= 14; width += step) {
    for (int rows = 2; rows <= 14; rows += step) {
      const std::int64_t elements = std::int64_t{1} << static_cast<unsigned>(rows + width);
      if (rows + width > 24 || 8 * elements > facts.free_bytes / 8) break;
      for (const ShapeKind kind : {ShapeKind::kSoftmax, ShapeKind::kLayerNorm})
        shapes.push_back(
            {kind, Dtype::kFp32, {elements >> static_cast<unsigned>(width), elements >> static_cast<unsigned>(rows)}});
    }
  }
  return shapes;
}

}  // namespace gable
