// Easy to break here: what is given and what is gotten, sums whose FLOP nobody knows.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

TEST_CASE("calls of collectives, by hand") { check_calls(collective_call_rows()); }

TEST_CASE("calls of collectives: arguments that do not tell the cost") {
  check_untold({{"c10d::allreduce_", "{}"},
                {"c10d::_allgather_base_", "bf16[12]"},
                {"_c10d_functional::all_gather_into_tensor", "bf16[6] =0 =0"},
                {"nccl:all_reduce", ""},
                {"nccl:all_reduce", "=1 _"}});
}

}  // namespace

std::vector<CallTest> collective_call_rows() {
  return {
      {"c10d::allreduce_ c10d::reduce_ c10d::allreduce_coalesced_",
       "{bf16[6];fp32[4]} _ =1",
       {.read = 2 * 6 + 4 * 4, .written = 2 * 6 + 4 * 4, .flop_known = false}},
      {"c10d::broadcast_", "{bf16[6]} _ =0 =0", {.read = 2 * 6, .written = 2 * 6, .shape = "6"}},
      {"c10d::send", "{bf16[6]} _ =1 =0", {.read = 2 * 6}},
      {"c10d::recv_ c10d::recv_any_source_", "{bf16[6]} _ =1 =0", {.written = 2 * 6}},
      {"c10d::_allgather_base_ c10d::alltoall_base_ c10d::allgather_into_tensor_coalesced_",
       "bf16[12] bf16[6] _ =False",
       {.read = 2 * 6, .written = 2 * 12}},
      {"c10d::allgather_ c10d::gather_", "{{bf16[6];bf16[6]}} {bf16[6]} _", {.read = 2 * 6, .written = 2 * 12}},
      {"c10d::alltoall_", "{bf16[6];bf16[6]} {bf16[6];bf16[6]} _", {.read = 2 * 12, .written = 2 * 12}},
      {"c10d::scatter_", "{bf16[6]} {{bf16[6];bf16[6]}} _", {.read = 2 * 12, .written = 2 * 6}},
      {"c10d::_reduce_scatter_base_ c10d::reduce_scatter_tensor_coalesced_ c10d::reduce_scatter_",
       "bf16[6] bf16[12] _ =0",
       {.read = 2 * 12, .written = 2 * 6, .flop_known = false}},
      {"_c10d_functional::all_reduce _c10d_functional::all_reduce_",
       "bf16[6] =sum =0",
       {.read = 2 * 6, .written = 2 * 6, .flop_known = false}},
      {"_c10d_functional::broadcast _c10d_functional::all_to_all_single",
       "bf16[6] =0 =0",
       {.read = 2 * 6, .written = 2 * 6}},
      {"_c10d_functional::all_gather_into_tensor", "bf16[6] =4 =0", {.read = 2 * 6, .written = 2 * 24}},
      {"_c10d_functional::reduce_scatter_tensor",
       "bf16[24] =sum =4 =0",
       {.read = 2 * 24, .written = 2 * 6, .flop_known = false}},
      {"nccl:all_reduce nccl:_reduce_scatter_base",
       "{bf16[6]}",
       {.read = 2 * 6, .written = 2 * 6, .flop_known = false}},
      {"nccl:broadcast", "bf16[6]", {.read = 2 * 6, .written = 2 * 6}},
      {"record_param_comms", "{bf16[6]} =1 =0", {.read = 2 * 6, .written = 2 * 6, .flop_known = false}},
  };
}

}  // namespace gable
