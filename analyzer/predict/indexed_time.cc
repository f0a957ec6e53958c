#include "analyzer/predict/indexed_time.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace gable {
namespace {

enum Constant : std::size_t { kStart, kDram, kL2, kJoin };
// The first three as in stream_time.cc.
constexpr std::array<ConstantRow, 4> kReduce = {{
    {"start", "seconds before the first byte arrives", 1.5e-6, 0.3},
    {"dram", "share of the datasheet's DRAM bandwidth", 0.85, 0.1, 1},
    {"l2", "bandwidth of L2 over that of DRAM", 3.5, 0.3},
    {"join", "seconds of a step that halves the number of partial sums", 60e-9, 0.8},
}};
constexpr std::array<ConstantRow, 3> kGather = {{
    {"start", "seconds before the first byte arrives", 1.5e-6, 0.3},
    {"dram", "share of the datasheet's DRAM bandwidth", 0.8, 0.15, 1},
    {"l2", "bandwidth of L2 over that of DRAM", 3.5, 0.3},
}};
constexpr double kLeast = 2e-6;      // the shortest kernel there is
constexpr double kStays = 0.5;       // share of L2 that still holds what the kernel before wrote
constexpr double kSectorBytes = 32;  // what DRAM delivers at the least
constexpr double kIndexOfRow = 8;    // bytes of a 64-bit index

KernelTime moved(double far, double near, const ChipFacts& device, std::span<const double> c) {
  const double bandwidth = device.bytes_per_s * std::min(c[kDram], 1.0);
  KernelTime time;
  time.start_s = c[kStart];
  time.dram_s = far / bandwidth;
  time.l2_s = near / (c[kL2] * bandwidth);
  time.total_s = std::max(kLeast, time.start_s + time.dram_s + time.l2_s);
  return time;
}

}  // namespace

std::span<const ConstantRow> reduce_constants() { return kReduce; }

KernelTime reduce_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  const double bytes = work_of(shape).bytes;
  const double far = std::max(0.0, bytes - kStays * device.l2_bytes);
  KernelTime time = moved(far, bytes - far, device, c);
  const double joins = c[kJoin] * std::log2(shape.dim(1));
  time.start_s += joins;
  time.total_s += joins;
  return time;
}

std::span<const ConstantRow> gather_constants() { return kGather; }

KernelTime gather_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  const double element = row(shape.dtype).bits / 8.0;
  const double rows = shape.dim(0);
  const double one = shape.dim(1) * element;
  const double read = kSectorBytes * std::ceil(one / kSectorBytes);
  const double distinct = std::min(rows, shape.dim(2)) * read;
  const double again = rows * read - distinct;
  const double far = distinct + rows * (one + kIndexOfRow);
  const double stays = std::min(far, kStays * device.l2_bytes);
  return moved(far - stays, stays + again, device, c);
}

}  // namespace gable
