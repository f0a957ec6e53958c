#include "reports/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, 6> kByNames = {"op", "block", "part", "kind", "kernel", "pass"};
constexpr std::array<std::string_view, 7> kLevelNames = {"kernel", "op", "block", "kind", "pass", "part", "model"};

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

const Totals& part_totals(const Analysis& analysis, std::size_t part) {
  const auto found =
      std::find_if(analysis.parts.begin(), analysis.parts.end(), [&](const PartRow& p) { return p.part == part; });
  return found->totals;
}

void fill_shares(ReportRow& row, const Totals& part, const Totals& model) {
  const double flop = row.totals.cost.matrix_flop.real();
  row.flop_share_of_part = share(flop, part.cost.matrix_flop.real());
  row.flop_share_of_model = share(flop, model.cost.matrix_flop.real());
  row.time_share_of_part = share(row.totals.time_s, part.time_s);
  row.time_share_of_model = share(row.totals.time_s, model.time_s);
}

/// The outermost block around an op, or -1.
int outermost_group(const Model& model, const OpSpec& op) {
  int group = op.group;
  while (group >= 0 && model.groups[static_cast<std::size_t>(group)].parent >= 0) {
    group = model.groups[static_cast<std::size_t>(group)].parent;
  }
  return group;
}

/// The instances of one block of a part, each with the same totals.
std::vector<ReportRow> block_instances(const Analysis& analysis, const PartRow& part, int group) {
  const auto index = static_cast<std::size_t>(group);
  const std::int64_t repeats = analysis.costed.repeats[index];
  ReportRow row;
  row.level = Level::kBlock;
  row.part = analysis.model.parts[part.part].name;
  for (std::size_t i = part.first; i < part.last; ++i) {
    const OpRow& op = analysis.rows[i];
    if (outermost_group(analysis.model, analysis.spec(op)) == group)
      row.totals += share_of(op, analysis.options.flops, repeats);
  }
  fill_shares(row, part.totals, analysis.total);
  std::vector<ReportRow> rows;
  constexpr std::int64_t kMostInstances = 1000;
  if (repeats > kMostInstances) {  // nobody reads that many: one row for all
    ReportRow all = row;
    all.totals = {};
    for (std::size_t i = part.first; i < part.last; ++i) {
      if (outermost_group(analysis.model, analysis.spec(analysis.rows[i])) == group)
        all.totals += analysis.rows[i].totals;
    }
    all.executions = repeats;
    all.name = fmt::format("{} x{}", analysis.model.groups[index].path, repeats);
    fill_shares(all, part.totals, analysis.total);
    return {all};
  }
  for (std::int64_t i = 0; i < repeats; ++i) {
    row.name =
        repeats == 1 ? analysis.model.groups[index].path : fmt::format("{}[{}]", analysis.model.groups[index].path, i);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

By parse_by(std::string_view text) {
  const auto* found = std::find(kByNames.begin(), kByNames.end(), text);
  if (found == kByNames.end())
    throw InputError(fmt::format("--by: unknown grouping {}{}", in_quotes(text), suggestion(text, kByNames)));
  return static_cast<By>(found - kByNames.begin());
}

std::string_view by_name(By by) { return kByNames.at(static_cast<std::size_t>(by)); }
std::string_view level_name(Level level) { return kLevelNames.at(static_cast<std::size_t>(level)); }

bool has_parts(const Analysis& analysis) {
  const auto& parts = analysis.model.parts;
  return analysis.parts.size() > 1 ||
         std::count_if(parts.begin(), parts.end(), [](const Part& p) { return !p.loss; }) > 1;
}

ReportRow op_row(const Analysis& analysis, const OpRow& row) {
  const OpSpec& spec = analysis.spec(row);
  ReportRow result;
  result.level = Level::kOp;
  result.part = analysis.model.parts[spec.part].name;
  result.name = spec.path;
  result.kind = spec.kind->name;
  result.dtype = gable::row(row.cost.compute).name;
  result.executions = row.executions;
  result.totals = row.totals;
  result.near_ridge = row.kernels.size() == 1 && row.time.near_ridge;
  fill_shares(result, part_totals(analysis, spec.part), analysis.total);
  return result;
}

std::vector<ReportRow> kernel_rows(const Analysis& analysis, const OpRow& row) {
  std::vector<ReportRow> rows;
  for (const KernelRow& kernel : row.kernels) {
    ReportRow result = op_row(analysis, row);
    result.level = Level::kKernel;
    if (row.kernels.size() > 1 || kernel.kernel.name != result.kind)
      result.name = fmt::format("{}/{}", result.name, kernel.kernel.name);
    result.kind = kernel_class_name(kernel.kernel.kernel);
    result.pass = pass_name(kernel.kernel.pass);
    result.executions = kernel.kernel.executions;
    result.totals = totals_of(kernel, row.rates, analysis.options.flops, kernel.kernel.executions);
    result.near_ridge = kernel.time.near_ridge;
    fill_shares(result, part_totals(analysis, analysis.spec(row).part), analysis.total);
    rows.push_back(std::move(result));
  }
  return rows;
}

ReportRow part_row(const Analysis& analysis, const PartRow& part) {
  ReportRow result;
  result.level = Level::kPart;
  result.part = analysis.model.parts[part.part].name;
  result.name = result.part;
  result.totals = part.totals;
  fill_shares(result, part.totals, analysis.total);
  return result;
}

ReportRow model_row(const Analysis& analysis) {
  ReportRow result;
  result.level = Level::kModel;
  result.name = analysis.model.name;
  result.totals = analysis.total;
  fill_shares(result, analysis.total, analysis.total);
  return result;
}

std::vector<ReportRow> rows_of_part(const Analysis& analysis, const PartRow& part, By by) {
  std::vector<ReportRow> rows;
  int open_group = -1;
  for (std::size_t i = part.first; i < part.last; ++i) {
    const OpRow& op = analysis.rows[i];
    if (by == By::kKernel) {
      for (ReportRow& kernel : kernel_rows(analysis, op)) rows.push_back(std::move(kernel));
      continue;
    }
    const int group = by == By::kBlock ? outermost_group(analysis.model, analysis.spec(op)) : -1;
    if (group < 0) {
      rows.push_back(op_row(analysis, op));
    } else if (group != open_group) {
      for (ReportRow& instance : block_instances(analysis, part, group)) rows.push_back(std::move(instance));
    }
    open_group = group;
  }
  return rows;
}

std::vector<ReportRow> kind_rows(const Analysis& analysis) {
  std::vector<ReportRow> rows;
  std::vector<const OpKind*> kinds(op_table().begin(), op_table().end());
  kinds.push_back(&optimizer_kind());
  for (const OpKind* kind : kinds) {
    ReportRow row;
    row.level = Level::kKind;
    row.name = kind->name;
    row.kind = kind->name;
    row.executions = 0;
    for (const OpRow& op : analysis.rows) {
      if (analysis.spec(op).kind != kind) continue;
      row.totals += op.totals;
      row.executions += op.executions;
    }
    if (row.executions == 0) continue;
    fill_shares(row, analysis.total, analysis.total);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<ReportRow> pass_rows(const Analysis& analysis) {
  std::vector<ReportRow> rows;
  for (std::size_t pass = 0; pass < kPassCount; ++pass) {
    ReportRow row;
    row.level = Level::kPass;
    row.name = pass_name(static_cast<Pass>(pass));
    row.pass = row.name;
    for (const OpRow& op : analysis.rows) {
      for (const KernelRow& kernel : op.kernels) {
        if (kernel.kernel.pass == static_cast<Pass>(pass))
          row.totals += totals_of(kernel, op.rates, analysis.options.flops, kernel.kernel.executions);
      }
    }
    if (row.idle()) continue;
    fill_shares(row, analysis.total, analysis.total);
    rows.push_back(std::move(row));
  }
  return rows;
}

namespace {

/// What rows were measured to take together; nothing if none was.
std::optional<MeasuredCells> measured_sum(const std::vector<ReportRow>& rows, const std::vector<bool>& left_out) {
  std::vector<const MeasuredTotals*> totals;
  MeasuredCells sum;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (left_out[i] || !rows[i].measured) continue;
    totals.push_back(&rows[i].measured->totals);
    sum.share_of_part += rows[i].measured->share_of_part;
    sum.share_of_model += rows[i].measured->share_of_model;
  }
  if (totals.empty()) return std::nullopt;
  sum.totals = sum_of(totals);
  return sum;
}

}  // namespace

std::vector<ReportRow> top_rows(std::vector<ReportRow> rows, std::size_t n) {
  if (n == 0 || rows.size() <= n) return rows;
  const bool measured = std::any_of(rows.begin(), rows.end(), [](const ReportRow& row) { return row.measured; });
  const auto time_of = [&](const ReportRow& row) {
    if (!measured) return row.totals.time_s;
    return row.measured ? row.measured->totals.time.mean : 0;
  };
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return time_of(rows[a]) > time_of(rows[b]); });
  std::vector<bool> kept(rows.size());
  for (std::size_t i = 0; i < n; ++i) kept[order[i]] = true;
  std::vector<ReportRow> result;
  ReportRow rest;
  rest.level = rows.front().level;
  rest.part = rows.front().part;
  rest.name = fmt::format("({} more)", rows.size() - n);
  rest.measured = measured_sum(rows, kept);
  rest.executions = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (kept[i]) {
      result.push_back(std::move(rows[i]));
      continue;
    }
    rest.executions += rows[i].executions;
    rest.totals += rows[i].totals;
    rest.flop_share_of_part += rows[i].flop_share_of_part;
    rest.time_share_of_part += rows[i].time_share_of_part;
    rest.flop_share_of_model += rows[i].flop_share_of_model;
    rest.time_share_of_model += rows[i].time_share_of_model;
  }
  result.push_back(std::move(rest));
  return result;
}

}  // namespace gable
