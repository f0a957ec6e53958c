// custom: the op whose cost the model file states itself.
#include <algorithm>

#include "analyzer/ops/op_table.h"

namespace gable {
namespace {

constexpr std::array kCustomFields = {
    Field{"flop", "FLOP of one execution", "0", 0},
    Field{"read", "bytes read, parameters included", "0", 0},
    Field{"write", "bytes written", "0", 0},
    Field{"params", "parameters, in elements", "0", 0},
    Field{"matrix", "the FLOP run on the matrix units (count as matrix_flop)", "0", 0, true},
};

Cost custom(const OpArgs& args) {
  const auto [flop, read, write, params, matrix] = args.take<5>();
  Cost cost;
  cost.matrix_flop = matrix * flop;
  cost.vector_flop = (1 - matrix) * flop;
  cost.read = read;
  cost.written = write;
  cost.unique = cost.touched();
  cost.params = params;
  cost.tensors = params > Count(0) ? 1 : 0;
  cost.param_bytes = std::min(tensor_bytes(params, args.dtypes.weights), read);
  cost.launches = 1;
  return cost;
}

constexpr std::array<OpKind, 1> kRows = {{
    {kCustomOp, "an op whose cost is stated in the model file", kCustomFields, Operands::kWeights, KernelClass::kStream,
     custom, "flop if matrix", "flop unless matrix", "read (bytes)", "write (bytes)", "params",
     "Written as `custom: {flop: 2*N, read: N*act_bits/8, write: N*act_bits/8}`. read and write are bytes; act_bits "
     "and "
     "weight_bits are the widths of the op's dtypes, so that the bytes follow --dtype",
     "the model file"},
}};

}  // namespace

std::span<const OpKind> custom_ops() { return kRows; }

}  // namespace gable
