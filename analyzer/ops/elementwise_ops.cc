// Elementwise ops and copies: streams that read their inputs and write their output once.
#include "analyzer/base/error.h"
#include "analyzer/ops/op_table.h"

namespace gable {
namespace {

/// n elements in and out, `extra` bytes read beside them.
Cost stream(const OpArgs& args, Count n, Count flop_per_element, Count extra = 0) {
  Cost cost;
  cost.vector_flop = flop_per_element * n;
  cost.read = tensor_bytes(n, args.dtypes.act) + extra;
  cost.output = n;
  return moved_once(args, cost);
}

constexpr std::array kUnaryFields = {Field{"n", "elements"}};

template <std::int64_t kFlop>
Cost unary(const OpArgs& args) {
  return stream(args, args.values[0], kFlop);
}

constexpr std::array kBinaryFields = {
    Field{"n", "elements of the first operand and of the result"},
    Field{"other", "elements of the second operand, fewer where it is broadcast", "n"},
};

Cost binary(const OpArgs& args) {
  const auto [n, other] = args.take<2>();
  if (other > n) throw InputError("other is larger than n; the larger operand is n");
  return stream(args, n, 1, tensor_bytes(other, args.dtypes.act));
}

constexpr std::array kMaskFields = {
    Field{"n", "elements"},
    Field{"mask", "elements of the mask, fewer where it is broadcast", "n"},
};

Cost mask(const OpArgs& args) {
  const auto [n, mask_bytes] = args.take<2>();
  if (mask_bytes > n) throw InputError("mask is larger than n");
  return stream(args, n, 1, mask_bytes);
}

Cost dropout(const OpArgs& args) {
  if (args.mode == Mode::kEval) {  // the identity: nothing is launched, nothing moves
    Cost nothing;
    nothing.output = args.values[0];
    return nothing;
  }
  const Count n = args.values[0];
  Cost cost = stream(args, n, 2);
  cost.written += n;
  cost.unique = cost.touched();
  return cost;
}

/// The pieces are views: nothing runs.
Cost split(const OpArgs& args) {
  Cost nothing;
  nothing.output = args.values[0];
  return nothing;
}

constexpr std::array kReduceFields = {
    Field{"n", "elements that are summed"},
    Field{"out", "sums, at most n", "1"},
};

Cost reduce(const OpArgs& args) {
  const auto [n, out] = args.take<2>();
  if (out > n) throw InputError("out is larger than n");
  Cost cost;
  cost.vector_flop = n - out;
  cost.read = tensor_bytes(n, args.dtypes.act);
  cost.output = out;
  return moved_once(args, cost);
}

/// The row of an op with one input of n elements.
template <std::int64_t kFlop>
constexpr OpKind unary_row(std::string_view name, std::string_view summary, std::string_view flop,
                           std::string_view source) {
  return {name,
          summary,
          kUnaryFields,
          Operands::kActivations,
          KernelClass::kStream,
          unary<kFlop>,
          "0",
          flop,
          "n act",
          "n act",
          "0",
          "",
          source,
          "n"};
}

constexpr std::string_view kByDefinition = "counted from the definition; a transcendental function counts 1";

constexpr std::array<OpKind, 15> kRows = {{
    unary_row<5>("gelu", "x/2 * (1 + erf(x/sqrt 2))", "5*n: scale 1, erf 1, add 1, half 1, multiply 1",
                 "Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2"),
    unary_row<9>("gelu_tanh", "x/2 * (1 + tanh(c (x + 0.044715 x^3)))",
                 "9*n: cube 2, scale 1, add 1, scale 1, tanh 1, add 1, half 1, multiply 1",
                 "Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2"),
    unary_row<4>("silu", "x / (1 + exp(-x))", "4*n: negate 1, exp 1, add 1, divide 1", kByDefinition),
    unary_row<1>("relu", "max(x, 0)", "1*n", kByDefinition),
    unary_row<1>("tanh", "tanh(x)", "1*n", kByDefinition),
    unary_row<4>("sigmoid", "1 / (1 + exp(-x))", "4*n: negate 1, exp 1, add 1, divide 1", kByDefinition),
    {"add", "sum of two tensors", kBinaryFields, Operands::kActivations, KernelClass::kStream, binary, "0", "1*n",
     "n + other act", "n act", "0", "", kByDefinition, "n"},
    {"mul", "product of two tensors, element by element", kBinaryFields, Operands::kActivations, KernelClass::kStream,
     binary, "0", "1*n", "n + other act", "n act", "0", "", kByDefinition, "n"},
    unary_row<1>("scale", "product with a scalar", "1*n", kByDefinition),
    {"mask", "x where the mask is set, else a constant (masked_fill)", kMaskFields, Operands::kActivations,
     KernelClass::kStream, mask, "0", "1*n: one selection an element", "n act + mask bytes (one byte a mask element)",
     "n act", "0", "", kByDefinition, "n"},
    {"dropout", "in training x * mask / (1 - p), in evaluation nothing", kUnaryFields, Operands::kActivations,
     KernelClass::kStream, dropout, "0", "2*n in training: select 1, scale 1; 0 in evaluation", "n act in training",
     "n act + n mask bytes in training", "0", "The random numbers are not counted",
     "Srivastava et al. 2014, JMLR 15, section 4 (inverted form)", "n"},
    {"concat", "copies its inputs into one tensor", kUnaryFields, Operands::kActivations, KernelClass::kStream,
     unary<0>, "0", "0", "n act", "n act", "0", "n is the size of the result", kByDefinition, "n"},
    {"copy", "copies a tensor (contiguous, transpose, cast in place)", kUnaryFields, Operands::kActivations,
     KernelClass::kStream, unary<0>, "0", "0", "n act", "n act", "0", "", kByDefinition, "n"},
    {"split", "pieces of a tensor (the q, k and v of one product), views that cost nothing", kUnaryFields,
     Operands::kActivations, KernelClass::kStream, split, "0", "0", "0", "0", "0",
     "Forward nothing runs; backward the gradients of the pieces are put together", kByDefinition, "n", true, true},
    {"reduce", "sums of groups of elements", kReduceFields, Operands::kActivations, KernelClass::kReduce, reduce, "0",
     "n - out", "n act", "out act", "0", "", kByDefinition},
}};

}  // namespace

std::span<const OpKind> elementwise_ops() { return kRows; }

}  // namespace gable
