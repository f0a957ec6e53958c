// Pooling.
#include "analyzer/ops/op_table.h"
#include "analyzer/ops/window.h"

namespace gable {
namespace {

constexpr std::array kPoolFields = {
    Field{"batch", "images"},
    Field{"channels", "channels"},
    Field{"height", "rows of the input"},
    Field{"width", "columns of the input"},
    Field{"kernel", "rows and columns of the window"},
    Field{"stride", "step, both ways", "kernel"},
    Field{"padding", "added on each side", "0", 0},
};

Cost pool(const OpArgs& args) {
  const auto [batch, channels, height, width, kernel, stride, padding] = args.take<7>();
  if (2 * padding > kernel) throw InputError("padding is larger than half the kernel");
  const Count rows = window_count(height, kernel, stride, padding, 1);
  const Count columns = window_count(width, kernel, stride, padding, 1);
  Cost cost;
  cost.output = batch * channels * rows * columns;
  cost.vector_flop = cost.output * kernel * kernel;
  cost.read = tensor_bytes(batch * channels * height * width, args.dtypes.act);
  return moved_once(args, cost);
}

constexpr std::array<OpKind, 1> kRows = {{
    {"pool", "maximum or average over a window", kPoolFields, Operands::kActivations, KernelClass::kReduce, pool, "0",
     "batch*channels*OH*OW*kernel^2: one compare or add a tap", "batch*channels*height*width act",
     "batch*channels*OH*OW act", "0", "OH and OW as conv2d; global pooling is kernel = height",
     "PyTorch documentation of torch.nn.MaxPool2d"},
}};

}  // namespace

std::span<const OpKind> window_ops() { return kRows; }

}  // namespace gable
