// The loss of a classifier, a row a team, and its gradient. A target outside the row is none: no loss, no gradient.
#include "probes/cuda/kernels/team.cuh"

namespace gable {
namespace {

constexpr std::string_view kWhat = "cross_entropy";

template <class T>
struct LossArgs {
  const T* x;
  const std::int64_t* target;
  float* logarithm;  ///< a row, may be absent forward
  AnyOut loss;
  T* out;  ///< of the gradient
  std::int64_t rows, width;
};

template <class T, int kTeam, int kN>
__global__ void loss_kernel(LossArgs<T> args) {
  using C = Compute<T>;
  using Row = Team<kTeam>;
  for (std::int64_t row = Row::first_row(); row < args.rows; row += Row::row_step()) {
    const T* x = args.x + row * args.width;
    ExpSum<C> part;
    for (std::int64_t i = Row::rank() * kN; i < args.width; i += kTeam * kN) {
      const auto v = load<kN>(x + i);
#pragma unroll
      for (int k = 0; k < kN; ++k) part.add(v.v[k]);
    }
    const C logarithm = Row::sum(part).logarithm();
    if (Row::rank() != 0) continue;  // no thread waits for another before the next row's sum
    const std::int64_t target = args.target[row];
    const bool inside = target >= 0 && target < args.width;
    if (args.logarithm != nullptr) args.logarithm[row] = static_cast<float>(logarithm);
    args.loss.set(row, inside ? logarithm - widen(x[target]) : C(0));
  }
}

template <class T, int kTeam, int kN>
__global__ void loss_grad_kernel(LossArgs<T> args) {
  using C = Compute<T>;
  using Row = Team<kTeam>;
  const C inverse_rows = C(1) / static_cast<C>(args.rows);
  for (std::int64_t row = Row::first_row(); row < args.rows; row += Row::row_step()) {
    const std::int64_t start = row * args.width;
    const C logarithm = args.logarithm[row];
    const std::int64_t target = args.target[row];
    const C factor = target >= 0 && target < args.width ? inverse_rows : C(0);
    for (std::int64_t i = Row::rank() * kN; i < args.width; i += kTeam * kN) {
      auto v = load<kN>(args.x + start + i);
#pragma unroll
      for (int k = 0; k < kN; ++k) v.v[k] = cross_entropy_grad(v.v[k], logarithm, i + k == target, factor);
      store<kN>(args.out + start + i, v);
    }
  }
}

}  // namespace

Task cross_entropy_task(const KernelContext& context, const RowsCall& call) {
  const std::int64_t n = call.rows * call.width;
  const bool backward = call.fn == RowsFn::kCrossEntropyGrad;
  if (n == 0) return [] {};
  need(call.x, n, call.x.dtype, kWhat);
  need_bytes(call.index, call.rows * 8, kWhat);
  if (backward) need(call.out, n, call.x.dtype, kWhat);
  if (!backward) need(call.out, call.rows, call.out.dtype, kWhat);
  if (backward || call.stats) need(call.stats, call.rows, Dtype::kFp32, kWhat);
  return with_storage(call.x.dtype, kWhat, [&]<class T>() {
    LossArgs<T> args{data_of<const T>(call.x),
                     data_of<const std::int64_t>(call.index),
                     data_of<float>(call.stats),
                     {},
                     data_of<T>(call.out),
                     call.rows,
                     call.width};
    if (!backward) args.loss = any_out(call.out, call.rows, kWhat);
    const bool vector = packs(call.x, call.width, kPack<T>) && (!backward || packs(call.out, call.width, kPack<T>));
    return with_team<T>(call.width, vector, [&]<int kTeam, int kN>() -> Task {
      return [stream = context.stream, grid = team_grid(call.rows, kTeam), backward, args, call] {
        if (backward) {
          loss_grad_kernel<T, kTeam, kN><<<grid, team_block(kTeam), 0, stream>>>(args);
        } else {
          loss_kernel<T, kTeam, kN><<<grid, team_block(kTeam), 0, stream>>>(args);
        }
        check_launch(kWhat);
      };
    });
  });
}

}  // namespace gable
