// Fused attention. Counted as kind attention is: the whole rectangle of scores, of which what causality masks is noted;
// where keys and values have unlike widths, 2*scores*(width of keys + width of values).
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

constexpr std::size_t kNowhere = ~std::size_t{0};

enum class Layout : std::uint8_t {
  kHeadsFirst,  ///< [batch, heads, positions, width]
  kHeadsThird,  ///< [batch, positions, heads, width]; without the batch sequences one behind the other, or where it
                ///< is 1 and their starts are given
};

/// Where an op has its arguments; keys and values follow the queries.
struct Places {
  std::size_t q = 0;
  Layout layout = Layout::kHeadsFirst;
  std::size_t causal = kNowhere;
  std::size_t bias = kNowhere;         ///< added to the scores
  std::size_t cu_seqlens = kNowhere;   ///< starts of the sequences of q; those of k follow
  std::size_t max_seqlens = kNowhere;  ///< the longest of q; that of k follows
  std::size_t used = kNowhere;         ///< how much of a cache of keys and values is in use, by sequence
  std::size_t pages = kNowhere;        ///< keys and values are looked up by page: their lengths are not in the shapes
};

struct Attention {
  TensorArg q;
  TensorArg k;
  TensorArg v;
  Count batch;
  Count heads;
  Count kv_heads;
  Count q_len;
  Count kv_len;
  Count width;        ///< of queries and keys
  Count value_width;  ///< of values and of the result
  bool causal = false;
  bool lengths_known = true;

  [[nodiscard]] Count scores() const { return batch * heads * q_len * kv_len; }
  [[nodiscard]] Count result() const { return batch * heads * q_len * value_width; }
};

/// Sequences one behind the other: their lengths are in the shapes only where all are the longest.
void take_packed(const Call& call, const Places& at, Attention& of) {
  const Count q_total = of.q.dims[0];
  const Count kv_total = of.k.dims[0];
  const auto starts = at.cu_seqlens == kNowhere ? std::nullopt : given_tensor(call, at.cu_seqlens);
  of.batch = starts ? starts->n - 1 : Count(1);
  if (of.batch < Count(1)) untold("no sequences");
  const auto longest = [&](std::size_t index) {
    return at.max_seqlens == kNowhere ? std::nullopt : int_at(call, index);
  };
  of.q_len = of.batch == Count(1) ? q_total : Count(longest(at.max_seqlens).value_or(0));
  of.kv_len = of.batch == Count(1) ? kv_total : Count(longest(at.max_seqlens + 1).value_or(0));
  of.lengths_known = of.batch * of.q_len == q_total && of.batch * of.kv_len == kv_total;
}

/// Without the batch, where it is one of packed sequences.
void drop_batch(TensorArg& tensor) {
  if (tensor.dims.front() != 1) untold("packed sequences of a batch");
  tensor.dims.erase(tensor.dims.begin());
}

/// Keys and values are those of a cache, of which the shapes tell the room.
bool is_cache(const Call& call, const Places& at) {
  const auto given = [&](std::size_t index) { return index != kNowhere && given_tensor(call, index).has_value(); };
  return given(at.used) || given(at.pages);
}

Attention attention_at(const Call& call, const Places& at) {
  Attention of;
  of.q = tensor_at(call, at.q);
  of.k = tensor_at(call, at.q + 1);
  of.v = tensor_at(call, at.q + 2);
  if (at.causal != kNowhere) {
    const auto value = number_at(call, at.causal);  // a flag, or the number of a kind of mask
    of.causal = flag_at(call, at.causal).value_or(value && *value != 0.0);
  }
  if (is_cache(call, at)) {
    of.lengths_known = false;
    return of;
  }
  const std::size_t rank = of.q.rank();
  if (of.k.rank() != rank || of.v.rank() != rank || rank < 3 || rank > 4) untold("queries of another rank");
  const bool starts = at.cu_seqlens != kNowhere && given_tensor(call, at.cu_seqlens).has_value();
  const bool packed = at.layout == Layout::kHeadsThird && (rank == 3 || starts);
  if (packed && rank == 4) {
    for (TensorArg* tensor : {&of.q, &of.k, &of.v}) drop_batch(*tensor);
  }
  const std::int64_t head = at.layout == Layout::kHeadsFirst ? -3 : -2;
  const std::int64_t position = at.layout == Layout::kHeadsFirst ? -2 : -3;
  of.heads = of.q.dim(head);
  of.kv_heads = of.k.dim(head);
  of.width = of.q.dim(-1);
  of.value_width = of.v.dim(-1);
  if (of.k.dim(-1) != of.q.dim(-1) || of.k.dim(position) != of.v.dim(position)) untold("keys that do not fit");
  if (packed) {
    take_packed(call, at, of);
    return of;
  }
  of.batch = rank == 4 ? of.q.dims[0] : 1;
  of.q_len = of.q.dim(position);
  of.kv_len = of.k.dim(position);
  return of;
}

std::string text_of(const Attention& of) {
  if (!of.lengths_known) return fmt::format("{} * {}", shape_text(of.q.dims), shape_text(of.k.dims));
  std::string text = fmt::format("B{} H{} {}x{} d{}", of.batch.value(), of.heads.value(), of.q_len.value(),
                                 of.kv_len.value(), of.width.value());
  if (of.value_width != of.width) text += fmt::format("/{}", of.value_width.value());
  if (of.kv_heads != of.heads) text += fmt::format(" kv{}", of.kv_heads.value());
  return of.causal ? text + " causal" : text;
}

Dtypes dtypes_of(const Attention& of) {
  Dtypes dtypes = uniform(product_dtype(of.q));
  dtypes.kv = product_dtype(of.k);
  return dtypes;
}

/// The kind has one width, and needs keys for all that causality lets a query see.
bool fits_kind(const Attention& of) {
  return of.width == of.value_width && of.kv_heads > Count(0) && of.heads.value() % of.kv_heads.value() == 0 &&
         of.k.dims.back() == of.v.dims.back() && (!of.causal || of.kv_len >= of.q_len);
}

CallCost of_attention(const Attention& of) {
  return of_kind("attention", {of.batch, of.heads, of.width, of.q_len, of.kv_len, of.kv_heads, of.causal ? 1 : 0},
                 dtypes_of(of));
}

/// Of `products` multiply-adds a score those that causality masks: the upper half of the last square. It is half of all
/// where there are as many keys as queries, and next to nothing where one query sees a cache.
Count masked_of(const Attention& of, Count products) {
  if (!of.causal) return 0;
  const Count side = std::min(of.q_len, of.kv_len);
  return of.batch * of.heads * side * side * products;
}

/// Lengths are not in the shapes: bytes of what is.
CallCost unknown_lengths(const Attention& of, bool cache, Count passes) {
  const Dtypes dtypes = dtypes_of(of);
  const Count kv = cache ? Count(0) : of.k.bytes() + of.v.bytes();
  CallCost cost = bytes_only(KernelClass::kAttention, dtypes.act, passes * (of.q.bytes() + kv), passes * of.q.bytes());
  cost.dtypes = dtypes;
  cost.kind = nullptr;
  cost.shape = text_of(of);
  return cost;
}

CallCost forward(const Call& call, const Places& at) {
  const Attention of = attention_at(call, at);
  if (!of.lengths_known) return unknown_lengths(of, is_cache(call, at), 1);
  const Dtypes dtypes = dtypes_of(of);
  CallCost cost;
  if (fits_kind(of)) {
    cost = of_attention(of);
  } else {
    cost = own_cost(KernelClass::kAttention, wider(dtypes.act, dtypes.kv), (of.causal ? 7 : 6) * of.scores(),
                    of.q.bytes() + of.k.bytes() + of.v.bytes(), tensor_bytes(of.result(), dtypes.act));
    cost.dtypes = dtypes;
    cost.cost.matrix_flop = 2 * of.scores() * (of.width + of.value_width);
    cost.cost.output = of.result();
  }
  if (const auto bias = at.bias == kNowhere ? std::nullopt : given_tensor(call, at.bias)) {
    cost.cost.vector_flop += of.scores();
    add_read(cost, bias->bytes());
  }
  cost.cost.masked = masked_of(of, of.width + of.value_width);
  cost.shape = text_of(of);
  return cost;
}

/// As ideal.yaml has it: five products, of which the scores are forward work done again; q, the result and its gradient
/// read, k and v; three gradients written. Products with the values are as wide as they, the other three as the keys.
CallCost backward(const Call& call, const Places& at) {
  const Attention of = attention_at(call, at);
  if (!of.lengths_known) return unknown_lengths(of, false, 2);
  const Dtypes dtypes = dtypes_of(of);
  CallCost cost = fits_kind(of) ? of_attention(of) : CallCost{};
  cost = backward_cost(cost.kind, cost.args, KernelClass::kAttention, dtypes);
  cost.compute = wider(dtypes.act, dtypes.kv);
  const Count result = tensor_bytes(of.result(), dtypes.act);
  cost.cost.matrix_flop = of.scores() * (6 * of.width + 4 * of.value_width);
  cost.cost.recomputed = 2 * of.scores() * of.width;
  cost.cost.vector_flop = (of.causal ? 7 : 6) * of.scores() + 2 * of.result();
  cost.cost.read = of.q.bytes() + 2 * result + of.k.bytes() + of.v.bytes() +
                   tensor_bytes(of.batch * of.heads * of.q_len, dtypes.accum);
  cost.cost.written = of.q.bytes() + of.k.bytes() + of.v.bytes();
  if (const auto bias = at.bias == kNowhere ? std::nullopt : given_tensor(call, at.bias)) {
    cost.cost.vector_flop += of.scores();
    cost.cost.read += bias->bytes();
  }
  cost.cost.unique = cost.cost.touched();
  cost.cost.masked = masked_of(of, 2 * (of.width + of.value_width));  // of what is not recomputed
  cost.shape = text_of(of);
  return cost;
}

template <Places kAt>
CallCost attention(const Call& call) {
  return forward(call, kAt);
}
template <Places kAt>
CallCost attention_backward(const Call& call) {
  return backward(call, kAt);
}

// query, key, value of the tokens at hand, output; the cache is not among the arguments
CallCost unified(const Call& call) {
  const TensorArg q = tensor_at(call, 0);
  const Count kv = tensor_at(call, 1).bytes() + tensor_at(call, 2).bytes();
  CallCost cost = bytes_only(KernelClass::kAttention, product_dtype(q), q.bytes() + kv, tensor_at(call, 3).bytes());
  cost.shape = shape_text(q.dims);
  return cost;
}

using enum Layout;
constexpr std::string_view kFamily = "attention";
// Positions: q, layout, causal, bias, cu_seqlens, max_seqlens, used, pages. Of aten from native_functions.yaml
// (PyTorch 2.8), of flash_attn from flash_attn_interface.py (2.8), of vLLM from its flash_api.cpp.
constexpr std::array<CallRow, 22> kRows = {{
    {"aten::_scaled_dot_product_flash_attention", kFamily, attention<Places{0, kHeadsFirst, 4}>},
    {"aten::_scaled_dot_product_flash_attention_for_cpu", kFamily, attention<Places{0, kHeadsFirst, 4, 5}>},
    {"aten::_scaled_dot_product_efficient_attention", kFamily, attention<Places{0, kHeadsFirst, 6, 3}>},
    {"aten::_scaled_dot_product_cudnn_attention", kFamily, attention<Places{0, kHeadsFirst, 6, 3}>},
    {"aten::_scaled_dot_product_fused_attention_overrideable", kFamily, attention<Places{0, kHeadsFirst, 5, 3}>},
    {"aten::_flash_attention_forward", kFamily, attention<Places{0, kHeadsThird, 8, kNowhere, 3, 5}>},
    {"aten::_efficient_attention_forward", kFamily, attention<Places{0, kHeadsThird, 9, 3, 4, 6}>},
    {"aten::_scaled_dot_product_flash_attention_backward", kFamily, attention_backward<Places{1, kHeadsFirst, 11}>},
    {"aten::_scaled_dot_product_efficient_attention_backward", kFamily,
     attention_backward<Places{1, kHeadsFirst, 11, 4}>},
    {"aten::_scaled_dot_product_cudnn_attention_backward", kFamily, attention_backward<Places{1, kHeadsFirst, 14, 8}>},
    {"aten::_scaled_dot_product_fused_attention_overrideable_backward", kFamily,
     attention_backward<Places{1, kHeadsFirst, 13, 4}>},
    {"aten::_flash_attention_backward", kFamily, attention_backward<Places{1, kHeadsThird, 11, kNowhere, 6, 8}>},
    {"aten::_efficient_attention_backward", kFamily, attention_backward<Places{1, kHeadsThird, 14, 4, 6, 8}>},
    {"flash_attn::_flash_attn_forward", kFamily, attention<Places{0, kHeadsThird, 5}>},
    {"flash_attn::_flash_attn_varlen_forward", kFamily, attention<Places{0, kHeadsThird, 9, kNowhere, 3, 5}>},
    {"flash_attn::_flash_attn_backward", kFamily, attention_backward<Places{1, kHeadsThird, 11}>},
    {"flash_attn::_flash_attn_varlen_backward", kFamily,
     attention_backward<Places{1, kHeadsThird, 15, kNowhere, 9, 11}>},
    {"FlashAttnFunc", kFamily, attention<Places{0, kHeadsThird, 5}>},
    {"flash_attn_3::fwd", kFamily, attention<Places{0, kHeadsThird, 24, kNowhere, 7, 12, 11, 14}>},
    {"_vllm_fa3_C::fwd", kFamily, attention<Places{0, kHeadsThird, 24, kNowhere, 7, 12, 11, 14}>},
    {"_vllm_fa2_C::varlen_fwd", kFamily, attention<Places{0, kHeadsThird, 15, kNowhere, 4, 10, 6, 8}>},
    {"vllm::unified_attention_with_output", kFamily, unified},
}};

}  // namespace

std::span<const CallRow> attention_calls() { return kRows; }

}  // namespace gable
