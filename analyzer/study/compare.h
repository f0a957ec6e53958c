// Side by side: models, devices, recipes or dtypes, each analysed in full; or ops of one model.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/roofline/analysis.h"

namespace gable {

/// What differs from one subject to the next.
enum class CompareKind : std::uint8_t { kModels, kHardware, kRecipes, kDtypes, kOps };
inline constexpr std::size_t kCompareKindCount = 5;
std::string_view compare_kind_name(CompareKind kind);  ///< "models", "devices", ...

/// One of the things compared.
struct Subject {
  std::string name;
  std::size_t analysis = 0;       ///< index into Comparison::analyses
  std::vector<std::size_t> rows;  ///< of Analysis::rows, those that are counted
  std::int64_t divided_by = 1;    ///< totals are of one execution of so many
  Totals totals;
};

/// An op as each subject runs it, matched by its path.
struct OpLine {
  std::string path;
  std::vector<std::optional<std::size_t>> rows;  ///< index into Analysis::rows of each; nothing: no such op
};

/// The subjects at one value of the dim that is varied.
struct ComparePoint {
  std::string value;           ///< "" where nothing is varied
  std::vector<Totals> totals;  ///< of each subject
  std::string error;           ///< why there is no result; "" if there is one
};

struct Comparison {
  CompareKind kind = CompareKind::kModels;
  std::vector<Analysis> analyses;  ///< one a subject, but of ops: a single one
  std::vector<Subject> subjects;   ///< ratios are against the first
  std::vector<OpLine> ops;         ///< of all subjects, in order of first appearance; empty where ops are compared
  std::vector<std::string> only;   ///< patterns of the ops counted; empty: all
  std::vector<std::string> added;  ///< paths counted, too: some kernel runs them together with ops that were named
  std::string varied;              ///< name of the dim; "" for none
  std::vector<ComparePoint> points;

  [[nodiscard]] const Analysis& analysis_of(const Subject& subject) const { return analyses[subject.analysis]; }
};

/// Indices into Analysis::rows of the ops that ops_named() finds.
/// @throws InputError naming --ops: nothing matches; a name without wildcards that several ops have
std::vector<std::size_t> find_ops(const Analysis& analysis, std::string_view pattern);

/// Totals of some rows; divided by `n`, which divides the executions of each.
Totals totals_of_rows(const Analysis& analysis, std::span<const std::size_t> rows, std::int64_t n);

/// Analyses of one model, device, recipe or dtype each. Empty `only` counts all ops. What one of them runs as one
/// kernel is counted as a whole in all of them, though only a part of it may be named. @throws InputError naming --ops
Comparison compare_variants(CompareKind kind, std::vector<std::string> names, std::vector<Analysis> analyses,
                            std::vector<std::string> only);

/// Ops of one analysis. One execution of each where every pattern stands for a single op, else all executions.
/// @throws InputError naming --ops: what find_ops throws; nothing runs for a pattern
Comparison compare_ops(Analysis analysis, const std::vector<std::string>& patterns);

/// a / b; nothing where b is 0.
std::optional<double> ratio_of(double a, double b);

/// Whether the op is bound by another class in some subject than in the first that runs it.
bool bound_changes(const Comparison& comparison, const OpLine& line);

/// The part of an op, or of ops that one side runs in one kernel, of the difference in time between a subject and the
/// first one.
struct TimeDifference {
  std::string path;
  double seconds = 0;  ///< negative: faster
};
/// Of the ops that both have a path for, the largest first.
std::vector<TimeDifference> time_differences(const Comparison& comparison, std::size_t subject);

}  // namespace gable
