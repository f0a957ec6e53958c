#include "analyzer/measured/overlay.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "analyzer/measured/ledger.h"

namespace gable {
namespace {

/// Work and roofs of the kernels that an op runs in a pass.
MeasuredTotals work_of(const Analysis& analysis, const OpRow& row, Pass pass,
                       const std::optional<Hardware>& datasheet) {
  MeasuredTotals totals;
  std::optional<Rates> sheet;
  if (datasheet) {
    sheet = rates_for(*datasheet, row.cost.compute, row.cost.dtypes.accum);
    totals.datasheet_s = 0;
  }
  for (const KernelRow& kernel : row.kernels) {
    if (kernel.kernel.pass != pass) continue;
    const auto times = static_cast<double>(kernel.kernel.executions);
    const Cost& one = kernel.kernel.one;
    totals.flop += times * one.flop().real();
    totals.dram_bytes += times * kernel.dram_bytes.real();
    totals.launches += times * (one.launches + one.memcpys).real();
    totals.roof_s += times * kernel.time.at_roofs_s();
    for (std::size_t i = 0; i < kRoofCount; ++i) totals.by_roof.at(i) += times * kernel.time.by_roof.at(i);
    if (!sheet) continue;
    const RoofTime there =
        roofline_time(one, kernel.dram_bytes, *sheet, *datasheet, analysis.options.roofs, kernel.kernel.kernel);
    *totals.datasheet_s += times * there.at_roofs_s();
  }
  return totals;
}

/// The number of times that an op runs in a pass; 0 where it does not.
std::int64_t executions_of(const OpRow& row, Pass pass) {
  for (const KernelRow& kernel : row.kernels) {
    if (kernel.kernel.pass == pass) return kernel.kernel.executions;
  }
  return 0;
}

void add_not_measured(const OpRow& row, std::size_t index, Pass pass, Overlay& overlay) {
  NotMeasured missing{index, pass, 0};
  for (const KernelRow& kernel : row.kernels) {
    if (kernel.kernel.pass == pass)
      missing.roof_s += static_cast<double>(kernel.kernel.executions) * kernel.time.total_s;
  }
  overlay.not_measured.push_back(missing);
}

void join_ops(const Analysis& analysis, Overlay& overlay) {
  const std::vector<MeasuredOp>& measured = overlay.measurement.ops;
  std::map<std::pair<std::string, Pass>, std::size_t> by_name;
  for (std::size_t i = 0; i < measured.size(); ++i) by_name.emplace(std::pair(measured[i].op, measured[i].pass), i);
  std::vector<bool> joined(measured.size());
  for (std::size_t i = 0; i < analysis.rows.size(); ++i) {
    const OpRow& row = analysis.rows[i];
    const std::string path = analysis.model.full_path(analysis.spec(row));
    for (std::size_t p = 0; p < kPassCount; ++p) {
      const auto pass = static_cast<Pass>(p);
      const auto found = by_name.find({path, pass});
      const std::int64_t executions = executions_of(row, pass);
      if (found == by_name.end()) {
        if (executions > 0) add_not_measured(row, i, pass, overlay);
        continue;
      }
      joined[found->second] = true;
      OverlayOp op;
      op.row = i;
      op.pass = pass;
      op.measured = found->second;
      op.totals = work_of(analysis, row, pass, overlay.datasheet);
      op.totals.samples_s = measured[found->second].samples_s;
      op.totals.time = summarize(op.totals.samples_s);
      classify(analysis, op);
      if (executions > 0 && executions != measured[found->second].executions)
        overlay.other_executions.push_back(overlay.ops.size());
      overlay.ops.push_back(std::move(op));
    }
  }
  for (std::size_t i = 0; i < measured.size(); ++i) {
    if (!joined[i]) overlay.not_in_model.push_back(i);
  }
}

void rank_recoverable(Overlay& overlay) {
  for (std::size_t i = 0; i < overlay.ops.size(); ++i) {
    if (overlay.ops[i].totals.recoverable_s() > 0) overlay.recoverable.push_back(i);
  }
  std::stable_sort(overlay.recoverable.begin(), overlay.recoverable.end(), [&](std::size_t a, std::size_t b) {
    return overlay.ops[a].totals.recoverable_s() > overlay.ops[b].totals.recoverable_s();
  });
}

}  // namespace

std::optional<double> MeasuredTotals::datasheet_efficiency() const {
  if (!datasheet_s) return std::nullopt;
  return time.median > 0 ? *datasheet_s / time.median : 0;
}

MeasuredClass MeasuredTotals::measured_class() const {
  return static_cast<MeasuredClass>(std::max_element(class_s.begin(), class_s.end()) - class_s.begin());
}

MeasuredTotals sum_of(const std::vector<const MeasuredTotals*>& all) {
  MeasuredTotals sum = *all.front();
  for (std::size_t k = 1; k < all.size(); ++k) {
    const MeasuredTotals& other = *all[k];
    for (std::size_t i = 0; i < sum.samples_s.size(); ++i) sum.samples_s[i] += other.samples_s[i];
    sum.flop += other.flop;
    sum.dram_bytes += other.dram_bytes;
    sum.launches += other.launches;
    sum.roof_s += other.roof_s;
    for (std::size_t i = 0; i < kRoofCount; ++i) sum.by_roof.at(i) += other.by_roof.at(i);
    if (sum.datasheet_s && other.datasheet_s) *sum.datasheet_s += *other.datasheet_s;
    for (std::size_t i = 0; i < kMeasuredClassCount; ++i) sum.class_s.at(i) += other.class_s.at(i);
  }
  if (all.size() > 1) sum.time = summarize(sum.samples_s);
  return sum;
}

Overlay make_overlay(const Analysis& analysis, const std::optional<Hardware>& datasheet,
                     const Measurement& measurement) {
  check_settings(analysis, measurement);
  Overlay overlay;
  overlay.measurement = measurement;
  overlay.datasheet = datasheet;
  overlay.step = summarize(measurement.step_s);
  overlay.outlier_steps = outliers(measurement.step_s);
  join_ops(analysis, overlay);
  rank_recoverable(overlay);
  overlay.ledger = make_ledger(overlay);
  overlay.kernels = sum_kernels(measurement);
  return overlay;
}

}  // namespace gable
