#include "analyzer/predict/norm_time.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace gable {
namespace {

enum Constant : std::size_t { kStart, kDram, kAgain };
enum LayerNormConstant : std::size_t { kWait = 3, kRow, kStep };
constexpr std::array<ConstantRow, 6> kLayerNorm = {{
    {"start", "seconds before the first byte arrives", 3e-6, 0.4},
    {"dram", "share of the datasheet's DRAM bandwidth", 0.87, 0.06, 1},
    {"again", "share of L2 that the rows in flight fill when the second pass misses half of them", 0.5, 0.2},
    {"latency", "seconds that the steps of the first and last rows wait for, each", 1e-6, 0.5},
    {"row", "SM-seconds of a row beside its elements", 200e-9, 0.2},
    {"step", "SM-seconds of 512 elements of a row", 120e-9, 0.2},
}};
constexpr std::array<ConstantRow, 8> kSoftmax = {{
    {"start", "seconds before the first byte arrives", 3e-6, 0.4},
    {"dram", "share of the datasheet's DRAM bandwidth", 0.87, 0.06, 1},
    {"again", "share of L2 that the rows in flight fill when the later passes miss half of them", 1, 0.3},
    {"torn", "time that the sectors add which two rows share, where no row starts at one, in a row of one warp", 0.12,
     0.3},
    {"latency", "seconds that the steps of the first and last rows wait for, each", 2e-6, 0.5},
    {"step", "SM-cycles of a thread for one element, in all passes", 1.3, 0.2},
    {"vector", "steps that four elements at once cost", 2.5, 0.2},
    {"unaligned", "time of a step where rows do not start at vectors, over the others", 1.3, 0.1},
}};

enum SoftmaxConstant : std::size_t { kTorn = 3, kLatency, kSoftmaxStep, kVector, kUnaligned };

constexpr double kCrowd = 3;  // how much longer a step waits where all SMs are full
constexpr double kNorm = 8;
/// What takes longest, and a part of the rest.
double blended(double a, double b) { return std::pow(std::pow(a, kNorm) + std::pow(b, kNorm), 1 / kNorm); }

/// From 0 to 1 as the rows in flight grow from half the share of L2 to one and a half of it.
double missed(double bytes, double share, const ChipFacts& device) {
  return std::clamp(bytes / (share * device.l2_bytes) - 0.5, 0.0, 1.0);
}

// PyTorch, aten/src/ATen/native/cuda/layer_norm_kernel.cu: vectorised, a block of 128 threads a row, four elements a
// thread at once.
constexpr double kNormThreads = 128;
constexpr double kNormElements = 512;

// PyTorch, aten/src/ATen/native/cuda/SoftMax.cu: rows of up to 1024 elements are one warp's, in registers. Of longer
// ones a block takes four elements a thread at once where they are aligned, the rest one by one, in three passes.
constexpr double kWarpWidth = 1024;
constexpr double kSharedBytes = 47 * 1024;  // aligned rows up to this are kept in shared memory between the passes
constexpr double kVectorWidth = 4;
constexpr double kRowSteps = 1;  // what the sums over a block cost, in steps of one element
constexpr double kWarp = 32;
constexpr std::int64_t kSectorBits = 256;

/// Threads of a block: the largest power of two below half of what the row could use, at most 512.
double softmax_threads(double width) {
  const double most = std::min(width / kVectorWidth, 1024.0);
  double threads = 32;
  while (threads < most / 2) threads *= 2;
  return threads;
}

/// What a thread does for a row of a block, in elements taken at once and one by one; of the last step only the warps
/// that still have elements.
struct SoftmaxSteps {
  double vectors = 0;
  double single = 0;
};

SoftmaxSteps softmax_steps(double width, double threads, bool aligned) {
  const double left = aligned ? width : std::max(0.0, width - threads);
  SoftmaxSteps steps;
  steps.vectors = std::floor(left / (kVectorWidth * threads));
  const double rest = left - steps.vectors * kVectorWidth * threads;
  steps.single = std::ceil(rest / kWarp) * kWarp / threads + (aligned ? 0 : 1);
  return steps;
}

/// Share of rows that start inside of a sector of 32 bytes: the sector is fetched and written for both of its rows.
double torn_share(std::int64_t row_bits) {
  return 1 - static_cast<double>(std::gcd(row_bits, kSectorBits)) / static_cast<double>(kSectorBits);
}

}  // namespace

std::span<const ConstantRow> layernorm_constants() { return kLayerNorm; }

KernelTime layernorm_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  const double rows = shape.dim(0);
  const double width = shape.dim(1);
  const double element = row(shape.dtype).bits / 8.0;
  const double slots = device.sms * device.threads_per_sm / kNormThreads;
  const double passes = 2 + missed(slots * width * element, c[kAgain], device);
  KernelTime time;
  time.start_s = c[kStart];
  time.dram_s = rows * width * element * passes / (device.bytes_per_s * std::min(c[kDram], 1.0));
  const double steps = std::ceil(width / kNormElements);
  time.compute_s = rows * (c[kRow] + steps * c[kStep]) / device.sms;
  time.start_s += (1 + steps) * c[kWait] * (1 + kCrowd * std::min(1.0, rows / slots));
  time.total_s = time.start_s + blended(time.dram_s, time.compute_s);
  return time;
}

std::span<const ConstantRow> softmax_constants() { return kSoftmax; }

KernelTime softmax_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  const double rows = shape.dim(0);
  const double width = shape.dim(1);
  const double element = row(shape.dtype).bits / 8.0;
  const std::int64_t row_bits = shape.dims[1] * row(shape.dtype).bits;
  const double once = rows * width * element / (device.bytes_per_s * std::min(c[kDram], 1.0));
  KernelTime time;
  time.start_s = c[kStart];
  if (width <= kWarpWidth) {
    time.dram_s = 2 * once * (1 + c[kTorn] * torn_share(row_bits));
    time.total_s = time.start_s + time.dram_s;
    return time;
  }
  const double threads = softmax_threads(width);
  const bool aligned = row_bits % 128 == 0;
  const double slots = device.sms * device.threads_per_sm / threads;
  const bool shared = aligned && width * element < kSharedBytes;
  time.dram_s = once * (2 + (shared ? 0 : 2 * missed(slots * width * element, c[kAgain], device)));
  const SoftmaxSteps steps = softmax_steps(width, threads, aligned);
  const double cycles = (kRowSteps + c[kVector] * steps.vectors + steps.single) * (aligned ? 1 : c[kUnaligned]);
  time.compute_s = rows * threads * cycles * c[kSoftmaxStep] / device.clock_hz / device.sms;
  time.start_s += (1 + steps.vectors + steps.single) * c[kLatency] * (1 + kCrowd * std::min(1.0, rows / slots));
  time.total_s = time.start_s + blended(time.dram_s, time.compute_s);
  return time;
}

Features rows_features(const Shape& shape, const KernelTime& /*time*/) {
  return {std::log2(shape.dim(0)), std::log2(shape.dim(1)), 0, 0};
}

}  // namespace gable
