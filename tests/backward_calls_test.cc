// Easy to break here: a formula of a backward pass that drifts from that of models/recipes/ideal.yaml.
#include <doctest/doctest.h>

#include "analyzer/lowering/kernel_cost.h"
#include "analyzer/spec/library.h"
#include "tests/call_rows.h"

namespace gable {
namespace {

struct Pair {
  std::string_view name;
  std::string_view args;
  std::string_view form = {};  ///< of the recipe's entry
};

constexpr std::array kPairs = {
    // its bias is a sum of its own: the kind's field is 0
    Pair{"aten::convolution_backward",
         "bf16[2,6,5,5] bf16[2,4,9,9] bf16[6,2,3,3] =[6] =[2,2] =[1,1] =[1,1] =False =[0,0] =2 =[True,True,True]"},
    Pair{"aten::_scaled_dot_product_flash_attention_backward",
         "bf16[2,4,6,8] bf16[2,4,6,8] bf16[2,2,9,8] bf16[2,2,9,8] bf16[2,4,6,8] fp32[2,4,6] _ _ =6 =9 =0. =True"},
    Pair{"aten::_flash_attention_backward",
         "fp16[2,6,4,8] fp16[2,6,4,8] fp16[2,9,2,8] fp16[2,9,2,8] fp16[2,6,4,8] fp32[2,4,6] _ _ =6 =9 =0. =False"},
    Pair{"aten::native_layer_norm_backward", "bf16[3,8] bf16[3,8] =[8] fp32[3] fp32[3] fp32[8] fp32[8] =[True]"},
    Pair{"aten::native_layer_norm_backward", "bf16[3,8] bf16[3,8] =[8] fp32[3] fp32[3] _ _ =[True]"},
    Pair{"aten::_fused_rms_norm_backward", "bf16[3,8] bf16[3,8] =[8] fp32[3] bf16[8] =[True]"},
    Pair{"aten::native_group_norm_backward",
         "fp32[2,6,4,5] fp32[2,6,4,5] fp32[2,3] fp32[2,3] fp32[6] =2 =6 =20 =3 =[True]"},
    Pair{"aten::native_batch_norm_backward",
         "bf16[2,6,4,5] bf16[2,6,4,5] fp32[6] fp32[6] fp32[6] fp32[6] fp32[6] =True =1e-5 =[True]"},
    Pair{"aten::_softmax_backward_data", "bf16[6,8] bf16[6,8] =-1 =15"},
    Pair{"aten::threshold_backward", "bf16[6] bf16[6] =0"},
    Pair{"aten::tanh_backward", "bf16[6] bf16[6]"},
    Pair{"aten::sigmoid_backward", "bf16[6] bf16[6]"},
    Pair{"aten::silu_backward", "bf16[6] bf16[6]"},
    Pair{"aten::gelu_backward", "bf16[6] bf16[6] _"},
    Pair{"aten::gelu_backward", "bf16[6] bf16[6] =tanh"},
    Pair{"aten::native_dropout_backward", "bf16[6] bool[6] =1.1"},
    Pair{"aten::embedding_dense_backward", "bf16[5,8] long[5] =3 =-1 =False"},
    Pair{"aten::max_pool2d_with_indices_backward",
         "fp32[2,3,4,4] fp32[2,3,8,8] =[3,3] =[2,2] =[1,1] =[1,1] =False long[2,3,4,4]"},
    Pair{"aten::avg_pool2d_backward", "fp32[2,3,4,4] fp32[2,3,8,8] =[2,2] =[] =[0,0] =False", "average"},
    Pair{"aten::_adaptive_avg_pool2d_backward", "fp32[2,3,2,2] fp32[2,3,8,8]", "average"},
};

Cost sum_of(const std::vector<KernelSpec>& kernels, const std::vector<std::int64_t>& values, const Dtypes& dtypes) {
  Cost sum;
  for (const KernelSpec& kernel : kernels) {
    if (!kernel.when || kernel.when->evaluate(values) != 0) sum = sum + kernel_cost(kernel, values, dtypes);
  }
  return sum;
}

TEST_CASE("calls of backward passes cost what recipe ideal says of them") {
  const Recipe ideal = load_recipe(std::string(kIdealRecipe));
  for (const Pair& pair : kPairs) {
    CAPTURE(std::string(pair.name));
    CAPTURE(std::string(pair.args));
    const auto call = call_cost(call_of(pair.name, pair.args));
    REQUIRE(call.has_value());
    REQUIRE(call->kind != nullptr);
    const OpRecipe* recipe = ideal.find(*call->kind, pair.form);
    REQUIRE(recipe != nullptr);
    REQUIRE(recipe->backward.has_value());
    std::vector<std::int64_t> values(
        call->args.values.begin(), call->args.values.begin() + static_cast<std::ptrdiff_t>(call->kind->fields.size()));
    values.push_back(1);  // train
    values.push_back(2);  // operands
    for (const Expr& let : recipe->lets) values.push_back(let.evaluate(values));
    const Cost want = sum_of(*recipe->backward, values, call->dtypes);
    CHECK(call->cost.matrix_flop == want.matrix_flop);
    CHECK(call->cost.vector_flop == want.vector_flop);
    CHECK(call->cost.recomputed == want.recomputed);
    CHECK(call->cost.read == want.read);
    CHECK(call->cost.written == want.written);
    CHECK(call->cost.unique == want.unique);
  }
}

TEST_CASE("calls of optimizers cost what recipe ideal says of them") {
  const Recipe ideal = load_recipe(std::string(kIdealRecipe));
  const std::vector<std::int64_t> values = {10, 1};  // params, tensors
  for (const Pair& pair :
       {Pair{"aten::_fused_adamw_", "{fp32[10]} {fp32[10]} {fp32[10]} {fp32[10]} {} {fp32[]} =0.1", "adamw"},
        Pair{"aten::_fused_sgd_", "{fp32[10]} {fp32[10]} {} =0 =0 =0.1", "sgd"},
        Pair{"aten::_fused_sgd_", "{fp32[10]} {fp32[10]} {fp32[10]} =0 =0.9 =0.1", "momentum"},
        Pair{"aten::_foreach_zero_", "{fp32[10]}", "zero_grad"}}) {
    CAPTURE(std::string(pair.form));
    const auto call = call_cost(call_of(pair.name, pair.args));
    REQUIRE(call.has_value());
    const OptimizerSpec* optimizer = ideal.find_optimizer(pair.form);
    REQUIRE(optimizer != nullptr);
    const Cost want = sum_of(optimizer->kernels, values, uniform(Dtype::kFp32));
    CHECK(call->cost.vector_flop == want.vector_flop);
    CHECK(call->cost.read == want.read);
    CHECK(call->cost.written == want.written);
  }
}

}  // namespace
}  // namespace gable
