// Easy to break here: rows that repeat (touched each time, but distinct at most once), index bytes, a table that is all
// read, lookup parameters that pass for multiplied ones.
#include <doctest/doctest.h>

#include "tests/error_text.h"
#include "tests/op_rows.h"

namespace gable {
namespace {

constexpr Dtypes kInt8Table{Dtype::kInt8, Dtype::kBf16, Dtype::kFp32, Dtype::kBf16};

std::vector<CostRow> embedding_rows() {
  return {
      {"embedding",
       {{"tokens", 3}, {"vocab", 11}, {"width", 5}},
       {.read = 8 * 3 + 4 * (3 * 5),  // indices of 8 bytes, a row of the table a token
        .written = 4 * (3 * 5),
        .param_bytes = 4 * (3 * 5),  // of the table only the rows that are looked up
        .params = 11 * 5,
        .tensors = 1,
        .lookup_params = 11 * 5,
        .output = 3 * 5}},
      // 30 tokens of a vocabulary of 11: at most 11 rows are distinct.
      {"embedding",
       {{"tokens", 30}, {"vocab", 11}, {"width", 5}},
       {.read = 8 * 30 + 1 * (30 * 5),
        .written = 2 * (30 * 5),
        .unique = 8 * 30 + 1 * (11 * 5) + 2 * (30 * 5),
        .param_bytes = 1 * (11 * 5),
        .params = 11 * 5,
        .tensors = 1,
        .lookup_params = 11 * 5,
        .output = 30 * 5},
       kInt8Table},
  };
}

std::vector<CostRow> row_move_rows() {
  return {
      {"gather",
       {{"rows", 3}, {"width", 5}, {"table_rows", 11}},
       {.read = 8 * 3 + 4 * (3 * 5), .written = 4 * (3 * 5), .output = 3 * 5}},
      {"gather",
       {{"rows", 30}, {"width", 5}, {"table_rows", 11}},
       {.read = 8 * 30 + 2 * (30 * 5),
        .written = 2 * (30 * 5),
        .unique = 8 * 30 + 2 * (11 * 5) + 2 * (30 * 5),
        .output = 30 * 5},
       kInt8Table},
      // one addition an element: source and target are read, the target is written
      {"scatter_add",
       {{"rows", 3}, {"width", 5}, {"table_rows", 11}},
       {.vector_flop = 3 * 5, .read = 8 * 3 + 4 * (3 * 5) * 2, .written = 4 * (3 * 5), .output = 11 * 5}},
      {"scatter_add",
       {{"rows", 30}, {"width", 5}, {"table_rows", 11}},
       {.vector_flop = 30 * 5,
        .read = 8 * 30 + 4 * (30 * 5) * 2,
        .written = 4 * (30 * 5),
        .unique = 8 * 30 + 4 * (30 * 5) + 4 * (11 * 5) * 2,  // source, and 11 rows of the target in and out
        .output = 11 * 5}},
  };
}

std::vector<CostRow> spmm_rows() {
  return {
      // CSR: 4 values, 4 column indices and 3 + 1 row pointers of 4 bytes; then a dense row of 5 a value.
      {"spmm",
       {{"m", 3}, {"n", 5}, {"k", 7}, {"nnz", 4}},
       {.vector_flop = 2 * 4 * 5,
        .read = 4 * 4 + 4 * 4 + 4 * (3 + 1) + 4 * (4 * 5),
        .written = 4 * (3 * 5),
        .output = 3 * 5}},
      // 21 values are all of 3 x 7, so each of the 7 dense rows is used three times.
      {"spmm",
       {{"m", 3}, {"n", 5}, {"k", 7}, {"nnz", 21}},
       {.vector_flop = 2 * 21 * 5,
        .read = 2 * 21 + 4 * 21 + 4 * (3 + 1) + 2 * (21 * 5),
        .written = 2 * (3 * 5),
        .unique = 2 * 21 + 4 * 21 + 4 * (3 + 1) + 2 * (7 * 5) + 2 * (3 * 5),
        .output = 3 * 5},
       uniform(Dtype::kFp16)},
  };
}

TEST_CASE("embedding, by hand") { check_costs(embedding_rows()); }
TEST_CASE("gather and scatter_add, by hand") { check_costs(row_move_rows()); }
TEST_CASE("spmm, by hand") { check_costs(spmm_rows()); }

TEST_CASE("spmm: a full matrix has the FLOP of a matmul, on the other units") {
  const Cost dense = cost_of("matmul", {{"m", 3}, {"n", 5}, {"k", 7}});
  const Cost sparse = cost_of("spmm", {{"m", 3}, {"n", 5}, {"k", 7}, {"nnz", 3 * 7}});
  CHECK(sparse.vector_flop == dense.matrix_flop);
  CHECK(sparse.matrix_flop == 0);
}

TEST_CASE("spmm: more values than the matrix has places") {
  const auto spmm = [](std::int64_t nnz) {
    return input_error([&] { return cost_of("spmm", {{"m", 3}, {"n", 5}, {"k", 7}, {"nnz", nnz}}); });
  };
  CHECK(spmm(21) == "no error");
  CHECK(spmm(22) == "nnz is larger than m*k");
}

}  // namespace

std::vector<CostRow> indexed_rows() {
  std::vector<CostRow> all = embedding_rows();
  for (const auto& rows : {row_move_rows(), spmm_rows()}) all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

}  // namespace gable
