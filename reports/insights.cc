#include "reports/insights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/rows.h"

namespace gable {
namespace {

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

const OpRow* slowest(const Analysis& analysis, std::size_t first, std::size_t last) {
  const OpRow* found = nullptr;
  for (std::size_t i = first; i < last; ++i) {
    const OpRow& row = analysis.rows[i];
    if (found == nullptr || row.totals.time_s > found->totals.time_s) found = &row;
  }
  return found;
}

std::string part_prefix(const Analysis& analysis, const OpRow& row) {
  return has_parts(analysis) ? analysis.model.full_path(analysis.spec(row)) : analysis.spec(row).path;
}

/// " for 6 tokens" where the op has rows of input.
std::string for_tokens(const Analysis& analysis, const OpRow& row) {
  const OpSpec& spec = analysis.spec(row);
  const auto field = find_field(*spec.kind, "tokens");
  if (!field) return "";
  const std::int64_t tokens = spec.fields.at(*field).expr.evaluate(analysis.costed.values);
  return " for " + counted(tokens, "token");
}

/// The ridge of the roof that computes this op: its peak over DRAM bandwidth.
double ridge_of(const Analysis& analysis, const OpRow& row) {
  return row.rates.matrix_flop_per_s / analysis.hw.dram_bandwidth.value;
}

/// "reads 6.2 MB of weights for 6 tokens", of one execution.
std::string moved_text(const Analysis& analysis, const OpRow& row) {
  const Cost& cost = row.totals.cost;
  const double n = static_cast<double>(std::max<std::int64_t>(1, row.executions));
  const std::string unique = format_si(cost.unique.real() / n, "B", 3);
  if (const OptimizerSpec* update = analysis.plan.ops[row.op].update) {
    const std::string_view what = !option_that_adds(update->name).empty() ? "gradients"
                                  : update->states == 0                   ? "weights and gradients"
                                                                          : "weights, gradients and states";
    return fmt::format("moves {} of {}", unique, what);
  }
  if (2 * cost.param_bytes <= cost.unique) return "moves " + unique;
  return fmt::format("reads {} of weights{}", format_si(cost.param_bytes.real() / n, "B", 3),
                     for_tokens(analysis, row));
}

std::string reason(const Analysis& analysis, const OpRow& row) {
  const Cost& cost = row.totals.cost;
  const double starts = std::max(1.0, (cost.launches + cost.memcpys).real());
  const std::string intensity = format_significant(row.totals.intensity(), 3);
  const std::string ridge = format_significant(ridge_of(analysis, row), 3);
  const bool matrix = cost.matrix_flop > Count(0);
  const std::string_view dtype = gable::row(row.rates.matrix_dtype).name;
  // A ridge says something only where both of its roofs count.
  const RoofSet& roofs = analysis.options.roofs;
  const bool ridged = matrix && roofs.compute && roofs.dram;
  const bool above = row.totals.intensity() >= ridge_of(analysis, row);
  switch (row.totals.bound()) {
    case Bound::kLaunch:
      if (!roofs.compute && !roofs.dram && !roofs.l2) return "only the launch is counted";
      return fmt::format("its work takes {}, less than the {} it takes to launch",
                         format_si((row.totals.time_s - starts * analysis.hw.launch_latency.value) / starts, "s", 3),
                         format_si(analysis.hw.launch_latency.value, "s", 3));
    case Bound::kMemory: {
      const std::string moved = moved_text(analysis, row);
      if (!matrix) return fmt::format("it {} and computes little: {} FLOP/byte", moved, intensity);
      if (!ridged || above) return fmt::format("it {}: {} FLOP/byte", moved, intensity);
      return fmt::format("it {}: {} FLOP/byte against a ridge of {} ({}); {} would feed its peak", moved, intensity,
                         ridge, dtype, format_si(row.totals.bandwidth_for_peak(), "B/s", 3));
    }
    case Bound::kCompute:
      break;
  }
  if (!matrix) return fmt::format("{} FLOP/byte on the vector units", intensity);
  if (!ridged || !above) return fmt::format("{} FLOP/byte", intensity);
  return fmt::format("{} FLOP/byte, above the ridge of {} ({})", intensity, ridge, dtype);
}

void add_slowest_of_parts(const Analysis& analysis, std::vector<std::string>& out) {
  for (const PartRow& part : analysis.parts) {
    const OpRow* row = slowest(analysis, part.first, part.last);
    if (row == nullptr || row->totals.time_s == 0) continue;
    const ReportRow shares = op_row(analysis, *row);
    const std::string whole = has_parts(analysis) ? shares.part : std::string("the model");
    const std::string times = row->executions > 1 ? fmt::format(" ({} times)", format_grouped(row->executions)) : "";
    const std::string flop = row->totals.cost.matrix_flop > Count(0)
                                 ? fmt::format("{} of {}'s FLOP and ", percent(shares.flop_share_of_part), whole)
                                 : "";
    const std::string of = flop.empty() ? fmt::format("of {}'s time", whole) : "of its time";
    out.push_back(fmt::format("{}{} takes {}{} {}; it is {}-bound ({}): {}.", part_prefix(analysis, *row), times, flop,
                              percent(shares.time_share_of_part), of, bound_name(row->totals.bound()),
                              roof_name(row->totals.roof()), reason(analysis, *row)));
  }
}

std::string ratio(double a, double b) { return b > 0 ? format_significant(a / b, 3) : "-"; }

void add_part_ratios(const Analysis& analysis, std::vector<std::string>& out) {
  if (analysis.parts.size() < 2) return;
  const PartRow& base = analysis.parts.front();
  for (std::size_t i = 1; i < analysis.parts.size(); ++i) {
    const Part& part = analysis.model.parts[analysis.parts[i].part];
    if (part.loss || part.update) continue;  // neither is a piece of the network that one would weigh against another
    const Totals& a = analysis.parts[i].totals;
    const Totals& b = base.totals;
    out.push_back(fmt::format("{} : {} is {} in FLOP, {} in bytes and {} in time.",
                              analysis.model.parts[analysis.parts[i].part].name, analysis.model.parts[base.part].name,
                              ratio(a.cost.matrix_flop.real(), b.cost.matrix_flop.real()),
                              ratio(a.cost.unique.real(), b.cost.unique.real()), ratio(a.time_s, b.time_s)));
  }
}

std::string_view describe_flops(FlopConvention convention) {
  constexpr std::array<std::string_view, 3> kTexts = {"those executed", "the model's, none counted twice",
                                                      "the model's with causal attention halved"};
  return kTexts.at(static_cast<std::size_t>(convention));
}

/// The kinds of op with most time, at most four.
void add_time_by_kind(const Analysis& analysis, std::vector<std::string>& out) {
  constexpr std::size_t kNamed = 4;
  std::vector<ReportRow> kinds = kind_rows(analysis);
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const ReportRow& a, const ReportRow& b) { return a.totals.time_s > b.totals.time_s; });
  std::erase_if(kinds, [](const ReportRow& row) { return row.totals.time_s == 0; });
  if (kinds.size() < 2) return;
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < std::min(kNamed, kinds.size()); ++i) {
    pieces.push_back(fmt::format("{} {}", kinds[i].name, percent(kinds[i].time_share_of_model)));
  }
  out.push_back(fmt::format("By kind of op, {} of the time.", fmt::join(pieces, ", ")));
}

void add_time_by_bound(const Analysis& analysis, std::vector<std::string>& out) {
  const Totals& total = analysis.total;
  if (total.time_s <= 0) return;
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    if (total.bound_s.at(i) > 0)
      pieces.push_back(
          fmt::format("{} {}", bound_name(static_cast<Bound>(i)), percent(total.bound_s.at(i) / total.time_s)));
  }
  out.push_back(fmt::format("Of the time, {} bound.", fmt::join(pieces, ", ")));
  add_time_by_kind(analysis, out);
  const double launch_s = (total.cost.launches + total.cost.memcpys).real() * analysis.hw.launch_latency.value;
  if (!analysis.options.roofs.launch) return;
  const std::string copies =
      total.cost.memcpys > Count(0) ? " and " + counted(total.cost.memcpys.value(), "memcpy") : "";
  out.push_back(fmt::format("{}{} of {} {} {} of the {}.", counted(total.cost.launches.value(), "kernel launch", "es"),
                            copies, format_si(analysis.hw.launch_latency.value, "s", 3),
                            total.cost.launches + total.cost.memcpys == Count(1) ? "is" : "are",
                            percent(launch_s / total.time_s), format_si(total.time_s, "s")));
}

/// MFU is PaLM's whatever FLOP are shown, so that where they leave some of its FLOP out the other figure stands beside.
std::string halved_mfu(const Analysis& analysis) {
  if (analysis.options.flops != FlopConvention::kCausalHalved) return "";
  double peak_s = 0;
  for (const OpRow& row : analysis.rows) peak_s += row.totals.cost.matrix_flop.real() / row.rates.matrix_flop_per_s;
  return fmt::format("; both count the masked half of causal attention (PaLM, appendix B), without it MFU is {}",
                     percent(peak_s / analysis.total.time_s));
}

/// Where a step's time goes; GEMM kernels apart, because that share is what profiles state.
void add_passes(const Analysis& analysis, std::vector<std::string>& out) {
  const Totals& total = analysis.total;
  if (total.time_s <= 0) return;
  std::vector<std::string> pieces;
  for (const ReportRow& row : pass_rows(analysis))
    pieces.push_back(fmt::format("{} {}", row.name, percent(row.time_share_of_model)));
  if (pieces.size() > 1) out.push_back(fmt::format("By pass, {} of the time.", fmt::join(pieces, ", ")));
  for (const auto& [kernel, word] :
       {std::pair(KernelClass::kGemm, "GEMM"), std::pair(KernelClass::kConv, "Convolution")}) {
    const ClassTotals& sum = total.classes.at(static_cast<std::size_t>(kernel));
    if (sum.time_s > 0)
      out.push_back(fmt::format("{} kernels take {} of the time, {}.", word, percent(sum.time_s / total.time_s),
                                counted(sum.launches.value(), "launch", "es")));
  }
  const std::string same = total.cost.recomputed == Count(0) ? ", nothing is computed twice" : "";
  if (total.peak_s > 0) {
    out.push_back(fmt::format("MFU {}, HFU {} at this time{}{}; FLOP are {}.", percent(total.mfu()),
                              percent(total.hfu()), same, halved_mfu(analysis),
                              describe_flops(analysis.options.flops)));
  }
}

/// Where the device has no unit for a dtype, what computes instead.
void add_fallbacks(const Analysis& analysis, std::vector<std::string>& out) {
  std::vector<std::string> seen;
  for (const OpRow& row : analysis.rows) {
    if (row.rates.matrix_dtype == row.cost.compute || row.totals.cost.matrix_flop == Count(0)) continue;
    std::string text =
        fmt::format("{} computes products of {} in {}, the fastest here that holds their values{}.", analysis.hw.name,
                    gable::row(row.cost.compute).name, gable::row(row.rates.matrix_dtype).name,
                    row.rates.shared ? ", on the vector units" : "");
    if (std::find(seen.begin(), seen.end(), text) == seen.end()) seen.push_back(std::move(text));
  }
  out.insert(out.end(), seen.begin(), seen.end());
}

/// At the ridge a little less of either rate changes the bound.
void add_near_ridge(const Analysis& analysis, std::vector<std::string>& out) {
  std::vector<std::string> names;
  for (const OpRow& row : analysis.rows) {
    if (row.kernels.size() == 1 && row.time.near_ridge) names.push_back(part_prefix(analysis, row));
  }
  if (!names.empty()) out.push_back(fmt::format("Near a ridge (within 10 %): {}.", fmt::join(names, ", ")));
}

void add_unverified(const Analysis& analysis, std::vector<std::string>& out) {
  std::vector<std::string> names;
  for (const auto& [name, quantity] : all_quantities(analysis.hw)) {
    if (quantity->provenance == Provenance::kUnverified) names.push_back(fmt::format("{} ~{}", name, quantity->text));
  }
  if (!names.empty())
    out.push_back(fmt::format("Numbers of {} that no source confirms: {}.", analysis.hw.name, fmt::join(names, ", ")));
}

/// Every total carries both kinds of FLOP, however narrow the table is.
void add_totals(const Analysis& analysis, std::vector<std::string>& out) {
  const Cost& cost = analysis.total.cost;
  const std::string lookup = cost.lookup_params > Count(0)
                                 ? fmt::format(" ({} of them looked up)", format_grouped(cost.lookup_params.value()))
                                 : "";
  out.push_back(fmt::format("In all {} parameters{}, {} matrix and {} vector FLOP, {} moved in {}.",
                            format_grouped(cost.params.value()), lookup, format_si(cost.matrix_flop.real(), ""),
                            format_si(cost.vector_flop.real(), ""), format_si(cost.unique.real(), "B"),
                            format_si(analysis.total.time_s, "s")));
}

/// Ops that do nothing in this mode have no row in the table. Views do nothing in any, and an update runs no ops.
void add_idle(const Analysis& analysis, std::vector<std::string>& out) {
  if (analysis.options.step.phase == Phase::kOptimizer) return;
  std::vector<std::string> names;
  for (const OpRow& row : analysis.rows) {
    const bool view = analysis.spec(row).kind->pieces;
    if (row.idle() && !view && !analysis.plan.ops[row.op].merged_into) names.push_back(part_prefix(analysis, row));
  }
  if (!names.empty()) {
    out.push_back(fmt::format("Nothing runs in {} for {}.",
                              analysis.options.cost.mode == Mode::kTrain ? "training" : "evaluation",
                              fmt::join(names, ", ")));
  }
}

}  // namespace

std::vector<std::string> findings(const Analysis& analysis) {
  std::vector<std::string> out;
  add_totals(analysis, out);
  add_slowest_of_parts(analysis, out);
  add_part_ratios(analysis, out);
  add_time_by_bound(analysis, out);
  add_passes(analysis, out);
  add_near_ridge(analysis, out);
  add_fallbacks(analysis, out);
  for (std::string& text : choice_findings(analysis)) out.push_back(std::move(text));
  add_idle(analysis, out);
  add_unverified(analysis, out);
  return out;
}

std::vector<std::string> findings(const Analysis& analysis, const ReportOptions& options) {
  std::vector<std::string> out;
  if (options.overlay) out = measured_findings(analysis, *options.overlay);
  for (std::string& text : findings(analysis)) out.push_back(std::move(text));
  return out;
}

}  // namespace gable
