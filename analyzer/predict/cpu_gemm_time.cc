// A product on a CPU (Goto, van de Geijn 2008, Anatomy of high-performance matrix multiplication): a core keeps a block
// of results in registers and goes through k; vectors of one operand are loaded once for all rows of the block. What
// does not fill a block costs as much as if it did: a product behaves as if each of its sides were longer by a
// constant.
#include "analyzer/predict/cpu_gemm_time.h"

#include <algorithm>
#include <array>

namespace gable {
namespace {

enum Constant : std::size_t { kStart, kPeak, kRows, kColumns, kDepth, kCache, kDram, kKept, kExposed };

constexpr std::array<ConstantRow, 9> kConstants = {{
    {"start", "seconds before the threads have begun and after they have met", 4e-6, 0.6},
    {kPeakName, "share of the measured FLOP/s that large products reach", 0.75, 0.15, 1},
    {"rows", "rows that a product costs beyond its own: loads of the weights are shared by few", 2, 0.7},
    {"columns", "columns that it costs beyond its own: the last vectors are not full", 16, 0.7},
    {"depth", "steps of k that it costs beyond its own: results are loaded and stored", 24, 0.7},
    {"cache", "share of the last cache's bandwidth", 0.7, 0.3},
    {"dram", "share of the DRAM bandwidth, that of updates in place", 0.6, 0.3, 1},
    {"kept", "share of the last cache in which operands and results stay", 0.1, 1},
    {"exposed", "share of the shorter one of computing and loading that the longer one does not hide", 0.6, 0.5, 1},
}};

}  // namespace

std::span<const ConstantRow> cpu_gemm_constants() { return kConstants; }

KernelTime cpu_gemm_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  const double batch = shape.dim(0);
  const double element = row(shape.dtype).bits / 8.0;
  const double weights = shape.kind == ShapeKind::kGemm ? batch * shape.dim(2) * shape.dim(3) * element : 0;
  const double others = work_of(shape).bytes - weights;
  // A model's other weights have gone through the caches since these were last used; activations have just been
  // written, and what does not stay of the results is read before it is written.
  const double results = batch * shape.dim(1) * shape.dim(2) * element;
  const double kept = c[kKept] * device.l2_bytes / others;
  const double missed = 1 / (1 + kept * kept);
  KernelTime time;
  time.start_s = c[kStart];
  time.compute_s = 2 * batch * (shape.dim(1) + c[kRows]) * (shape.dim(2) + c[kColumns]) * (shape.dim(3) + c[kDepth]) /
                   (device.flop_per_s * std::min(c[kPeak], 1.0));
  time.dram_s = (weights + (others + results) * missed) / (device.bytes_per_s * std::min(c[kDram], 1.0));
  time.l2_s = others / (device.l2_bytes_per_s * c[kCache]);
  const double load = time.l2_s + time.dram_s;
  time.total_s =
      time.start_s + std::max(time.compute_s, load) + std::min(c[kExposed], 1.0) * std::min(time.compute_s, load);
  return time;
}

}  // namespace gable
