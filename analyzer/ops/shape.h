// What a kernel is to the time models: its kind, its dims, the width of its elements.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "analyzer/base/dtype.h"
#include "analyzer/ops/op_table.h"

namespace gable {

inline constexpr std::size_t kMaxDims = 6;

enum class ShapeKind : std::uint8_t { kGemm, kBmm, kStream, kReduce, kGather, kLayerNorm, kSoftmax, kPrefill, kDecode };
inline constexpr std::size_t kShapeKindCount = 9;

/// A dim of a kind: a column of row files, an entry of the `shape:` of profiles.
struct DimRow {
  std::string_view name;
  std::string_view doc;
  std::int64_t least = 1;
  std::int64_t fallback = -1;  ///< -1: every row states it
};

struct ShapeKindRow {
  ShapeKind id;
  std::string_view name;
  std::string_view doc;
  std::span<const DimRow> dims;
};

/// THE table of kinds: row files, profiles and `show rows-schema` read it.
const std::array<ShapeKindRow, kShapeKindCount>& shape_kind_table();
const ShapeKindRow& row(ShapeKind kind);
std::optional<ShapeKind> find_shape_kind(std::string_view name);

struct Shape {
  ShapeKind kind = ShapeKind::kGemm;
  Dtype dtype = Dtype::kFp32;
  std::array<std::int64_t, kMaxDims> dims{};  ///< in the order of the kind's row

  [[nodiscard]] double dim(std::size_t i) const { return static_cast<double>(dims.at(i)); }
  friend bool operator==(const Shape&, const Shape&) = default;
  friend auto operator<=>(const Shape&, const Shape&) = default;
};

/// What the kernel has to do at the least: FLOP of its products, bytes of its tensors, each once.
struct ShapeWork {
  double flop = 0;
  double bytes = 0;
};
ShapeWork work_of(const Shape& shape);

/// Distinct elements of the first operand of a product.
double first_operand(const Shape& shape);

/// "gemm bf16 128 x 4096 x 4096"
std::string describe(const Shape& shape);

/// `batch` products of m x k by k x n, or one.
Shape product_shape(Dtype dtype, std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k);

/// A kernel that moves so many bytes.
Shape stream_shape(std::int64_t bytes);

/// The kernel that is all of an op, where a kind of shapes fits it.
std::optional<Shape> shape_of(const OpKind& kind, const OpArgs& args);

}  // namespace gable
