// Norms of rows: layernorm (centred) and rmsnorm. One pass over a row for its statistics, one (from the cache) for the
// result; the gradients of gain and shift are column sums.
#include "probes/cuda/kernels/columns.cuh"
#include "probes/cuda/kernels/team.cuh"

namespace gable {
namespace {

constexpr std::string_view kWhat = "norm";

/// stats: mean and 1/std of a row, one after the other; of rmsnorm 1/rms. May be absent forward.
template <class T, class W>
struct NormArgs {
  const T* x;
  const T* dy;
  const W* gain;   ///< may be absent
  const W* shift;  ///< may be absent
  float* stats;
  T* out;
  std::int64_t rows, width;
};

template <int kN, class W, class C>
__device__ Values<C, kN> parameters(const W* from, std::int64_t i, C absent) {
  Values<C, kN> values;
#pragma unroll
  for (int k = 0; k < kN; ++k) values.v[k] = absent;
  if (from == nullptr) return values;
  const auto stored = load<kN>(from + i);
#pragma unroll
  for (int k = 0; k < kN; ++k) values.v[k] = static_cast<C>(stored.v[k]);
  return values;
}

/// Mean (0 unless centred) and inverse of a row, as the forward kernel left them.
template <bool kCentred>
__device__ Two<float> row_stats(const float* stats, std::int64_t row) {
  if constexpr (kCentred) return {stats[2 * row], stats[2 * row + 1]};
  return {0.0F, stats[row]};
}

template <bool kCentred, class T, class W, int kTeam, int kN>
__global__ void norm_kernel(NormArgs<T, W> args) {
  using C = Compute<T>;
  using Row = Team<kTeam>;
  for (std::int64_t row = Row::first_row(); row < args.rows; row += Row::row_step()) {
    const std::int64_t start = row * args.width;
    const C near = kCentred ? widen(args.x[start]) : C(0);
    Moments<C> part;
    for (std::int64_t i = Row::rank() * kN; i < args.width; i += kTeam * kN) {
      const auto v = load<kN>(args.x + start + i);
#pragma unroll
      for (int k = 0; k < kN; ++k) part.add(v.v[k], near);
    }
    const Two<C> sums = Row::sum(Two<C>{part.sum, part.square});
    const Moments<C> all{sums.a, sums.b};
    const C n = static_cast<C>(args.width);
    const C mean = kCentred ? all.mean(near, n) : C(0);
    const C inverse = inverse_root(kCentred ? all.variance(n) : all.square / n);
    if (Row::rank() == 0 && args.stats != nullptr) {
      if (kCentred) args.stats[2 * row] = static_cast<float>(mean);
      args.stats[kCentred ? 2 * row + 1 : row] = static_cast<float>(inverse);
    }
    for (std::int64_t i = Row::rank() * kN; i < args.width; i += kTeam * kN) {
      auto v = load<kN>(args.x + start + i);
      const auto gain = parameters<kN>(args.gain, i, C(1));
      const auto shift = parameters<kN>(args.shift, i, C(0));
#pragma unroll
      for (int k = 0; k < kN; ++k) v.v[k] = (v.v[k] - mean) * inverse * gain.v[k] + shift.v[k];
      store<kN>(args.out + start + i, v);
    }
  }
}

template <bool kCentred, class T, class W, int kTeam, int kN>
__global__ void norm_grad_kernel(NormArgs<T, W> args) {
  using C = Compute<T>;
  using Row = Team<kTeam>;
  const C n = static_cast<C>(args.width);
  for (std::int64_t row = Row::first_row(); row < args.rows; row += Row::row_step()) {
    const std::int64_t start = row * args.width;
    const Two<float> stats = row_stats<kCentred>(args.stats, row);
    Two<C> part;
    for (std::int64_t i = Row::rank() * kN; i < args.width; i += kTeam * kN) {
      const auto x = load<kN>(args.x + start + i);
      const auto dy = load<kN>(args.dy + start + i);
      const auto gain = parameters<kN>(args.gain, i, C(1));
#pragma unroll
      for (int k = 0; k < kN; ++k) {
        const C dyg = dy.v[k] * gain.v[k];
        part.a += dyg;
        part.b += dyg * (x.v[k] - stats.a) * stats.b;
      }
    }
    const Two<C> sums = Row::sum(part);
    const C mean_dyg = kCentred ? sums.a / n : C(0);
    for (std::int64_t i = Row::rank() * kN; i < args.width; i += kTeam * kN) {
      auto x = load<kN>(args.x + start + i);
      const auto dy = load<kN>(args.dy + start + i);
      const auto gain = parameters<kN>(args.gain, i, C(1));
#pragma unroll
      for (int k = 0; k < kN; ++k) {
        const C unit = (x.v[k] - stats.a) * stats.b;
        x.v[k] = norm_grad(dy.v[k] * gain.v[k], unit, C(stats.b), mean_dyg, sums.b / n);
      }
      store<kN>(args.out + start + i, x);
    }
  }
}

/// Of gain dy * unit, of shift dy.
template <bool kCentred, class T>
struct GainSource {
  using C = Compute<T>;
  static constexpr int kSums = kCentred ? 2 : 1;
  const T* x;
  const T* dy;
  const float* stats;
  std::int64_t width;

  template <int kN>
  __device__ void add(std::int64_t row, std::int64_t column, Values<C, kN>* sums) const {
    const Two<float> of_row = row_stats<kCentred>(stats, row);
    const auto v = load<kN>(x + row * width + column);
    const auto g = load<kN>(dy + row * width + column);
#pragma unroll
    for (int k = 0; k < kN; ++k) {
      sums[0].v[k] += g.v[k] * (v.v[k] - of_row.a) * of_row.b;
      if constexpr (kCentred) sums[1].v[k] += g.v[k];
    }
  }
};

template <bool kCentred, class T>
Task gain_task(const KernelContext& context, const RowsCall& call) {
  const GainSource<kCentred, T> source{data_of<const T>(call.x), data_of<const T>(call.dy), data_of<float>(call.stats),
                                       call.width};
  std::array<AnyOut, GainSource<kCentred, T>::kSums> out;
  out[0] = any_out(call.gain_grad, call.width, kWhat);
  if constexpr (kCentred) out[1] = any_out(call.shift_grad, call.width, kWhat);
  if (packs(call.x, call.width, kPack<T>) && packs(call.dy, call.width, kPack<T>))
    return column_task<kPack<T>>(context, source, call.rows, call.width, out, call);
  return column_task<1>(context, source, call.rows, call.width, out, call);
}

template <bool kCentred, class T, class W>
Task rows_task(const KernelContext& context, const RowsCall& call, bool backward) {
  const NormArgs<T, W> args{data_of<const T>(call.x),
                            data_of<const T>(call.dy),
                            data_of<const W>(call.gain),
                            data_of<const W>(call.shift),
                            data_of<float>(call.stats),
                            data_of<T>(call.out),
                            call.rows,
                            call.width};
  bool vector = true;
  for (const Buffer* buffer : {&call.x, &call.dy, &call.gain, &call.shift, &call.out})
    vector = vector && packs(*buffer, call.width, kPack<T>);
  return with_team<T>(call.width, vector, [&]<int kTeam, int kN>() -> Task {
    return [stream = context.stream, grid = team_grid(call.rows, kTeam), backward, args, call] {
      if (backward) {
        norm_grad_kernel<kCentred, T, W, kTeam, kN><<<grid, team_block(kTeam), 0, stream>>>(args);
      } else {
        norm_kernel<kCentred, T, W, kTeam, kN><<<grid, team_block(kTeam), 0, stream>>>(args);
      }
      check_launch(kWhat);
    };
  });
}

template <bool kCentred, class T>
Task norm_of(const KernelContext& context, const RowsCall& call, bool backward) {
  const Buffer& parameter = call.gain ? call.gain : call.shift;
  Task task = with_parameter<T>(parameter ? parameter.dtype : call.out.dtype, call.out.dtype, kWhat,
                                [&]<class W>() { return rows_task<kCentred, T, W>(context, call, backward); });
  if (!backward || (!call.gain_grad && !call.shift_grad)) return task;
  return [rows = std::move(task), columns = gain_task<kCentred, T>(context, call)] {
    columns();  // first: the rows may overwrite dy
    rows();
  };
}

}  // namespace

Task norm_task(const KernelContext& context, const RowsCall& call) {
  const bool centred = call.fn == RowsFn::kLayernorm || call.fn == RowsFn::kLayernormGrad;
  const bool backward = call.fn == RowsFn::kLayernormGrad || call.fn == RowsFn::kRmsnormGrad;
  const std::int64_t n = call.rows * call.width;
  if (n == 0) return [] {};
  need(call.out, n, call.out.dtype, kWhat);
  need(call.x, n, call.out.dtype, kWhat);
  if (backward) need(call.dy, n, call.out.dtype, kWhat);
  if (backward || call.stats) need(call.stats, call.rows * (centred ? 2 : 1), Dtype::kFp32, kWhat);
  if (call.gain) need(call.gain, call.width, call.gain.dtype, kWhat);
  if (call.shift) need(call.shift, call.width, call.gain ? call.gain.dtype : call.shift.dtype, kWhat);
  return with_storage(call.out.dtype, kWhat, [&]<class T>() {
    return centred ? norm_of<true, T>(context, call, backward) : norm_of<false, T>(context, call, backward);
  });
}

}  // namespace gable
