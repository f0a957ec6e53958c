// How each kind of op runs.
//
// Adding a kind: its two functions in the file of its family, its row here, a test in tests/runner_test.cc.
#include <algorithm>
#include <array>

#include "probes/runner/op_runners.h"

namespace gable {
namespace {

constexpr std::array<RunnerRow, 26> kRows = {{
    {"linear", run_linear, linear_backward},
    {"matmul", run_matmul, matmul_backward},
    {"attention", run_attention, attention_backward},
    {"conv2d", run_conv, conv_backward},
    {"rope", run_rope, rope_backward},
    {"layernorm", run_norm, norm_backward},
    {"rmsnorm", run_norm, norm_backward},
    {"batchnorm", run_channel_norm, channel_norm_backward},
    {"groupnorm", run_channel_norm, channel_norm_backward},
    {"softmax", run_softmax, softmax_backward},
    {"cross_entropy", run_cross_entropy, cross_entropy_backward},
    {"gelu", run_activation, activation_backward},
    {"gelu_tanh", run_activation, activation_backward},
    {"silu", run_activation, activation_backward},
    {"relu", run_activation, activation_backward},
    {"tanh", run_activation, activation_backward},
    {"sigmoid", run_activation, activation_backward},
    {"add", run_add, add_backward},
    {"mul", run_mul, mul_backward},
    {"scale", run_scale, scale_backward},
    {"mask", run_mask, mask_backward},
    {"dropout", run_dropout, dropout_backward},
    {"concat", run_concat, concat_backward},
    {"copy", run_copy, copy_backward},
    {"embedding", run_embedding, embedding_backward},
    {"pool", run_pool, pool_backward},
}};
constexpr RunnerRow kSplit = {"split", nullptr, nullptr};

}  // namespace

const RunnerRow* find_runner(std::string_view kind) {
  if (kind == kSplit.kind) return &kSplit;
  const auto* found = std::find_if(kRows.begin(), kRows.end(), [&](const RunnerRow& row) { return row.kind == kind; });
  return found == kRows.end() ? nullptr : &*found;
}

}  // namespace gable
