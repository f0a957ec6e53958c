// Easy to break here: a dtype taken for a dim, positions that are written beside the values, sums of integers.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

TEST_CASE("calls of reductions, by hand") { check_calls(reduction_call_rows()); }

TEST_CASE("calls of reductions: arguments that do not tell the cost") {
  check_untold({{"aten::sum", "fp32[2,3] =[2] =False _"},
                {"aten::sum", "fp32[2,3] =[-3] =False _"},
                {"aten::sum", "fp32[0,3] =[1] =False _"},
                {"aten::sum", "c10::complex<float>[6] _"},
                {"aten::linalg_norm", "fp32[4,6] =2 _ =False _"},  // the largest singular value
                {"aten::linalg_norm", "fp32[2,4,6] =1 =[1,2] =False _"},
                {"aten::max", "?[6]"}});
}

}  // namespace

std::vector<CallTest> reduction_call_rows() {
  return {
      {"aten::sum aten::mean aten::prod aten::nansum",
       "fp32[4,6] _",
       {.vector_flop = 24 - 1, .read = 4 * 24, .written = 4, .kind = "reduce", .shape = "4x6"}},
      {"aten::sum aten::mean",  // in fp32
       "bf16[4,6] =6",
       {.vector_flop = 24 - 1, .read = 2 * 24, .written = 4, .kind = "reduce"}},
      {"aten::sum aten::mean",
       "bf16[4,6] =[1] =True _",
       {.vector_flop = 24 - 4, .read = 2 * 24, .written = 2 * 4, .kind = "reduce"}},
      {"aten::sum",
       "bf16[4,6] =[-2] =False =6",
       {.vector_flop = 24 - 6, .read = 2 * 24, .written = 4 * 6, .kind = "reduce"}},
      {"aten::sum",  // of integers 64 bits
       "bool[4,6] =[0,1] =False _",
       {.vector_flop = 24 - 1, .read = 24, .written = 8, .kind = "reduce"}},
      {"aten::prod",
       "fp32[4,6] =1 =False _",
       {.vector_flop = 24 - 4, .read = 4 * 24, .written = 4 * 4, .kind = "reduce"}},
      {"aten::max aten::min", "bf16[4,6]", {.vector_flop = 24 - 1, .read = 2 * 24, .written = 2, .kind = "reduce"}},
      {"aten::max aten::min",  // over a dim: positions, too
       "bf16[4,6] =1 =False",
       {.vector_flop = 24 - 4, .read = 2 * 24, .written = (2 + 8) * 4, .kind = "reduce"}},
      {"aten::max aten::min",  // of two tensors
       "bf16[4,6] bf16[6]",
       {.vector_flop = 24, .read = 2 * (24 + 6), .written = 2 * 24}},
      {"aten::amax aten::amin",
       "bf16[4,6] =[1] =False",
       {.vector_flop = 24 - 4, .read = 2 * 24, .written = 2 * 4, .kind = "reduce"}},
      {"aten::aminmax", "bf16[4,6] =1 =False", {.vector_flop = 2 * 24, .read = 2 * 24, .written = 2 * 2 * 4}},
      {"aten::argmax aten::argmin",
       "bf16[4,6] =1 =False",
       {.vector_flop = 24 - 4, .read = 2 * 24, .written = 8 * 4, .kind = "reduce"}},
      {"aten::count_nonzero", "bf16[4,6] _", {.vector_flop = 24 - 1, .read = 2 * 24, .written = 8, .kind = "reduce"}},
      {"aten::all aten::any", "bool[1,141]", {.vector_flop = 141 - 1, .read = 141, .written = 1, .kind = "reduce"}},
      {"aten::all aten::any",
       "bool[4,6] =1 =False",
       {.vector_flop = 24 - 4, .read = 24, .written = 4, .kind = "reduce"}},
      {"aten::norm aten::linalg_vector_norm",
       "fp32[4,6] =2 _ =False _",
       {.vector_flop = 2 * 24, .read = 4 * 24, .written = 4}},
      {"aten::linalg_norm",  // without ord over all; of Frobenius the same
       "fp32[4,6] _ _ =False _",
       {.vector_flop = 2 * 24, .read = 4 * 24, .written = 4}},
      {"aten::linalg_norm", "fp32[4,6] =fro _ =False _", {.vector_flop = 2 * 24, .read = 4 * 24, .written = 4}},
      {"aten::norm aten::linalg_vector_norm aten::linalg_norm",
       "fp32[4,6] =2 =[1] =False _",
       {.vector_flop = 2 * 24, .read = 4 * 24, .written = 4 * 4}},
      {"aten::std aten::var", "fp32[4,6] =True", {.vector_flop = 4 * 24, .read = 4 * 24, .written = 4}},
      {"aten::std aten::var", "fp32[4,6] =[1] =1 =False", {.vector_flop = 4 * 24, .read = 4 * 24, .written = 4 * 4}},
      {"aten::std_mean aten::var_mean",
       "fp32[4,6] =[1] =1 =False",
       {.vector_flop = 4 * 24, .read = 4 * 24, .written = 2 * 4 * 4}},
      {"aten::logsumexp", "fp32[4,6] =[1] =False", {.vector_flop = 4 * 24, .read = 4 * 24, .written = 4 * 4}},
      {"aten::cumsum aten::cumprod", "fp32[4,6] =1 _", {.vector_flop = 24, .read = 4 * 24, .written = 4 * 24}},
      {"aten::cumsum", "bool[4,6] =1 _", {.vector_flop = 24, .read = 24, .written = 8 * 24}},
      {"aten::cumsum", "bool[4,6] =1 =3", {.vector_flop = 24, .read = 24, .written = 4 * 24}},
  };
}

}  // namespace gable
