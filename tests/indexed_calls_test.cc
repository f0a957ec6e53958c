// Easy to break here: which dims are indexed, indices of 32 bits, rows that are taken twice, masks taken for indices.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

std::vector<CallTest> gather_rows() {
  return {
      {"aten::embedding",
       "bf16[30522,512] long[1,141] =0 =False =False",
       {.read = 8 * 141 + 2 * 141 * 512, .written = 2 * 141 * 512, .kind = "embedding", .shape = "1x141 of 30522x512"}},
      {"aten::embedding",  // two rows, however often they are taken; 32-bit indices
       "bf16[2,512] int[141] =0 =False =False",
       {.read = 4 * 141 + 2 * 141 * 512,
        .written = 2 * 141 * 512,
        .unique = 4 * 141 + 2 * 2 * 512 + 2 * 141 * 512,
        .kind = "embedding"}},
      {"aten::embedding_dense_backward",
       "fp32[1,5,8] long[1,5] =100 =-1 =False",
       {.vector_flop = 40,
        .read = 8 * 5 + 4 * 40 + 4 * 40,
        .written = 4 * 40,
        .kind = "embedding",
        .pass = Pass::kWgrad}},
      {"aten::_embedding_bag aten::_embedding_bag_forward_only",  // 6 rows into 2 bags
       "fp32[100,8] long[6] long[2] =False =0",
       {.vector_flop = 6 * 8, .read = 8 * 6 + 8 * 2 + 4 * 6 * 8, .written = 4 * 2 * 8}},
      {"aten::index_select",
       "bf16[30522,512] =0 long[141]",
       {.read = 8 * 141 + 2 * 141 * 512, .written = 2 * 141 * 512, .kind = "gather"}},
      {"aten::index_select",  // columns
       "fp32[4,6] =1 long[3]",
       {.read = 8 * 3 + 4 * 3 * 4, .written = 4 * 3 * 4, .kind = "gather"}},
      {"aten::gather", "fp32[4,6] =1 long[4,1] =False", {.read = 8 * 4 + 4 * 4, .written = 4 * 4, .kind = "gather"}},
      {"aten::take", "long[24] long[5]", {.read = 8 * 5 + 8 * 5, .written = 8 * 5, .kind = "gather"}},
      {"aten::index",  // rows of the first dim
       "bf16[10,3,4] {long[5]}",
       {.read = 8 * 5 + 2 * 5 * 12, .written = 2 * 5 * 12, .kind = "gather"}},
      {"aten::index",  // pairs of the outer dims, without types; two indices a row
       "bf16[10,3,4] {[5];_;[5]}",
       {.read = 2 * 8 * 5 + 2 * 5 * 3, .written = 2 * 5 * 3, .kind = "gather"}},
  };
}

std::vector<CallTest> scatter_rows() {
  return {
      {"aten::index_put aten::index_put_ aten::_index_put_impl_",
       "bf16[10,4] {long[5]} bf16[5,4] =False =False",
       {.read = 8 * 5 + 2 * 20, .written = 2 * 20}},
      {"aten::index_put_ aten::_index_put_impl_",  // added: the target is read, too
       "bf16[10,4] {long[5]} bf16[5,4] =True =False",
       {.vector_flop = 20, .read = 8 * 5 + 2 * 2 * 20, .written = 2 * 20, .kind = "scatter_add"}},
      {"aten::index_add aten::index_add_",
       "bf16[10,4] =0 long[5] bf16[5,4] =1",
       {.vector_flop = 20, .read = 8 * 5 + 2 * 2 * 20, .written = 2 * 20, .kind = "scatter_add"}},
      {"aten::index_copy aten::index_copy_",
       "bf16[10,4] =0 long[5] bf16[5,4]",
       {.read = 8 * 5 + 2 * 20, .written = 2 * 20}},
      {"aten::index_fill aten::index_fill_", "bf16[10,4] =0 long[5] =0", {.read = 8 * 5, .written = 2 * 20}},
      {"aten::scatter aten::scatter_", "fp32[4,6] =1 long[4,2] fp32[4,2]", {.read = 8 * 8 + 4 * 8, .written = 4 * 8}},
      {"aten::scatter_", "fp32[4,6] =1 long[4,2] =1", {.read = 8 * 8, .written = 4 * 8}},
      {"aten::scatter_add aten::scatter_add_",
       "fp32[4,6] =1 long[4,2] fp32[4,2]",
       {.vector_flop = 8, .read = 8 * 8 + 2 * 4 * 8, .written = 4 * 8, .kind = "scatter_add"}},
      {"aten::topk", "bf16[4,100] =8 =-1 =True =True", {.read = 2 * 400, .written = (2 + 8) * 32, .flop_known = false}},
      {"aten::sort aten::argsort aten::msort",
       "bf16[4,100] =-1 =False",
       {.read = 2 * 400, .written = (2 + 8) * 400, .flop_known = false}},
      {"aten::nonzero aten::_unique aten::_unique2 aten::unique_consecutive",
       "bool[24]",
       {.read = 24, .flop_known = false}},
      {"aten::masked_select", "fp32[24] bool[24]", {.read = 4 * 24 + 24, .flop_known = false}},
  };
}

TEST_CASE("calls by index, by hand") { check_calls(indexed_call_rows()); }

TEST_CASE("calls by index: arguments that do not tell the cost") {
  check_untold({{"aten::index", "bf16[4,6] {bool[4,6]}"},
                {"aten::index", "bf16[4,6] {?[4,6]}"},
                {"aten::index", "bf16[4,6] {[4,6]}"},
                {"aten::index", "bf16[4,6] {[4]}"},  // perhaps a mask
                {"aten::index", "bf16[4,6] {_;_}"},
                {"aten::index", "bf16[4,6] {long[2];long[2];long[2]}"},
                {"aten::index", "bf16[4,6]"},
                {"aten::embedding", "bf16[10,8] long[0]"},
                {"aten::embedding_dense_backward", "bf16[5,8] long[5] _ =-1 =False"},
                {"aten::index_select", "bf16[4,6] =2 long[3]"},
                {"aten::topk", "bf16[4,6] _ =-1"}});
}

}  // namespace

std::vector<CallTest> indexed_call_rows() {
  std::vector<CallTest> rows = gather_rows();
  const std::vector<CallTest> more = scatter_rows();
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace gable
