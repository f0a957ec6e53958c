#include "analyzer/predict/stream_time.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace gable {
namespace {

enum Constant : std::size_t { kStart, kDram, kL2 };
constexpr std::array<ConstantRow, 3> kConstants = {{
    {"start", "seconds before the first byte arrives", 1.5e-6, 0.3},
    {"dram", "share of the datasheet's DRAM bandwidth", 0.85, 0.1, 1},
    {"l2", "bandwidth of L2 over that of DRAM", 3.5, 0.3},
}};
constexpr double kLeast = 2e-6;  // the shortest kernel there is
constexpr double kStreams = 3;   // of a sum: the broadcast input, the other one and the result
constexpr double kStays = 0.5;   // share of L2 that still holds what the kernel before wrote

}  // namespace

std::span<const ConstantRow> stream_constants() { return kConstants; }

KernelTime stream_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  // A broadcast input is read anew for each use once it and what streams by between two uses no longer fit L2.
  const double element = row(shape.dtype).bits / 8.0;
  const double reach = kStreams * shape.dim(3) * element / device.l2_bytes;
  const double again = std::clamp(reach - 0.5, 0.0, 1.0) * std::max(0.0, shape.dim(2) - shape.dim(3)) * element;
  const double bytes = work_of(shape).bytes + (shape.dims[3] > 0 ? again : 0);
  const double bandwidth = device.bytes_per_s * std::min(c[kDram], 1.0);
  const double far = std::max(0.0, bytes - kStays * device.l2_bytes);
  KernelTime time;
  time.start_s = c[kStart];
  time.dram_s = far / bandwidth;
  time.l2_s = (bytes - far) / (c[kL2] * bandwidth);
  time.total_s = std::max(kLeast, time.start_s + time.dram_s + time.l2_s);
  return time;
}

Features stream_features(const Shape& shape, const KernelTime& /*time*/) {
  return {std::log2(work_of(shape).bytes), 0, 0, 0};
}

}  // namespace gable
