// What runs on CPUs beside oneDNN: compiled once for each SIMD width into a module of its own, of which the widest that
// the processor has is loaded. Every function splits its work over `threads` OpenMP threads, the same piece always to
// the same thread, so that first touch places memory where it is read.
#pragma once

#include <cstdint>

#include "probes/engine.h"

namespace gable {

/// Bytes that one pass moves, an element: read 4, copy 8, triad 12 (as STREAM counts: McCalpin 1995; the line that a
/// store reads first is not counted), update 8: in place, so that no store reads a line of its own, and the count is
/// what crosses the bus.
enum class StreamFn : std::uint8_t { kRead, kCopy, kTriad, kUpdate };

/// A stream over `threads` slices of `n` floats each, `rounds` times.
struct StreamArgs {
  StreamFn fn = StreamFn::kRead;
  const float* x = nullptr;
  const float* y = nullptr;  ///< triad only: out = x + 3 y
  float* out = nullptr;      ///< not of read; update: out = -out
  std::int64_t n = 0;        ///< elements of each thread's slice, a multiple of 256
  std::int64_t stride = 0;   ///< elements from one slice to the next
  std::int64_t rounds = 1;
  int threads = 1;
};

/// Elements as in MapCall; `bytes` is y of kMask and kDropout.
struct MapArgs {
  MapFn fn = MapFn::kCopy;
  const float* x = nullptr;
  const float* y = nullptr;
  const unsigned char* bytes = nullptr;
  std::int64_t y_n = 1;
  float* out = nullptr;
  std::int64_t n = 0;
  float scalar = 1;
  int threads = 1;
};

/// Rows as in RowsCall.
struct RowsArgs {
  RowsFn fn = RowsFn::kSoftmax;
  std::int64_t rows = 0, width = 0;
  const float *x = nullptr, *dy = nullptr, *gain = nullptr, *shift = nullptr;
  const std::int64_t* index = nullptr;
  float *stats = nullptr, *out = nullptr, *gain_grad = nullptr, *shift_grad = nullptr;
  int threads = 1;
};

/// out = op(a) op(b) (+ out), one product, row-major.
struct MatrixArgs {
  std::int64_t m = 0, n = 0, k = 0;
  bool a_transposed = false, b_transposed = false, accumulate = false;
  const void *a = nullptr, *b = nullptr;
  void* out = nullptr;
  int threads = 1;
};

/// Images as in ChannelNormCall; stats are mean and 1 / std of each set that shares them.
struct ChannelNormArgs {
  bool backward = false, use_stats = false;
  std::int64_t batch = 1, channels = 1, spatial = 1, groups = 0;
  const float *x = nullptr, *dy = nullptr, *gain = nullptr, *shift = nullptr;
  float *stats = nullptr, *out = nullptr, *gain_grad = nullptr, *shift_grad = nullptr;
  int threads = 1;
};

/// Images as in PoolCall.
struct PoolArgs {
  bool backward = false, average = false;
  std::int64_t batch = 1, channels = 1, height = 1, width = 1, kernel = 1, stride = 1, padding = 0;
  const float *x = nullptr, *dy = nullptr;
  float* out = nullptr;
  int threads = 1;
};

/// Parameters as in UpdateCall.
struct UpdateArgs {
  UpdateFn fn = UpdateFn::kSgd;
  float *parameters = nullptr, *gradient = nullptr, *first = nullptr, *second = nullptr, *norm = nullptr;
  std::int64_t n = 0;
  int threads = 1;
};

struct CpuKernels {
  const char* isa;  ///< "AVX-512"
  int simd_bits;    ///< of a register
  /// Result of a read (the sum), else 0.
  double (*stream)(const StreamArgs& args);
  /// Writes zeros, each slice by its thread.
  void (*touch)(float* data, std::int64_t n, std::int64_t stride, int threads);
  /// Uniform in [-scale, scale) plus `offset`, as random.h has it.
  void (*fill)(float* data, std::int64_t n, float scale, float offset, std::uint64_t seed, int threads);
  /// Chains of fused multiply-adds in registers; returns the FLOP done by all threads. `result` keeps them alive and is
  /// (rounds + 1) * 1, for every chain adds 1 * 1 a round to a start of 1.
  double (*fma_fp32)(std::int64_t rounds, int threads, double& result);
  double (*fma_fp64)(std::int64_t rounds, int threads, double& result);
  /// Eigen's product.
  void (*matrix_fp32)(const MatrixArgs& args);
  void (*matrix_fp64)(const MatrixArgs& args);
  void (*map)(const MapArgs& args);
  void (*rows)(const RowsArgs& args);
  void (*column_sums)(const float* x, std::int64_t rows, std::int64_t width, float* out, int threads);
  void (*gather)(const float* table, const std::int64_t* index, std::int64_t rows, std::int64_t width, float* out,
                 int threads);
  /// One thread: rows of the table may repeat.
  void (*scatter)(float* table, const std::int64_t* index, std::int64_t rows, std::int64_t width, const float* x);
  void (*rope)(const float* x, const float* table, std::int64_t table_n, std::int64_t n, bool backward, float* out,
               int threads);
  void (*channel_norm)(const ChannelNormArgs& args);
  void (*pool)(const PoolArgs& args);
  void (*update)(const UpdateArgs& args);
  /// A chain of `n` dependent integer additions, one a cycle: n / time is the clock.
  std::uint64_t (*count_cycles)(std::uint64_t n);
};

/// What each module exports.
using CpuKernelsEntry = const CpuKernels* (*)();
inline constexpr const char* kCpuKernelsSymbol = "gable_cpu_kernels";

/// The widest module that this processor runs. @throws CapabilityError where none can be loaded
const CpuKernels& cpu_kernels();

}  // namespace gable
