// What a measured time says: which roof it is nearest to, and what explains a time that is shorter than the roofs
// allow.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/measured/overlay.h"

namespace gable {
namespace {

/// Beyond this factor over its largest roof no roof explains a time: kernels that merely run badly (an awkward shape, a
/// partial wave, reads that do not coalesce) still reach a quarter of one of their roofs.
constexpr double kFar = 4;
/// Up to so many launch latencies a launch, a time is made of fixed costs: a launch and one more dispatch or
/// synchronisation around it.
constexpr double kFixedLaunches = 3;
/// What probes and clocks differ by from run to run: a boost clock over the one that the probe met, the spread between
/// a roof's median and its best. Also how near an explanation must come to the measured time.
constexpr double kSpread = 1.10;

constexpr std::array<std::string_view, kMeasuredClassCount> kNames = {"tensor", "vector",  "DRAM",       "L2",
                                                                      "launch", "latency", "inefficient"};

double at(const MeasuredTotals& totals, Roof roof) { return totals.by_roof.at(static_cast<std::size_t>(roof)); }

/// Time of the matrix FLOP `part` at `flop_per_s`, the vector FLOP at their own rate, over all kernels of the pass.
template <typename MatrixFlop>
double compute_s(const OpRow& row, Pass pass, double flop_per_s, const MatrixFlop& part) {
  double sum = 0;
  for (const KernelRow& kernel : row.kernels) {
    if (kernel.kernel.pass != pass) continue;
    const double matrix = part(kernel.kernel.one) / flop_per_s;
    const double vector = kernel.kernel.one.vector_flop.real() / row.rates.vector_flop_per_s;
    const bool add = row.rates.shared && flop_per_s == row.rates.matrix_flop_per_s &&
                     kernel.kernel.kernel != KernelClass::kAttention;  // as roofline_time() has it
    sum += static_cast<double>(kernel.kernel.executions) * (add ? matrix + vector : std::max(matrix, vector));
  }
  return sum;
}

double matrix_flop(const Cost& cost) { return cost.matrix_flop.real(); }

/// The slowest rate of the device at which the op's products take no longer than was measured.
std::optional<Diagnosis> dtype_that_explains(const Hardware& hw, const OpRow& row, Pass pass, double measured_s) {
  std::optional<Diagnosis> best;
  for (const Roof unit : {Roof::kTensor, Roof::kVector}) {
    for (const DtypeRate& rate : unit == Roof::kTensor ? hw.matrix : hw.vector) {
      const double flop_per_s = rate.dense.value;
      if (flop_per_s <= row.rates.matrix_flop_per_s || (best && best->flop_per_s <= flop_per_s)) continue;
      if (compute_s(row, pass, flop_per_s, matrix_flop) > kSpread * measured_s) continue;
      best = Diagnosis{Diagnosis::Kind::kDtype, unit, 0, rate.dtype, flop_per_s, unit};
    }
  }
  return best;
}

void diagnose_compute(const Analysis& analysis, const OpRow& row, OverlayOp& op) {
  const double measured_s = op.totals.time.median;
  const Roof roof = at(op.totals, Roof::kTensor) > measured_s ? Roof::kTensor : Roof::kVector;
  const auto unmasked = [](const Cost& cost) { return (cost.matrix_flop - cost.masked).real(); };
  const bool masked = std::any_of(row.kernels.begin(), row.kernels.end(), [&](const KernelRow& kernel) {
    return kernel.kernel.pass == op.pass && kernel.kernel.one.masked > Count(0);
  });
  if (masked && compute_s(row, op.pass, row.rates.matrix_flop_per_s, unmasked) <= kSpread * measured_s)
    op.diagnoses.push_back({Diagnosis::Kind::kHalfMasked, roof});
  if (auto dtype = dtype_that_explains(analysis.hw, row, op.pass, measured_s)) {
    dtype->roof = roof;
    op.diagnoses.push_back(*dtype);
  }
}

/// What one execution of the pass's largest kernel moves through DRAM or the L2.
double largest_bytes(const OpRow& row, Pass pass, Roof memory) {
  double bytes = 0;
  for (const KernelRow& kernel : row.kernels) {
    if (kernel.kernel.pass != pass) continue;
    const Count moved = memory == Roof::kDram ? kernel.dram_bytes : kernel.kernel.one.touched();
    bytes = std::max(bytes, moved.real());
  }
  return bytes;
}

void diagnose(const Analysis& analysis, OverlayOp& op) {
  using Kind = Diagnosis::Kind;
  const MeasuredTotals& totals = op.totals;
  const double measured_s = totals.time.median;
  if (!(measured_s > 0) || totals.roof_s <= measured_s) return;
  const OpRow& row = analysis.rows[op.row];
  const auto passed = [&](Roof roof) { return at(totals, roof) > measured_s; };
  const Roof largest = static_cast<Roof>(
      std::max_element(totals.by_roof.begin(), totals.by_roof.begin() + static_cast<std::ptrdiff_t>(Roof::kLaunch)) -
      totals.by_roof.begin());
  if (totals.roof_s <= kSpread * measured_s) op.diagnoses.push_back({Kind::kClock, largest});
  for (const Roof memory : {Roof::kDram, Roof::kL2}) {
    if (!passed(memory)) continue;
    const double bytes = largest_bytes(row, op.pass, memory) * (1 - measured_s / at(totals, memory));
    if (bytes > analysis.hw.l2_capacity.value) continue;
    op.diagnoses.push_back({memory == Roof::kDram ? Kind::kCache : Kind::kNearCache, memory, bytes});
  }
  if (passed(Roof::kTensor) || passed(Roof::kVector)) diagnose_compute(analysis, row, op);
  if (op.diagnoses.empty()) op.diagnoses.push_back({Kind::kUnexplained, largest});
}

/// Of an op far above its roofs.
MeasuredClass far_class(const Hardware& hw, const MeasuredTotals& totals) {
  const double launches = std::max(1.0, totals.launches);
  const double latency_s = hw.launch_latency.value;
  const bool short_launches = totals.time.median / launches <= kFixedLaunches * latency_s;
  const bool tiny = totals.roof_s / launches < latency_s;
  return short_launches || tiny ? MeasuredClass::kLatency : MeasuredClass::kInefficient;
}

}  // namespace

std::string_view class_name(MeasuredClass measured) { return kNames.at(static_cast<std::size_t>(measured)); }

std::optional<Bound> bound_of(MeasuredClass measured) {
  switch (measured) {
    case MeasuredClass::kTensor:
    case MeasuredClass::kVector:
      return Bound::kCompute;
    case MeasuredClass::kDram:
    case MeasuredClass::kL2:
      return Bound::kMemory;
    case MeasuredClass::kLaunch:
    case MeasuredClass::kLatency:
      return Bound::kLaunch;
    case MeasuredClass::kInefficient:
      break;
  }
  return std::nullopt;
}

void classify(const Analysis& analysis, OverlayOp& op) {
  MeasuredTotals& totals = op.totals;
  const double measured_s = totals.time.median;
  const double largest = *std::max_element(totals.by_roof.begin(), totals.by_roof.end());
  double nearest = 0;
  for (std::size_t i = 0; i < kRoofCount; ++i) {
    const double roof_s = totals.by_roof.at(i);
    if (!(roof_s > 0) || !(measured_s > 0)) continue;
    if (nearest > 0 && std::fabs(std::log(measured_s / roof_s)) >= std::fabs(std::log(measured_s / nearest))) continue;
    nearest = roof_s;
    op.nearest = static_cast<Roof>(i);
  }
  op.margin = nearest > 0 ? measured_s / nearest : 0;
  const bool far = nearest == 0 || measured_s > kFar * largest;
  op.measured_class = far ? far_class(analysis.hw, totals) : static_cast<MeasuredClass>(op.nearest);
  totals.class_s.fill(0);
  totals.class_s.at(static_cast<std::size_t>(op.measured_class)) = totals.time.mean;
  op.diagnoses.clear();
  diagnose(analysis, op);
}

}  // namespace gable
