// Easy to break here: a size that takes seconds on a slow machine, one that no memory holds, a dim of 0.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "probes/cpu/shape_set.h"

namespace gable {
namespace {

CpuFacts facts() {
  CpuFacts facts;
  facts.threads = 2;
  facts.free_bytes = std::int64_t{2} << 30;
  return facts;
}

void check_dims(const std::vector<Shape>& shapes) {
  for (const Shape& shape : shapes) {
    CAPTURE(describe(shape));
    const auto& dims = row(shape.kind).dims;
    for (std::size_t i = 0; i < dims.size(); ++i) CHECK(shape.dims.at(i) >= dims[i].least);
    CHECK(work_of(shape).bytes <= static_cast<double>(facts().free_bytes) / 8);
  }
}

}  // namespace

TEST_CASE("products with weights: so many, none longer than a twentieth of a second at the peak") {
  CHECK(product_shapes(facts(), Effort::kQuick, 100e9).size() == 24);
  const std::vector<Shape> shapes = product_shapes(facts(), Effort::kDefault, 100e9);
  CHECK(shapes.size() == 96);
  check_dims(shapes);
  for (const Shape& shape : shapes) CHECK(work_of(shape).flop <= 5e9);
  // Every two octaves of m have their share of the 96, most of them powers of two.
  std::array<int, 5> octaves{};
  int powers = 0;
  for (const Shape& shape : shapes) {
    ++octaves.at(static_cast<std::size_t>(std::log2(static_cast<double>(shape.dims[1])) / 2));
    if ((shape.dims[1] & (shape.dims[1] - 1)) == 0) ++powers;
  }
  for (const int count : octaves) CHECK(count >= 14);
  CHECK(powers >= 64);
  // Vocabularies are no multiple of 16, and there are products of a few rows and of hundreds.
  CHECK(std::any_of(shapes.begin(), shapes.end(), [](const Shape& s) { return s.dims[2] % 16 != 0; }));
  CHECK(std::any_of(shapes.begin(), shapes.end(), [](const Shape& s) { return s.dims[1] <= 2; }));
  CHECK(std::any_of(shapes.begin(), shapes.end(), [](const Shape& s) { return s.dims[1] >= 512; }));
}

TEST_CASE("batches, streams and rows fit the machine") {
  const std::vector<Shape> batches = batched_shapes(facts(), Effort::kDefault, 100e9);
  check_dims(batches);
  for (const Shape& shape : batches) {
    CHECK(shape.kind == ShapeKind::kBmm);
    CHECK(work_of(shape).flop <= 1e9);
  }
  check_dims(stream_shapes(facts(), Effort::kFull));
  check_dims(rows_shapes(facts(), Effort::kFull));
}

}  // namespace gable
