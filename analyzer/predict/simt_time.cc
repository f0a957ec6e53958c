// A product without matrix units: blocks of threads, each with a square of results in registers. The smaller the
// block's tile, the fewer results a thread has for each operand it loads, so that small tiles compute more slowly; how
// much more differs between libraries and is fitted.
#include "analyzer/predict/simt_time.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace gable {
namespace {

enum Constant : std::size_t {
  kStart,
  kPeak,
  kDram,
  kPrologue,
  kAlone,
  kHalf,
  kQuarter,
  kWide,
  kThin,
  kSmall,
  kOverlap,
  kThrottle,
  kCached
};

constexpr std::array<ConstantRow, 13> kConstants = {{
    {"start", "seconds before the first block runs", 3e-6, 0.3},
    {kPeakName, "share of the datasheet's FLOP/s that tiles of 128 x 128 reach", 0.87, 0.1},
    {"dram", "share of the datasheet's DRAM bandwidth", 0.85, 0.1},
    {"prologue", "steps of k that a block's start and end cost", 10, 0.5},
    {"alone", "speed of a block that has an SM to itself: nobody hides its latencies", 0.87, 0.1},
    {"half", "speed of tiles of 128 x 64", 0.85, 0.25},
    {"quarter", "speed of tiles of 64 x 64", 0.85, 0.25},
    {"wide", "speed of tiles of 256 x 128", 0.75, 0.25},
    {"thin", "speed of tiles of 128 x 32", 0.57, 0.3},
    {"small", "speed of tiles of 64 x 32 and 32 x 32", 0.5, 0.3},
    {"overlap", "how far the last wave's idle SMs are hidden: 0 not at all, 1 wholly", 0.2, 0.7, 1},
    {kThrottleName, "how much slower the clock gets under full load", 0.05, 0.8},
    {"cached", "share of L2 in which operands and results stay", 0.5, 0.7},
}};

struct Tile {
  double m;
  double n;
  std::size_t speed;  ///< index of the constant; kPeak stands for 1
};
constexpr std::array<Tile, 11> kTiles = {{{128, 128, kPeak},
                                          {128, 64, kHalf},
                                          {64, 128, kHalf},
                                          {64, 64, kQuarter},
                                          {256, 128, kWide},
                                          {128, 256, kWide},
                                          {32, 128, kThin},
                                          {128, 32, kThin},
                                          {32, 32, kSmall},
                                          {64, 32, kSmall},
                                          {32, 64, kSmall}}};
constexpr std::array<double, 5> kSplits = {1, 2, 4, 8, 16};
constexpr double kLeastSteps = 64;    // of k, in a part of a split product
constexpr double kFewBlocks = 4;      // an SM; with more, nothing is gained by a split
constexpr double kSplitStart = 2e-6;  // of the kernel that adds the parts
constexpr double kChoice = 20;        // as in gemm_time.cc
constexpr double kGoodKernels = 3;
constexpr double kThrottleTime = 2e-3;

double sixth_power(double x) {
  const double cube = x * x * x;
  return cube * cube;
}

}  // namespace

std::span<const ConstantRow> simt_constants() { return kConstants; }

KernelTime simt_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  const double batch = shape.dim(0);
  const double m = shape.dim(1);
  const double n = shape.dim(2);
  const double k = shape.dim(3);
  const ShapeWork work = work_of(shape);
  const double rate = device.flop_per_s * c[kPeak] / device.sms;
  const double bandwidth = device.bytes_per_s * std::min(c[kDram], 1.0);
  const double kept = c[kCached] * device.l2_bytes / work.bytes;
  const double overlap = std::min(c[kOverlap], 1.0);
  KernelTime time;
  time.dram_s = work.bytes / (1 + kept * kept) / bandwidth;

  std::array<double, kTiles.size() * kSplits.size()> totals;
  std::size_t count = 0;
  double best = std::numeric_limits<double>::infinity();
  for (const Tile& tile : kTiles) {
    const double blocks = batch * std::ceil(m / tile.m) * std::ceil(n / tile.n);
    const double speed = tile.speed == kPeak ? 1 : c[tile.speed];
    for (const double split : kSplits) {
      if (split > 1 && blocks * split > kFewBlocks * device.sms) continue;
      const double waves = blocks * split / device.sms;
      const double rounds = (1 - overlap) * std::ceil(waves) + overlap * std::max(waves, 1.0);
      const double alone = waves <= 1 ? std::min(c[kAlone], 1.0) : 1;
      const double steps = std::max(k / split, split > 1 ? kLeastSteps : 8.0) + c[kPrologue];
      const double parts = split > 1 ? 8 * split * batch * m * n / bandwidth : 0;
      const double compute = rounds * 2 * tile.m * tile.n * steps / (rate * speed * alone) + parts;
      const double total =
          std::pow(sixth_power(compute) + sixth_power(time.dram_s), 1 / 6.0) + (split > 1 ? kSplitStart : 0);
      totals.at(count++) = total;
      if (total < best) {
        best = total;
        time.compute_s = compute;
      }
    }
  }
  double good = 0;
  for (std::size_t i = 0; i < count; ++i) good += std::pow(best / totals.at(i), kChoice);
  const double run = std::max(best, best * std::pow(kGoodKernels / good, 1 / kChoice));
  const double busy = std::min(1.0, work.flop / (device.flop_per_s * run));
  time.start_s = c[kStart];
  time.total_s = c[kStart] + run * (1 + c[kThrottle] * busy * run / (run + kThrottleTime));
  return time;
}

Features product_features(const Shape& shape, const KernelTime& time) {
  const double work = std::max(time.compute_s, time.l2_s);
  return {std::log2(shape.dim(1)), std::log2(shape.dim(2)), std::log2(shape.dim(3)),
          std::clamp(std::log2(work / time.dram_s), -4.0, 4.0)};
}

}  // namespace gable
