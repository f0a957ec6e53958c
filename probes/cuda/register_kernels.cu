// Kernels that compute in registers, and the one that does nothing.
#include <cuda_fp16.h>

#include "probes/cuda/launchers.h"

namespace gable::cuda {
namespace {

__device__ __forceinline__ double multiply_add(double x, double c) { return fma(x, x, c); }
__device__ __forceinline__ float multiply_add(float x, float c) { return fmaf(x, x, c); }
__device__ __forceinline__ __half2 multiply_add(__half2 x, __half2 c) { return __hfma2(x, x, c); }

__device__ __forceinline__ double add(double a, double b) { return __dadd_rn(a, b); }
__device__ __forceinline__ float add(float a, float b) { return __fadd_rn(a, b); }
__device__ __forceinline__ __half2 add(__half2 a, __half2 b) { return __hadd2(a, b); }

__device__ __forceinline__ void set(double& x, double value) { x = value; }
__device__ __forceinline__ void set(float& x, double value) { x = static_cast<float>(value); }
__device__ __forceinline__ void set(__half2& x, double value) { x = __float2half2_rn(static_cast<float>(value)); }

template <typename T>
__global__ void fma_kernel(long long rounds, double shift, T* out) {
  const long long thread = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  T c;
  set(c, shift);
  T x[kFmaChains];
#pragma unroll
  for (int chain = 0; chain < kFmaChains; ++chain) set(x[chain], fma_start(thread, chain));
  for (long long round = 0; round < rounds; ++round) {
#pragma unroll
    for (int step = 0; step < kFmaSteps; ++step) {
#pragma unroll
      for (int chain = 0; chain < kFmaChains; ++chain) x[chain] = multiply_add(x[chain], c);
    }
  }
  T total = x[0];
#pragma unroll
  for (int chain = 1; chain < kFmaChains; ++chain) total = add(total, x[chain]);
  out[thread] = total;
}

template <typename T>
void launch_chains(const FmaLaunch& launch, cudaStream_t stream) {
  fma_kernel<T><<<static_cast<unsigned>(launch.blocks), static_cast<unsigned>(launch.threads), 0, stream>>>(
      launch.rounds, kFmaShift, static_cast<T*>(launch.out));
}

__global__ void empty_kernel(std::uint32_t* out, std::uint32_t value) {
  if (out != nullptr) *out = value;
}

}  // namespace

cudaError_t launch_fma(const FmaLaunch& launch, cudaStream_t stream) {
  if (launch.dtype == Dtype::kFp64) {
    launch_chains<double>(launch, stream);
  } else if (launch.dtype == Dtype::kFp32) {
    launch_chains<float>(launch, stream);
  } else if (launch.dtype == Dtype::kFp16) {
    launch_chains<__half2>(launch, stream);
  } else {
    return cudaErrorInvalidValue;
  }
  return cudaGetLastError();
}

cudaError_t launch_empty(std::uint32_t* out, std::uint32_t value, cudaStream_t stream) {
  empty_kernel<<<1, 1, 0, stream>>>(out, value);
  return cudaGetLastError();
}

}  // namespace gable::cuda
