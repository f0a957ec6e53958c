#include "analyzer/roofline/analysis.h"

#include <algorithm>
#include <utility>

#include "analyzer/roofline/residency.h"

namespace gable {
namespace {

template <std::size_t N>
std::size_t largest(const std::array<double, N>& values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

/// Rates by (compute, accumulate) dtype: a model has few, its ops are many.
class RateCache {
 public:
  explicit RateCache(const Hardware& hw) : hw_(hw) {}

  const Rates& get(const OpCost& op) {
    for (const Entry& entry : entries_) {
      if (entry.compute == op.compute && entry.accumulate == op.dtypes.accum) return entry.rates;
    }
    entries_.push_back({op.compute, op.dtypes.accum, rates_for(hw_, op.compute, op.dtypes.accum)});
    return entries_.back().rates;
  }

 private:
  struct Entry {
    Dtype compute;
    Dtype accumulate;
    Rates rates;
  };
  const Hardware& hw_;
  std::vector<Entry> entries_;
};

}  // namespace

Totals& Totals::operator+=(const Totals& other) {
  cost = cost + other.cost;
  dram_bytes += other.dram_bytes;
  time_s += other.time_s;
  compute_s += other.compute_s;
  for (std::size_t i = 0; i < bound_s.size(); ++i) bound_s.at(i) += other.bound_s.at(i);
  for (std::size_t i = 0; i < roof_s.size(); ++i) roof_s.at(i) += other.roof_s.at(i);
  return *this;
}

double Totals::intensity() const { return cost.unique == Count(0) ? 0 : cost.flop().real() / cost.unique.real(); }
double Totals::flop_per_s() const { return time_s > 0 ? cost.flop().real() / time_s : 0; }
double Totals::bytes_per_s() const { return time_s > 0 ? dram_bytes.real() / time_s : 0; }
double Totals::bandwidth_for_peak() const { return compute_s > 0 ? dram_bytes.real() / compute_s : 0; }
Bound Totals::bound() const { return static_cast<Bound>(largest(bound_s)); }
Roof Totals::roof() const { return static_cast<Roof>(largest(roof_s)); }

Totals totals_of(const OpRow& row, std::int64_t n) {
  const auto times = static_cast<double>(n);
  Totals totals;
  totals.cost = row.cost.one * Count(n);
  totals.dram_bytes = row.totals.dram_bytes.value() / std::max<std::int64_t>(1, row.cost.executions) * n;
  totals.time_s = row.time.total_s * times;
  totals.bound_s.at(static_cast<std::size_t>(row.time.bound)) = totals.time_s;
  totals.roof_s.at(static_cast<std::size_t>(row.time.roof)) = totals.time_s;
  const double tensor = row.rates.shared ? 0 : row.cost.one.matrix_flop.real() / row.rates.matrix_flop_per_s;
  const Count rest = row.rates.shared ? row.cost.one.flop() : row.cost.one.vector_flop;
  totals.compute_s = times * std::max(tensor, rest.real() / row.rates.vector_flop_per_s);
  return totals;
}

Analysis analyze(Model model, Hardware hw, AnalysisOptions options) {
  Analysis result;
  result.model = std::move(model);
  result.hw = std::move(hw);
  result.options = std::move(options);
  cost_model(result.model, result.options.cost, result.costed);
  const std::vector<Count> dram = dram_bytes(result.costed, result.options.resident_l2, result.hw.l2_capacity.value);
  RateCache rates(result.hw);
  for (std::size_t i = 0; i < result.costed.ops.size(); ++i) {
    const OpCost& cost = result.costed.ops[i];
    if (!cost.selected) continue;
    OpRow row;
    row.op = i;
    row.cost = cost;
    row.rates = rates.get(cost);
    row.time = roofline_time(cost.one, dram[i], row.rates, result.hw, result.options.roofs);
    row.totals.dram_bytes = dram[i] * Count(cost.executions);
    row.totals = totals_of(row, cost.executions);
    const std::size_t part = result.model.ops[i].part;
    if (result.parts.empty() || result.parts.back().part != part) {
      result.parts.push_back({part, result.rows.size(), result.rows.size(), {}});
    }
    result.rows.push_back(row);
    PartRow& open = result.parts.back();
    open.last = result.rows.size();
    open.totals += result.rows.back().totals;
    result.total += result.rows.back().totals;
  }
  return result;
}

PointResult evaluate_point(const CostedModel& costed, const Hardware& hw, const AnalysisOptions& options) {
  RateCache rates(hw);
  PointResult point;
  const std::vector<Count> dram = dram_bytes(costed, options.resident_l2, hw.l2_capacity.value);
  for (std::size_t i = 0; i < costed.ops.size(); ++i) {
    const OpCost& op = costed.ops[i];
    if (!op.selected) continue;
    const Count n(op.executions);
    const RoofTime one = roofline_time(op.one, dram[i], rates.get(op), hw, options.roofs);
    const double time = one.total_s * n.real();
    point.flop += op.one.flop() * n;
    point.matrix_flop += op.one.matrix_flop * n;
    point.bytes += op.one.unique * n;
    point.launches += op.one.launches * n;
    point.time_s += time;
    point.bound_s.at(static_cast<std::size_t>(one.bound)) += time;
    point.roof_s.at(static_cast<std::size_t>(one.roof)) += time;
  }
  return point;
}

}  // namespace gable
