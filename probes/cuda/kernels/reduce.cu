// Sums over the first axis, as the gradient of a bias takes them.
#include "probes/cuda/kernels/columns.cuh"

namespace gable {
namespace {

constexpr std::string_view kWhat = "reduce";

template <class T>
struct PlainSource {
  using C = Compute<T>;
  static constexpr int kSums = 1;
  const T* x;
  std::int64_t width;

  template <int kN>
  __device__ void add(std::int64_t row, std::int64_t column, Values<C, kN>* sums) const {
    const auto v = load<kN>(x + row * width + column);
#pragma unroll
    for (int k = 0; k < kN; ++k) sums[0].v[k] += v.v[k];
  }
};

}  // namespace

Task reduce_task(const KernelContext& context, const ReduceCall& call) {
  if (call.width == 0) return [] {};
  need(call.x, call.rows * call.width, call.x.dtype, kWhat);
  need(call.out, call.width, call.out.dtype, kWhat);
  const AnyOut out = any_out(call.out, call.width, kWhat);
  return with_storage(call.x.dtype, kWhat, [&]<class T>() {
    const PlainSource<T> source{data_of<const T>(call.x), call.width};
    if (packs(call.x, call.width, kPack<T>))
      return column_task<kPack<T>>(context, source, call.rows, call.width, std::array{out}, call);
    return column_task<1>(context, source, call.rows, call.width, std::array{out}, call);
  });
}

}  // namespace gable
