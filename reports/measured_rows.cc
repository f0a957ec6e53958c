#include "reports/measured_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/units.h"

namespace gable {
namespace {

bool is_below(std::string_view path, std::string_view block) {
  return path.size() > block.size() && path.starts_with(block) && path[block.size()] == '/';
}

std::ptrdiff_t kernels_in(const OpRow& row, Pass pass) {
  return std::count_if(row.kernels.begin(), row.kernels.end(),
                       [&](const KernelRow& kernel) { return kernel.kernel.pass == pass; });
}

/// "h[3]" and "h x1200" are of block "h".
std::string_view block_of(std::string_view name) { return name.substr(0, std::min(name.find('['), name.find(' '))); }

/// How many of the block's instances a row stands for; of how many.
double share_of_block(const Analysis& analysis, const ReportRow& row) {
  for (std::size_t i = 0; i < analysis.model.groups.size(); ++i) {
    if (analysis.model.groups[i].path == block_of(row.name))
      return static_cast<double>(row.executions) / static_cast<double>(analysis.costed.repeats[i]);
  }
  return 1;
}

bool belongs(const Analysis& analysis, const ReportRow& row, const OverlayOp& op) {
  const OpRow& of = analysis.rows[op.row];
  const OpSpec& spec = analysis.spec(of);
  switch (row.level) {
    case Level::kModel:
      return true;
    case Level::kKind:
      return spec.kind->name == row.name;
    case Level::kPass:
      return pass_name(op.pass) == row.name;
    default:
      break;
  }
  if (analysis.model.parts[spec.part].name != row.part) return false;
  switch (row.level) {
    case Level::kPart:
      return true;
    case Level::kOp:
      return spec.path == row.name;
    case Level::kKernel:
      return pass_name(op.pass) == row.pass && (spec.path == row.name || is_below(row.name, spec.path)) &&
             kernels_in(of, op.pass) == 1;
    default:
      return is_below(spec.path, block_of(row.name));
  }
}

void scale(MeasuredTotals& totals, double by) {
  for (double& sample : totals.samples_s) sample *= by;
  totals.time = summarize(totals.samples_s);
  for (double* value : {&totals.flop, &totals.dram_bytes, &totals.launches, &totals.roof_s}) *value *= by;
  for (double& roof_s : totals.by_roof) roof_s *= by;
  for (double& class_s : totals.class_s) class_s *= by;
  if (totals.datasheet_s) *totals.datasheet_s *= by;
}

double measured_of(const Analysis& analysis, const Overlay& overlay, std::string_view part) {
  double sum = 0;
  for (const OverlayOp& op : overlay.ops) {
    const std::string& name = analysis.model.parts[analysis.spec(analysis.rows[op.row]).part].name;
    if (part.empty() || name == part) sum += op.totals.time.mean;
  }
  return sum;
}

void fill(const Analysis& analysis, const Overlay& overlay, ReportRow& row) {
  std::vector<const OverlayOp*> found;
  for (const OverlayOp& op : overlay.ops) {
    if (belongs(analysis, row, op)) found.push_back(&op);
  }
  if (found.empty()) return;
  MeasuredCells cells;
  std::vector<const MeasuredTotals*> totals;
  for (const OverlayOp* op : found) totals.push_back(&op->totals);
  cells.totals = sum_of(totals);
  if (row.level == Level::kBlock) scale(cells.totals, share_of_block(analysis, row));
  if (row.level == Level::kOp || row.level == Level::kKernel) {
    if (found.size() == 1) cells.margin = found.front()->margin;
    for (const OverlayOp* op : found) {
      for (const Diagnosis& diagnosis : op->diagnoses)
        cells.diagnosis.push_back(fmt::format("{}{}", found.size() > 1 ? fmt::format("{}: ", pass_name(op->pass)) : "",
                                              diagnosis_text(analysis, diagnosis)));
    }
  }
  const double of_part = measured_of(analysis, overlay, row.part);
  const double of_model = measured_of(analysis, overlay, "");
  if (of_part > 0) cells.share_of_part = cells.totals.time.mean / of_part;
  if (of_model > 0) cells.share_of_model = cells.totals.time.mean / of_model;
  row.measured = std::move(cells);
}

std::string upper(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c == '_' ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

}  // namespace

void add_measured(const Analysis& analysis, const ReportOptions& options, std::vector<ReportRow>& rows) {
  if (!options.overlay) return;
  for (ReportRow& row : rows) fill(analysis, *options.overlay, row);
}

ReportRow with_measured(const Analysis& analysis, const ReportOptions& options, ReportRow row) {
  if (options.overlay) fill(analysis, *options.overlay, row);
  return row;
}

std::vector<ReportRow> with_measured(const Analysis& analysis, const ReportOptions& options,
                                     std::vector<ReportRow> rows) {
  add_measured(analysis, options, rows);
  return rows;
}

std::string roof_text(const Analysis& analysis, const OpRow& row, Roof roof) {
  const Hardware& hw = analysis.hw;
  const auto text = [](const Quantity& from, std::string_view name, double rate, std::string_view unit) {
    const bool measured = from.provenance == Provenance::kMeasured;
    return fmt::format("{} {} roof {}", measured ? "measured" : "datasheet", name, format_si(rate, unit, 3));
  };
  const auto compute = [&](Dtype dtype, double rate, std::string_view unit, const std::vector<DtypeRate>& rates) {
    const auto found = std::find_if(rates.begin(), rates.end(), [&](const DtypeRate& r) { return r.dtype == dtype; });
    const Quantity& from = found == rates.end() ? hw.dram_bandwidth : found->dense;
    return text(from, fmt::format("{} {}", upper(gable::row(dtype).name), unit), rate, "FLOP/s");
  };
  switch (roof) {
    case Roof::kTensor:
      return compute(row.rates.matrix_dtype, row.rates.matrix_flop_per_s, "tensor", hw.matrix);
    case Roof::kVector:
      return compute(row.rates.vector_dtype, row.rates.vector_flop_per_s, "vector", hw.vector);
    case Roof::kDram:
      return text(hw.dram_bandwidth, "DRAM", hw.dram_bandwidth.value, "B/s");
    case Roof::kL2:
      return text(hw.l2_bandwidth, hw.l2_label, hw.l2_bandwidth.value, "B/s");
    case Roof::kLaunch:
      break;
  }
  return fmt::format("launch latency {}", format_si(hw.launch_latency.value, "s", 3));
}

std::string diagnosis_text(const Analysis& analysis, const Diagnosis& diagnosis) {
  const Hardware& hw = analysis.hw;
  switch (diagnosis.kind) {
    case Diagnosis::Kind::kClock:
      return "a few % above: a faster clock than the roof's, or the spread of what the roof was taken from";
    case Diagnosis::Kind::kCache:
      return fmt::format("in cache: at least {} of an execution did not come from DRAM; the {} holds {}",
                         format_si(diagnosis.bytes, "B", 3), hw.l2_label, format_si(hw.l2_capacity.value, "B", 3));
    case Diagnosis::Kind::kNearCache:
      return fmt::format("in a cache nearer to the cores than the {}", hw.l2_label);
    case Diagnosis::Kind::kHalfMasked:
      return "FLOP convention: the masked half of causal attention was skipped, and is counted here";
    case Diagnosis::Kind::kDtype:
      return fmt::format("another dtype: the {} {} rate of {} would explain it",
                         upper(gable::row(diagnosis.dtype).name), roof_name(diagnosis.unit),
                         format_si(diagnosis.flop_per_s, "FLOP/s", 3));
    case Diagnosis::Kind::kUnexplained:
      break;
  }
  return "nothing known explains it: check the op's counts, the roof and the measurement";
}

}  // namespace gable
