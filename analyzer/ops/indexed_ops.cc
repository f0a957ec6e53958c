// Ops that address memory by index. What they touch and what is distinct differ: a row taken twice is touched twice,
// but its bytes must come from DRAM only once. Which rows repeat is unknown, so at most the table's rows are distinct.
#include <algorithm>

#include "analyzer/base/error.h"
#include "analyzer/ops/op_table.h"

namespace gable {
namespace {

constexpr std::array kEmbeddingFields = {
    Field{"tokens", "rows looked up"},
    Field{"vocab", "rows of the table"},
    Field{"width", "elements a row"},
};

Cost embedding(const OpArgs& args) {
  const auto [tokens, vocab, width] = args.take<3>();
  const Dtype weights = args.dtypes.weights;
  Cost cost;
  cost.params = vocab * width;
  cost.lookup_params = cost.params;
  cost.tensors = 1;
  cost.read = tokens * kIndexBytes + tensor_bytes(tokens * width, weights);
  cost.output = tokens * width;
  cost.written = tensor_bytes(cost.output, args.dtypes.act);
  cost.param_bytes = tensor_bytes(std::min(tokens, vocab) * width, weights);
  cost.unique = tokens * kIndexBytes + cost.param_bytes + cost.written;
  cost.launches = 1;
  return cost;
}

constexpr std::array kRowsFields = {
    Field{"rows", "rows moved"},
    Field{"width", "elements a row"},
    Field{"table_rows", "rows of the table that they come from or go to"},
};

Cost gather(const OpArgs& args) {
  const auto [rows, width, table_rows] = args.take<3>();
  Cost cost;
  cost.read = rows * kIndexBytes + tensor_bytes(rows * width, args.dtypes.act);
  cost.output = rows * width;
  cost.written = tensor_bytes(cost.output, args.dtypes.act);
  cost.unique = rows * kIndexBytes + tensor_bytes(std::min(rows, table_rows) * width, args.dtypes.act) + cost.written;
  cost.launches = 1;
  return cost;
}

Cost scatter_add(const OpArgs& args) {
  const auto [rows, width, table_rows] = args.take<3>();
  const Count moved = tensor_bytes(rows * width, args.dtypes.act);
  Cost cost;
  cost.vector_flop = rows * width;
  cost.read = rows * kIndexBytes + moved + moved;
  cost.written = moved;
  cost.output = table_rows * width;
  const Count distinct = tensor_bytes(std::min(rows, table_rows) * width, args.dtypes.act);
  cost.unique = rows * kIndexBytes + moved + 2 * distinct;
  cost.launches = 1;
  return cost;
}

constexpr std::array kSpmmFields = {
    Field{"m", "rows of the sparse matrix"},
    Field{"n", "columns of the dense matrix"},
    Field{"k", "columns of the sparse matrix"},
    Field{"nnz", "stored elements, at most m*k"},
};

Cost spmm(const OpArgs& args) {
  constexpr std::int64_t kCsrIndexBytes = 4;
  const auto [m, n, k, nnz] = args.take<4>();
  if (nnz > m * k) throw InputError("nnz is larger than m*k");
  const Dtype act = args.dtypes.act;
  const Count csr = tensor_bytes(nnz, act) + nnz * kCsrIndexBytes + (m + 1) * kCsrIndexBytes;
  Cost cost;
  cost.vector_flop = 2 * nnz * n;
  cost.read = csr + tensor_bytes(nnz * n, act);
  cost.output = m * n;
  cost.written = tensor_bytes(cost.output, act);
  cost.unique = csr + tensor_bytes(std::min(nnz, k) * n, act) + cost.written;
  cost.launches = 1;
  return cost;
}

constexpr std::array<OpKind, 4> kRows = {{
    {"embedding",
     "rows of a learned table by token",
     kEmbeddingFields,
     Operands::kWeights,
     KernelClass::kGather,
     embedding,
     "0",
     "0",
     "8*tokens bytes of indices + tokens*width weights",
     "tokens*width act",
     "vocab*width, all of them lookup parameters",
     "Distinct bytes: at most min(tokens, vocab) rows of the table",
     "PyTorch documentation of torch.nn.Embedding",
     {},
     false},
    {"spmm", "sparse (CSR) times dense", kSpmmFields, Operands::kActivations, KernelClass::kGather, spmm, "0",
     "2*nnz*n: runs on the vector units, so it is no matrix FLOP",
     "nnz act + 4*nnz + 4*(m + 1) bytes of CSR indices + nnz*n act", "m*n act", "0",
     "A dense row is touched once an element; distinct are at most min(nnz, k) rows",
     "Yang, Buluc and Owens 2018, arXiv:1803.08601, section 2 (CSR SpMM)"},
    {"gather", "rows of an activation by index", kRowsFields, Operands::kActivations, KernelClass::kGather, gather, "0",
     "0", "8*rows bytes of indices + rows*width act", "rows*width act", "0",
     "Distinct bytes: at most min(rows, table_rows) rows of the table", "PyTorch documentation of torch.gather"},
    {"scatter_add", "adds rows into a table by index", kRowsFields, Operands::kActivations, KernelClass::kGather,
     scatter_add, "0", "1*rows*width", "8*rows bytes of indices + 2*rows*width act (source and target)",
     "rows*width act", "0",
     "Distinct bytes: the source, and at most min(rows, table_rows) rows of the target twice (read, written)",
     "PyTorch documentation of torch.Tensor.scatter_add_"},
}};

}  // namespace

std::span<const OpKind> indexed_ops() { return kRows; }

}  // namespace gable
