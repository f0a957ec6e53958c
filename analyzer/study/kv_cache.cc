#include "analyzer/study/kv_cache.h"

#include <algorithm>

namespace gable {
namespace {

struct CacheRow {
  std::string_view kind;
  std::array<std::string_view, 4> factors;  ///< fields whose product is the cache of one execution; "" where fewer
  std::int64_t tensors;                     ///< keys, values or both
};

constexpr std::array<CacheRow, 2> kRows = {{
    {"matmul", {"kv", "batch", "k", "n"}, 1},
    {"attention", {"batch", "kv_heads", "kv_len", "head_dim"}, 2},
}};

}  // namespace

Count kv_cache_bytes(const Model& model, const CostedModel& costed) {
  Count bytes;
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    const OpKind& kind = *model.ops[i].kind;
    const auto* row = std::find_if(kRows.begin(), kRows.end(), [&](const CacheRow& r) { return r.kind == kind.name; });
    if (row == kRows.end() || !costed.ops[i].selected) continue;
    Count elements = row->tensors;
    for (const std::string_view factor : row->factors)
      elements = elements * Count(costed.ops[i].args.values.at(find_field(kind, factor).value()));
    bytes += tensor_bytes(elements, costed.ops[i].dtypes.kv) * Count(costed.ops[i].executions);
  }
  return bytes;
}

}  // namespace gable
