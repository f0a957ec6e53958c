// linear, matmul, conv2d: products on the matrix units.
#include "analyzer/base/error.h"
#include "analyzer/ops/op_table.h"
#include "analyzer/ops/window.h"

namespace gable {
namespace {

constexpr std::array kLinearFields = {
    Field{"tokens", "rows of the input (batch x sequence)"},
    Field{"in", "input features"},
    Field{"out", "output features"},
    Field{"bias", "adds a bias, in the epilogue of the product", "1", 0, true},
};

Cost linear(const OpArgs& args) {
  const auto [tokens, in, out, bias] = args.take<4>();
  Cost cost;
  cost.matrix_flop = 2 * tokens * in * out;
  cost.vector_flop = bias * tokens * out;
  cost.params = in * out + bias * out;
  cost.tensors = 1 + bias;
  cost.param_bytes = tensor_bytes(in * out, args.dtypes.weights) + tensor_bytes(bias * out, args.dtypes.weights);
  cost.read = tensor_bytes(tokens * in, args.dtypes.act) + cost.param_bytes;
  cost.output = tokens * out;
  return moved_once(args, cost);
}

constexpr std::array kMatmulFields = {
    Field{"m", "rows of the first operand and of the result"},
    Field{"n", "columns of the second operand and of the result"},
    Field{"k", "length of the sum"},
    Field{"batch", "independent products", "1"},
    Field{"strided_a", "the first operand is a strided 4-d view, which eager frameworks copy first", "0", 0, true},
    Field{"strided_b", "the second operand is a strided 4-d view, which eager frameworks copy first", "0", 0, true},
    Field{"strided_out", "the result is read through a transpose, so that its gradient arrives strided", "0", 0, true},
    Field{"kv", "the second operand is the cache of keys or values", "0", 0, true},
};

Cost matmul(const OpArgs& args) {
  const auto [m, n, k, batch, strided_a, strided_b, strided_out, kv] = args.take<8>();
  static_cast<void>(strided_a);  // copies are kernels of a recipe, not of the product
  static_cast<void>(strided_b);
  static_cast<void>(strided_out);
  Cost cost;
  cost.matrix_flop = 2 * batch * m * n * k;
  cost.read = tensor_bytes(batch * m * k, args.dtypes.act) +
              tensor_bytes(batch * k * n, kv == Count(0) ? args.dtypes.act : args.dtypes.kv);
  cost.output = batch * m * n;
  return moved_once(args, cost);
}

constexpr std::array kConvFields = {
    Field{"batch", "images"},
    Field{"in_channels", "channels of the input"},
    Field{"out_channels", "channels of the output, a multiple of groups"},
    Field{"height", "rows of the input"},
    Field{"width", "columns of the input"},
    Field{"kernel", "rows of the kernel"},
    Field{"kernel_width", "columns of the kernel", "kernel"},
    Field{"stride", "step, both ways", "1"},
    Field{"padding", "zeros added on each side", "0", 0},
    Field{"dilation", "distance of the kernel's taps", "1"},
    Field{"groups", "independent groups of channels", "1"},
    Field{"bias", "adds a bias", "1", 0, true},
};

Cost conv2d(const OpArgs& args) {
  const auto [batch, in, out, height, width, kernel, kernel_width, stride, padding, dilation, groups, bias] =
      args.take<12>();
  if (in.value() % groups.value() != 0) throw InputError("in_channels is not a multiple of groups");
  if (out.value() % groups.value() != 0) throw InputError("out_channels is not a multiple of groups");
  const Count rows = window_count(height, kernel, stride, padding, dilation);
  const Count columns = window_count(width, kernel_width, stride, padding, dilation);
  const Count taps = (in.value() / groups.value()) * kernel * kernel_width;
  Cost cost;
  cost.output = batch * out * rows * columns;
  cost.matrix_flop = 2 * cost.output * taps;
  cost.vector_flop = bias * cost.output;
  cost.params = out * taps + bias * out;
  cost.tensors = 1 + bias;
  cost.param_bytes = tensor_bytes(out * taps, args.dtypes.weights) + tensor_bytes(bias * out, args.dtypes.weights);
  cost.read = tensor_bytes(batch * in * height * width, args.dtypes.act) + cost.param_bytes;
  return moved_once(args, cost);
}

constexpr std::array<OpKind, 3> kRows = {{
    {"linear", "y = x W^T + b", kLinearFields, Operands::kWeights, KernelClass::kGemm, linear, "2*tokens*in*out",
     "tokens*out if bias", "tokens*in act + (in*out + out if bias) weights", "tokens*out act", "in*out + out if bias",
     "", "one multiply-add per weight and token; each tensor moved once", "out", true, false, Autocast::kNarrow},
    {"matmul", "batched product of two activations", kMatmulFields, Operands::kActivations, KernelClass::kGemm, matmul,
     "2*batch*m*n*k", "0", "batch*m*k act + batch*k*n act (kv if kv)", "batch*m*n act", "0", "",
     "one multiply-add per (m, n, k); each tensor moved once", "batch", true, false, Autocast::kNarrow},
    {"conv2d",
     "2-d convolution",
     kConvFields,
     Operands::kWeights,
     KernelClass::kConv,
     conv2d,
     "2*batch*out_channels*OH*OW*(in_channels/groups)*kernel*kernel_width",
     "batch*out_channels*OH*OW if bias",
     "batch*in_channels*height*width act + weights",
     "batch*out_channels*OH*OW act",
     "out_channels*(in_channels/groups)*kernel*kernel_width + out_channels if bias",
     "OH = floor((height + 2*padding - dilation*(kernel - 1) - 1)/stride) + 1, OW likewise. Counted as the direct "
     "convolution: taps on the zero padding included, no Winograd",
     "PyTorch documentation of torch.nn.Conv2d (output size); Dumoulin and Visin 2016, arXiv:1603.07285",
     {},
     true,
     false,
     Autocast::kNarrow},
}};

}  // namespace

std::span<const OpKind> matrix_ops() { return kRows; }

}  // namespace gable
