// Normalisations, softmax, the loss.
#include "probes/runner/op_runners.h"

namespace gable {
namespace {

constexpr Fill kOnes = {Fill::What::kOne, 1, 1, 0};
constexpr Fill kZeros = {Fill::What::kZero, 0, 1, 0};

bool has_shift(const Builder& b, const Node& node) { return b.kind(node) == "layernorm"; }

RowsCall norm_call(Builder& b, Node& node) {
  RowsCall call;
  call.rows = b.field(node, "rows");
  call.width = b.field(node, "width");
  call.x = b.input(node, 0, call.rows * call.width);
  if (b.field(node, "affine") == 0) return call;
  call.gain = b.parameter(node, 0, call.width, kOnes).value;
  if (has_shift(b, node)) call.shift = b.parameter(node, 1, call.width, kZeros).value;
  return call;
}

ChannelNormCall channel_norm_call(Builder& b, Node& node) {
  ChannelNormCall call;
  call.batch = b.field(node, "batch");
  call.channels = b.field(node, "channels");
  call.spatial = b.field(node, "spatial");
  const bool grouped = b.kind(node) == "groupnorm";
  if (grouped) call.groups = b.field(node, "groups");
  call.use_stats = !grouped && b.evaluates();
  call.x = b.input(node, 0, call.batch * call.channels * call.spatial);
  if (grouped && b.field(node, "affine") == 0) return call;
  call.gain = b.parameter(node, 0, call.channels, kOnes).value;
  call.shift = b.parameter(node, 1, call.channels, kZeros).value;
  return call;
}

}  // namespace

void run_norm(Builder& b, Node& node) {
  RowsCall call = norm_call(b, node);
  call.fn = has_shift(b, node) ? RowsFn::kLayernorm : RowsFn::kRmsnorm;
  call.stats = b.keep(node, call.rows * (has_shift(b, node) ? 2 : 1), kOnes);
  call.out = b.output(node);
  b.run(node, Pass::kForward, call);
}

void norm_backward(Builder& b, Node& node) {
  RowsCall call = norm_call(b, node);
  call.fn = has_shift(b, node) ? RowsFn::kLayernormGrad : RowsFn::kRmsnormGrad;
  call.stats = node.kept.front();
  call.dy = b.output_gradient(node);
  if (call.gain) call.gain_grad = b.parameter(node, 0, call.width, kOnes).gradient;
  if (call.shift) call.shift_grad = b.parameter(node, 1, call.width, kZeros).gradient;
  b.input_gradient_anyway(node, 0, [&](const Buffer& dx) {
    call.out = dx;
    b.run(node, Pass::kDgrad, call);
  });
}

void run_channel_norm(Builder& b, Node& node) {
  ChannelNormCall call = channel_norm_call(b, node);
  call.stats = b.keep(node, 2 * (call.groups == 0 ? call.channels : call.batch * call.groups), kOnes);
  call.out = b.output(node);
  b.run(node, Pass::kForward, call);
}

void channel_norm_backward(Builder& b, Node& node) {
  ChannelNormCall call = channel_norm_call(b, node);
  call.backward = true;
  call.stats = node.kept.front();
  call.dy = b.output_gradient(node);
  if (call.gain) call.gain_grad = b.parameter(node, 0, call.channels, kOnes).gradient;
  if (call.shift) call.shift_grad = b.parameter(node, 1, call.channels, kZeros).gradient;
  b.input_gradient_anyway(node, 0, [&](const Buffer& dx) {
    call.out = dx;
    b.run(node, Pass::kDgrad, call);
  });
}

void run_softmax(Builder& b, Node& node) {
  RowsCall call;
  call.rows = b.field(node, "rows");
  call.width = b.field(node, "width");
  call.x = b.input(node, 0, call.rows * call.width);
  call.out = b.output(node);
  b.run(node, Pass::kForward, call);
}

void softmax_backward(Builder& b, Node& node) {
  RowsCall call;
  call.fn = RowsFn::kSoftmaxGrad;
  call.rows = b.field(node, "rows");
  call.width = b.field(node, "width");
  call.x = b.output(node);
  call.dy = b.output_gradient(node);
  b.input_gradient(node, 0, [&](const Buffer& dx) {
    call.out = dx;
    b.run(node, Pass::kDgrad, call);
  });
}

void run_cross_entropy(Builder& b, Node& node) {
  RowsCall call;
  call.fn = RowsFn::kCrossEntropy;
  call.rows = b.field(node, "rows");
  call.width = b.field(node, "classes");
  call.x = b.input(node, 0, call.rows * call.width);
  call.stats = b.keep(node, call.rows, kOnes);
  call.index = b.keep_bytes(node, call.rows * kIndexBytes, {Fill::What::kIndex, 1, call.width, 0});
  call.out = b.output(node);
  b.run(node, Pass::kForward, call);
}

void cross_entropy_backward(Builder& b, Node& node) {
  RowsCall call;
  call.fn = RowsFn::kCrossEntropyGrad;
  call.rows = b.field(node, "rows");
  call.width = b.field(node, "classes");
  call.x = b.input(node, 0, call.rows * call.width);
  call.stats = node.kept[0];
  call.index = node.kept[1];
  b.input_gradient(node, 0, [&](const Buffer& dx) {
    call.out = dx;
    b.run(node, Pass::kDgrad, call);
  });
}

}  // namespace gable
