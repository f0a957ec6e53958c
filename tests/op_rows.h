// Hand-computed costs of ops, one list a family; op_table_test.cc sees to it that every op has a row.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/base/dtype.h"
#include "analyzer/ops/op_table.h"

namespace gable {

/// Fields by name; those left out take their fallback.
using OpFields = std::vector<std::pair<std::string_view, std::int64_t>>;

/// A product of a few literals; it takes an int as well, so that rows read `2 * 3 * 5` rather than `2LL * 3 * 5`.
struct Whole {
  constexpr Whole(int v) : value(v) {}           // NOLINT(google-explicit-constructor)
  constexpr Whole(std::int64_t v) : value(v) {}  // NOLINT(google-explicit-constructor)

  std::int64_t value;
};

/// What one execution must cost, every number worked out by hand. What is left out is 0.
struct ByHand {
  Whole matrix_flop = 0;
  Whole vector_flop = 0;
  Whole read = 0;
  Whole written = 0;
  std::optional<Whole> unique = {};  ///< read + written if left out: nothing is touched twice
  Whole param_bytes = 0;
  Whole params = 0;
  Whole tensors = 0;
  Whole lookup_params = 0;
  Whole output = 0;
  Whole launches = 1;
};

struct CostRow {
  std::string_view op;
  OpFields fields;
  ByHand want;
  Dtypes dtypes = uniform(Dtype::kFp32);
  Mode mode = Mode::kEval;
};

std::vector<CostRow> matrix_rows();
std::vector<CostRow> conv_rows();
std::vector<CostRow> attention_rows();
std::vector<CostRow> norm_rows();
std::vector<CostRow> elementwise_rows();
std::vector<CostRow> indexed_rows();
std::vector<CostRow> window_rows();
std::vector<CostRow> custom_rows();

/// The cost of an op with its fields filled in as a model file would.
Cost cost_of(std::string_view op, const OpFields& fields, const Dtypes& dtypes = uniform(Dtype::kFp32),
             Mode mode = Mode::kEval);

/// Checks every count of every row.
void check_costs(const std::vector<CostRow>& rows);

}  // namespace gable
