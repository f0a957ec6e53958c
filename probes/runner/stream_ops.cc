// Element by element: activations, sums, masks.
#include <algorithm>
#include <array>

#include "probes/runner/op_runners.h"

namespace gable {
namespace {

struct ActivationRow {
  std::string_view kind;
  MapFn forward, gradient;
  bool from_output;  ///< the gradient works from what was written, not from what was read
};
constexpr std::array<ActivationRow, 6> kActivations = {{{"gelu", MapFn::kGelu, MapFn::kGeluGrad, false},
                                                        {"gelu_tanh", MapFn::kGeluTanh, MapFn::kGeluTanhGrad, false},
                                                        {"silu", MapFn::kSilu, MapFn::kSiluGrad, false},
                                                        {"relu", MapFn::kRelu, MapFn::kReluGrad, true},
                                                        {"tanh", MapFn::kTanh, MapFn::kTanhGrad, true},
                                                        {"sigmoid", MapFn::kSigmoid, MapFn::kSigmoidGrad, true}}};
constexpr double kKept = 0.9;     // of dropout
constexpr double kMasked = -1e4;  // within fp16; a row that is masked as a whole stays finite
constexpr double kScale = 0.125;  // 1 / sqrt(64): a scale's factor does not change its time

const ActivationRow& activation_row(const Builder& b, const Node& node) {
  return *std::find_if(kActivations.begin(), kActivations.end(),
                       [&](const ActivationRow& row) { return row.kind == b.kind(node); });
}

/// Runs fn over operand 0 and `y` into the output.
void map_forward(Builder& b, Node& node, MapFn fn, const Buffer& y, double scalar) {
  const Buffer x = b.input(node, 0, b.field(node, "n"));
  b.run(node, Pass::kForward, MapCall{fn, x, y, b.output(node), scalar});
}

/// The gradient of operand 0 is fn of the output's and `y`.
void map_backward(Builder& b, Node& node, MapFn fn, const Buffer& y, double scalar) {
  const Buffer dy = b.output_gradient(node);
  b.input_gradient(node, 0, [&](const Buffer& dx) { b.run(node, Pass::kDgrad, MapCall{fn, dy, y, dx, scalar}); });
}

/// The second operand: an activation, or a table of the model's own.
Buffer second(Builder& b, Node& node) {
  const std::int64_t n = b.field(node, "other");
  return b.has_input(node, 1) ? b.input(node, 1, n) : b.constant(node, n);
}

/// Where an operand was broadcast, its gradient is the sum over what it went to.
void broadcast_gradient(Builder& b, const Node& node, const Buffer& gradient) {
  b.input_gradient(node, 1, [&](const Buffer& dy) {
    if (dy.n == gradient.n) {
      b.run(node, Pass::kDgrad, MapCall{MapFn::kCopy, gradient, {}, dy, 1});
    } else {
      b.run(node, Pass::kDgrad, ReduceCall{gradient.n / dy.n, dy.n, gradient, dy});
    }
  });
}

}  // namespace

void run_activation(Builder& b, Node& node) { map_forward(b, node, activation_row(b, node).forward, {}, 1); }

void activation_backward(Builder& b, Node& node) {
  const ActivationRow& row = activation_row(b, node);
  const Buffer saved = row.from_output ? b.output(node) : b.input(node, 0, b.field(node, "n"));
  const Buffer dy = b.output_gradient(node);
  b.input_gradient(node, 0, [&](const Buffer& dx) {
    b.run(node, Pass::kDgrad, MapCall{row.gradient, saved, dy, dx, 1});
  });
}

void run_add(Builder& b, Node& node) {
  const Buffer x = b.input(node, 0, b.field(node, "n"));
  b.run(node, Pass::kForward, MapCall{MapFn::kAdd, x, second(b, node), b.output(node), 1});
}

/// A framework hands the gradient on as it is; a copy stands for it only where another gradient must not be written
/// over.
void add_backward(Builder& b, Node& node) {
  const Buffer dy = b.output_gradient(node);
  b.share_gradient(node, 0);
  if (!b.has_input(node, 1)) return;
  if (b.field(node, "other") == b.field(node, "n")) {
    b.share_gradient(node, 1);
  } else {
    broadcast_gradient(b, node, dy);
  }
}

void run_mul(Builder& b, Node& node) {
  const Buffer x = b.input(node, 0, b.field(node, "n"));
  b.run(node, Pass::kForward, MapCall{MapFn::kMul, x, second(b, node), b.output(node), 1});
}

void mul_backward(Builder& b, Node& node) {
  const Buffer x = b.input(node, 0, b.field(node, "n"));
  const Buffer y = second(b, node);
  const Buffer dout = b.output_gradient(node);
  b.input_gradient(node, 0, [&](const Buffer& dx) { b.run(node, Pass::kDgrad, MapCall{MapFn::kMul, dout, y, dx, 1}); });
  if (!b.has_input(node, 1)) return;
  if (y.n == x.n) {
    b.input_gradient(node, 1, [&](const Buffer& dy) {
      b.run(node, Pass::kDgrad, MapCall{MapFn::kMul, dout, x, dy, 1});
    });
  } else {
    const Buffer products = b.scratch(x.n);
    b.run(node, Pass::kDgrad, MapCall{MapFn::kMul, dout, x, products, 1});
    broadcast_gradient(b, node, products);
  }
}

void run_scale(Builder& b, Node& node) { map_forward(b, node, MapFn::kScale, {}, kScale); }
void scale_backward(Builder& b, Node& node) { map_backward(b, node, MapFn::kScale, {}, kScale); }

void run_mask(Builder& b, Node& node) {
  const Buffer mask = b.keep_bytes(node, b.field(node, "mask"), {Fill::What::kBernoulli, 0.5, 1, 0});
  map_forward(b, node, MapFn::kMask, mask, kMasked);
}
void mask_backward(Builder& b, Node& node) { map_backward(b, node, MapFn::kMask, node.kept.front(), 0); }

void run_dropout(Builder& b, Node& node) {
  const Buffer mask = b.keep_bytes(node, b.field(node, "n"), {Fill::What::kBernoulli, kKept, 1, 0});
  map_forward(b, node, MapFn::kDropout, mask, 1 / kKept);
}
void dropout_backward(Builder& b, Node& node) { map_backward(b, node, MapFn::kDropout, node.kept.front(), 1 / kKept); }

}  // namespace gable
