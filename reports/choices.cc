// What was asked for and does nothing, or does more than a compiler would.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/units.h"
#include "analyzer/lowering/chain.h"
#include "analyzer/lowering/fusion.h"
#include "reports/insights.h"

namespace gable {
namespace {

bool runs_products(const Analysis& analysis, const OpPlan& how) {
  return is_chain(how) && how.fusion->kernel != KernelClass::kAttention &&
         std::count_if(how.members.begin(), how.members.end(),
                       [&](std::size_t op) { return analysis.model.ops[op].kind->kernel == KernelClass::kGemm; }) > 1;
}

/// Of an op's backward kernels.
Count computed_again(const OpRow& row) {
  Count again;
  for (const KernelRow& at : row.kernels) {
    if (at.kernel.pass != Pass::kRecompute) again += at.kernel.one.recomputed * Count(at.kernel.executions);
  }
  return again;
}

void add_unused(const Analysis& analysis, std::vector<std::string>& out) {
  const StepOptions& step = analysis.options.step;
  for (const std::string& name : analysis.plan.unused_fusions) {
    if (std::find(step.fuse.begin(), step.fuse.end(), name) == step.fuse.end()) continue;
    const FusionSpec& fusion = step.recipe->fusions.at(name);
    const std::string why = fusion.optimizer.empty() ? fmt::format("no ops of {} fit it", analysis.model.name)
                                                     : why_optimizer_stays(fusion, step);
    out.push_back(fmt::format("--fuse {} changes nothing: {}.", name, why));
  }
}

void add_caveats(const Analysis& analysis, std::vector<std::string>& out) {
  const auto& asked = analysis.options.step.fuse;
  std::vector<std::string> told;
  for (const OpPlan& how : analysis.plan.ops) {
    if (!runs_products(analysis, how)) continue;
    const std::string& name = how.fusion->name;
    if (std::find(told.begin(), told.end(), name) != told.end()) continue;
    told.push_back(name);
    const bool flag = std::find(asked.begin(), asked.end(), name) != asked.end();
    out.push_back(products_caveat(analysis, name, fmt::format("{} {}", flag ? "--fuse" : "Fusion", name)));
  }
}

bool recomputes(const Analysis& analysis) {
  return std::any_of(analysis.rows.begin(), analysis.rows.end(), [](const OpRow& row) {
    return std::any_of(row.kernels.begin(), row.kernels.end(),
                       [](const KernelRow& at) { return at.kernel.pass == Pass::kRecompute; });
  });
}

bool attention_is_one_kernel(const Analysis& analysis) {
  return std::any_of(analysis.rows.begin(), analysis.rows.end(), [](const OpRow& row) {
    return std::any_of(row.kernels.begin(), row.kernels.end(),
                       [](const KernelRow& at) { return at.kernel.kernel == KernelClass::kAttention; });
  });
}

void add_recompute(const Analysis& analysis, std::vector<std::string>& out) {
  const Recompute recompute = analysis.options.step.recompute;
  if (recompute == Recompute::kNone || recomputes(analysis)) return;
  const std::string why = recompute == Recompute::kBlock ? fmt::format("{} has no blocks", analysis.model.name)
                          : attention_is_one_kernel(analysis)
                              ? "attention is one kernel, which keeps no scores and computes them again by itself"
                              : fmt::format("{} has no attention", analysis.model.name);
  out.push_back(fmt::format("--recompute {} changes nothing: {}.", recompute_name(recompute), why));
}

}  // namespace

std::string products_caveat(const Analysis& analysis, std::string_view fusion, std::string_view what) {
  std::size_t products = 0;
  Count again;
  for (const OpRow& row : analysis.rows) {
    const OpPlan& how = analysis.plan.ops[row.op];
    if (!runs_products(analysis, how) || how.fusion->name != fusion) continue;
    const auto gemms = std::count_if(how.members.begin(), how.members.end(), [&](std::size_t op) {
      return analysis.model.ops[op].kind->kernel == KernelClass::kGemm;
    });
    products = static_cast<std::size_t>(gemms);
    again += computed_again(row);
  }
  if (products == 0) return "";
  return fmt::format(
      "{} runs {} products as one kernel: its bytes are right only for a kernel that keeps what passes "
      "between them on the chip{}.",
      what, products,
      again == Count(0)
          ? ""
          : fmt::format(", and its backward pass does {} of them a second time", format_si(again.real(), "FLOP", 3)));
}

std::vector<std::string> choice_findings(const Analysis& analysis) {
  std::vector<std::string> out;
  add_unused(analysis, out);
  add_caveats(analysis, out);
  add_recompute(analysis, out);
  return out;
}

}  // namespace gable
