// Optimizer steps over one buffer of parameters, and clipping by the norm of all of them.
#include "probes/cuda/kernels/team.cuh"

namespace gable {
namespace {

constexpr std::string_view kWhat = "update";
constexpr int kThreads = 256;

template <class T>
struct UpdateArgs {
  T* parameters;
  T* gradient;
  T* first;
  T* second;
  float* norm;
  std::int64_t n;
};

/// One pack of each buffer that the step has.
template <UpdateFn kFn, class T, int kN>
__device__ void update_pack(const UpdateArgs<T>& args, std::int64_t i, Compute<T> factor) {
  using C = Compute<T>;
  auto g = load<kN>(args.gradient + i);
  if constexpr (kFn == UpdateFn::kClipGradient) {
#pragma unroll
    for (int k = 0; k < kN; ++k) g.v[k] *= factor;
    store<kN>(args.gradient + i, g);
  } else {
    auto p = load<kN>(args.parameters + i);
    Values<C, kN> m{};
    Values<C, kN> v{};
    if constexpr (kFn != UpdateFn::kSgd) m = load<kN>(args.first + i);
    if constexpr (kFn == UpdateFn::kAdamw) v = load<kN>(args.second + i);
#pragma unroll
    for (int k = 0; k < kN; ++k) {
      if constexpr (kFn == UpdateFn::kSgd) sgd(p.v[k], g.v[k]);
      if constexpr (kFn == UpdateFn::kMomentum) momentum(p.v[k], g.v[k], m.v[k]);
      if constexpr (kFn == UpdateFn::kAdamw) adamw(p.v[k], g.v[k], m.v[k], v.v[k]);
    }
    store<kN>(args.parameters + i, p);
    if constexpr (kFn != UpdateFn::kSgd) store<kN>(args.first + i, m);
    if constexpr (kFn == UpdateFn::kAdamw) store<kN>(args.second + i, v);
  }
}

/// Whole packs, then the elements that are left.
template <UpdateFn kFn, class T, int kN>
__global__ void update_kernel(UpdateArgs<T> args) {
  using C = Compute<T>;
  C factor = 1;
  // Also where the factor is 1, as torch.nn.utils.clip_grad_norm_ does: the host does not know it.
  if constexpr (kFn == UpdateFn::kClipGradient) factor = clip_factor(static_cast<C>(*args.norm));
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  const std::int64_t thread = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const std::int64_t whole = args.n / kN;
  for (std::int64_t i = thread; i < whole; i += step) update_pack<kFn, T, kN>(args, i * kN, factor);
  for (std::int64_t i = whole * kN + thread; i < args.n; i += step) update_pack<kFn, T, 1>(args, i, factor);
}

template <class T, int kN>
__global__ void square_sum_kernel(UpdateArgs<T> args) {
  using C = Compute<T>;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  const std::int64_t thread = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const std::int64_t whole = args.n / kN;
  C sum = 0;
#pragma unroll 4
  for (std::int64_t i = thread; i < whole; i += step) {
    const auto g = load<kN>(args.gradient + i * kN);
#pragma unroll
    for (int k = 0; k < kN; ++k) sum += g.v[k] * g.v[k];
  }
  for (std::int64_t i = whole * kN + thread; i < args.n; i += step) {
    const C g = widen(args.gradient[i]);
    sum += g * g;
  }
  const C total = block_sum<kThreads>(sum);
  if (threadIdx.x == 0) atomicAdd(args.norm, static_cast<float>(total));
}

template <class T, int kN>
Task update_of(const KernelContext& context, const UpdateCall& call) {
  const UpdateArgs<T> args{data_of<T>(call.parameters), data_of<T>(call.gradient), data_of<T>(call.first),
                           data_of<T>(call.second),     data_of<float>(call.norm), call.gradient.n};
  const std::int64_t most = std::int64_t{8} * context.processors;  // the sum's loops; blocks that one atomic each costs
  const std::int64_t blocks = blocks_for(args.n, kThreads * kN);
  const bool sums = call.fn == UpdateFn::kSquareSum;
  const unsigned grid = grid_of(sums && blocks > most ? most : blocks);
  const auto launched = [stream = context.stream, args, grid, call](auto kernel) -> Task {
    return [stream, args, grid, call, kernel] {
      kernel<<<grid, kThreads, 0, stream>>>(args);
      check_launch(kWhat);
    };
  };
  switch (call.fn) {
    case UpdateFn::kSgd:
      return launched(update_kernel<UpdateFn::kSgd, T, kN>);
    case UpdateFn::kMomentum:
      return launched(update_kernel<UpdateFn::kMomentum, T, kN>);
    case UpdateFn::kAdamw:
      return launched(update_kernel<UpdateFn::kAdamw, T, kN>);
    case UpdateFn::kClipGradient:
      return launched(update_kernel<UpdateFn::kClipGradient, T, kN>);
    case UpdateFn::kSquareSum:
      return launched(square_sum_kernel<T, kN>);
    case UpdateFn::kZero:
      break;
  }
  refuse(kWhat, "no such step");
}

}  // namespace

Task update_task(const KernelContext& context, const UpdateCall& call) {
  if (call.fn == UpdateFn::kZero) return zero_task(context, call.gradient ? call.gradient : call.parameters);
  const std::int64_t n = call.gradient.n;
  const Dtype dtype = call.gradient.dtype;
  const bool steps = call.fn == UpdateFn::kSgd || call.fn == UpdateFn::kMomentum || call.fn == UpdateFn::kAdamw;
  if (n == 0) return [] {};
  need(call.gradient, n, dtype, kWhat);
  if (steps) need(call.parameters, n, dtype, kWhat);
  if (steps && call.fn != UpdateFn::kSgd) need(call.first, n, dtype, kWhat);
  if (call.fn == UpdateFn::kAdamw) need(call.second, n, dtype, kWhat);
  if (!steps) need(call.norm, 1, Dtype::kFp32, kWhat);
  return with_storage(dtype, kWhat, [&]<class T>() {
    bool vector = true;
    for (const Buffer* buffer : {&call.parameters, &call.gradient, &call.first, &call.second})
      vector = vector && aligned(buffer->data, kPackBytes);
    return vector ? update_of<T, kPack<T>>(context, call) : update_of<T, 1>(context, call);
  });
}

}  // namespace gable
