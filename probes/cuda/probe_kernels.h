// The probes' kernels behind a table of launchers: tests put host functions there.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "analyzer/base/dtype.h"

namespace gable::cuda {

enum class StreamFn : std::uint8_t {
  kRead,   ///< sum += words of x
  kWrite,  ///< words of out = pattern_word(i, seed)
  kCopy,   ///< out = x
  kTriad,  ///< out = x + 3 * y, floats
};
struct StreamLaunch {
  StreamFn fn = StreamFn::kRead;
  const void* x = nullptr;
  const void* y = nullptr;
  void* out = nullptr;
  std::int64_t bytes = 0;        ///< of each array, a multiple of 16
  std::uint32_t* sum = nullptr;  ///< kRead adds to it, modulo 2^32
  std::uint32_t seed = 0;
  int blocks = 1, threads = 256;
  int unroll = 4;  ///< 16-byte loads in flight a thread: 4 or 8
};

/// Reads the same bytes again and again, `passes` times, adding all words to `sum` modulo 2^32.
enum class CacheLevel : std::uint8_t {
  kL2,      ///< all blocks share `bytes`; L1 is passed by
  kL1,      ///< each block reads its own `bytes` of x
  kShared,  ///< as kL1, from shared memory, filled from x before
};
struct CacheLaunch {
  CacheLevel level = CacheLevel::kL2;
  const void* x = nullptr;
  std::int64_t bytes = 0;  ///< a multiple of 16 * threads
  std::int64_t passes = 1;
  std::uint32_t* sum = nullptr;
  int blocks = 1, threads = 1024;
};

/// Chains of x = x * x + kFmaShift in registers. The map is chaotic on [-1.8, 1.8]: a step left out changes all that
/// follows, and IEEE arithmetic makes the same bits on a CPU.
struct FmaLaunch {
  Dtype dtype = Dtype::kFp32;  ///< fp64, fp32, fp16 (in pairs)
  int blocks = 1, threads = 256;
  std::int64_t rounds = 1;  ///< of kFmaSteps steps
  /// One a thread, of the dtype (fp16: both of a pair): the sum of its chains in their order.
  void* out = nullptr;
};
inline constexpr int kFmaChains = 8;  ///< independent, a thread
inline constexpr int kFmaSteps = 32;  ///< a round
inline constexpr double kFmaShift = -1.75;
/// What chain `chain` of thread `thread` begins with: in [-1, 1), exact in fp16.
__host__ __device__ constexpr double fma_start(std::int64_t thread, int chain) {
  return static_cast<double>((thread * 37 + std::int64_t{chain} * 101) % 256 - 128) / 128;
}

enum class FillKind : std::uint8_t {
  kPattern,  ///< 32-bit words pattern_word(i, seed)
  kSmall,    ///< floats of whole numbers below 1024, pattern_word(i, seed) >> 22: sums and triples are exact
  kRandom,   ///< of `dtype`, uniform in [-1, 1) (int8 in [-128, 127]), from pattern_word mixed
  kByte,     ///< bytes `seed`
};
struct FillLaunch {
  FillKind kind = FillKind::kPattern;
  Dtype dtype = Dtype::kFp32;
  void* out = nullptr;
  std::int64_t bytes = 0;  ///< a multiple of 4
  std::uint32_t seed = 0;
};

/// Rows of fp32: softmax, or layernorm without gain and shift.
struct RowsLaunch {
  bool softmax = true;
  const float* x = nullptr;
  float* out = nullptr;
  std::int64_t rows = 1, width = 1;
};

/// Each launches on `stream` and returns what the launch returned.
struct ProbeKernels {
  cudaError_t (*stream)(const StreamLaunch& launch, cudaStream_t stream) = nullptr;
  cudaError_t (*cache)(const CacheLaunch& launch, cudaStream_t stream) = nullptr;
  cudaError_t (*fma)(const FmaLaunch& launch, cudaStream_t stream) = nullptr;
  cudaError_t (*fill)(const FillLaunch& launch, cudaStream_t stream) = nullptr;
  cudaError_t (*rows)(const RowsLaunch& launch, cudaStream_t stream) = nullptr;
  /// Does nothing, or writes `value` to `out` where there is one.
  cudaError_t (*empty)(std::uint32_t* out, std::uint32_t value, cudaStream_t stream) = nullptr;
};

const ProbeKernels& probe_kernels();

/// Word i of a pattern: the multiplicative hash of Knuth (TAOCP 3, 6.4), the same on host and device.
__host__ __device__ constexpr std::uint32_t pattern_word(std::int64_t i, std::uint32_t seed) {
  return static_cast<std::uint32_t>(i) * 2654435761U + seed;
}

}  // namespace gable::cuda
