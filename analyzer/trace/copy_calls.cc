// Copies, fills and random numbers: bytes without FLOP.
#include <algorithm>
#include <cmath>

#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

/// Reads `from`, writes as many elements in the type of `to`.
CallCost copied(const TensorArg& from, const ElementType& to) {
  const Dtype act = work_dtype(to);
  CallCost cost = of_kind("copy", {from.n}, uniform(act));
  read_as(cost, from, act);
  written_as(cost, from.n, to, act);
  cost.shape = shape_text(from.dims);
  return cost;
}

// self, src: the source may be smaller (broadcast) and of another type
CallCost copy(const Call& call) {
  const TensorArg to = tensor_at(call, 0);
  const TensorArg from = tensor_at(call, 1);
  CallCost cost = copied(to, to.type);
  add_read(cost, from.bytes() - to.bytes());
  return cost;
}

CallCost same(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  return copied(x, x.type);
}

// tensors, dim
CallCost cat(const Call& call) {
  const std::vector<TensorArg> parts = tensors_at(call, 0);
  const ElementType type = promoted(parts);
  const Dtype act = work_dtype(type);
  Count n = 0;
  for (const TensorArg& part : parts) n += part.n;
  CallCost cost = of_kind("concat", {n}, uniform(act));
  for (const TensorArg& part : parts) read_as(cost, part, act);
  written_as(cost, n, type, act);
  cost.shape = shape_text(parts.front().dims);
  if (parts.size() > 1) cost.shape += " + " + (parts.size() == 2 ? shape_text(parts[1].dims) : "...");
  return cost;
}

/// Reads n elements of x, writes `written` of them.
CallCost moved(const TensorArg& x, Count written, KernelClass kernel = KernelClass::kStream) {
  CallCost cost = own_cost(kernel, work_dtype(x.type), 0, x.bytes(), bytes_of(written, x.type));
  cost.cost.output = written;
  cost.shape = shape_text(x.dims);
  return cost;
}

// self, padding: pairs from the last dim on; negative ones cut
CallCost pad(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const auto padding = ints_at(call, 1);
  if (!padding || padding->size() % 2 != 0 || padding->size() / 2 > x.rank()) untold("a padding that is not known");
  Shape out = x.dims;
  for (std::size_t i = 0; i < padding->size(); ++i) {
    std::int64_t& dim = out[x.rank() - 1 - i / 2];
    dim = (Count(dim) + (*padding)[i]).value();
  }
  return moved(x, elements(out));
}

// self, repeats
CallCost repeat(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const auto repeats = ints_at(call, 1);
  if (!repeats) untold("repeats that are not known");
  return moved(x, x.n * elements(*repeats));
}

/// Writes the first argument without reading it.
CallCost filled(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  CallCost cost = own_cost(KernelClass::kStream, work_dtype(x.type), 0, 0, x.bytes());
  cost.cost.output = x.n;
  cost.shape = shape_text(x.dims);
  return cost;
}

// self, p or a tensor of probabilities
CallCost bernoulli(const Call& call) {
  CallCost cost = filled(call);
  if (const auto p = given_tensor(call, 1)) add_read(cost, p->bytes());
  return cost;
}

// [start,] end [, step], then the result or four options of it
CallCost arange(const Call& call) {
  const auto out = call.args.empty() ? std::nullopt : given_tensor(call, call.args.size() - 1);
  const std::size_t numbers = call.args.size() - std::min<std::size_t>(call.args.size(), out ? 1 : 4);
  if (numbers < 1 || numbers > 3) untold("a range that is not known");
  const auto at = [&](std::size_t index) {
    const auto value = number_at(call, index);
    if (!value) untold("a range that is not known");
    return *value;
  };
  const double start = numbers > 1 ? at(0) : 0.0;
  const double end = at(numbers > 1 ? 1 : 0);
  const double step = numbers > 2 ? at(2) : 1.0;
  const double length = std::ceil((end - start) / step);
  constexpr double kLongest = 1e15;  // exact in a double, and beyond all memories
  if (!(length >= 0.0 && length <= kLongest)) untold("a range of no length");
  const Count n = static_cast<std::int64_t>(length);
  const ElementType type = out ? out->type : type_at(call, numbers).value_or(kIndexType);
  CallCost cost = own_cost(KernelClass::kStream, work_dtype(type), 0, 0, bytes_of(n, type));
  cost.cost.output = n;
  cost.shape = shape_text(Shape{n.value()});
  return cost;
}

// self: one element to the host
CallCost to_host(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  CallCost cost = own_cost(KernelClass::kMemcpy, work_dtype(x.type), 0, bytes_of(1, x.type), bytes_of(1, x.type));
  cost.cost.output = 1;
  cost.shape = "1";
  return cost;
}

constexpr std::array kRows = {
    CallRow{"aten::copy_", "copy", copy},
    CallRow{"aten::clone", "copy", same},
    CallRow{"aten::flip", "copy", same},
    CallRow{"aten::roll", "copy", same},
    CallRow{"aten::tril", "copy", same},
    CallRow{"aten::triu", "copy", same},
    CallRow{"aten::cat", "copy", cat},
    CallRow{"aten::_cat", "copy", cat},
    CallRow{"aten::stack", "copy", cat},
    CallRow{"aten::repeat", "copy", repeat},
    CallRow{"aten::constant_pad_nd", "copy", pad},
    CallRow{"aten::replication_pad1d", "copy", pad},
    CallRow{"aten::replication_pad2d", "copy", pad},
    CallRow{"aten::replication_pad3d", "copy", pad},
    CallRow{"aten::reflection_pad1d", "copy", pad},
    CallRow{"aten::reflection_pad2d", "copy", pad},
    CallRow{"aten::reflection_pad3d", "copy", pad},
    CallRow{"aten::fill_", "copy", filled},
    CallRow{"aten::zero_", "copy", filled},
    CallRow{"aten::arange", "copy", arange},
    CallRow{"aten::_local_scalar_dense", "copy", to_host},
    CallRow{"aten::uniform_", "random", filled},
    CallRow{"aten::normal_", "random", filled},
    CallRow{"aten::random_", "random", filled},
    CallRow{"aten::exponential_", "random", filled},
    CallRow{"aten::bernoulli_", "random", bernoulli},
};

}  // namespace

std::span<const CallRow> copy_calls() { return kRows; }

}  // namespace gable
