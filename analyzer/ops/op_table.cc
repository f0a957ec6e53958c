#include "analyzer/ops/op_table.h"

#include <algorithm>
#include <vector>

namespace gable {

Cost operator+(const Cost& a, const Cost& b) {
  return {a.matrix_flop + b.matrix_flop,
          a.vector_flop + b.vector_flop,
          a.read + b.read,
          a.written + b.written,
          a.unique + b.unique,
          a.param_bytes + b.param_bytes,
          a.params + b.params,
          a.lookup_params + b.lookup_params,
          a.output + b.output,
          a.launches + b.launches,
          a.memcpys + b.memcpys,
          a.tensors + b.tensors,
          a.recomputed + b.recomputed,
          a.masked + b.masked};
}

Cost operator*(const Cost& a, Count n) {
  return {a.matrix_flop * n, a.vector_flop * n, a.read * n,          a.written * n, a.unique * n,
          a.param_bytes * n, a.params * n,      a.lookup_params * n, a.output * n,  a.launches * n,
          a.memcpys * n,     a.tensors * n,     a.recomputed * n,    a.masked * n};
}

std::string_view kernel_class_name(KernelClass kernel) {
  constexpr std::array<std::string_view, 8> kNames = {"gemm",   "conv",   "attention", "stream",
                                                      "reduce", "gather", "copy",      "memcpy"};
  return kNames.at(static_cast<std::size_t>(kernel));
}

Count shared_weights(const OpKind& kind, OpArgs args) {
  if (const auto bias = find_field(kind, "bias")) args.values.at(*bias) = 0;
  return forward_cost(kind, args).params;
}

Cost moved_once(const OpArgs& args, Cost cost) {
  cost.written += tensor_bytes(cost.output, args.dtypes.act);
  cost.unique = cost.touched();
  cost.launches = 1;
  return cost;
}

std::span<const OpKind* const> op_table() {
  static const std::vector<const OpKind*> kAll = [] {
    std::vector<const OpKind*> all;
    for (const auto family :
         {matrix_ops(), attention_ops(), norm_ops(), elementwise_ops(), indexed_ops(), window_ops(), custom_ops()}) {
      for (const OpKind& kind : family) all.push_back(&kind);
    }
    return all;
  }();
  return kAll;
}

const OpKind* find_op(std::string_view name) {
  const auto table = op_table();
  const auto it = std::find_if(table.begin(), table.end(), [&](const OpKind* kind) { return kind->name == name; });
  return it == table.end() ? nullptr : *it;
}

std::optional<std::size_t> find_field(const OpKind& kind, std::string_view name) {
  const auto it = std::find_if(kind.fields.begin(), kind.fields.end(), [&](const Field& f) { return f.name == name; });
  if (it == kind.fields.end()) return std::nullopt;
  return static_cast<std::size_t>(it - kind.fields.begin());
}

Dtype compute_dtype(const OpKind& kind, const Dtypes& dtypes) {
  switch (kind.operands) {
    case Operands::kWeights:
      return wider(dtypes.act, dtypes.weights);
    case Operands::kKvCache:
      return wider(dtypes.act, dtypes.kv);
    case Operands::kActivations:
      break;
  }
  return dtypes.act;
}

}  // namespace gable
