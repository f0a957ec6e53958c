// Easy to break here: lists of unlike types, a list that is not there, a gradient that is scaled.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

constexpr int kN = 6 + 4;  // elements of the lists below

#define PARAMS "{fp32[2,3];fp32[4]} "

/// Of `flop` an element, `lists` read, one written.
CallTest foreach_row(std::string_view names, std::string_view args, int flop, int lists) {
  return {names,
          args,
          {.vector_flop = flop * kN,
           .read = 4 * lists * kN,
           .written = 4 * kN,
           .shape = "10 in 2",
           .pass = Pass::kOptimizer}};
}

std::vector<CallTest> foreach_rows() {
  return {
      foreach_row("aten::_foreach_add aten::_foreach_add_ aten::_foreach_sub", PARAMS PARAMS "=1", 1, 2),
      foreach_row("aten::_foreach_add_", PARAMS PARAMS "=-0.1", 2, 2),
      foreach_row("aten::_foreach_add_ aten::_foreach_mul_ aten::_foreach_div_ aten::_foreach_maximum_ "
                  "aten::_foreach_minimum aten::_foreach_clamp_max aten::_foreach_clamp_min aten::_foreach_pow",
                  PARAMS "=0.9", 1, 1),
      foreach_row("aten::_foreach_mul_ aten::_foreach_div", PARAMS PARAMS, 1, 2),
      foreach_row("aten::_foreach_mul_", PARAMS "fp32[]", 1, 1),
      foreach_row("aten::_foreach_sqrt aten::_foreach_rsqrt aten::_foreach_reciprocal_ aten::_foreach_neg "
                  "aten::_foreach_abs aten::_foreach_sign aten::_foreach_exp",
                  PARAMS, 1, 1),
      foreach_row("aten::_foreach_addcmul_ aten::_foreach_addcdiv_", PARAMS PARAMS PARAMS "=0.1", 3, 3),
      foreach_row("aten::_foreach_lerp_", PARAMS PARAMS "=0.1", 3, 2),
      foreach_row("aten::_amp_foreach_non_finite_check_and_unscale_", PARAMS "fp32[1] fp32[]", 2, 1),
      {"aten::_foreach_zero_", PARAMS, {.written = 4 * kN, .pass = Pass::kOptimizer}},
      {"aten::_foreach_copy_",  // from a narrower type
       PARAMS "{bf16[2,3];bf16[4]} =False",
       {.read = 2 * kN, .written = 4 * kN, .pass = Pass::kOptimizer}},
      {"aten::_foreach_norm",
       PARAMS "=2",
       {.vector_flop = 2 * kN, .read = 4 * kN, .written = 4 * 2, .pass = Pass::kOptimizer}},
      {"aten::_foreach_max", PARAMS, {.vector_flop = kN, .read = 4 * kN, .written = 4 * 2, .pass = Pass::kOptimizer}},
  };
}

std::vector<CallTest> fused_rows() {
  return {
      {"aten::_fused_adam_ aten::_fused_adamw_",
       PARAMS PARAMS PARAMS PARAMS "{} {fp32[];fp32[]} =0.1 =0.9 =0.99 =0 =1e-8 =False =False _ _",
       {.vector_flop = 14 * kN, .read = 4 * 4 * kN, .written = 4 * 3 * kN, .pass = Pass::kOptimizer}},
      {"aten::_fused_adamw_",  // bf16 parameters and gradients, fp32 states
       "{bf16[10]} {bf16[10]} {fp32[10]} {fp32[10]} {} {fp32[]} =0.1 =0.9 =0.99 =0 =1e-8 =False =False _ _",
       {.vector_flop = 14 * kN, .read = (2 + 2 + 4 + 4) * kN, .written = (2 + 4 + 4) * kN, .pass = Pass::kOptimizer}},
      {"aten::_fused_adam_",  // the maxima of AMSGrad; gradients divided by a scale are written back
       PARAMS PARAMS PARAMS PARAMS PARAMS "{fp32[];fp32[]} =0.1 =0.9 =0.99 =0 =1e-8 =True =False fp32[] fp32[]",
       {.vector_flop = (15 + 1) * kN, .read = 4 * 5 * kN, .written = 4 * 5 * kN, .pass = Pass::kOptimizer}},
      {"aten::_fused_sgd_",
       PARAMS PARAMS "{} =0 =0 =0.1 =0 =False =False =False _ _",
       {.vector_flop = 2 * kN, .read = 4 * 2 * kN, .written = 4 * kN, .pass = Pass::kOptimizer}},
      {"aten::_fused_sgd_",
       PARAMS PARAMS PARAMS "=0 =0.9 =0.1 =0 =False =False =False _ _",
       {.vector_flop = 4 * kN, .read = 4 * 3 * kN, .written = 4 * 2 * kN, .pass = Pass::kOptimizer}},
      {"aten::_fused_sgd_",
       PARAMS PARAMS PARAMS "=0.01 =0.9 =0.1 =0 =False =False =False _ _",
       {.vector_flop = 6 * kN, .read = 4 * 3 * kN, .written = 4 * 2 * kN, .pass = Pass::kOptimizer}},
  };
}

TEST_CASE("calls of optimizers, by hand") { check_calls(optimizer_call_rows()); }

TEST_CASE("calls of optimizers: arguments that do not tell the cost") {
  check_untold({{"aten::_foreach_add_", "fp32[6] fp32[6]"},
                {"aten::_foreach_add_", "{} {}"},
                {"aten::_foreach_add_", "{?[6]} =1"},
                {"aten::_fused_adamw_", "{fp32[6]} {fp32[6]}"}});
}

}  // namespace

std::vector<CallTest> optimizer_call_rows() {
  std::vector<CallTest> rows = foreach_rows();
  const std::vector<CallTest> fused = fused_rows();
  rows.insert(rows.end(), fused.begin(), fused.end());
  return rows;
}

}  // namespace gable
