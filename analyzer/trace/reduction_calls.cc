// Reductions, over the dims that were recorded or over all. A sum of n numbers is n - 1 additions, as kind reduce has
// it; a mean counts as its sum.
#include <algorithm>

#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

enum class Gives : std::uint8_t {
  kSame,
  kSum,    ///< of integers 64 bits
  kFloat,  ///< of integers fp32
  kIndex,  ///< positions
  kBool,
  kValuesAndIndex,  ///< over a dim; over all the value alone
  kPair,
};

/// Elements left over of `x`; all dims are reduced where none were recorded. One number is a dim only in an overload
/// that has three arguments or more: else it is a dtype or a flag.
Count left_over(const Call& call, std::size_t index, const TensorArg& x) {
  const bool number = index < call.args.size() && call.args[index].text.find('[') == std::string::npos;
  const auto dims = number && call.args.size() < 3 ? std::nullopt : ints_at(call, index);
  if (!dims || dims->empty() || x.dims.empty()) return 1;
  Shape left = x.dims;
  for (const std::int64_t dim : *dims) left[x.place(dim)] = 1;
  return elements(left);
}

Count result_bytes(Gives gives, const TensorArg& x, Count out) {
  switch (gives) {
    case Gives::kSame:
      return bytes_of(out, x.type);
    case Gives::kSum:
      return bytes_of(out, is_floating(x.type) || x.complex ? x.type : kIndexType);
    case Gives::kFloat:
      return bytes_of(out, is_floating(x.type) ? x.type : kFp32Type);
    case Gives::kIndex:
      return bytes_of(out, kIndexType);
    case Gives::kBool:
      return bytes_of(out, kBoolType);
    case Gives::kValuesAndIndex:
      return bytes_of(out, x.type) + bytes_of(out, kIndexType);
    case Gives::kPair:
      return 2 * bytes_of(out, x.type);
  }
  untold("a result that is not known");
}

/// Kind reduce, its bytes those of the tensors.
CallCost reduced(const TensorArg& x, Count out, Count written) {
  if (x.complex) untold("complex numbers");
  const Dtype act = work_dtype(x.type);
  CallCost cost = of_kind("reduce", {x.n, out}, uniform(act));
  read_as(cost, x, act);
  add_written(cost, written - tensor_bytes(out, act));
  cost.shape = shape_text(x.dims);
  return cost;
}

template <Gives kGives, std::size_t kDims = 1>
CallCost reduce(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const Count out = left_over(call, kDims, x);
  return reduced(x, out, result_bytes(kGives, x, out));
}

// self, dtype / self, dim, keepdim, dtype
template <Gives kGives>
CallCost sum(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const Count out = left_over(call, 1, x);
  const auto type = type_at(call, call.args.size() > 2 ? 3 : 1);
  return reduced(x, out, type ? bytes_of(out, *type) : result_bytes(kGives, x, out));
}

// self / self, dim, keepdim / self, other: element by element
CallCost extreme(const Call& call) {
  if (given_tensor(call, 1)) return pointwise_cost(pointwise_at(call, 2), 1);
  const TensorArg x = tensor_at(call, 0);
  const Count out = left_over(call, 1, x);
  return reduced(x, out, result_bytes(call.args.size() >= 3 ? Gives::kValuesAndIndex : Gives::kSame, x, out));
}

/// More than a step an element.
template <std::int64_t kFlop, Gives kGives, std::size_t kDims>
CallCost steps(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  if (x.complex) untold("complex numbers");
  const Count out = left_over(call, kDims, x);
  CallCost cost =
      own_cost(KernelClass::kReduce, work_dtype(x.type), kFlop * x.n, x.bytes(), result_bytes(kGives, x, out));
  cost.cost.output = out;
  cost.shape = shape_text(x.dims);
  return cost;
}

// self, ord, dim, keepdim, dtype. Over one dim, or without ord: as a vector's; a matrix' needs more, or less
CallCost linalg_norm(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const auto dims = ints_at(call, 2);
  const std::size_t over = dims && !dims->empty() ? dims->size() : x.rank();
  const bool given = call.args.size() > 1 && call.args[1].kind == CallArg::Kind::kScalar;
  if (over > 1 && given && call.args[1].text != "fro") untold("a norm of matrices");
  return steps<2, Gives::kFloat, 2>(call);
}

// self, dim, dtype: as many results as elements
CallCost scan(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  if (x.complex) untold("complex numbers");
  const auto type = type_at(call, 2);
  CallCost cost = own_cost(KernelClass::kReduce, work_dtype(x.type), x.n, x.bytes(),
                           type ? bytes_of(x.n, *type) : result_bytes(Gives::kSum, x, x.n));
  cost.cost.output = x.n;
  cost.shape = shape_text(x.dims);
  return cost;
}

constexpr std::string_view kFamily = "reduction";
constexpr std::array kRows = {
    CallRow{"aten::sum", kFamily, sum<Gives::kSum>},
    CallRow{"aten::nansum", kFamily, sum<Gives::kSum>},
    CallRow{"aten::mean", kFamily, sum<Gives::kFloat>},
    CallRow{"aten::prod", kFamily, sum<Gives::kSum>},
    CallRow{"aten::max", kFamily, extreme},
    CallRow{"aten::min", kFamily, extreme},
    CallRow{"aten::amax", kFamily, reduce<Gives::kSame>},
    CallRow{"aten::amin", kFamily, reduce<Gives::kSame>},
    // self, dim, keepdim
    CallRow{"aten::aminmax", kFamily, steps<2, Gives::kPair, 1>},
    CallRow{"aten::argmax", kFamily, reduce<Gives::kIndex>},
    CallRow{"aten::argmin", kFamily, reduce<Gives::kIndex>},
    CallRow{"aten::all", kFamily, reduce<Gives::kBool>},
    CallRow{"aten::any", kFamily, reduce<Gives::kBool>},
    CallRow{"aten::count_nonzero", kFamily, reduce<Gives::kIndex>},
    // self, p, dim, keepdim: square, sum
    CallRow{"aten::norm", kFamily, steps<2, Gives::kFloat, 2>},
    CallRow{"aten::linalg_vector_norm", kFamily, steps<2, Gives::kFloat, 2>},
    CallRow{"aten::linalg_norm", kFamily, linalg_norm},
    // self, dim, correction, keepdim: sum, centre, square, sum
    CallRow{"aten::std", kFamily, steps<4, Gives::kFloat, 1>},
    CallRow{"aten::var", kFamily, steps<4, Gives::kFloat, 1>},
    CallRow{"aten::std_mean", kFamily, steps<4, Gives::kPair, 1>},
    CallRow{"aten::var_mean", kFamily, steps<4, Gives::kPair, 1>},
    // self, dim, keepdim: max, subtract, exp, sum
    CallRow{"aten::logsumexp", kFamily, steps<4, Gives::kFloat, 1>},
    CallRow{"aten::cumsum", kFamily, scan},
    CallRow{"aten::cumprod", kFamily, scan},
};

}  // namespace

std::span<const CallRow> reduction_calls() { return kRows; }

}  // namespace gable
