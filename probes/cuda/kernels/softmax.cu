// Softmax and its gradient, a row a team: one pass for the statistic, one (from the cache) for the result.
#include "probes/cuda/kernels/team.cuh"

namespace gable {
namespace {

constexpr std::string_view kWhat = "softmax";

template <class T>
struct SoftmaxArgs {
  const T* x;   ///< of the gradient: the output
  const T* dy;  ///< of the gradient
  T* out;
  std::int64_t rows, width;
};

template <class T, int kTeam, int kN>
__global__ void softmax_kernel(SoftmaxArgs<T> args) {
  using C = Compute<T>;
  using Row = Team<kTeam>;
  for (std::int64_t row = Row::first_row(); row < args.rows; row += Row::row_step()) {
    const T* x = args.x + row * args.width;
    T* out = args.out + row * args.width;
    ExpSum<C> part;
    for (std::int64_t i = Row::rank() * kN; i < args.width; i += kTeam * kN) {
      const auto v = load<kN>(x + i);
#pragma unroll
      for (int k = 0; k < kN; ++k) part.add(v.v[k]);
    }
    const ExpSum<C> all = Row::sum(part);
    const C inverse = C(1) / all.sum;
    for (std::int64_t i = Row::rank() * kN; i < args.width; i += kTeam * kN) {
      auto v = load<kN>(x + i);
#pragma unroll
      for (int k = 0; k < kN; ++k) v.v[k] = std::exp(v.v[k] - all.max) * inverse;
      store<kN>(out + i, v);
    }
  }
}

template <class T, int kTeam, int kN>
__global__ void softmax_grad_kernel(SoftmaxArgs<T> args) {
  using C = Compute<T>;
  using Row = Team<kTeam>;
  for (std::int64_t row = Row::first_row(); row < args.rows; row += Row::row_step()) {
    const std::int64_t start = row * args.width;
    C part = 0;
    for (std::int64_t i = Row::rank() * kN; i < args.width; i += kTeam * kN) {
      const auto y = load<kN>(args.x + start + i);
      const auto dy = load<kN>(args.dy + start + i);
#pragma unroll
      for (int k = 0; k < kN; ++k) part += y.v[k] * dy.v[k];
    }
    const C dot = Row::sum(part);
    for (std::int64_t i = Row::rank() * kN; i < args.width; i += kTeam * kN) {
      auto y = load<kN>(args.x + start + i);
      const auto dy = load<kN>(args.dy + start + i);
#pragma unroll
      for (int k = 0; k < kN; ++k) y.v[k] = softmax_grad(y.v[k], dy.v[k], dot);
      store<kN>(args.out + start + i, y);
    }
  }
}

}  // namespace

Task softmax_task(const KernelContext& context, const RowsCall& call) {
  const std::int64_t n = call.rows * call.width;
  const bool backward = call.fn == RowsFn::kSoftmaxGrad;
  if (n == 0) return [] {};
  need(call.out, n, call.out.dtype, kWhat);
  need(call.x, n, call.out.dtype, kWhat);
  if (backward) need(call.dy, n, call.out.dtype, kWhat);
  return with_storage(call.out.dtype, kWhat, [&]<class T>() {
    const SoftmaxArgs<T> args{data_of<const T>(call.x), data_of<const T>(call.dy), data_of<T>(call.out), call.rows,
                              call.width};
    const bool vector = packs(call.x, call.width, kPack<T>) && packs(call.out, call.width, kPack<T>) &&
                        (!backward || packs(call.dy, call.width, kPack<T>));
    return with_team<T>(call.width, vector, [&]<int kTeam, int kN>() -> Task {
      return [stream = context.stream, grid = team_grid(call.rows, kTeam), backward, args, call] {
        if (backward) {
          softmax_grad_kernel<T, kTeam, kN><<<grid, team_block(kTeam), 0, stream>>>(args);
        } else {
          softmax_kernel<T, kTeam, kN><<<grid, team_block(kTeam), 0, stream>>>(args);
        }
        check_launch(kWhat);
      };
    });
  });
}

}  // namespace gable
