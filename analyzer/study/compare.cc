#include "analyzer/study/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <utility>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/study/op_names.h"

namespace gable {
namespace {

std::vector<std::size_t> all_rows(const Analysis& analysis) {
  std::vector<std::size_t> rows(analysis.rows.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

std::string path_of(const Analysis& analysis, std::size_t row) {
  return analysis.model.full_path(analysis.spec(analysis.rows[row]));
}

/// Rows that launch nothing cannot be compared; says why they launch nothing.
void refuse_idle(const Analysis& analysis, const std::string& pattern, const std::vector<std::size_t>& rows) {
  if (!std::all_of(rows.begin(), rows.end(), [&](std::size_t row) { return analysis.rows[row].idle(); })) return;
  const OpRow& row = analysis.rows[rows.front()];
  if (const auto inside = analysis.plan.ops[row.op].merged_into)
    throw InputError(fmt::format("--ops: {} runs inside the kernel of '{}' under this recipe; name that one",
                                 in_quotes(pattern), analysis.model.full_path(analysis.model.ops[*inside])));
  throw InputError(fmt::format("--ops: {} launches nothing in this phase and mode", in_quotes(pattern)));
}

std::vector<OpLine> op_lines(const std::vector<Analysis>& analyses, const std::vector<Subject>& subjects) {
  std::vector<OpLine> lines;
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    for (const std::size_t row : subjects[i].rows) {
      const std::string path = path_of(analyses[i], row);
      const auto [found, is_new] = place.emplace(path, lines.size());
      if (is_new) lines.push_back({path, std::vector<std::optional<std::size_t>>(subjects.size())});
      lines[found->second].rows[i] = row;
    }
  }
  return lines;
}

/// Path of the op whose kernel runs that of the row.
std::string runner_of(const Analysis& analysis, std::size_t row) {
  const std::size_t op = analysis.rows[row].op;
  return analysis.model.full_path(analysis.model.ops[analysis.plan.ops[op].merged_into.value_or(op)]);
}

/// "model/h/scores..h/merge"
std::string name_of(const std::vector<const OpLine*>& lines) {
  const std::string& first = lines.front()->path;
  if (lines.size() == 1) return first;
  const std::string& last = lines.back()->path;
  return fmt::format("{}..{}", first, last.substr(last.find('/') + 1));
}

/// Paths of the ops that run in one kernel with an op of those paths. @return whether there are more than before
bool add_merged(const Analysis& analysis, std::set<std::string>& paths) {
  std::set<std::string> runners;
  for (std::size_t row = 0; row < analysis.rows.size(); ++row) {
    if (paths.contains(path_of(analysis, row))) runners.insert(runner_of(analysis, row));
  }
  const std::size_t before = paths.size();
  for (std::size_t row = 0; row < analysis.rows.size(); ++row) {
    if (runners.contains(runner_of(analysis, row))) paths.insert(path_of(analysis, row));
  }
  return paths.size() > before;
}

/// Widens the rows of the subjects until no kernel of theirs runs an op that is not among them. @return paths added
std::vector<std::string> widen(const std::vector<Analysis>& analyses, std::span<Subject> subjects) {
  std::set<std::string> named;
  for (const Subject& subject : subjects) {
    for (const std::size_t row : subject.rows) named.insert(path_of(analyses[subject.analysis], row));
  }
  std::set<std::string> paths = named;
  const auto add = [&](const Subject& subject) { return add_merged(analyses[subject.analysis], paths); };
  while (std::count_if(subjects.begin(), subjects.end(), add) > 0) continue;
  std::vector<std::string> added;
  std::set_difference(paths.begin(), paths.end(), named.begin(), named.end(), std::back_inserter(added));
  for (Subject& subject : subjects) {
    const Analysis& analysis = analyses[subject.analysis];
    for (const std::size_t row : all_rows(analysis)) {
      if (std::binary_search(added.begin(), added.end(), path_of(analysis, row))) subject.rows.push_back(row);
    }
    std::sort(subject.rows.begin(), subject.rows.end());
  }
  return added;
}

/// How often an op runs; 1 where its kernels do not all run a multiple of that.
std::int64_t executions_of(const OpRow& row) {
  const std::int64_t n = std::max<std::int64_t>(1, row.executions);
  const bool whole = std::all_of(row.kernels.begin(), row.kernels.end(),
                                 [&](const KernelRow& kernel) { return kernel.kernel.executions % n == 0; });
  return whole && row.cost.executions % n == 0 ? n : 1;
}

}  // namespace

std::string_view compare_kind_name(CompareKind kind) {
  constexpr std::array<std::string_view, kCompareKindCount> kNames = {"models", "devices", "recipes", "dtypes", "ops"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::vector<std::size_t> find_ops(const Analysis& analysis, std::string_view pattern) {
  const std::vector<std::size_t> ops = ops_named(analysis.model, pattern);
  std::vector<std::size_t> found;
  for (std::size_t row = 0; row < analysis.rows.size(); ++row) {
    if (std::binary_search(ops.begin(), ops.end(), analysis.rows[row].op)) found.push_back(row);
  }
  if (ops.empty()) throw InputError(fmt::format("--ops: {}", no_such_op(analysis.model, pattern)));
  if (found.empty()) throw InputError(fmt::format("--ops: {} is in no part of this run", in_quotes(pattern)));
  if (found.size() > 1 && !is_glob(pattern)) {
    throw InputError(fmt::format("--ops: {} is {} ops, {} and {}; write more of the path, or a pattern for all of them",
                                 in_quotes(pattern), found.size(), path_of(analysis, found[0]),
                                 path_of(analysis, found[1])));
  }
  return found;
}

Totals totals_of_rows(const Analysis& analysis, std::span<const std::size_t> rows, std::int64_t n) {
  Totals totals;
  for (const std::size_t row : rows) totals += share_of(analysis.rows[row], analysis.options.flops, n);
  return totals;
}

Comparison compare_variants(CompareKind kind, std::vector<std::string> names, std::vector<Analysis> analyses,
                            std::vector<std::string> only) {
  Comparison result;
  result.kind = kind;
  result.analyses = std::move(analyses);
  result.only = std::move(only);
  for (std::size_t i = 0; i < result.analyses.size(); ++i) {
    const Analysis& analysis = result.analyses[i];
    Subject subject{std::move(names[i]), i, {}, 1, {}};
    if (result.only.empty()) {
      subject.rows = all_rows(analysis);
      subject.totals = analysis.total;
    } else {
      for (const std::string& pattern : result.only) {
        const std::vector<std::size_t> found = find_ops(analysis, pattern);
        subject.rows.insert(subject.rows.end(), found.begin(), found.end());
      }
      std::sort(subject.rows.begin(), subject.rows.end());
      subject.rows.erase(std::unique(subject.rows.begin(), subject.rows.end()), subject.rows.end());
    }
    result.subjects.push_back(std::move(subject));
  }
  if (!result.only.empty()) {
    result.added = widen(result.analyses, result.subjects);
    for (Subject& subject : result.subjects)
      subject.totals = totals_of_rows(result.analyses[subject.analysis], subject.rows, 1);
  }
  result.ops = op_lines(result.analyses, result.subjects);
  return result;
}

Comparison compare_ops(Analysis analysis, const std::vector<std::string>& patterns) {
  Comparison result;
  result.kind = CompareKind::kOps;
  result.analyses.push_back(std::move(analysis));
  const Analysis& all = result.analyses.front();
  bool single = true;
  for (const std::string& pattern : patterns) {
    Subject subject{pattern, 0, find_ops(all, pattern), 1, {}};
    refuse_idle(all, pattern, subject.rows);
    single = single && subject.rows.size() == 1;
    if (subject.rows.size() == 1) subject.name = all.spec(all.rows[subject.rows.front()]).path;
    result.subjects.push_back(std::move(subject));
  }
  for (Subject& subject : result.subjects) {
    if (!single) {
      for (std::string& path : widen(result.analyses, {&subject, 1})) result.added.push_back(std::move(path));
    }
    if (single) subject.divided_by = executions_of(all.rows[subject.rows.front()]);
    subject.totals = totals_of_rows(all, subject.rows, subject.divided_by);
  }
  return result;
}

std::optional<double> ratio_of(double a, double b) {
  if (b == 0) return std::nullopt;
  return a / b;
}

bool bound_changes(const Comparison& comparison, const OpLine& line) {
  std::optional<Bound> first;
  for (std::size_t i = 0; i < line.rows.size(); ++i) {
    if (!line.rows[i]) continue;
    const OpRow& row = comparison.analyses[i].rows[*line.rows[i]];
    if (row.idle()) continue;
    if (first && row.totals.bound() != *first) return true;
    if (!first) first = row.totals.bound();
  }
  return false;
}

std::vector<TimeDifference> time_differences(const Comparison& comparison, std::size_t subject) {
  struct Both {
    std::vector<const OpLine*> lines;
    double seconds = 0;
  };
  std::map<std::string, Both> by_runner;
  for (const OpLine& line : comparison.ops) {
    if (!line.rows.front() || !line.rows[subject]) continue;
    const Analysis& before = comparison.analyses.front();
    const Analysis& after = comparison.analyses[subject];
    // What one side runs in one kernel is one on the other, too; no fusion merges what another one runs.
    const std::string merged_before = runner_of(before, *line.rows.front());
    const std::string merged_after = runner_of(after, *line.rows[subject]);
    Both& both = by_runner[merged_after == line.path ? merged_before : merged_after];
    both.lines.push_back(&line);
    both.seconds += after.rows[*line.rows[subject]].totals.time_s - before.rows[*line.rows.front()].totals.time_s;
  }
  std::vector<TimeDifference> differences;
  for (const auto& [runner, both] : by_runner) {
    if (both.seconds != 0) differences.push_back({name_of(both.lines), both.seconds});
  }
  std::stable_sort(differences.begin(), differences.end(), [](const TimeDifference& a, const TimeDifference& b) {
    return std::fabs(a.seconds) > std::fabs(b.seconds);
  });
  return differences;
}

}  // namespace gable
