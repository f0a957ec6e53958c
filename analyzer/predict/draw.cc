#include "analyzer/predict/draw.h"

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <cmath>
#include <limits>
#include <random>

namespace gable {
namespace {

/// As the tensors of models are: rows of operands that vector loads of 16 bytes fit, rows to be normalised that fill
/// cache lines of 128 bytes.
bool is_aligned(const Shape& shape) {
  const int bits = row(shape.dtype).bits;
  switch (shape.kind) {
    case ShapeKind::kGemm:
    case ShapeKind::kBmm:
      return shape.dims[2] * bits % 128 == 0 && shape.dims[3] * bits % 128 == 0;
    case ShapeKind::kLayerNorm:
    case ShapeKind::kSoftmax:
      return shape.dims[1] * bits % 1024 == 0;
    default:
      return true;
  }
}

/// Size of a shape along a dim. Query heads are counted in groups: key heads bound them from below, and a cube of both
/// would be empty by half.
double size_along(const Shape& shape, std::size_t dim) {
  const bool attends = shape.kind == ShapeKind::kPrefill || shape.kind == ShapeKind::kDecode;
  constexpr std::size_t kHeads = 3;
  return attends && dim == kHeads ? shape.dim(kHeads) / shape.dim(kHeads + 1) : shape.dim(dim);
}

/// Rows in the unit cube.
struct Cube {
  std::size_t dims = 0;
  std::vector<double> at;  ///< rows x dims

  Cube(std::span<const Timing> rows, std::span<const std::size_t> candidates) {
    dims = row(rows.front().shape.kind).dims.size();
    for (const std::size_t candidate : candidates) {
      for (std::size_t d = 0; d < dims; ++d) at.push_back(std::log2(size_along(rows[candidate].shape, d) + 1));
    }
    for (std::size_t d = 0; d < dims; ++d) {
      double low = std::numeric_limits<double>::infinity();
      double high = -low;
      for (std::size_t i = d; i < at.size(); i += dims) {
        low = std::min(low, at[i]);
        high = std::max(high, at[i]);
      }
      for (std::size_t i = d; i < at.size(); i += dims) at[i] = high > low ? (at[i] - low) / (high - low) : 0.5;
    }
  }
};

}  // namespace

std::vector<std::size_t> draw_probes(std::span<const Timing> rows, std::size_t count, std::uint32_t seed) {
  std::vector<std::size_t> candidates;
  std::vector<std::size_t> drawn;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (is_aligned(rows[i].shape)) candidates.push_back(i);
  }
  if (candidates.size() <= count) {
    drawn.swap(candidates);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!is_aligned(rows[i].shape)) candidates.push_back(i);
    }
  }
  if (candidates.empty()) return drawn;
  const Cube cube(rows, candidates);
  boost::random::sobol_engine<std::uint32_t, 32> sobol(cube.dims);
  std::mt19937 random(seed);
  std::vector<std::uint32_t> shift(cube.dims);
  for (std::uint32_t& s : shift) s = static_cast<std::uint32_t>(random());
  std::vector<bool> taken(candidates.size());
  count = std::min(count, rows.size());
  std::vector<double> point(cube.dims);
  while (drawn.size() < count) {
    for (std::size_t d = 0; d < cube.dims; ++d) point[d] = std::ldexp(static_cast<double>(sobol() ^ shift[d]), -32);
    double nearest = std::numeric_limits<double>::infinity();
    std::size_t best = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (taken[i]) continue;
      double squared = 0;
      for (std::size_t d = 0; d < cube.dims; ++d) {
        const double apart = cube.at[i * cube.dims + d] - point[d];
        squared += apart * apart;
      }
      if (squared < nearest) {
        nearest = squared;
        best = i;
      }
    }
    taken[best] = true;
    drawn.push_back(candidates[best]);
  }
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

std::vector<std::size_t> draw_folds(std::size_t rows, std::size_t count, std::uint32_t seed) {
  std::vector<std::size_t> folds(rows);
  for (std::size_t i = 0; i < rows; ++i) folds[i] = i % count;
  std::mt19937 random(seed);
  // std::shuffle differs between libraries.
  for (std::size_t i = rows; i > 1; --i) std::swap(folds[i - 1], folds[random() % i]);
  return folds;
}

}  // namespace gable
