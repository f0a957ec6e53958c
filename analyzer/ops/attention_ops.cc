// attention as one op, softmax(Q K^T / sqrt(d)) V, and the rotation of its operands.
#include "analyzer/base/error.h"
#include "analyzer/ops/op_table.h"

namespace gable {
namespace {

constexpr std::array kAttentionFields = {
    Field{"batch", "sequences"},
    Field{"heads", "query heads"},
    Field{"head_dim", "features a head"},
    Field{"q_len", "query positions"},
    Field{"kv_len", "key positions", "q_len"},
    Field{"kv_heads", "key/value heads (grouped queries), divides heads", "heads"},
    Field{"causal", "a position sees no later one", "0", 0, true},
};

Cost attention(const OpArgs& args) {
  const auto [batch, heads, head_dim, q_len, kv_len, kv_heads, causal] = args.take<7>();
  if (heads.value() % kv_heads.value() != 0) throw InputError("heads is not a multiple of kv_heads");
  if (causal != Count(0) && kv_len < q_len) throw InputError("causal attention needs kv_len >= q_len");
  const Count scores = batch * heads * q_len * kv_len;
  Cost cost;
  cost.matrix_flop = 4 * scores * head_dim;
  cost.vector_flop = (6 + causal) * scores;
  cost.output = batch * heads * q_len * head_dim;
  const Count kv = batch * kv_heads * kv_len * head_dim;
  cost.read = tensor_bytes(cost.output, args.dtypes.act) + 2 * tensor_bytes(kv, args.dtypes.kv);
  return moved_once(args, cost);
}

constexpr std::array kRopeFields = {
    Field{"n", "elements rotated"},
    Field{"table", "elements of the cosine and sine tables together that are read", "0", 0},
};

Cost rope(const OpArgs& args) {
  const auto [n, table] = args.take<2>();
  Cost cost;
  cost.vector_flop = 3 * n;
  cost.read = tensor_bytes(n, args.dtypes.act) + tensor_bytes(table, args.dtypes.act);
  cost.output = n;
  return moved_once(args, cost);
}

constexpr std::array<OpKind, 2> kRows = {{
    {"attention", "softmax(Q K^T / sqrt(head_dim)) V, one fused kernel, the score matrix never in memory",
     kAttentionFields, Operands::kKvCache, KernelClass::kAttention, attention, "4*batch*heads*q_len*kv_len*head_dim",
     "6*batch*heads*q_len*kv_len, 7 if causal: scale 1, softmax 5, mask 1",
     "batch*heads*q_len*head_dim act + 2*batch*kv_heads*kv_len*head_dim kv", "batch*heads*q_len*head_dim act", "0",
     "Convention: the full q_len x kv_len rectangle is counted, causal or not, as in MFU (PaLM, Chowdhery et al. 2022, "
     "appendix B) and in PyTorch's flop counter; a kernel that skips the masked half executes fewer. Both products of "
     "q_len*kv_len*head_dim multiply-adds are counted. Keys and values are read once for the group of heads that "
     "shares them",
     "Dao et al. 2022, FlashAttention, arXiv:2205.14135, section 3", "heads", true, false, Autocast::kNarrow},
    {"rope", "rotary position embedding: x cos + rotate(x) sin", kRopeFields, Operands::kActivations,
     KernelClass::kStream, rope, "0", "3*n: two products and one sum an element", "n + table act", "n act", "0", "",
     "Su et al. 2021, RoFormer, arXiv:2104.09864, equation 34", "n"},
}};

}  // namespace

std::span<const OpKind> attention_ops() { return kRows; }

}  // namespace gable
