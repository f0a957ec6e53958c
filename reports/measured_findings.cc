// What a measurement laid over the roofline shows, in sentences.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analyzer/base/units.h"
#include "reports/insights.h"
#include "reports/kernel_name.h"
#include "reports/measured_rows.h"

namespace gable {
namespace {

constexpr std::size_t kNamed = 5;   ///< ops, kernels or steps named in one sentence; sentences of ops above their roofs
constexpr double kUnseen = 0.0005;  ///< of the wall time: less would show as 0.0 %

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }
std::string seconds(double value) { return format_si(value, "s", 3); }
double over(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::string op_name(const Analysis& analysis, std::size_t row) {
  const OpSpec& spec = analysis.spec(analysis.rows[row]);
  return has_parts(analysis) ? analysis.model.full_path(spec) : spec.path;
}

/// "top/h/qkv dgrad": the pass where it says something.
std::string op_name(const Analysis& analysis, const OverlayOp& op) {
  const std::string name = op_name(analysis, op.row);
  return op.pass == Pass::kForward ? name : fmt::format("{} {}", name, pass_name(op.pass));
}

/// The first `kNamed` pieces; the others are counted.
std::string listed(const std::vector<std::string>& pieces) {
  if (pieces.size() <= kNamed) return fmt::format("{}", fmt::join(pieces, ", "));
  return fmt::format("{}, and {} more", fmt::join(pieces.begin(), pieces.begin() + kNamed, ", "),
                     pieces.size() - kNamed);
}

void add_step(const Overlay& overlay, std::vector<std::string>& out) {
  const Summary& step = overlay.step;
  const double cold_s = overlay.measurement.cold_step_s;
  std::string text = fmt::format("A measured step takes {}", seconds(step.mean));
  if (step.n > 1) {
    text += fmt::format(" ± {} (mean and standard deviation of {}, median {}, {} to {})", seconds(step.std),
                        counted(static_cast<std::int64_t>(step.n), "step"), seconds(step.median), seconds(step.min),
                        seconds(step.max));
  }
  if (cold_s > 0)
    text += fmt::format("; the first one, cold, took {}, {} times the median", seconds(cold_s),
                        format_significant(over(cold_s, step.median), 3));
  out.push_back(text + ".");
  if (overlay.outlier_steps.empty()) return;
  std::vector<std::string> steps;
  for (const std::size_t i : overlay.outlier_steps)
    steps.push_back(fmt::format("{} ({})", i + 1, seconds(overlay.measurement.step_s[i])));
  out.push_back(fmt::format("Outlier {} by Tukey's fences: {}; medians leave them alone, means do not.",
                            steps.size() == 1 ? "step" : "steps", listed(steps)));
}

void add_ledger(const Overlay& overlay, std::vector<std::string>& out) {
  const Ledger& ledger = overlay.ledger;
  std::vector<std::string> pieces;
  std::vector<const LedgerEntry*> unattributed;
  const auto add = [&](const LedgerEntry& entry) {
    const double share = over(entry.time_s, ledger.wall_s);
    if (std::fabs(share) < kUnseen && entry.kind != LedgerEntry::Kind::kOps) return;
    const std::string launches =
        entry.launches > 0 ? fmt::format(" ({})", counted(entry.launches, "launch", "es")) : "";
    pieces.push_back(fmt::format("{} {}{}", entry.name, percent(share), launches));
  };
  for (const LedgerEntry& entry : ledger.entries) {
    if (entry.kind == LedgerEntry::Kind::kUnattributed) {
      unattributed.push_back(&entry);
    } else if (entry.kind == LedgerEntry::Kind::kOps || entry.kind == LedgerEntry::Kind::kOtherOps) {
      add(entry);
    }
  }
  std::stable_sort(unattributed.begin(), unattributed.end(),
                   [](const LedgerEntry* a, const LedgerEntry* b) { return a->time_s > b->time_s; });
  LedgerEntry rest{LedgerEntry::Kind::kUnattributed, "", 0, 0};
  for (std::size_t i = 0; i < unattributed.size(); ++i) {
    if (i < kNamed) {
      add(*unattributed[i]);
    } else {
      rest.time_s += unattributed[i]->time_s;
      rest.launches += unattributed[i]->launches;
    }
  }
  rest.name = fmt::format("{} more without an op", unattributed.size() - std::min(kNamed, unattributed.size()));
  add(rest);
  for (const LedgerEntry& entry : ledger.entries) {
    if (entry.kind == LedgerEntry::Kind::kOverlapped || entry.kind == LedgerEntry::Kind::kGaps ||
        entry.kind == LedgerEntry::Kind::kRest)
      add(entry);
  }
  out.push_back(fmt::format("Of its {}: {}; together 100 %.", seconds(ledger.wall_s), fmt::join(pieces, ", ")));
}

/// "it reads 155 MB at 12.9 GB/s, 41.2 % of the measured DRAM roof 31.2 GB/s".
std::string against_roof(const Analysis& analysis, const OverlayOp& op) {
  const OpRow& row = analysis.rows[op.row];
  const MeasuredTotals& totals = op.totals;
  const double share = over(totals.by_roof.at(static_cast<std::size_t>(op.nearest)), totals.time.median);
  const std::string roof = roof_text(analysis, row, op.nearest);
  const double bytes =
      op.nearest == Roof::kL2 ? share * totals.time.median * analysis.hw.l2_bandwidth.value : totals.dram_bytes;
  const bool weights = 2 * row.totals.cost.param_bytes > row.totals.cost.unique;
  switch (op.nearest) {
    case Roof::kTensor:
    case Roof::kVector:
      return fmt::format("it computes {} at {}, {} of the {}", format_si(totals.flop, "FLOP", 3),
                         format_si(totals.flop_per_s(), "FLOP/s", 3), percent(share), roof);
    case Roof::kDram:
    case Roof::kL2:
      return fmt::format("it {} {} at {}, {} of the {}", weights ? "reads" : "moves", format_si(bytes, "B", 3),
                         format_si(over(bytes, totals.time.median), "B/s", 3), percent(share), roof);
    case Roof::kLaunch:
      break;
  }
  return fmt::format("{} of {} a launch against a {}",
                     counted(static_cast<std::int64_t>(totals.launches), "launch", "es"),
                     seconds(over(totals.time.median, totals.launches)), roof);
}

/// A product whose bytes are mostly weights can be no faster than plain reads, which the profile knows.
std::string plain_reads(const Analysis& analysis, const OverlayOp& op) {
  const OpRow& row = analysis.rows[op.row];
  if (op.nearest != Roof::kDram || !analysis.hw.profile || 2 * row.totals.cost.param_bytes <= row.totals.cost.unique)
    return "";
  double best = 0;
  for (const Figure& figure : analysis.hw.profile->figures) {
    if (figure.probe == "dram.read" && figure.refused.empty()) best = std::max(best, figure.best);
  }
  if (best <= 0) return "";
  return fmt::format(" (plain reads reach {}: {} of that)", format_si(best, "B/s", 3),
                     percent(op.totals.bytes_per_s() / best));
}

/// What the class says of the time beyond the roof.
std::string verdict(const OverlayOp& op) {
  const std::string save = seconds(op.totals.recoverable_s());
  if (!op.diagnoses.empty()) return "above its roof, see below";
  switch (op.measured_class) {
    case MeasuredClass::kLatency:
      return fmt::format("fixed costs, {} of them; fewer or larger launches would save them", save);
    case MeasuredClass::kInefficient:
      return fmt::format("far from every roof; {} of its {} are the kernel's, not the device's", save,
                         seconds(op.totals.time.median));
    case MeasuredClass::kLaunch:
      return "launches are what it takes";
    default:
      return fmt::format("{}-bound as measured, the roof would save {}", bound_name(*bound_of(op.measured_class)),
                         save);
  }
}

void add_slowest_of_parts(const Analysis& analysis, const Overlay& overlay, std::vector<std::string>& out) {
  for (const PartRow& part : analysis.parts) {
    const OverlayOp* slowest = nullptr;
    double all_s = 0;
    for (const OverlayOp& op : overlay.ops) {
      if (op.row < part.first || op.row >= part.last) continue;
      all_s += op.totals.time.mean;
      if (slowest == nullptr || op.totals.time.mean > slowest->totals.time.mean) slowest = &op;
    }
    if (slowest == nullptr || !(slowest->totals.time.median > 0)) continue;
    const std::string whole = has_parts(analysis) ? analysis.model.parts[part.part].name : "the model";
    const std::string roofs =
        slowest->margin > 0 ? against_roof(analysis, *slowest) + plain_reads(analysis, *slowest) + ": " : "";
    out.push_back(fmt::format("{} takes {} of {}'s measured time; {}{}.", op_name(analysis, *slowest),
                              percent(over(slowest->totals.time.mean, all_s)), whole, roofs, verdict(*slowest)));
  }
}

void add_part_ratios(const Analysis& analysis, const Overlay& overlay, std::vector<std::string>& out) {
  struct Sum {
    double measured_s = 0;
    double roof_s = 0;
  };
  const auto sum_of = [&](const PartRow& part) {
    Sum sum;
    for (const OverlayOp& op : overlay.ops) {
      if (op.row < part.first || op.row >= part.last) continue;
      sum.measured_s += op.totals.time.mean;
      sum.roof_s += op.totals.roof_s;
    }
    return sum;
  };
  for (std::size_t i = 1; i < analysis.parts.size(); ++i) {
    const Part& part = analysis.model.parts[analysis.parts[i].part];
    const Sum a = sum_of(analysis.parts[i]);
    const Sum b = sum_of(analysis.parts.front());
    if (part.loss || part.update || !(a.measured_s > 0) || !(b.measured_s > 0)) continue;
    const std::string roofs =
        b.roof_s > 0 ? fmt::format(", {} at the roofs", format_significant(a.roof_s / b.roof_s, 3)) : "";
    out.push_back(fmt::format("{} : {} is {} in measured time ({} : {}){}.", part.name,
                              analysis.model.parts[analysis.parts.front().part].name,
                              format_significant(a.measured_s / b.measured_s, 3), seconds(a.measured_s),
                              seconds(b.measured_s), roofs));
  }
}

void add_classes(const Overlay& overlay, std::vector<std::string>& out) {
  std::array<double, kMeasuredClassCount> class_s{};
  for (const OverlayOp& op : overlay.ops)
    class_s.at(static_cast<std::size_t>(op.measured_class)) += op.totals.time.mean;
  const double all_s = std::accumulate(class_s.begin(), class_s.end(), 0.0);
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < class_s.size(); ++i) {
    if (class_s.at(i) > 0)
      pieces.push_back(fmt::format("{} {}", class_name(static_cast<MeasuredClass>(i)), percent(class_s.at(i) / all_s)));
  }
  if (!pieces.empty())
    out.push_back(fmt::format("Of the ops' time, by the roof that each is nearest to: {}.", fmt::join(pieces, ", ")));
}

void add_recoverable(const Analysis& analysis, const Overlay& overlay, std::vector<std::string>& out) {
  if (overlay.recoverable.empty()) return;
  double all_s = 0;
  std::vector<std::string> pieces;
  for (const std::size_t i : overlay.recoverable) {
    const OverlayOp& op = overlay.ops[i];
    all_s += op.totals.recoverable_s();
    pieces.push_back(fmt::format("{} {}", op_name(analysis, op), seconds(op.totals.recoverable_s())));
  }
  out.push_back(fmt::format("Every op at its roof would save {} of a step ({}): {}.", seconds(all_s),
                            percent(over(all_s, overlay.step.median)), listed(pieces)));
}

/// Those that are most above their roofs, in seconds, first.
void add_diagnoses(const Analysis& analysis, const Overlay& overlay, std::vector<std::string>& out) {
  std::vector<const OverlayOp*> above;
  for (const OverlayOp& op : overlay.ops) {
    if (!op.diagnoses.empty()) above.push_back(&op);
  }
  const auto excess_s = [](const OverlayOp* op) { return op->totals.roof_s - op->totals.time.median; };
  std::stable_sort(above.begin(), above.end(),
                   [&](const OverlayOp* a, const OverlayOp* b) { return excess_s(a) > excess_s(b); });
  for (std::size_t i = 0; i < std::min(kNamed, above.size()); ++i) {
    const OverlayOp& op = *above[i];
    std::vector<std::string> texts;
    for (const Diagnosis& diagnosis : op.diagnoses) texts.push_back(diagnosis_text(analysis, diagnosis));
    out.push_back(fmt::format("{} is above its roof, {} measured against {} at the {}: {}.", op_name(analysis, op),
                              seconds(op.totals.time.median), seconds(op.totals.roof_s),
                              roof_text(analysis, analysis.rows[op.row], op.diagnoses.front().roof),
                              fmt::join(texts, "; or ")));
  }
  if (above.size() > kNamed)
    out.push_back(
        fmt::format("{} more are above their roofs.", counted(static_cast<std::int64_t>(above.size() - kNamed), "op")));
}

void add_kernels(const Overlay& overlay, std::vector<std::string>& out) {
  if (overlay.kernels.empty()) return;
  double all_s = 0;
  double gemm_s = 0;
  std::int64_t launches = 0;
  std::int64_t gemms = 0;
  for (const KernelSum& kernel : overlay.kernels) {
    all_s += kernel.time_s;
    launches += kernel.launches;
    if (!kernel.gemm) continue;
    gemm_s += kernel.time_s;
    gemms += kernel.launches;
  }
  std::vector<std::string> pieces;
  for (const KernelSum& kernel : overlay.kernels)
    pieces.push_back(fmt::format("{} {} ({})", short_kernel_name(kernel.name), percent(over(kernel.time_s, all_s)),
                                 kernel.launches));
  out.push_back(fmt::format("{} in a step, {} of kernel time; GEMM kernels, by their names, take {} of it in {}.",
                            counted(launches, "kernel launch", "es"), seconds(all_s), percent(over(gemm_s, all_s)),
                            counted(gemms, "launch", "es")));
  out.push_back(fmt::format("By kernel (launches): {}.", listed(pieces)));
}

/// The op whose traffic is furthest from the modelled, and all together.
void add_counters(const Analysis& analysis, const Overlay& overlay, std::vector<std::string>& out) {
  const OverlayOp* furthest = nullptr;
  double counted_bytes = 0;
  double modelled_bytes = 0;
  const auto traffic = [](const OverlayOp& op) {
    return op.totals.counters->dram_read_bytes + op.totals.counters->dram_write_bytes;
  };
  for (const OverlayOp& op : overlay.ops) {
    if (!op.totals.counters) continue;
    counted_bytes += traffic(op);
    modelled_bytes += op.totals.dram_bytes;
    const auto gap = [&](const OverlayOp& o) { return std::fabs(traffic(o) - o.totals.dram_bytes); };
    if (furthest == nullptr || gap(op) > gap(*furthest)) furthest = &op;
  }
  if (furthest == nullptr) return;
  out.push_back(fmt::format(
      "The hardware counted {} of DRAM traffic where the model has {}; furthest apart is {}, {} against {}.",
      format_si(counted_bytes, "B", 3), format_si(modelled_bytes, "B", 3), op_name(analysis, *furthest),
      format_si(traffic(*furthest), "B", 3), format_si(furthest->totals.dram_bytes, "B", 3)));
}

void add_missing(const Analysis& analysis, const Overlay& overlay, std::vector<std::string>& out) {
  std::vector<std::string> names;
  for (const NotMeasured& missing : overlay.not_measured) {
    const std::string pass = missing.pass == Pass::kForward ? "" : fmt::format(" {}", pass_name(missing.pass));
    names.push_back(op_name(analysis, missing.row) + pass);
  }
  if (!names.empty()) out.push_back(fmt::format("In the model, but not measured: {}.", fmt::join(names, ", ")));
  names.clear();
  for (const std::size_t i : overlay.not_in_model) names.push_back(overlay.measurement.ops[i].op);
  if (!names.empty()) out.push_back(fmt::format("Measured, but not in the model: {}.", fmt::join(names, ", ")));
  names.clear();
  for (const std::size_t i : overlay.other_executions) {
    const OverlayOp& op = overlay.ops[i];
    names.push_back(fmt::format("{} ({})", op_name(analysis, op), overlay.measurement.ops[op.measured].executions));
  }
  if (!names.empty())
    out.push_back(fmt::format("Measured with another number of executions than analysed: {}.", fmt::join(names, ", ")));
  if (overlay.measurement.dropped > 0)
    out.push_back(fmt::format("The profiler dropped {}: what they were of is missing above.",
                              counted(overlay.measurement.dropped, "record")));
}

}  // namespace

std::vector<std::string> measured_findings(const Analysis& analysis, const Overlay& overlay) {
  std::vector<std::string> out;
  add_step(overlay, out);
  add_ledger(overlay, out);
  add_slowest_of_parts(analysis, overlay, out);
  add_part_ratios(analysis, overlay, out);
  add_classes(overlay, out);
  add_recoverable(analysis, overlay, out);
  add_diagnoses(analysis, overlay, out);
  add_kernels(overlay, out);
  add_counters(analysis, overlay, out);
  add_missing(analysis, overlay, out);
  out.emplace_back("What follows is of the roofline alone, as if nothing had been measured.");
  return out;
}

}  // namespace gable
