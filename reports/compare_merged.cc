// What runs inside the kernel of another op, where only some ops are counted.
#include <fmt/format.h>

#include <algorithm>

#include "reports/compare_report.h"

namespace gable {
namespace {

/// "With flash h/merge runs h/scores, h/scale, h/mask, h/softmax and h/values in its kernel."
void add_kernels(const Comparison& all, const Subject& subject, std::vector<std::string>& out) {
  const Analysis& analysis = all.analysis_of(subject);
  const auto path = [&](std::size_t op) { return shown_path(all, analysis.model.full_path(analysis.model.ops[op])); };
  const bool differ = all.kind == CompareKind::kRecipes || all.kind == CompareKind::kModels;
  const std::string under = differ ? fmt::format("With {} ", subject.name) : "";
  for (const std::size_t row : subject.rows) {
    const std::size_t runner = analysis.rows[row].op;
    std::vector<std::string> inside;
    for (const std::size_t member : analysis.plan.ops[runner].members) {
      if (member != runner) inside.push_back(path(member));
    }
    if (inside.empty()) continue;
    std::string text = fmt::format("{}{} runs {} in its kernel.", under, path(runner), fmt::join(inside, ", "));
    if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(std::move(text));
  }
}

}  // namespace

std::vector<std::string> merged_findings(const Comparison& comparison) {
  std::vector<std::string> out;
  if (comparison.only.empty() && comparison.kind != CompareKind::kOps) return out;
  for (const Subject& subject : comparison.subjects) add_kernels(comparison, subject, out);
  if (comparison.added.empty()) return out;
  std::vector<std::string> added;
  for (const std::string& path : comparison.added) added.push_back(shown_path(comparison, path));
  out.push_back(fmt::format("Such a kernel is counted as a whole, on every side: with {}, which --ops does not name.",
                            fmt::join(added, ", ")));
  return out;
}

}  // namespace gable
