// Normalisations, softmax and the loss: a statistic of a row, then a pass over it. Each tensor is moved once.
#include "analyzer/base/error.h"
#include "analyzer/ops/op_table.h"

namespace gable {
namespace {

/// n elements in, n out, and `tensors` parameter tensors (gain, bias) of `width` elements each.
Cost normalise(const OpArgs& args, Count n, Count flop_per_element, Count tensors, Count width) {
  Cost cost;
  cost.vector_flop = flop_per_element * n;
  cost.params = tensors * width;
  cost.tensors = width == Count(0) ? 0 : tensors;
  cost.param_bytes = tensors * tensor_bytes(width, args.dtypes.weights);
  cost.read = tensor_bytes(n, args.dtypes.act) + cost.param_bytes;
  cost.output = n;
  return moved_once(args, cost);
}

constexpr std::array kLayerNormFields = {
    Field{"rows", "rows that are normalised"},
    Field{"width", "elements a row"},
    Field{"affine", "scales and shifts", "1", 0, true},
};

Cost layernorm(const OpArgs& args) {
  const auto [rows, width, affine] = args.take<3>();
  return normalise(args, rows * width, 5 + 2 * affine, 2 * affine, width);
}

Cost rmsnorm(const OpArgs& args) {
  const auto [rows, width, affine] = args.take<3>();
  return normalise(args, rows * width, 3 + affine, affine, width);
}

constexpr std::array kBatchNormFields = {
    Field{"batch", "images"},
    Field{"channels", "channels"},
    Field{"spatial", "elements a channel of an image (height x width)"},
};

Cost batchnorm(const OpArgs& args) {
  const auto [batch, channels, spatial] = args.take<3>();
  const bool train = args.mode == Mode::kTrain;
  const Count n = batch * channels * spatial;
  // Evaluation reads weight, bias, running mean and variance; the running statistics are buffers, not parameters.
  Cost cost = normalise(args, n, train ? 7 : 2, 2, channels);
  const Count buffer_bytes = 2 * tensor_bytes(channels, args.dtypes.weights);
  cost.read += buffer_bytes;
  if (train) cost.written += buffer_bytes;
  cost.unique = cost.touched();
  return cost;
}

constexpr std::array kGroupNormFields = {
    Field{"batch", "images"},
    Field{"channels", "channels, a multiple of groups"},
    Field{"spatial", "elements a channel of an image (height x width)"},
    Field{"groups", "groups of channels that are normalised together"},
    Field{"affine", "scales and shifts", "1", 0, true},
};

Cost groupnorm(const OpArgs& args) {
  const auto [batch, channels, spatial, groups, affine] = args.take<5>();
  if (channels.value() % groups.value() != 0) throw InputError("channels is not a multiple of groups");
  return normalise(args, batch * channels * spatial, 5 + 2 * affine, 2 * affine, channels);
}

constexpr std::array kSoftmaxFields = {
    Field{"rows", "rows, each normalised to sum 1"},
    Field{"width", "elements a row"},
};

Cost softmax(const OpArgs& args) {
  const auto [rows, width] = args.take<2>();
  return normalise(args, rows * width, 5, 0, width);
}

constexpr std::array kCrossEntropyFields = {
    Field{"rows", "predictions"},
    Field{"classes", "classes (vocabulary)"},
};

Cost cross_entropy(const OpArgs& args) {
  const auto [rows, classes] = args.take<2>();
  Cost cost;
  cost.vector_flop = 4 * rows * classes;
  cost.read = tensor_bytes(rows * classes, args.dtypes.act) + rows * kIndexBytes;
  cost.output = rows;
  cost.written = tensor_bytes(rows, args.dtypes.accum);
  cost.unique = cost.touched();
  cost.launches = 1;
  return cost;
}

constexpr std::string_view kRowConvention = "Per-row scalars (mean, reciprocal root) are not counted";

constexpr std::array<OpKind, 6> kRows = {{
    {"layernorm",
     "(x - mean) / sqrt(var + eps) * g + b over a row",
     kLayerNormFields,
     Operands::kActivations,
     KernelClass::kReduce,
     layernorm,
     "0",
     "7*rows*width (5 without affine): sum 1, centre 1, square 1, sum 1, normalise 1, scale 1, shift 1",
     "rows*width act + 2*width weights if affine",
     "rows*width act",
     "2*width if affine",
     kRowConvention,
     "Ba et al. 2016, arXiv:1607.06450, equation 4",
     {},
     true,
     false,
     Autocast::kFull},
    {"rmsnorm",
     "x / sqrt(mean(x^2) + eps) * g over a row",
     kLayerNormFields,
     Operands::kActivations,
     KernelClass::kReduce,
     rmsnorm,
     "0",
     "4*rows*width (3 without affine): square 1, sum 1, normalise 1, scale 1",
     "rows*width act + width weights if affine",
     "rows*width act",
     "width if affine",
     kRowConvention,
     "Zhang and Sennrich 2019, arXiv:1910.07467, equation 4",
     {},
     true,
     false,
     Autocast::kFull},
    {"batchnorm", "normalisation of each channel over the batch", kBatchNormFields, Operands::kActivations,
     KernelClass::kReduce, batchnorm, "0",
     "2*n in evaluation (scale 1, shift 1), 7*n in training as layernorm; n = batch*channels*spatial",
     "n act + 4*channels weights", "n act, and 2*channels weights in training", "2*channels",
     "The running mean and variance are read (and written in training) but are no parameters",
     "Ioffe and Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2"},
    {"groupnorm",
     "normalisation over groups of channels of an image",
     kGroupNormFields,
     Operands::kActivations,
     KernelClass::kReduce,
     groupnorm,
     "0",
     "7*n (5 without affine) as layernorm; n = batch*channels*spatial",
     "n act + 2*channels weights if affine",
     "n act",
     "2*channels if affine",
     kRowConvention,
     "Wu and He 2018, arXiv:1803.08494, equations 1 to 4",
     {},
     true,
     false,
     Autocast::kFull},
    {"softmax", "exp(x - max) / sum over a row", kSoftmaxFields, Operands::kActivations, KernelClass::kReduce, softmax,
     "0", "5*rows*width: max 1, subtract 1, exp 1, sum 1, divide 1", "rows*width act", "rows*width act", "0",
     "exp counts 1. Some texts count 3 an element (exp, sum, divide)",
     "Milakov and Gimelshein 2018, arXiv:1805.02867, algorithm 2 (safe softmax)", "rows", true, false, Autocast::kFull},
    {"cross_entropy",
     "negative log of the softmax of the right class, one loss a row",
     kCrossEntropyFields,
     Operands::kActivations,
     KernelClass::kReduce,
     cross_entropy,
     "0",
     "4*rows*classes: max 1, subtract 1, exp 1, sum 1",
     "rows*classes act + 8*rows bytes of class indices",
     "rows, in the accumulator's dtype",
     "0",
     "The logarithm and the pick are per row and not counted",
     "PyTorch documentation of torch.nn.CrossEntropyLoss",
     {},
     true,
     false,
     Autocast::kFull},
}};

}  // namespace

std::span<const OpKind> norm_ops() { return kRows; }

}  // namespace gable
