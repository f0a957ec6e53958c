// Tensors that a kernel before left in a cache come from there, others from DRAM: the larger they are beside the cache,
// the less of them is still there.
#include "analyzer/predict/cpu_stream_time.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace gable {
namespace {

enum Constant : std::size_t { kStart, kCache, kDram, kKept, kElement };

constexpr ConstantRow kStartRow = {"start", "seconds before the threads have begun and after they have met", 3e-6, 0.6};
constexpr ConstantRow kCacheRow = {"cache", "share of the last cache's bandwidth", 0.8, 0.4};
constexpr ConstantRow kDramRow = {"dram", "share of the DRAM bandwidth", 0.8, 0.2, 1};
constexpr ConstantRow kKeptRow = {"kept", "share of the last cache in which tensors stay", 0.4, 0.7};

constexpr std::array<ConstantRow, 4> kStreams = {kStartRow, kCacheRow, kDramRow, kKeptRow};
constexpr std::array<ConstantRow, 5> kRows = {
    kStartRow, kCacheRow, kDramRow, kKeptRow, {"element", "core-seconds of an element beside its loads", 0.5e-9, 0.8}};

/// From the cache, and what a cache does not hold from DRAM: never slower than either.
void load(double bytes, const ChipFacts& device, std::span<const double> c, KernelTime& time) {
  const double kept = c[kKept] * device.l2_bytes / bytes;
  const double dram = 1 / (device.bytes_per_s * std::min(c[kDram], 1.0));
  const double cache = std::min(dram, 1 / (device.l2_bytes_per_s * c[kCache]));
  time.start_s = c[kStart];
  time.l2_s = bytes * cache;
  time.dram_s = bytes / (1 + kept * kept) * (dram - cache);
}

}  // namespace

std::span<const ConstantRow> cpu_stream_constants() { return kStreams; }

KernelTime cpu_stream_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  KernelTime time;
  load(work_of(shape).bytes, device, c, time);
  time.total_s = time.start_s + time.l2_s + time.dram_s;
  return time;
}

std::span<const ConstantRow> cpu_rows_constants() { return kRows; }

KernelTime cpu_rows_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  KernelTime time;
  load(work_of(shape).bytes, device, c, time);
  // The cores that got one row more than the others end last.
  time.compute_s = std::ceil(shape.dim(0) / device.sms) * shape.dim(1) * c[kElement];
  time.total_s = time.start_s + time.compute_s + time.l2_s + time.dram_s;
  return time;
}

}  // namespace gable
