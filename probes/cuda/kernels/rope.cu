// Rotary position embedding: pairs of neighbours turned by the angles of a table that repeats over x.
#include "probes/cuda/kernels/storage.cuh"
#include "probes/row_math.h"

namespace gable {
namespace {

constexpr std::string_view kWhat = "rope";
constexpr int kThreads = 256;

template <class T, class W>
struct RopeArgs {
  const T* x;
  const W* table;
  T* out;
  std::int64_t n, table_n;
  Compute<T> sign;  ///< -1 backward
};

/// A pair is loaded element by element: it may begin anywhere. Wider packs are aligned.
template <int kN, class T>
__device__ Values<Compute<T>, kN> load_pairs(const T* from) {
  if constexpr (kN == 2) {
    return {{widen(from[0]), widen(from[1])}};
  } else {
    return load<kN>(from);
  }
}

template <int kN, class T>
__device__ void store_pairs(T* to, const Values<Compute<T>, kN>& values) {
  if constexpr (kN == 2) {
    to[0] = narrow<T>(values.v[0]);
    to[1] = narrow<T>(values.v[1]);
  } else {
    store<kN>(to, values);
  }
}

template <class T, class W, int kN>
__global__ void rope_kernel(RopeArgs<T, W> args) {
  using C = Compute<T>;
  const std::int64_t i = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kN;
  if (i >= args.n) return;
  // The remainder of 32 bits is several times faster.
  std::int64_t at = i;
  if (args.table_n < args.n) {
    at = args.n <= 0xffffffffLL ? static_cast<std::uint32_t>(i) % static_cast<std::uint32_t>(args.table_n)
                                : i % args.table_n;
  }
  auto x = load_pairs<kN>(args.x + i);
  const auto angle = load_pairs<kN>(args.table + at);
#pragma unroll
  for (int k = 0; k < kN; k += 2)
    rotate(x.v[k], x.v[k + 1], static_cast<C>(angle.v[k]), args.sign * static_cast<C>(angle.v[k + 1]));
  store_pairs<kN>(args.out + i, x);
}

template <class T, class W, int kN>
Task rope_of(const KernelContext& context, const RopeCall& call) {
  const RopeArgs<T, W> args{
      data_of<const T>(call.x),    data_of<const W>(call.table), data_of<T>(call.out), call.out.n, call.table.n,
      call.backward ? -1.0F : 1.0F};
  const unsigned grid = grid_of(blocks_for(call.out.n, kThreads * kN));
  return [stream = context.stream, args, grid, call] {
    rope_kernel<T, W, kN><<<grid, kThreads, 0, stream>>>(args);
    check_launch(kWhat);
  };
}

}  // namespace

Task rope_task(const KernelContext& context, const RopeCall& call) {
  if (call.out.n == 0) return [] {};
  need(call.out, 1, call.out.dtype, kWhat);
  need(call.x, call.out.n, call.out.dtype, kWhat);
  need(call.table, 2, call.table.dtype, kWhat);
  if (call.out.n % 2 != 0 || call.table.n % 2 != 0) refuse(kWhat, "an odd number of elements has no pairs");
  return with_storage(call.out.dtype, kWhat, [&]<class T>() {
    return with_parameter<T>(call.table.dtype, call.out.dtype, kWhat, [&]<class W>() {
      constexpr int kN = kPack<T>;
      const bool vector =
          packs(call.x, call.out.n, kN) && packs(call.out, call.out.n, kN) && packs(call.table, call.table.n, kN);
      return vector ? rope_of<T, W, kN>(context, call) : rope_of<T, W, 2>(context, call);
    });
  });
}

}  // namespace gable
