// Products on a GPU: thread blocks of tm x tn outputs run in waves over the SMs; each loads its operands through L2.
#include "analyzer/predict/gemm_time.h"

#include <algorithm>
#include <cmath>

namespace gable {
namespace {

struct Tile {
  double m;
  double n;
};
// Those of cuBLAS and CUTLASS kernels for tensor cores.
constexpr std::array<Tile, 19> kTiles = {{{16, 32},
                                          {16, 64},
                                          {16, 128},
                                          {32, 32},
                                          {32, 64},
                                          {32, 128},
                                          {64, 32},
                                          {64, 64},
                                          {64, 128},
                                          {128, 64},
                                          {128, 128},
                                          {64, 256},
                                          {256, 64},
                                          {128, 256},
                                          {256, 128},
                                          {32, 16},
                                          {64, 16},
                                          {128, 16},
                                          {128, 32}}};
constexpr std::array<double, 10> kSplits = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32};

enum Index : std::size_t { kStart, kPrologue, kPeak, kDram, kSmLoad, kL2, kOverlap, kWeightsL2, kActsL2, kThrottle };

constexpr std::array<ConstantRow, 10> kConstants = {{
    {"start", "cycles before the first block runs", 4100, 0.25},
    {"prologue", "cycles a block takes beside its products", 1400, 0.5},
    {kPeakName, "share of the datasheet's FLOP/s", 0.90, 0.12},
    {"dram", "share of the datasheet's DRAM bandwidth", 0.87, 0.08, 1.05},
    {"sm_load", "bytes/s into one SM, over its share of DRAM bandwidth", 4.3, 0.5},
    {"l2", "bytes/s through L2, over DRAM bandwidth", 6, 0.5},
    {"overlap", "how far the last wave's idle SMs are hidden: 0 not at all, 1 wholly", 0.4, 0.7, 1.0},
    {"weights_l2", "share of L2 in which the weights are found", 0.05, 1.0},
    {"acts_l2", "share of L2 in which activations and results stay", 0.5, 0.7},
    {kThrottleName, "how much slower the clock gets under full load", 0.10, 0.8},
}};

constexpr double kWrite = 1.2;          // a byte written costs as much as 1.2 read
constexpr double kSplitStart = 2.2e-6;  // the reduction that follows a split product
// A library seldom picks the very best of its kernels; it comes close where many are good: the power mean of their
// times, which, unlike a weighted one, grows with each of them.
constexpr double kChoice = 10;
constexpr double kGoodKernels = 10;
constexpr double kThrottleTime = 2000e-6;
constexpr double kStep = 64;  // of k, in a part of a split product

/// x^3.5
double power(double x) { return x * x * x * std::sqrt(x); }
double root(double x) { return std::pow(x, 1 / 3.5); }

/// x^kChoice
double choice_power(double x) {
  const double square = x * x;
  const double fourth = square * square;
  return fourth * fourth * square;
}

/// A product in one tiling, with the rates that the constants stand for.
struct Product {
  double batch = 1;
  double m = 1;
  double n = 1;
  double k = 1;
  double in = 0;       ///< bytes of an element read
  double out = 0;      ///< and written
  double sms = 0;      ///< SMs of the device
  double rate = 0;     ///< FLOP/s of one SM
  double load = 0;     ///< bytes/s into one SM
  double l2 = 0;       ///< bytes/s
  double overlap = 0;  ///< of the last wave
  double ends_s = 0;   ///< of a block, beside its products and results
};

struct Candidate {
  double compute_s = 0;
  double l2_s = 0;
  double total_s = 0;
};

Candidate tiled(const Product& p, const Tile& tile, double split, double run, double dram_powered) {
  const double blocks = p.batch * std::ceil(p.m / tile.m) * std::ceil(p.n / tile.n) * split;
  const double math = 2 * tile.m * tile.n / p.rate;
  const double feed = (tile.m + tile.n) * p.in / p.load;
  const double m2 = math * math;
  const double f2 = feed * feed;
  const double step = std::sqrt(std::sqrt(m2 * m2 + f2 * f2));
  const double waves = blocks / p.sms;
  const double rounds = (1 - p.overlap) * std::ceil(waves) + p.overlap * std::max(waves, 1.0);
  Candidate candidate;
  candidate.compute_s = rounds * (p.ends_s + tile.m * tile.n * p.out * kWrite / p.load + run * step);
  const double results = p.batch * p.m * p.n * (split > 1 ? 8 * split : p.out * kWrite);
  candidate.l2_s = (blocks * run * (tile.m + tile.n) * p.in + results) / p.l2;
  candidate.total_s =
      root(power(candidate.compute_s) + power(candidate.l2_s) + dram_powered) + (split > 1 ? kSplitStart : 0);
  return candidate;
}

/// Of all tilings the best, its total being the power mean over them.
Candidate chosen(const Product& p, double dram_s) {
  const double dram_powered = power(dram_s);
  std::array<double, kTiles.size() * kSplits.size()> totals;
  std::size_t count = 0;
  Candidate best;
  best.total_s = std::numeric_limits<double>::infinity();
  for (const double split : kSplits) {
    const double run = kStep * std::ceil(p.k / split / kStep);
    for (const Tile& tile : kTiles) {
      const Candidate candidate = tiled(p, tile, split, run, dram_powered);
      totals.at(count++) = candidate.total_s;
      if (candidate.total_s < best.total_s) best = candidate;
    }
  }
  double good = 0;
  for (std::size_t i = 0; i < count; ++i) good += choice_power(best.total_s / totals.at(i));
  best.total_s = std::max(best.total_s, best.total_s * std::pow(kGoodKernels / good, 1 / kChoice));
  return best;
}

}  // namespace

std::span<const ConstantRow> gemm_constants() { return kConstants; }

KernelTime gemm_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  Product p{shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)};
  p.in = row(shape.dtype).bits / 8.0;
  p.out = std::max(p.in, 2.0);
  p.sms = device.sms;
  p.rate = device.flop_per_s * c[kPeak] / device.sms;
  p.load = device.bytes_per_s * c[kSmLoad] / device.sms;
  p.l2 = device.bytes_per_s * c[kL2];
  p.overlap = std::min(c[kOverlap], 1.0);
  p.ends_s = c[kPrologue] / device.clock_hz;
  const double weights = p.batch * p.n * p.k * p.in;
  const double acts = first_operand(shape) * p.in;
  const double results = p.batch * p.m * p.n * p.out;
  const auto missed = [&](double bytes, double share) {
    const double kept = share * device.l2_bytes / bytes;
    return 1 / (1 + kept * kept);
  };
  KernelTime time;
  time.dram_s =
      (weights * missed(weights, c[kWeightsL2]) + (acts + kWrite * results) * missed(acts + results, c[kActsL2])) /
      (device.bytes_per_s * std::min(c[kDram], 1.05));
  const Candidate best = chosen(p, time.dram_s);
  const double busy = std::min(1.0, work_of(shape).flop / (device.flop_per_s * best.total_s));
  time.compute_s = best.compute_s;
  time.l2_s = best.l2_s;
  time.start_s = c[kStart] / device.clock_hz;
  time.total_s =
      time.start_s + best.total_s * (1 + c[kThrottle] * busy * best.total_s / (best.total_s + kThrottleTime));
  return time;
}

}  // namespace gable
