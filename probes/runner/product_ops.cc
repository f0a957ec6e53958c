// Linear layers, products, attention, convolutions.
#include <cmath>

#include "probes/runner/op_runners.h"

namespace gable {
namespace {

/// Uniform with the deviation that keeps a sum of `fan_in` products near 1 (Glorot and Bengio 2010).
Fill weights_for(std::int64_t fan_in) {
  return {Fill::What::kUniform, std::sqrt(3.0 / static_cast<double>(fan_in)), 1, 0};
}

struct LinearDims {
  std::int64_t tokens, in, out;
  bool bias;
};
LinearDims linear_dims(const Builder& b, const Node& node) {
  return {b.field(node, "tokens"), b.field(node, "in"), b.field(node, "out"), b.field(node, "bias") != 0};
}

struct MatmulDims {
  std::int64_t batch, m, n, k;
};
MatmulDims matmul_dims(const Builder& b, const Node& node) {
  return {b.field(node, "batch"), b.field(node, "m"), b.field(node, "n"), b.field(node, "k")};
}

/// Queries of the heads that share keys and values are rows of one product.
struct AttentionDims {
  std::int64_t batch, rows, keys, width;
  [[nodiscard]] std::int64_t queries() const { return batch * rows * width; }
  [[nodiscard]] std::int64_t scores() const { return batch * rows * keys; }
  [[nodiscard]] std::int64_t cached() const { return batch * keys * width; }
  [[nodiscard]] double scale() const { return 1 / std::sqrt(static_cast<double>(width)); }
};
AttentionDims attention_dims(const Builder& b, const Node& node) {
  const std::int64_t groups = b.field(node, "kv_heads");
  return {b.field(node, "batch") * groups, b.field(node, "heads") / groups * b.field(node, "q_len"),
          b.field(node, "kv_len"), b.field(node, "head_dim")};
}

GemmCall product(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k, const Buffer& x, const Buffer& y,
                 const Buffer& out) {
  GemmCall call;
  call.batch = batch;
  call.m = m;
  call.n = n;
  call.k = k;
  call.a = x;
  call.b = y;
  call.out = out;
  return call;
}

ConvCall conv_call(const Builder& b, const Node& node) {
  ConvCall call;
  call.batch = b.field(node, "batch");
  call.in_channels = b.field(node, "in_channels");
  call.out_channels = b.field(node, "out_channels");
  call.height = b.field(node, "height");
  call.width = b.field(node, "width");
  call.kernel = b.field(node, "kernel");
  call.kernel_width = b.field(node, "kernel_width");
  call.stride = b.field(node, "stride");
  call.padding = b.field(node, "padding");
  call.dilation = b.field(node, "dilation");
  call.groups = b.field(node, "groups");
  return call;
}

std::int64_t conv_input(const ConvCall& c) { return c.batch * c.in_channels * c.height * c.width; }
std::int64_t conv_taps(const ConvCall& c) { return c.in_channels / c.groups * c.kernel * c.kernel_width; }

}  // namespace

void run_linear(Builder& b, Node& node) {
  const LinearDims d = linear_dims(b, node);
  GemmCall call = product(1, d.tokens, d.out, d.in, b.input(node, 0, d.tokens * d.in),
                          b.parameter(node, 0, d.in * d.out, weights_for(d.in)).value, b.output(node));
  call.b_transposed = true;
  call.b_constant = !b.training();
  if (d.bias) call.bias = b.parameter(node, 1, d.out, weights_for(d.in)).value;
  b.run(node, Pass::kForward, call);
}

void linear_backward(Builder& b, Node& node) {
  const LinearDims d = linear_dims(b, node);
  const Buffer dy = b.output_gradient(node);
  Parameter& weights = b.parameter(node, 0, d.in * d.out, {});
  b.input_gradient(node, 0, [&](const Buffer& dx) {
    b.run(node, Pass::kDgrad, product(1, d.tokens, d.in, d.out, dy, weights.value, dx));
  });
  GemmCall wgrad = product(1, d.out, d.in, d.tokens, dy, b.input(node, 0, d.tokens * d.in), weights.gradient);
  wgrad.a_transposed = true;
  b.run(node, Pass::kWgrad, wgrad);
  if (d.bias) b.run(node, Pass::kWgrad, ReduceCall{d.tokens, d.out, dy, b.parameter(node, 1, d.out, {}).gradient});
}

void run_matmul(Builder& b, Node& node) {
  const MatmulDims d = matmul_dims(b, node);
  const Buffer x = b.input(node, 0, d.batch * d.m * d.k);
  b.run(node, Pass::kForward,
        product(d.batch, d.m, d.n, d.k, x, b.input(node, 1, d.batch * d.k * d.n), b.output(node)));
}

void matmul_backward(Builder& b, Node& node) {
  const MatmulDims d = matmul_dims(b, node);
  const Buffer dout = b.output_gradient(node);
  const Buffer x = b.input(node, 0, d.batch * d.m * d.k);
  const Buffer y = b.input(node, 1, d.batch * d.k * d.n);
  b.input_gradient(node, 0, [&](const Buffer& dx) {
    GemmCall call = product(d.batch, d.m, d.k, d.n, dout, y, dx);
    call.b_transposed = true;
    b.run(node, Pass::kDgrad, call);
  });
  b.input_gradient(node, 1, [&](const Buffer& dy) {
    GemmCall call = product(d.batch, d.k, d.n, d.m, x, dout, dy);
    call.a_transposed = true;
    b.run(node, Pass::kDgrad, call);
  });
}

void run_attention(Builder& b, Node& node) {
  const AttentionDims d = attention_dims(b, node);
  const Buffer q = b.input(node, 0, d.queries());
  const Buffer k = b.input(node, 1, d.cached());
  const Buffer v = b.input(node, 2, d.cached());
  const Buffer scores = b.keep_activation(node, d.scores());
  const Buffer shares = b.keep_activation(node, d.scores());
  GemmCall first = product(d.batch, d.rows, d.keys, d.width, q, k, scores);
  first.b_transposed = true;
  b.run(node, Pass::kForward, first);
  b.run(node, Pass::kForward, MapCall{MapFn::kScale, scores, {}, scores, d.scale()});
  RowsCall softmax;
  softmax.rows = d.batch * d.rows;
  softmax.width = d.keys;
  softmax.x = scores;
  softmax.out = shares;
  b.run(node, Pass::kForward, softmax);
  b.run(node, Pass::kForward, product(d.batch, d.rows, d.width, d.keys, shares, v, b.output(node)));
}

void attention_backward(Builder& b, Node& node) {
  const AttentionDims d = attention_dims(b, node);
  const Buffer dout = b.output_gradient(node);
  const Buffer q = b.input(node, 0, d.queries());
  const Buffer k = b.input(node, 1, d.cached());
  const Buffer v = b.input(node, 2, d.cached());
  const Buffer dscores = node.kept[0];
  const Buffer shares = node.kept[1];
  const Buffer dshares = b.node_scratch(d.scores());
  b.input_gradient(node, 2, [&](const Buffer& dv) {
    GemmCall call = product(d.batch, d.keys, d.width, d.rows, shares, dout, dv);
    call.a_transposed = true;
    b.run(node, Pass::kDgrad, call);
  });
  GemmCall back = product(d.batch, d.rows, d.keys, d.width, dout, v, dshares);
  back.b_transposed = true;
  b.run(node, Pass::kDgrad, back);
  RowsCall softmax;
  softmax.fn = RowsFn::kSoftmaxGrad;
  softmax.rows = d.batch * d.rows;
  softmax.width = d.keys;
  softmax.x = shares;
  softmax.dy = dshares;
  softmax.out = dscores;
  b.run(node, Pass::kDgrad, softmax);
  b.run(node, Pass::kDgrad, MapCall{MapFn::kScale, dscores, {}, dscores, d.scale()});
  b.input_gradient(node, 0, [&](const Buffer& dq) {
    b.run(node, Pass::kDgrad, product(d.batch, d.rows, d.width, d.keys, dscores, k, dq));
  });
  b.input_gradient(node, 1, [&](const Buffer& dk) {
    GemmCall call = product(d.batch, d.keys, d.width, d.rows, dscores, q, dk);
    call.a_transposed = true;
    b.run(node, Pass::kDgrad, call);
  });
}

void run_conv(Builder& b, Node& node) {
  ConvCall call = conv_call(b, node);
  call.x = b.input(node, 0, conv_input(call));
  call.weights = b.parameter(node, 0, call.out_channels * conv_taps(call), weights_for(conv_taps(call))).value;
  if (b.field(node, "bias") != 0)
    call.bias = b.parameter(node, 1, call.out_channels, weights_for(conv_taps(call))).value;
  call.out = b.output(node);
  b.run(node, Pass::kForward, call);
}

void conv_backward(Builder& b, Node& node) {
  ConvCall call = conv_call(b, node);
  const Buffer x = b.input(node, 0, conv_input(call));
  Parameter& weights = b.parameter(node, 0, call.out_channels * conv_taps(call), {});
  call.out = b.output_gradient(node);
  b.input_gradient(node, 0, [&](const Buffer& dx) {
    call.direction = ConvCall::Direction::kDgrad;
    call.x = dx;
    call.weights = weights.value;
    b.run(node, Pass::kDgrad, call);
  });
  call.direction = ConvCall::Direction::kWgrad;
  call.x = x;
  call.weights = weights.gradient;
  if (b.field(node, "bias") != 0) call.bias = b.parameter(node, 1, call.out_channels, {}).gradient;
  b.run(node, Pass::kWgrad, call);
}

}  // namespace gable
