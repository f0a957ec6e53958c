// The module around oneDNN. It is not linked to the rest of the program.
#include <array>
#include <dnnl.hpp>
#include <memory>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "probes/cpu/onednn.h"

#if DNNL_VERSION_MAJOR != 2
#error "oneDNN 2 is needed; configure without it to use Eigen alone"
#endif

namespace gable {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;
using Arguments = std::unordered_map<int, memory>;

memory::dims dims_of(std::initializer_list<std::int64_t> values) { return {values}; }

class Module final : public OneDnn {
 public:
  Module() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}

  [[nodiscard]] std::string version() const override {
    const dnnl_version_t* v = dnnl::version();
    return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  }

  DnnTask product(const DnnProduct& c) override {
    const Type in = Type::f32;
    const memory::desc a = matrix(c.batch, c.m, c.k, in, c.a_transposed);
    const memory::desc b = matrix(c.batch, c.k, c.n, in, c.b_transposed);
    const memory::desc out = matrix(c.batch, c.m, c.n, Type::f32, false);
    const memory::desc b_wanted = c.packed ? memory::desc(b.dims(), in, Tag::any) : b;
    const memory::desc bias(c.batch == 1 ? dims_of({1, c.n}) : dims_of({1, 1, c.n}), Type::f32,
                            c.batch == 1 ? Tag::ab : Tag::abc);
    dnnl::primitive_attr attributes;
    if (c.accumulate) {
      dnnl::post_ops sum;
      sum.append_sum(1);
      attributes.set_post_ops(sum);
    }
    const dnnl::matmul::desc wanted =
        c.bias != nullptr ? dnnl::matmul::desc(a, b_wanted, bias, out) : dnnl::matmul::desc(a, b_wanted, out);
    const dnnl::matmul::primitive_desc chosen(wanted, attributes, engine_);
    memory weights = wrap(b, c.b);
    if (c.packed && chosen.weights_desc() != b) {
      memory packed(chosen.weights_desc(), engine_);
      dnnl::reorder(weights, packed).execute(stream_, weights, packed);
      stream_.wait();
      weights = packed;
    }
    Arguments arguments = {{DNNL_ARG_SRC, wrap(a, c.a)}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, wrap(out, c.out)}};
    if (c.bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, wrap(bias, c.bias));
    return task(dnnl::matmul(chosen), chosen.impl_info_str(), std::move(arguments));
  }

  DnnTask rows(const DnnRowsCall& c) override {
    const memory::desc d(dims_of({c.rows, c.width}), Type::f32, Tag::ab);
    const dnnl::softmax_v2_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, algorithm::softmax_accurate, d, d, 1}, engine_);
    if (c.fn == DnnRows::kSoftmax) {
      return task(dnnl::softmax_v2_forward(forward), forward.impl_info_str(),
                  {{DNNL_ARG_SRC, wrap(d, c.x)}, {DNNL_ARG_DST, wrap(d, c.out)}});
    }
    const dnnl::softmax_v2_backward::primitive_desc backward({algorithm::softmax_accurate, d, d, d, 1}, engine_,
                                                             forward);
    return task(
        dnnl::softmax_v2_backward(backward), backward.impl_info_str(),
        {{DNNL_ARG_DST, wrap(d, c.x)}, {DNNL_ARG_DIFF_DST, wrap(d, c.dy)}, {DNNL_ARG_DIFF_SRC, wrap(d, c.out)}});
  }

  DnnTask map(const DnnMapCall& c) override {
    const memory::desc d(dims_of({c.n}), Type::f32, Tag::a);
    const auto [fn, alpha] = eltwise(c.fn, c.backward);
    const dnnl::eltwise_forward::primitive_desc forward({dnnl::prop_kind::forward_training, fn, d, alpha, 0}, engine_);
    if (!c.backward) {
      return task(dnnl::eltwise_forward(forward), forward.impl_info_str(),
                  {{DNNL_ARG_SRC, wrap(d, c.x)}, {DNNL_ARG_DST, wrap(d, c.out)}});
    }
    const dnnl::eltwise_backward::primitive_desc backward({fn, d, d, alpha, 0}, engine_, forward);
    const int saved = from_output(c.fn) ? DNNL_ARG_DST : DNNL_ARG_SRC;
    return task(dnnl::eltwise_backward(backward), backward.impl_info_str(),
                {{saved, wrap(d, c.x)}, {DNNL_ARG_DIFF_DST, wrap(d, c.dy)}, {DNNL_ARG_DIFF_SRC, wrap(d, c.out)}});
  }

  DnnTask conv(const DnnConv& c) override {
    const memory::desc x(dims_of({c.batch, c.in_channels, c.height, c.width}), Type::f32, Tag::nchw);
    const memory::desc out(dims_of({c.batch, c.out_channels, c.out_height, c.out_width}), Type::f32, Tag::nchw);
    const std::int64_t in = c.in_channels / c.groups;
    const memory::desc w(dims_of({c.groups, c.out_channels / c.groups, in, c.kernel, c.kernel_width}), Type::f32,
                         Tag::goihw);
    const memory::dims strides = {c.stride, c.stride};
    const memory::dims gaps = {c.dilation - 1, c.dilation - 1};
    const memory::dims pad = {c.padding, c.padding};
    const algorithm fn = algorithm::convolution_direct;
    // A descriptor of no dims stands for no bias.
    const memory::desc b =
        c.bias == nullptr ? memory::desc() : memory::desc(dims_of({c.out_channels}), Type::f32, Tag::a);
    const dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, fn, x, w, b, out, strides, gaps, pad, pad}, engine_);
    Arguments arguments;
    if (c.direction == DnnConv::Direction::kForward) {
      arguments = {
          {DNNL_ARG_SRC, wrap(x, c.x)}, {DNNL_ARG_WEIGHTS, wrap(w, c.weights)}, {DNNL_ARG_DST, wrap(out, c.out)}};
      if (c.bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, wrap(b, c.bias));
      return task(dnnl::convolution_forward(forward), forward.impl_info_str(), std::move(arguments));
    }
    if (c.direction == DnnConv::Direction::kDgrad) {
      const dnnl::convolution_backward_data::primitive_desc chosen({fn, x, w, out, strides, gaps, pad, pad}, engine_,
                                                                   forward);
      arguments = {{DNNL_ARG_DIFF_SRC, wrap(x, c.x)},
                   {DNNL_ARG_WEIGHTS, wrap(w, c.weights)},
                   {DNNL_ARG_DIFF_DST, wrap(out, c.out)}};
      return task(dnnl::convolution_backward_data(chosen), chosen.impl_info_str(), std::move(arguments));
    }
    const dnnl::convolution_backward_weights::primitive_desc chosen({fn, x, w, b, out, strides, gaps, pad, pad},
                                                                    engine_, forward);
    arguments = {{DNNL_ARG_SRC, wrap(x, c.x)},
                 {DNNL_ARG_DIFF_WEIGHTS, wrap(w, c.weights)},
                 {DNNL_ARG_DIFF_DST, wrap(out, c.out)}};
    if (c.bias != nullptr) arguments.emplace(DNNL_ARG_DIFF_BIAS, wrap(b, c.bias));
    return task(dnnl::convolution_backward_weights(chosen), chosen.impl_info_str(), std::move(arguments));
  }

 private:
  static memory::desc matrix(std::int64_t batch, std::int64_t rows, std::int64_t columns, Type type, bool transposed) {
    if (batch == 1) return {dims_of({rows, columns}), type, transposed ? Tag::ba : Tag::ab};
    return {dims_of({batch, rows, columns}), type, transposed ? Tag::acb : Tag::abc};
  }

  static bool from_output(DnnMap fn) { return fn == DnnMap::kRelu || fn == DnnMap::kTanh || fn == DnnMap::kSigmoid; }

  static std::pair<algorithm, float> eltwise(DnnMap fn, bool backward) {
    switch (fn) {
      case DnnMap::kGelu:
        return {algorithm::eltwise_gelu_erf, 0.0F};
      case DnnMap::kGeluTanh:
        return {algorithm::eltwise_gelu_tanh, 0.0F};
      case DnnMap::kSilu:
        return {algorithm::eltwise_swish, 1.0F};
      case DnnMap::kRelu:
        return {backward ? algorithm::eltwise_relu_use_dst_for_bwd : algorithm::eltwise_relu, 0.0F};
      case DnnMap::kTanh:
        return {backward ? algorithm::eltwise_tanh_use_dst_for_bwd : algorithm::eltwise_tanh, 0.0F};
      case DnnMap::kSigmoid:
        break;
    }
    return {backward ? algorithm::eltwise_logistic_use_dst_for_bwd : algorithm::eltwise_logistic, 0.0F};
  }

  /// oneDNN takes pointers to what it only reads as it takes those to what it writes.
  memory wrap(const memory::desc& desc, const void* data) const { return {desc, engine_, const_cast<void*>(data)}; }

  DnnTask task(const dnnl::primitive& primitive, std::string name, Arguments arguments) {
    return {[primitive, arguments = std::move(arguments), stream = stream_]() mutable {
              primitive.execute(stream, arguments);
              stream.wait();
            },
            std::move(name)};
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
};

}  // namespace
}  // namespace gable

extern "C" __attribute__((visibility("default"))) gable::OneDnn* gable_onednn() {
  static gable::Module module;
  return &module;
}
