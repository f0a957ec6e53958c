// Kernels that fill buffers, and rows of softmax and layernorm.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include "probes/cuda/launchers.h"

namespace gable::cuda {
namespace {

constexpr int kThreads = 256;

/// Uniform in [-1, 1), 24 bits: the finalizer of MurmurHash3 over the pattern.
__device__ __forceinline__ std::uint32_t mixed(long long i, std::uint32_t seed) {
  std::uint32_t h = pattern_word(i, seed);
  h = (h ^ (h >> 16)) * 0x85ebca6bU;
  h = (h ^ (h >> 13)) * 0xc2b2ae35U;
  return h ^ (h >> 16);
}
__device__ __forceinline__ float uniform(long long i, std::uint32_t seed) {
  return static_cast<float>(mixed(i, seed) >> 8) * 0x1p-23F - 1.0F;
}

__device__ __forceinline__ void put(double* out, long long i, std::uint32_t seed) { out[i] = uniform(i, seed); }
__device__ __forceinline__ void put(float* out, long long i, std::uint32_t seed) { out[i] = uniform(i, seed); }
__device__ __forceinline__ void put(__half* out, long long i, std::uint32_t seed) {
  out[i] = __float2half_rn(uniform(i, seed));
}
__device__ __forceinline__ void put(__nv_bfloat16* out, long long i, std::uint32_t seed) {
  out[i] = __float2bfloat16_rn(uniform(i, seed));
}
__device__ __forceinline__ void put(__nv_fp8_e4m3* out, long long i, std::uint32_t seed) {
  out[i] = __nv_fp8_e4m3(uniform(i, seed));
}
/// Bytes: of int8, and pairs of fp4, of which every pattern is a number.
__device__ __forceinline__ void put(std::uint8_t* out, long long i, std::uint32_t seed) {
  out[i] = static_cast<std::uint8_t>(mixed(i, seed) >> 24);
}

template <typename T>
__global__ void random_kernel(T* out, long long n, std::uint32_t seed) {
  const long long stride = static_cast<long long>(gridDim.x) * blockDim.x;
  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride) {
    put(out, i, seed);
  }
}

__global__ void word_kernel(std::uint32_t* out, long long n, FillKind kind, std::uint32_t seed) {
  const long long stride = static_cast<long long>(gridDim.x) * blockDim.x;
  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride) {
    std::uint32_t word = pattern_word(i, seed);
    if (kind == FillKind::kSmall) word = __float_as_uint(static_cast<float>(word >> 22));
    if (kind == FillKind::kByte) word = (seed & 0xffU) * 0x01010101U;
    out[i] = word;
  }
}

template <typename T>
void launch_random(const FillLaunch& launch, unsigned blocks, cudaStream_t stream) {
  random_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<T*>(launch.out),
                                                 launch.bytes / static_cast<long long>(sizeof(T)), launch.seed);
}

__device__ float block_sum(float value, float* scratch, bool maximum) {
  for (int lane = 16; lane > 0; lane /= 2) {
    const float other = __shfl_xor_sync(0xffffffffU, value, lane);
    value = maximum ? fmaxf(value, other) : value + other;
  }
  __syncthreads();
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = value;
  __syncthreads();
  value = scratch[0];
  for (unsigned warp = 1; warp < blockDim.x / 32; ++warp) {
    value = maximum ? fmaxf(value, scratch[warp]) : value + scratch[warp];
  }
  return value;
}

/// A block a row. The second and third reading of a row come from the caches.
__global__ void rows_kernel(RowsLaunch launch) {
  __shared__ float scratch[32];
  for (long long row = blockIdx.x; row < launch.rows; row += gridDim.x) {
    const float* x = launch.x + row * launch.width;
    float* out = launch.out + row * launch.width;
    float first = launch.softmax ? -INFINITY : 0.0F;
    for (long long i = threadIdx.x; i < launch.width; i += blockDim.x) {
      first = launch.softmax ? fmaxf(first, x[i]) : first + x[i];
    }
    first = block_sum(first, scratch, launch.softmax);
    const float shift = launch.softmax ? first : first / static_cast<float>(launch.width);
    float second = 0;
    for (long long i = threadIdx.x; i < launch.width; i += blockDim.x) {
      const float d = x[i] - shift;
      second += launch.softmax ? expf(d) : d * d;
    }
    second = block_sum(second, scratch, false);
    const float scale = launch.softmax ? 1.0F / second : rsqrtf(second / static_cast<float>(launch.width) + 1e-5F);
    for (long long i = threadIdx.x; i < launch.width; i += blockDim.x) {
      const float d = x[i] - shift;
      out[i] = (launch.softmax ? expf(d) : d) * scale;
    }
  }
}

}  // namespace

cudaError_t launch_fill(const FillLaunch& launch, cudaStream_t stream) {
  const long long wanted = (launch.bytes / 4 + kThreads - 1) / kThreads;
  const auto blocks = static_cast<unsigned>(wanted < 1 ? 1 : wanted < 4096 ? wanted : 4096);
  if (launch.kind != FillKind::kRandom) {
    word_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<std::uint32_t*>(launch.out), launch.bytes / 4, launch.kind,
                                                 launch.seed);
    return cudaGetLastError();
  }
  switch (launch.dtype) {
    case Dtype::kFp64:
      launch_random<double>(launch, blocks, stream);
      break;
    case Dtype::kFp32:
    case Dtype::kTf32:
      launch_random<float>(launch, blocks, stream);
      break;
    case Dtype::kFp16:
      launch_random<__half>(launch, blocks, stream);
      break;
    case Dtype::kBf16:
      launch_random<__nv_bfloat16>(launch, blocks, stream);
      break;
    case Dtype::kFp8E4m3:
      launch_random<__nv_fp8_e4m3>(launch, blocks, stream);
      break;
    case Dtype::kInt8:
    case Dtype::kFp4:
      launch_random<std::uint8_t>(launch, blocks, stream);
      break;
    default:
      return cudaErrorInvalidValue;
  }
  return cudaGetLastError();
}

cudaError_t launch_rows(const RowsLaunch& launch, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(launch.rows < 65536 ? launch.rows : 65536);
  const unsigned threads = launch.width >= 4096 ? 1024 : launch.width >= 1024 ? 256 : launch.width >= 128 ? 128 : 32;
  rows_kernel<<<blocks, threads, 0, stream>>>(launch);
  return cudaGetLastError();
}

const ProbeKernels& probe_kernels() {
  static const ProbeKernels kernels = {launch_stream, launch_cache, launch_fma, launch_fill, launch_rows, launch_empty};
  return kernels;
}

}  // namespace gable::cuda
