#include "analyzer/roofline/analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/lowering/kernel_cost.h"
#include "analyzer/roofline/integer_training.h"
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

/// One row an op of the selected parts, still without kernels.
void add_rows(Analysis& analysis) {
  RateCache rates(analysis.hw);
  for (std::size_t i = 0; i < analysis.costed.ops.size(); ++i) {
    const OpCost& cost = analysis.costed.ops[i];
    if (!cost.selected) continue;
    OpRow row;
    row.op = i;
    row.cost = cost;
    row.executions =
        analysis.plan.ops[i].merged_into ? 0 : lowered_op(analysis.model, analysis.plan, analysis.costed, i).executions;
    row.rates = rates.get(cost);
    analysis.rows.push_back(std::move(row));
  }
}

void add_kernels(const std::vector<Kernel>& kernels, const std::vector<Count>& dram, Analysis& analysis) {
  std::vector<OpRow*> rows(analysis.costed.ops.size());
  for (OpRow& row : analysis.rows) rows[row.op] = &row;
  std::vector<double> longest(rows.size());
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    OpRow& row = *rows[kernels[i].op];
    const RoofTime time =
        roofline_time(kernels[i].one, dram[i], row.rates, analysis.hw, analysis.options.roofs, kernels[i].kernel);
    const double all = time.total_s * static_cast<double>(kernels[i].executions);
    if (row.kernels.empty() || all > longest[kernels[i].op]) {
      row.time = time;
      longest[kernels[i].op] = all;
    }
    row.kernels.push_back({kernels[i], dram[i], time});
  }
}

void add_totals(Analysis& analysis) {
  for (std::size_t i = 0; i < analysis.rows.size(); ++i) {
    OpRow& row = analysis.rows[i];
    const OpSpec& spec = analysis.spec(row);
    if (analysis.parts.empty() || analysis.parts.back().part != spec.part)
      analysis.parts.push_back({spec.part, i, i, {}});
    PartRow& open = analysis.parts.back();
    open.last = i + 1;
    try {
      row.totals = share_of(row, analysis.options.flops, 1);
      open.totals += row.totals;
      analysis.total += row.totals;
      static_cast<void>(analysis.total.cost.flop());  // what reports add up must fit, too
      static_cast<void>(analysis.total.cost.touched());
    } catch (const CountOverflow& overflow) {
      throw InputError(spec.where,
                       fmt::format("op '{}', added to those before it: {}; fewer micro-batches or smaller sizes fit",
                                   spec.path, overflow.what()));
    }
  }
}

}  // namespace

Totals& Totals::operator+=(const Totals& other) {
  cost = cost + other.cost;
  dram_bytes += other.dram_bytes;
  time_s += other.time_s;
  peak_s += other.peak_s;
  model_peak_s += other.model_peak_s;
  compute_s += other.compute_s;
  predicted_s += other.predicted_s;
  datasheet_s += other.datasheet_s;
  roof_time_s += other.roof_time_s;
  for (std::size_t i = 0; i < bound_s.size(); ++i) bound_s.at(i) += other.bound_s.at(i);
  for (std::size_t i = 0; i < roof_s.size(); ++i) roof_s.at(i) += other.roof_s.at(i);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    classes.at(i).launches += other.classes.at(i).launches;
    classes.at(i).time_s += other.classes.at(i).time_s;
  }
  for (std::size_t i = 0; i < passes.size(); ++i) {
    PassTotals& mine = passes.at(i);
    const PassTotals& theirs = other.passes.at(i);
    mine.matrix_flop += theirs.matrix_flop;
    mine.vector_flop += theirs.vector_flop;
    mine.bytes += theirs.bytes;
    mine.launches += theirs.launches;
    mine.time_s += theirs.time_s;
  }
  return *this;
}

double Totals::intensity() const { return cost.unique == Count(0) ? 0 : cost.flop().real() / cost.unique.real(); }
double Totals::flop_per_s() const { return time_s > 0 ? cost.flop().real() / time_s : 0; }
double Totals::bytes_per_s() const { return time_s > 0 ? dram_bytes.real() / time_s : 0; }
double Totals::bandwidth_for_peak() const { return compute_s > 0 ? dram_bytes.real() / compute_s : 0; }
Bound Totals::bound() const { return static_cast<Bound>(largest(bound_s)); }
Roof Totals::roof() const { return static_cast<Roof>(largest(roof_s)); }

namespace {

constexpr std::array<std::string_view, 3> kFlops = {"executed", "model", "causal-halved"};

Count reported(const Cost& cost, FlopConvention flops) {
  if (flops == FlopConvention::kExecuted) return cost.matrix_flop;
  const Count model = cost.matrix_flop - cost.recomputed;
  return flops == FlopConvention::kModel ? model : model - cost.masked;
}

}  // namespace

std::string_view flops_name(FlopConvention convention) { return kFlops.at(static_cast<std::size_t>(convention)); }

FlopConvention parse_flops(std::string_view text) {
  const auto* found = std::find(kFlops.begin(), kFlops.end(), text);
  if (found == kFlops.end())
    throw InputError(fmt::format("--flops: unknown convention {}{}", in_quotes(text), suggestion(text, kFlops)));
  return static_cast<FlopConvention>(found - kFlops.begin());
}

Totals totals_of(const KernelRow& row, const Rates& rates, FlopConvention flops, std::int64_t n) {
  const auto times = static_cast<double>(n);
  const Cost& one = row.kernel.one;
  Totals totals;
  totals.cost = one * Count(n);
  totals.cost.matrix_flop = reported(totals.cost, flops);
  totals.dram_bytes = row.dram_bytes * Count(n);
  totals.time_s = row.time.total_s * times;
  totals.bound_s.at(static_cast<std::size_t>(row.time.bound)) = totals.time_s;
  totals.roof_s.at(static_cast<std::size_t>(row.time.roof)) = totals.time_s;
  totals.classes.at(static_cast<std::size_t>(row.kernel.kernel)) = {totals.cost.launches + totals.cost.memcpys,
                                                                    totals.time_s};
  totals.roof_time_s = times * row.time.at_roofs_s();
  totals.passes.at(static_cast<std::size_t>(row.kernel.pass)) = {
      totals.cost.matrix_flop, totals.cost.vector_flop, totals.cost.unique, totals.cost.launches, totals.time_s};
  totals.peak_s = times * one.matrix_flop.real() / rates.matrix_flop_per_s;
  totals.model_peak_s = times * (one.matrix_flop - one.recomputed).real() / rates.matrix_flop_per_s;
  totals.compute_s = times * compute_time(one, rates, row.kernel.kernel);
  totals.predicted_s = times * row.predicted_s;
  totals.datasheet_s = times * row.datasheet_s;
  return totals;
}

Totals share_of(const OpRow& row, FlopConvention flops, std::int64_t n) {
  Totals totals;
  for (const KernelRow& kernel : row.kernels)
    totals += totals_of(kernel, row.rates, flops, kernel.kernel.executions / n);
  // Parameters are the op's, whatever runs.
  const Count times = row.cost.executions / n;
  totals.cost.params = row.cost.one.params * times;
  totals.cost.lookup_params = row.cost.one.lookup_params * times;
  totals.cost.tensors = row.cost.one.tensors * times;
  totals.cost.output = row.cost.one.output * times;
  return totals;
}

void sum_beside(Analysis& analysis) {
  const auto reset = [](Totals& totals) { totals.predicted_s = totals.datasheet_s = 0; };
  const auto add = [](const Totals& more, Totals& totals) {
    totals.predicted_s += more.predicted_s;
    totals.datasheet_s += more.datasheet_s;
  };
  reset(analysis.total);
  for (PartRow& part : analysis.parts) {
    reset(part.totals);
    for (std::size_t i = part.first; i < part.last; ++i) {
      OpRow& row = analysis.rows[i];
      reset(row.totals);
      for (const KernelRow& kernel : row.kernels) {
        const auto times = static_cast<double>(kernel.kernel.executions);
        row.totals.predicted_s += times * kernel.predicted_s;
        row.totals.datasheet_s += times * kernel.datasheet_s;
      }
      add(row.totals, part.totals);
    }
    add(part.totals, analysis.total);
  }
}

void put_datasheet_times(const Analysis& datasheet, Analysis& analysis) {
  for (std::size_t r = 0; r < analysis.rows.size(); ++r) {
    for (std::size_t k = 0; k < analysis.rows[r].kernels.size(); ++k)
      analysis.rows[r].kernels[k].datasheet_s = datasheet.rows[r].kernels[k].time.total_s;
  }
  sum_beside(analysis);
}

Prepared prepare(Model model, AnalysisOptions options) {
  options.cost.loss = options.cost.loss || has_backward(options.step.phase);
  options.cost.amp = options.step.amp;
  refuse_integer_training(model, options);
  add_optimizer(model, options.step);
  Prepared prepared;
  prepared.plan = make_plan(model, options.step);
  prepared.model = std::move(model);
  prepared.options = std::move(options);
  return prepared;
}

Analysis analyze(Model model, Hardware hw, AnalysisOptions options) {
  Prepared prepared = prepare(std::move(model), std::move(options));
  Analysis result;
  result.model = std::move(prepared.model);
  result.hw = std::move(hw);
  result.options = std::move(prepared.options);
  result.plan = std::move(prepared.plan);
  cost_model(result.model, result.options.cost, result.costed);
  std::vector<Kernel> kernels;
  lower(result.model, result.plan, result.costed, kernels);
  std::vector<Count> dram;
  dram_bytes(kernels, result.options.resident_l2, result.hw.l2_capacity.value, dram);
  add_rows(result);
  add_kernels(kernels, dram, result);
  add_totals(result);
  return result;
}

PointResult evaluate_point(const Prepared& prepared, const Hardware& hw, Scratch& scratch) {
  const AnalysisOptions& options = prepared.options;
  cost_model(prepared.model, options.cost, scratch.costed);
  lower(prepared.model, prepared.plan, scratch.costed, scratch.kernels);
  dram_bytes(scratch.kernels, options.resident_l2, hw.l2_capacity.value, scratch.dram);
  RateCache rates(hw);
  PointResult point;
  for (std::size_t i = 0; i < scratch.kernels.size(); ++i) {
    const Kernel& kernel = scratch.kernels[i];
    const Count n(kernel.executions);
    const Rates& rate = rates.get(scratch.costed.ops[kernel.op]);
    const RoofTime one = roofline_time(kernel.one, scratch.dram[i], rate, hw, options.roofs, kernel.kernel);
    const double time = one.total_s * n.real();
    point.flop += kernel.one.flop() * n;
    point.matrix_flop += kernel.one.matrix_flop * n;
    point.bytes += kernel.one.unique * n;
    point.launches += kernel.one.launches * n;
    point.time_s += time;
    point.bound_s.at(static_cast<std::size_t>(one.bound)) += time;
    point.roof_s.at(static_cast<std::size_t>(one.roof)) += time;
  }
  return point;
}

}  // namespace gable
