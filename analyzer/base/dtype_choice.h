// A choice of dtypes, as `--dtype` and the `dtype:` keys of models state it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "analyzer/base/dtype.h"

namespace gable {

/// What is not chosen stays as it was; an accumulator that is not chosen follows the operands.
struct DtypeChoice {
  std::optional<Dtype> weights;
  std::optional<Dtype> act;
  std::optional<Dtype> accum;
  std::optional<Dtype> kv;

  [[nodiscard]] Dtypes applied_to(Dtypes base) const;

  friend bool operator==(const DtypeChoice&, const DtypeChoice&) = default;
};

/// The dtype called `name`. @throws std::invalid_argument with did-you-mean
Dtype parse_dtype(std::string_view name);

/// Sets one of weights, act, accum, kv. @throws std::invalid_argument
void choose(DtypeChoice& choice, std::string_view tensor, std::string_view dtype);

/// "bf16" (all tensors) or "weights=int8,act=bf16". @throws std::invalid_argument
DtypeChoice parse_dtype_choice(std::string_view text);

/// "fp32", or "weights int8, act bf16, kv bf16, accumulate fp32" where they differ.
std::string describe(const Dtypes& dtypes);

}  // namespace gable
