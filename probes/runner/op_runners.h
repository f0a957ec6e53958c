// The families of ops that the runner runs; op_table.cc has their rows.
#pragma once

#include "probes/runner/builder.h"

namespace gable {

using RunOp = void(Builder& builder, Node& node);

RunOp run_linear, linear_backward, run_matmul, matmul_backward, run_attention, attention_backward, run_conv,
    conv_backward;
RunOp run_norm, norm_backward, run_channel_norm, channel_norm_backward, run_softmax, softmax_backward,
    run_cross_entropy, cross_entropy_backward;
RunOp run_activation, activation_backward, run_add, add_backward, run_mul, mul_backward, run_scale, scale_backward,
    run_mask, mask_backward, run_dropout, dropout_backward;
RunOp run_concat, concat_backward, run_copy, copy_backward, run_rope, rope_backward, run_embedding, embedding_backward,
    run_pool, pool_backward;

}  // namespace gable
