#include "probes/cpu/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <optional>

#include "probes/cpu/facts.h"
#include "probes/cpu/kernels.h"
#include "probes/cpu/onednn.h"
#include "probes/random.h"

namespace gable {
namespace {

float* floats(const Buffer& buffer) { return static_cast<float*>(buffer.data); }
const std::int64_t* indices(const Buffer& buffer) { return static_cast<const std::int64_t*>(buffer.data); }

void require_fp32(std::initializer_list<const Buffer*> buffers) {
  for (const Buffer* buffer : buffers) {
    if (*buffer && buffer->dtype != Dtype::kFp32)
      throw std::invalid_argument(
          fmt::format("the CPU engine computes in fp32, not {}; a CUDA device takes --dtype", row(buffer->dtype).name));
  }
}

std::optional<DnnMapCall> in_onednn(const MapCall& call) {
  struct Row {
    MapFn forward, backward;
    DnnMap fn;
  };
  constexpr std::array<Row, 6> kRows = {{{MapFn::kGelu, MapFn::kGeluGrad, DnnMap::kGelu},
                                         {MapFn::kGeluTanh, MapFn::kGeluTanhGrad, DnnMap::kGeluTanh},
                                         {MapFn::kSilu, MapFn::kSiluGrad, DnnMap::kSilu},
                                         {MapFn::kRelu, MapFn::kReluGrad, DnnMap::kRelu},
                                         {MapFn::kTanh, MapFn::kTanhGrad, DnnMap::kTanh},
                                         {MapFn::kSigmoid, MapFn::kSigmoidGrad, DnnMap::kSigmoid}}};
  for (const Row& row : kRows) {
    if (call.fn != row.forward && call.fn != row.backward) continue;
    return DnnMapCall{row.fn, call.fn == row.backward, call.out.n, floats(call.x), floats(call.y), floats(call.out)};
  }
  return std::nullopt;
}

class CpuEngine final : public Engine {
 public:
  explicit CpuEngine(int threads) : kernels_(cpu_kernels()), threads_(threads) {
    std::string why_not;
    onednn_ = find_onednn(why_not);
  }

  Buffer allocate(std::int64_t n, Dtype dtype) override {
    Buffer buffer = allocate_bytes((n * row(dtype).bits + 7) / 8);
    buffer.n = n;
    buffer.dtype = dtype;
    return buffer;
  }

  /// Linux grants more than there is and kills who uses it, so what is free is asked first.
  Buffer allocate_bytes(std::int64_t bytes) override {
    constexpr std::int64_t kWorthAsking = std::int64_t{16} << 20U;
    constexpr std::size_t kAlignment = 4096;
    asked_ += bytes;
    if (asked_ >= kWorthAsking) {
      asked_ = 0;
      const std::int64_t free = read_cpu_facts("").free_bytes;
      if (free > 0 && bytes > free) throw OutOfMemory(bytes, free);
    }
    const std::size_t size = (static_cast<std::size_t>(std::max<std::int64_t>(bytes, 1)) + kAlignment - 1) / kAlignment;
    void* memory = std::aligned_alloc(kAlignment, size * kAlignment);
    if (memory == nullptr) throw OutOfMemory(bytes, read_cpu_facts("").free_bytes);
    return {std::shared_ptr<void>(memory, [](void* p) { std::free(p); }), memory, bytes, Dtype::kInt8};
  }

  void fill(const Buffer& buffer, const Fill& how) override {
    if (how.what == Fill::What::kIndex) {
      auto* out = static_cast<std::int64_t*>(buffer.data);
      for (std::int64_t i = 0; i < buffer.n / 8; ++i)
        out[i] = random_index(how.seed, static_cast<std::uint64_t>(i), how.limit);
    } else if (how.what == Fill::What::kBernoulli) {
      auto* out = static_cast<std::uint8_t*>(buffer.data);
      for (std::int64_t i = 0; i < buffer.n; ++i)
        out[i] = random_bernoulli(how.seed, static_cast<std::uint64_t>(i), static_cast<float>(how.scale));
    } else if (buffer.dtype == Dtype::kFp32) {
      kernels_.fill(floats(buffer), buffer.n, how.what == Fill::What::kUniform ? static_cast<float>(how.scale) : 0.0F,
                    how.what == Fill::What::kOne ? 1.0F : 0.0F, how.seed, threads_);
    } else {
      std::memset(buffer.data, 0, static_cast<std::size_t>(buffer.n));
    }
  }

  void to_host(const Buffer& buffer, void* host) override { std::memcpy(host, buffer.data, bytes_of(buffer)); }
  void from_host(const void* host, const Buffer& buffer) override { std::memcpy(buffer.data, host, bytes_of(buffer)); }

  Task prepare(const GemmCall& call) override {
    require_fp32({&call.a, &call.b, &call.out, &call.bias});
    if (onednn_ == nullptr) return in_eigen(call);
    DnnProduct product{call.m,          call.n, call.k,      call.batch,  call.a_transposed, call.b_transposed,
                       call.accumulate, false,  call.a.data, call.b.data, call.bias.data,    call.out.data};
    DnnTask plain = onednn_->product(product);
    if (!call.b_constant || call.batch != 1) return chosen(std::move(plain), "");
    // A copy of the weights in another layout; where there is no room for it, they stay as they are.
    if (2 * call.b.n * row(call.b.dtype).bits / 8 > read_cpu_facts("").free_bytes)
      return chosen(std::move(plain), ", weights as stored");
    product.packed = true;
    DnnTask packed = onednn_->product(product);
    const bool pays = call.accumulate || best_of(packed) < best_of(plain);
    return chosen(pays ? std::move(packed) : std::move(plain), pays ? ", weights packed" : ", weights as stored");
  }

  Task prepare(const MapCall& call) override {
    require_fp32({&call.x, &call.out});
    if (const auto map = in_onednn(call); map && onednn_ != nullptr) return chosen(onednn_->map(*map), "");
    MapArgs args{call.fn,
                 floats(call.x),
                 nullptr,
                 nullptr,
                 call.y ? call.y.n : 1,
                 floats(call.out),
                 call.out.n,
                 static_cast<float>(call.scalar),
                 threads_};
    if (call.fn == MapFn::kMask || call.fn == MapFn::kDropout) {
      args.bytes = static_cast<const unsigned char*>(call.y.data);
    } else {
      args.y = floats(call.y);
    }
    return own([this, args] { kernels_.map(args); });
  }

  Task prepare(const RowsCall& call) override {
    require_fp32({&call.x, &call.dy, &call.out});
    const bool grad = call.fn == RowsFn::kSoftmaxGrad;
    if ((call.fn == RowsFn::kSoftmax || grad) && onednn_ != nullptr) {
      return chosen(onednn_->rows({grad ? DnnRows::kSoftmaxGrad : DnnRows::kSoftmax, call.rows, call.width,
                                   floats(call.x), floats(call.dy), floats(call.out)}),
                    "");
    }
    const RowsArgs args{call.fn,
                        call.rows,
                        call.width,
                        floats(call.x),
                        floats(call.dy),
                        floats(call.gain),
                        floats(call.shift),
                        indices(call.index),
                        floats(call.stats),
                        floats(call.out),
                        floats(call.gain_grad),
                        floats(call.shift_grad),
                        threads_};
    return own([this, args] { kernels_.rows(args); });
  }

  Task prepare(const ChannelNormCall& call) override {
    require_fp32({&call.x, &call.dy, &call.out});
    const ChannelNormArgs args{call.backward,
                               call.use_stats,
                               call.batch,
                               call.channels,
                               call.spatial,
                               call.groups,
                               floats(call.x),
                               floats(call.dy),
                               floats(call.gain),
                               floats(call.shift),
                               floats(call.stats),
                               floats(call.out),
                               floats(call.gain_grad),
                               floats(call.shift_grad),
                               threads_};
    return own([this, args] { kernels_.channel_norm(args); });
  }

  Task prepare(const ReduceCall& call) override {
    require_fp32({&call.x, &call.out});
    return own(
        [this, call] { kernels_.column_sums(floats(call.x), call.rows, call.width, floats(call.out), threads_); });
  }

  Task prepare(const GatherCall& call) override {
    require_fp32({&call.table, &call.rows_buffer});
    if (call.scatter) {
      return own([this, call] {
        kernels_.scatter(floats(call.table), indices(call.index), call.rows, call.width, floats(call.rows_buffer));
      });
    }
    return own([this, call] {
      kernels_.gather(floats(call.table), indices(call.index), call.rows, call.width, floats(call.rows_buffer),
                      threads_);
    });
  }

  Task prepare(const RopeCall& call) override {
    require_fp32({&call.x, &call.table, &call.out});
    return own([this, call] {
      kernels_.rope(floats(call.x), floats(call.table), call.table.n, call.out.n, call.backward, floats(call.out),
                    threads_);
    });
  }

  Task prepare(const ConvCall& call) override {
    require_fp32({&call.x, &call.weights, &call.out});
    if (onednn_ == nullptr) throw std::invalid_argument("convolutions on a CPU need oneDNN, which could not be loaded");
    const auto size = [&](std::int64_t n, std::int64_t taps) {
      return (n + 2 * call.padding - call.dilation * (taps - 1) - 1) / call.stride + 1;
    };
    return chosen(
        onednn_->conv({static_cast<DnnConv::Direction>(call.direction), call.batch, call.in_channels, call.out_channels,
                       call.height, call.width, call.kernel, call.kernel_width, size(call.height, call.kernel),
                       size(call.width, call.kernel_width), call.stride, call.padding, call.dilation, call.groups,
                       call.x.data, call.weights.data, call.out.data, call.bias.data}),
        "");
  }

  Task prepare(const PoolCall& call) override {
    require_fp32({&call.x, &call.out});
    const PoolArgs args{call.backward,   call.average,     call.batch,  call.channels, call.height,
                        call.width,      call.kernel,      call.stride, call.padding,  floats(call.x),
                        floats(call.dy), floats(call.out), threads_};
    return own([this, args] { kernels_.pool(args); });
  }

  Task prepare(const UpdateCall& call) override {
    require_fp32({&call.parameters, &call.gradient});
    const UpdateArgs args{call.fn,
                          floats(call.parameters),
                          floats(call.gradient),
                          floats(call.first),
                          floats(call.second),
                          floats(call.norm),
                          call.gradient.n,
                          threads_};
    return own([this, args] { kernels_.update(args); });
  }

  [[nodiscard]] std::string last_choice() const override { return choice_; }
  void synchronize() override {}

 private:
  static std::size_t bytes_of(const Buffer& buffer) {
    return static_cast<std::size_t>((buffer.n * row(buffer.dtype).bits + 7) / 8);
  }

  Task own(Task task) {
    choice_ = fmt::format("Eigen, {}", kernels_.isa);
    return task;
  }

  Task chosen(DnnTask task, std::string_view how) {
    choice_ = fmt::format("oneDNN {}{}", task.implementation, how);
    return std::move(task.run);
  }

  /// Products one after the other; Eigen has no batched one and no bias.
  Task in_eigen(const GemmCall& call) {
    std::vector<MatrixArgs> products;
    for (std::int64_t i = 0; i < call.batch; ++i) {
      products.push_back({call.m, call.n, call.k, call.a_transposed, call.b_transposed, call.accumulate,
                          floats(call.a) + i * call.m * call.k, floats(call.b) + i * call.k * call.n,
                          floats(call.out) + i * call.m * call.n, threads_});
    }
    Task bias = [] {};
    if (call.bias) bias = prepare(MapCall{MapFn::kAdd, call.out, call.bias, call.out, 1});
    return own([this, products, bias] {
      for (const MatrixArgs& product : products) kernels_.matrix_fp32(product);
      bias();
    });
  }

  static double best_of(const DnnTask& task) {
    double best = std::numeric_limits<double>::max();
    for (int i = 0; i < 3; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      task.run();
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    return best;
  }

  const CpuKernels& kernels_;
  OneDnn* onednn_ = nullptr;
  int threads_ = 1;
  std::int64_t asked_ = 0;
  std::string choice_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(int threads) { return std::make_unique<CpuEngine>(threads); }

}  // namespace gable
