// Ops that address memory by index, and sorts.
#include <algorithm>

#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

/// The kinds take indices for 64-bit ones, one a row.
void index_as(CallCost& cost, Count bytes, Count rows) { add_read(cost, bytes - rows * kIndexBytes); }

Count ratio(Count n, Count parts) {
  if (parts < Count(1) || n.value() % parts.value() != 0) untold("rows that do not fill a tensor");
  return n.value() / parts.value();
}

// weight, indices, padding_idx, ...
CallCost embedding(const Call& call) {
  const TensorArg table = tensor_at(call, 0);
  const TensorArg index = tensor_at(call, 1);
  if (table.rank() != 2) untold("a table of another rank");
  CallCost cost = of_kind("embedding", {index.n, table.dims[0], table.dims[1]}, uniform(work_dtype(table.type)));
  index_as(cost, index.bytes(), index.n);
  cost.shape = shape_text(index.dims) + " of " + shape_text(table.dims);
  return cost;
}

// grad_output, indices, num_weights, ...
CallCost embedding_backward(const Call& call) {
  const TensorArg grad = tensor_at(call, 0);
  const TensorArg index = tensor_at(call, 1);
  const auto vocab = int_at(call, 2);
  if (!vocab) untold("a table of unknown size");
  const Count width = ratio(grad.n, index.n);
  const CallCost forward = of_kind("embedding", {index.n, *vocab, width}, uniform(work_dtype(grad.type)));
  CallCost cost = backward_cost(forward.kind, forward.args, KernelClass::kGather, forward.dtypes);
  cost.pass = Pass::kWgrad;
  const Count table = bytes_of(std::min(index.n, Count(*vocab)) * width, grad.type);
  cost.cost.vector_flop = grad.n;  // as ideal.yaml has it
  cost.cost.read = index.bytes() + grad.bytes() + table;
  cost.cost.written = table;
  cost.cost.unique = cost.cost.touched();
  cost.shape = shape_text(grad.dims);
  return cost;
}

// weight, indices, offsets, ...: sums of rows, a sum a bag
CallCost embedding_bag(const Call& call) {
  const TensorArg table = tensor_at(call, 0);
  const TensorArg index = tensor_at(call, 1);
  const TensorArg offsets = tensor_at(call, 2);
  if (table.rank() != 2) untold("a table of another rank");
  CallCost cost = of_kind("embedding", {index.n, table.dims[0], table.dims[1]}, uniform(work_dtype(table.type)));
  index_as(cost, index.bytes() + offsets.bytes(), index.n);
  cost.kind = nullptr;
  cost.cost.vector_flop = index.n * table.dims[1];
  cost.cost.output = offsets.n * table.dims[1];
  add_written(cost, bytes_of(cost.cost.output, table.type) - cost.cost.written);
  cost.shape = shape_text(index.dims) + " of " + shape_text(table.dims);
  return cost;
}

/// Rows of x: `width` elements each.
CallCost gathered(const TensorArg& x, Count rows, Count width, Count table_rows, Count index_bytes) {
  const Dtype act = work_dtype(x.type);
  CallCost cost = of_kind("gather", {rows, width, table_rows}, uniform(act));
  index_as(cost, index_bytes, rows);
  const Count distinct = std::min(rows, table_rows) * width;
  cost.cost.read += bytes_of(rows * width, x.type) - tensor_bytes(rows * width, act);
  cost.cost.unique += bytes_of(distinct, x.type) - tensor_bytes(distinct, act);
  written_as(cost, rows * width, x.type, act);
  cost.shape = shape_text(x.dims);
  return cost;
}

// self, dim, index
CallCost index_select(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg index = tensor_at(call, 2);
  const auto dim = int_at(call, 1);
  if (!dim) untold("a dim that is not known");
  return gathered(x, index.n, ratio(x.n, x.dim(*dim)), x.dim(*dim), index.bytes());
}

// self, dim, index
CallCost gather(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg index = tensor_at(call, 2);
  return gathered(x, index.n, 1, x.n, index.bytes());
}

// self, index
CallCost take(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg index = tensor_at(call, 1);
  return gathered(x, index.n, 1, x.n, index.bytes());
}

/// What a list of index tensors, one a dim, picks.
struct Picked {
  Count rows;            ///< as many as the indices broadcast to
  Count table_rows = 1;  ///< of the dims that are indexed
  Count width = 1;       ///< of the others
  Count index_bytes;
};

/// The index of dim `at` of x. PyTorch's profiler records no types in lists: such a one is an index of 64 bits, unless
/// its dims are those of x, so that it may be a mask.
TensorArg index_of(const CallArg& item, const TensorArg& x, std::size_t at) {
  const auto type = item.type.empty() ? kIndexType : element_type(item.type);
  if (!type) untold("an element type that is not known");
  TensorArg index{item.dims, *type, elements(item.dims), false};
  const bool fits = at + index.rank() <= x.rank() &&
                    std::equal(index.dims.begin(), index.dims.end(), x.dims.begin() + static_cast<std::ptrdiff_t>(at));
  const bool mask = index.type.bits == kBoolType.bits || (item.type.empty() && fits && index.rank() > 0);
  if (mask) untold("a mask: how many are set is not known");
  return index;
}

Picked picked(const Call& call, const TensorArg& x) {
  Picked of;
  std::vector<TensorArg> indices;
  const std::vector<CallArg>& items = call.args.at(1).items;
  if (items.size() > x.rank()) untold("more indices than dims");
  for (std::size_t i = 0; i < x.rank(); ++i) {
    const bool indexed = i < items.size() && items[i].kind == CallArg::Kind::kTensor;
    Count& size = indexed ? of.table_rows : of.width;
    size = size * x.dims[i];
    if (!indexed) continue;
    indices.push_back(index_of(items[i], x, i));
    of.index_bytes += indices.back().bytes();
  }
  if (indices.empty()) untold("no index");
  of.rows = elements(broadcast(indices));
  return of;
}

// self, indices
CallCost index(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const Picked of = picked(call, x);
  return gathered(x, of.rows, of.width, of.table_rows, of.index_bytes);
}

/// Kind scatter_add: the target is read and written where the source goes.
CallCost added(const TensorArg& x, Count rows, Count width, Count table_rows, Count index_bytes) {
  const Dtype act = work_dtype(x.type);
  CallCost cost = of_kind("scatter_add", {rows, width, table_rows}, uniform(act));
  if (bytes_of(1, x.type) != tensor_bytes(1, act)) untold("sums of integers");
  index_as(cost, index_bytes, rows);
  cost.shape = shape_text(x.dims);
  return cost;
}

/// The target is written where the source goes; a number as source is a parameter.
CallCost stored(const TensorArg& x, Count n, Count index_bytes, Count source_bytes) {
  CallCost cost =
      own_cost(KernelClass::kGather, work_dtype(x.type), 0, index_bytes + source_bytes, bytes_of(n, x.type));
  cost.cost.output = n;
  cost.shape = shape_text(x.dims);
  return cost;
}

// self, indices, values, accumulate
CallCost index_put(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg values = tensor_at(call, 2);
  const Picked of = picked(call, x);
  if (flag_at(call, 3) == true) return added(x, of.rows, of.width, of.table_rows, of.index_bytes);
  return stored(x, of.rows * of.width, of.index_bytes, values.bytes());
}

// self, dim, index, source
CallCost index_add(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg at = tensor_at(call, 2);
  const auto dim = int_at(call, 1);
  if (!dim) untold("a dim that is not known");
  return added(x, at.n, ratio(x.n, x.dim(*dim)), x.dim(*dim), at.bytes());
}

// self, dim, index, source
CallCost index_copy(const Call& call) {
  const TensorArg source = tensor_at(call, 3);
  return stored(tensor_at(call, 0), source.n, tensor_at(call, 2).bytes(), source.bytes());
}

// self, dim, index, value
CallCost index_fill(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg at = tensor_at(call, 2);
  const auto dim = int_at(call, 1);
  if (!dim) untold("a dim that is not known");
  return stored(x, at.n * ratio(x.n, x.dim(*dim)), at.bytes(), 0);
}

// self, dim, index, src
CallCost scatter_add(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg at = tensor_at(call, 2);
  return added(x, at.n, 1, x.n, at.bytes());
}

// self, dim, index, src or a number
CallCost scatter(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg at = tensor_at(call, 2);
  const auto source = given_tensor(call, 3);
  const bool number = !source || source->dims.empty();
  return stored(x, at.n, at.bytes(), number ? Count(0) : bytes_of(at.n, source->type));
}

/// Comparisons depend on the values: bytes only.
CallCost unknown_steps(const TensorArg& x, Count read, Count out, Count written) {
  CallCost cost = bytes_only(KernelClass::kReduce, work_dtype(x.type), read, written);
  cost.cost.output = out;
  cost.shape = shape_text(x.dims);
  return cost;
}

// self, k, dim, largest, sorted: values and positions
CallCost topk(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const auto k = int_at(call, 1);
  if (!k || *k < 0 || x.dims.empty()) untold("how many is not known");
  const Count out = ratio(x.n, x.dim(int_at(call, 2).value_or(-1))) * *k;
  return unknown_steps(x, x.bytes(), out, bytes_of(out, x.type) + out * kIndexBytes);
}

// self, ...: values and positions
CallCost sort(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  return unknown_steps(x, x.bytes(), x.n, x.bytes() + x.n * kIndexBytes);
}

/// How many are found is not known: what is read, no result.
template <std::size_t kInputs>
CallCost search(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  Count read = x.bytes();
  if (kInputs > 1) read += tensor_at(call, 1).bytes();
  return unknown_steps(x, read, 0, 0);
}

constexpr std::array kRows = {
    CallRow{"aten::embedding", "indexing", embedding},
    CallRow{"aten::embedding_dense_backward", "indexing", embedding_backward},
    CallRow{"aten::_embedding_bag", "indexing", embedding_bag},
    CallRow{"aten::_embedding_bag_forward_only", "indexing", embedding_bag},
    CallRow{"aten::index_select", "indexing", index_select},
    CallRow{"aten::gather", "indexing", gather},
    CallRow{"aten::take", "indexing", take},
    CallRow{"aten::index", "indexing", index},
    CallRow{"aten::index_put", "indexing", index_put},
    CallRow{"aten::_index_put_impl_", "indexing", index_put},
    CallRow{"aten::index_add", "indexing", index_add},
    CallRow{"aten::index_copy", "indexing", index_copy},
    CallRow{"aten::index_fill", "indexing", index_fill},
    CallRow{"aten::scatter", "indexing", scatter},
    CallRow{"aten::scatter_add", "indexing", scatter_add},
    CallRow{"aten::topk", "sort", topk},
    CallRow{"aten::sort", "sort", sort},
    CallRow{"aten::argsort", "sort", sort},
    CallRow{"aten::msort", "sort", sort},
    CallRow{"aten::nonzero", "indexing", search<1>},
    CallRow{"aten::masked_select", "indexing", search<2>},
    CallRow{"aten::_unique", "sort", search<1>},
    CallRow{"aten::_unique2", "sort", search<1>},
    CallRow{"aten::unique_consecutive", "sort", search<1>},
};

}  // namespace

std::span<const CallRow> indexed_calls() { return kRows; }

}  // namespace gable
