// How values are stored and what they are computed in: fp32, bf16 and fp16 in float, fp64 in double.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <type_traits>

#include "probes/cuda/kernels/tasks.h"

namespace gable {

template <class T>
using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;

__device__ inline float widen(float v) { return v; }
__device__ inline double widen(double v) { return v; }
__device__ inline float widen(__nv_bfloat16 v) { return __bfloat162float(v); }
__device__ inline float widen(__half v) { return __half2float(v); }

/// Rounded to the nearest. The functions exist on every architecture; below sm_80 bf16 is emulated.
template <class T>
__device__ inline T narrow(Compute<T> v) {
  if constexpr (std::is_same_v<T, __nv_bfloat16>) {
    return __float2bfloat16_rn(v);
  } else if constexpr (std::is_same_v<T, __half>) {
    return __float2half_rn(v);
  } else {
    return v;
  }
}

/// The widest vector that one instruction loads.
inline constexpr int kPackBytes = 16;
/// Elements of T in it.
template <class T>
inline constexpr int kPack = kPackBytes / static_cast<int>(sizeof(T));

template <class T, int kN>
struct alignas(sizeof(T) * kN < kPackBytes ? sizeof(T) * kN : kPackBytes) Pack {
  T v[kN];
};

template <class C, int kN>
struct Values {
  C v[kN];
};

/// kN neighbours from `from`, which is aligned to them (at most to 16 bytes).
template <int kN, class T>
__device__ inline Values<Compute<T>, kN> load(const T* from) {
  const auto pack = *reinterpret_cast<const Pack<T, kN>*>(from);
  Values<Compute<T>, kN> values;
#pragma unroll
  for (int k = 0; k < kN; ++k) values.v[k] = widen(pack.v[k]);
  return values;
}

template <int kN, class T>
__device__ inline void store(T* to, const Values<Compute<T>, kN>& values) {
  Pack<T, kN> pack;
#pragma unroll
  for (int k = 0; k < kN; ++k) pack.v[k] = narrow<T>(values.v[k]);
  *reinterpret_cast<Pack<T, kN>*>(to) = pack;
}

template <class T>
T* data_of(const Buffer& buffer) {
  return static_cast<T*>(buffer.data);
}

inline bool aligned(const void* data, std::int64_t bytes) {
  return reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(bytes) == 0;
}

/// Whether rows of `width` elements, one after the other, can be read in packs.
inline bool packs(const Buffer& buffer, std::int64_t width, std::int64_t pack) {
  return !buffer || (width % pack == 0 && aligned(buffer.data, kPackBytes));
}

inline std::int64_t blocks_for(std::int64_t n, std::int64_t each) { return (n + each - 1) / each; }

/// A grid of one dimension has at most 2^31 - 1 blocks; kernels with loops take fewer as well.
inline unsigned grid_of(std::int64_t blocks) {
  constexpr std::int64_t kMost = 0x7fffffff;
  return static_cast<unsigned>(blocks < 1 ? 1 : (blocks < kMost ? blocks : kMost));
}

/// body.template operator()<T>() for the type that stores `dtype`; tf32 is stored as fp32.
template <class Body>
auto with_storage(Dtype dtype, std::string_view what, const Body& body) {
  switch (dtype) {
    case Dtype::kFp32:
    case Dtype::kTf32:
      return body.template operator()<float>();
    case Dtype::kFp64:
      return body.template operator()<double>();
    case Dtype::kBf16:
      return body.template operator()<__nv_bfloat16>();
    case Dtype::kFp16:
      return body.template operator()<__half>();
    default:
      refuse_dtype(what, dtype);
  }
}

/// The same for a parameter that is stored as the activations (T) are, or in fp32.
template <class T, class Body>
auto with_parameter(Dtype parameter, Dtype act, std::string_view what, const Body& body) {
  if (parameter == act) return body.template operator()<T>();
  if constexpr (std::is_same_v<T, __nv_bfloat16> || std::is_same_v<T, __half>) {
    if (parameter == Dtype::kFp32) return body.template operator()<float>();
  }
  refuse(what, "parameters are neither in fp32 nor in the dtype of the activations");
}

/// A result of few elements: its dtype is looked at when it is written.
struct AnyOut {
  void* data = nullptr;
  Dtype dtype = Dtype::kFp32;

  __device__ void set(std::int64_t i, double value) const {
    if (data == nullptr) return;
    switch (dtype) {
      case Dtype::kFp64:
        static_cast<double*>(data)[i] = value;
        return;
      case Dtype::kBf16:
        static_cast<__nv_bfloat16*>(data)[i] = __float2bfloat16_rn(static_cast<float>(value));
        return;
      case Dtype::kFp16:
        static_cast<__half*>(data)[i] = __float2half_rn(static_cast<float>(value));
        return;
      default:
        static_cast<float*>(data)[i] = static_cast<float>(value);
        return;
    }
  }
};

/// @throws std::invalid_argument unless it is absent or a float of at least n elements
inline AnyOut any_out(const Buffer& buffer, std::int64_t n, std::string_view what) {
  if (!buffer) return {};
  with_storage(buffer.dtype, what, [&]<class T>() { static_assert(sizeof(T) > 0); });
  need(buffer, n, buffer.dtype, what);
  return {buffer.data, buffer.dtype};
}

}  // namespace gable
