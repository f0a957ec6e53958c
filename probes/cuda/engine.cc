#include "probes/cuda/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "probes/cuda/conv.h"
#include "probes/cuda/kernels/tasks.h"
#include "probes/cuda/lt_gemm.h"

namespace gable {
namespace {

constexpr std::string_view kGemm = "gemm";

/// A stream that is destroyed with its owner.
class Stream {
 public:
  explicit Stream(const RuntimeApi& runtime) : runtime_(&runtime) {
    check_cuda(runtime.stream_create(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { static_cast<void>(runtime_->stream_destroy(stream_)); }
  [[nodiscard]] cudaStream_t get() const { return stream_; }

 private:
  const RuntimeApi* runtime_;
  cudaStream_t stream_ = nullptr;
};

/// tf32 is stored as fp32.
bool stored_alike(Dtype a, Dtype b) {
  const auto stored = [](Dtype dtype) { return dtype == Dtype::kTf32 ? Dtype::kFp32 : dtype; };
  return stored(a) == stored(b);
}

LtGemmSpec spec_of(const GemmCall& call) {
  LtGemmSpec spec;
  spec.m = call.m;
  spec.n = call.n;
  spec.k = call.k;
  spec.batch = call.batch;
  spec.a_transposed = call.a_transposed;
  spec.b_transposed = call.b_transposed;
  spec.accumulate = call.accumulate;
  spec.bias = static_cast<bool>(call.bias);
  spec.dtype = call.a.dtype;
  spec.alignment = common_alignment({call.a.data, call.b.data, call.out.data});
  need(call.a, call.batch * call.m * call.k, call.a.dtype, kGemm);
  need(call.b, call.batch * call.k * call.n, call.a.dtype, kGemm);
  need(call.out, call.batch * call.m * call.n, call.out.dtype, kGemm);
  if (!stored_alike(call.out.dtype, lt_out_dtype(call.a.dtype)))
    refuse(kGemm, fmt::format("{} operands and a result in {}", row(call.a.dtype).name, row(call.out.dtype).name));
  if (call.bias) need(call.bias, call.n, call.out.dtype, kGemm);
  return spec;
}

Task rows_task(const KernelContext& context, const RowsCall& call) {
  switch (call.fn) {
    case RowsFn::kSoftmax:
    case RowsFn::kSoftmaxGrad:
      return softmax_task(context, call);
    case RowsFn::kCrossEntropy:
    case RowsFn::kCrossEntropyGrad:
      return cross_entropy_task(context, call);
    default:
      return norm_task(context, call);
  }
}

class CudaEngine final : public Engine {
 public:
  CudaEngine(const CudaApi& api, int processors)
      : runtime_(&api.runtime), stream_(api.runtime), lt_(api, stream_.get()) {
    context_.stream = stream_.get();
    context_.processors = processors;
    context_.allocate = [this](std::int64_t n, Dtype dtype) { return CudaEngine::allocate(n, dtype); };
    scratch_ = std::make_shared<Scratch>([this](std::int64_t bytes) { return CudaEngine::allocate_bytes(bytes); });
  }

  Buffer allocate(std::int64_t n, Dtype dtype) override {
    Buffer buffer = allocate_bytes(tensor_bytes(n, dtype).value());
    buffer.n = n;
    buffer.dtype = dtype;
    return buffer;
  }

  Buffer allocate_bytes(std::int64_t bytes) override {
    // An empty buffer has an address too, so that it is not taken for one that is absent.
    const std::int64_t size = std::max<std::int64_t>(bytes, 1);
    void* data = nullptr;
    const cudaError_t status = runtime_->malloc(&data, static_cast<std::size_t>(size));
    if (status == cudaErrorMemoryAllocation) throw out_of_memory(bytes);
    check_cuda(status, "cudaMalloc");
    Buffer buffer;
    buffer.memory = std::shared_ptr<void>(data, [free = runtime_->free](void* p) { static_cast<void>(free(p)); });
    buffer.data = data;
    buffer.n = bytes;
    buffer.dtype = Dtype::kInt8;
    return buffer;
  }

  void fill(const Buffer& buffer, const Fill& how) override { launch_fill(context_, buffer, how); }

  void to_host(const Buffer& buffer, void* host) override { copy(host, buffer.data, buffer, cudaMemcpyDeviceToHost); }
  void from_host(const void* host, const Buffer& buffer) override {
    copy(buffer.data, host, buffer, cudaMemcpyHostToDevice);
  }

  Task prepare(const GemmCall& call) override {
    if (std::min({call.m, call.n, call.batch}) == 0) return [] {};
    const LtGemm gemm(lt_, spec_of(call));
    choice_ = gemm.choice();
    return
        [gemm, call] { gemm.run({.a = call.a.data, .b = call.b.data, .out = call.out.data, .bias = call.bias.data}); };
  }
  Task prepare(const ConvCall& call) override {
    PreparedConv conv = prepare_conv(context_, lt_, scratch_, call);
    choice_ = std::move(conv.choice);
    return std::move(conv.task);
  }
  Task prepare(const MapCall& call) override { return own(map_task(context_, call)); }
  Task prepare(const RowsCall& call) override { return own(rows_task(context_, call)); }
  Task prepare(const ChannelNormCall& call) override { return own(channel_norm_task(context_, call)); }
  Task prepare(const ReduceCall& call) override { return own(reduce_task(context_, call)); }
  Task prepare(const GatherCall& call) override { return own(gather_task(context_, call)); }
  Task prepare(const RopeCall& call) override { return own(rope_task(context_, call)); }
  Task prepare(const PoolCall& call) override { return own(pool_task(context_, call)); }
  Task prepare(const UpdateCall& call) override { return own(update_task(context_, call)); }

  [[nodiscard]] std::string last_choice() const override { return choice_; }

  void synchronize() override { check_cuda(runtime_->stream_synchronize(stream_.get()), "cudaStreamSynchronize"); }

 private:
  Task own(Task task) {
    choice_ = "own kernel";
    return task;
  }

  void copy(void* to, const void* from, const Buffer& buffer, cudaMemcpyKind kind) {
    const std::int64_t bytes = bytes_of(buffer);
    if (bytes == 0) return;
    check_cuda(runtime_->memcpy_async(to, from, static_cast<std::size_t>(bytes), kind, stream_.get()),
               "cudaMemcpyAsync");
    synchronize();
  }

  [[nodiscard]] OutOfMemory out_of_memory(std::int64_t bytes) const {
    static_cast<void>(runtime_->get_last_error());  // it is no error of the next launch
    std::size_t free = 0;
    std::size_t total = 0;
    check_cuda(runtime_->mem_get_info(&free, &total), "cudaMemGetInfo");
    return {bytes, static_cast<std::int64_t>(free)};
  }

  const RuntimeApi* runtime_;
  Stream stream_;
  LtContext lt_;
  KernelContext context_;
  std::shared_ptr<Scratch> scratch_;
  std::string choice_;
};

}  // namespace

std::unique_ptr<Engine> make_cuda_engine(const CudaApi& api, int device) {
  check_cuda(api.runtime.set_device(device), "cudaSetDevice");
  int processors = 0;
  check_cuda(api.runtime.device_get_attribute(&processors, cudaDevAttrMultiProcessorCount, device),
             "cudaDeviceGetAttribute");
  return std::make_unique<CudaEngine>(api, std::max(processors, 1));
}

}  // namespace gable
