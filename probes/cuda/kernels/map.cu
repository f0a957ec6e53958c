// Element-by-element ops: streams of 16-byte packs, several in flight a thread.
#include "probes/cuda/kernels/storage.cuh"
#include "probes/math.h"

namespace gable {
namespace {

constexpr std::string_view kWhat = "map";
constexpr int kThreads = 256;
/// Packs in flight a thread. Little's law: 2 * 16 bytes * 2048 threads an SM is more than DRAM's rate times its latency
/// asks for on any of the devices.
template <int kN>
constexpr int kUnroll = kN == 1 ? 4 : 2;

template <class T, class Y>
struct MapArgs {
  const T* x;
  const Y* y;
  T* out;
  std::int64_t n;
  std::int64_t y_n;  ///< n where y is as long as x
  Compute<T> scalar;
};

template <class C, class Y, int kN>
__device__ Values<C, kN> load_operand(const Y* y, std::int64_t i) {
  Values<C, kN> values;
  if constexpr (std::is_same_v<Y, std::uint8_t>) {
    const auto pack = *reinterpret_cast<const Pack<std::uint8_t, kN>*>(y + i);
#pragma unroll
    for (int k = 0; k < kN; ++k) values.v[k] = pack.v[k] != 0 ? C(1) : C(0);
  } else {
    values = load<kN>(y + i);
  }
  return values;
}

/// Where in y the element (pack) i finds its operand. The remainder of 32 bits is several times faster.
__device__ inline std::int64_t wrapped(std::int64_t i, std::int64_t n, std::int64_t y_n) {
  if (y_n >= n) return i;
  if (n <= 0xffffffffLL) return static_cast<std::uint32_t>(i) % static_cast<std::uint32_t>(y_n);
  return i % y_n;
}

// x and out may be the same buffer: an element is read and written by one thread, all reads of it first.
template <MapFn kFn, class T, class Y, int kN>
__global__ void map_kernel(MapArgs<T, Y> args) {
  using C = Compute<T>;
  constexpr bool kBinary = second_operand(kFn) != MapOperand::kNone;
  const std::int64_t first = (static_cast<std::int64_t>(blockIdx.x) * (kThreads * kUnroll<kN>)+threadIdx.x) * kN;
  Values<C, kN> x[kUnroll<kN>];
  Values<C, kN> y[kUnroll<kN>];
#pragma unroll
  for (int u = 0; u < kUnroll<kN>; ++u) {
    const std::int64_t i = first + static_cast<std::int64_t>(u) * (kThreads * kN);
    if (i >= args.n) continue;
    x[u] = load<kN>(args.x + i);
    if constexpr (kBinary) y[u] = load_operand<C, Y, kN>(args.y, wrapped(i, args.n, args.y_n));
  }
#pragma unroll
  for (int u = 0; u < kUnroll<kN>; ++u) {
    const std::int64_t i = first + static_cast<std::int64_t>(u) * (kThreads * kN);
    if (i >= args.n) continue;
    Values<C, kN> out;
#pragma unroll
    for (int k = 0; k < kN; ++k) out.v[k] = map_value<kFn>(x[u].v[k], kBinary ? y[u].v[k] : C(0), args.scalar);
    store<kN>(args.out + i, out);
  }
}

template <MapFn kFn, class T, class Y, int kN>
Task map_of(const KernelContext& context, const MapCall& call) {
  const MapArgs<T, Y> args{data_of<const T>(call.x),
                           data_of<const Y>(call.y),
                           data_of<T>(call.out),
                           call.out.n,
                           call.y.n,
                           static_cast<Compute<T>>(call.scalar)};
  const unsigned grid = grid_of(blocks_for(call.out.n, kThreads * kUnroll<kN> * kN));
  return [stream = context.stream, args, grid, call] {
    map_kernel<kFn, T, Y, kN><<<grid, kThreads, 0, stream>>>(args);
    check_launch(kWhat);
  };
}

template <class T>
Task map_in(const KernelContext& context, const MapCall& call) {
  Task task;
  with_map_fn(call.fn, [&]<MapFn kFn>() {
    constexpr MapOperand kOperand = second_operand(kFn);
    using Y = std::conditional_t<kOperand == MapOperand::kByte, std::uint8_t, T>;
    constexpr int kN = kPack<T>;
    bool vector = packs(call.x, call.out.n, kN) && packs(call.out, call.out.n, kN);
    if constexpr (kOperand == MapOperand::kByte) need_bytes(call.y, 1, kWhat);
    if constexpr (kOperand == MapOperand::kValue) need(call.y, 1, call.out.dtype, kWhat);
    if constexpr (kOperand != MapOperand::kNone)
      vector = vector && call.y.n % kN == 0 && aligned(call.y.data, kN * static_cast<int>(sizeof(Y)));
    task = vector ? map_of<kFn, T, Y, kN>(context, call) : map_of<kFn, T, Y, 1>(context, call);
  });
  return task;
}

/// A copy from one format to another.
template <class From, class To, int kN>
__global__ void convert_kernel(const From* x, To* out, std::int64_t n) {
  const std::int64_t first = (static_cast<std::int64_t>(blockIdx.x) * (kThreads * kUnroll<kN>)+threadIdx.x) * kN;
#pragma unroll
  for (int u = 0; u < kUnroll<kN>; ++u) {
    const std::int64_t i = first + static_cast<std::int64_t>(u) * (kThreads * kN);
    if (i >= n) continue;
    const auto from = load<kN>(x + i);
    Values<Compute<To>, kN> to;
#pragma unroll
    for (int k = 0; k < kN; ++k) to.v[k] = static_cast<Compute<To>>(from.v[k]);
    store<kN>(out + i, to);
  }
}

template <class From, class To, int kN>
Task convert_of(const KernelContext& context, const MapCall& call) {
  const unsigned grid = grid_of(blocks_for(call.out.n, kThreads * kUnroll<kN> * kN));
  return [stream = context.stream, grid, call] {
    convert_kernel<From, To, kN>
        <<<grid, kThreads, 0, stream>>>(data_of<const From>(call.x), data_of<To>(call.out), call.out.n);
    check_launch(kWhat);
  };
}

Task convert_task(const KernelContext& context, const MapCall& call) {
  constexpr int kN = 4;
  const bool vector = packs(call.x, call.out.n, kN) && packs(call.out, call.out.n, kN);
  return with_storage(call.x.dtype, kWhat, [&]<class From>() {
    return with_storage(call.out.dtype, kWhat, [&]<class To>() {
      return vector ? convert_of<From, To, kN>(context, call) : convert_of<From, To, 1>(context, call);
    });
  });
}

}  // namespace

Task map_task(const KernelContext& context, const MapCall& call) {
  if (call.out.n == 0) return [] {};
  need(call.out, 1, call.out.dtype, kWhat);
  need(call.x, call.out.n, call.x.dtype, kWhat);
  if (call.fn == MapFn::kCopy) {
    if (call.x.dtype != call.out.dtype) return convert_task(context, call);
    return copy_bytes_task(context, call.x, call.out, bytes_of(call.out));
  }
  need(call.x, call.out.n, call.out.dtype, kWhat);
  return with_storage(call.out.dtype, kWhat, [&]<class T>() { return map_in<T>(context, call); });
}

}  // namespace gable
