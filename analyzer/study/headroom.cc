#include "analyzer/study/headroom.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "analyzer/spec/library.h"
#include "analyzer/study/op_groups.h"

namespace gable {
namespace {

/// What is gained must be more than this part of an op's time, and more than what an earlier candidate gains by it.
constexpr double kNoticeable = 0.005;

struct Tried {
  Candidate candidate;
  Analysis analysis;
};

bool has_rate(const Hardware& hw, Dtype dtype) {
  const auto is = [&](const DtypeRate& rate) { return rate.dtype == dtype; };
  return std::any_of(hw.vector.begin(), hw.vector.end(), is) || std::any_of(hw.matrix.begin(), hw.matrix.end(), is);
}

/// Tries one candidate after the other; each is the baseline with one thing changed.
class Trials {
 public:
  Trials(const Configuration& base, const Hardware& hw, const Analysis& before)
      : base_(base), hw_(hw), before_(before) {}

  void fusions() {
    const StepOptions& step = base_.options.step;
    for (const auto& [name, fusion] : step.recipe->fusions) change(Candidate::Kind::kFusion, "fuse=" + name, 1);
  }

  /// `ideal` is what ops cost, nothing that runs.
  void recipes() {
    for (const std::string& name : list_specs(SpecKind::kRecipe)) {
      if (name == kIdealRecipe || name == base_.options.step.recipe->name) continue;
      change(Candidate::Kind::kRecipe, "recipe=" + name, 1);
    }
  }

  void dtypes(const std::vector<Dtype>& dtypes) {
    for (const Dtype dtype : dtypes) {
      if (!has_rate(hw_, dtype)) continue;
      Configuration then = base_;
      const auto name = std::string(row(dtype).name);
      then.options.cost.dtype = parse_dtype_choice(name);
      add({Candidate::Kind::kDtype, "dtype=" + name, 1, {}}, then);
    }
  }

  void batches(const std::vector<std::int64_t>& factors) {
    const auto slot = find_dim(base_.model, "B");
    if (!slot) return;
    const std::int64_t batch = before_.costed.values[*slot];
    for (const std::int64_t factor : factors) {
      if (factor > std::numeric_limits<std::int64_t>::max() / batch) continue;
      change(Candidate::Kind::kBatch, fmt::format("B={}", batch * factor), static_cast<double>(factor));
    }
  }

  std::vector<Tried> take() { return std::move(tried_); }

 private:
  void change(Candidate::Kind kind, const std::string& text, double work) {
    const std::vector<Change> one = {parse_change(text)};
    try {
      add({kind, text, work, {}}, changed(base_, one));
    } catch (const InputError&) {
      return;  // the model's dims, the recipe or the phase do not allow it
    }
  }

  void add(Candidate candidate, const Configuration& then) {
    try {
      Analysis analysis = analyze(then.model, hw_, then.options);
      candidate.total = analysis.total;
      tried_.push_back({std::move(candidate), std::move(analysis)});
    } catch (const InputError&) {
      return;
    }
  }

  const Configuration& base_;
  const Hardware& hw_;
  const Analysis& before_;
  std::vector<Tried> tried_;
};

/// The best candidate for a group of ops; among equals the first. Nothing where none helps.
std::optional<HeadroomRow> best_of(const Analysis& before, const std::vector<Tried>& tried, const OpGroup& group) {
  HeadroomRow best;
  best.name = group.name;
  best.before = totals_of(before, group);
  const double least = kNoticeable * best.before.time_s;
  bool found = false;
  for (std::size_t i = 0; i < tried.size(); ++i) {
    const Totals after = totals_of(tried[i].analysis, group);
    const double gain = best.before.time_s - after.time_s / tried[i].candidate.work;
    if (gain <= best.recoverable_s + least) continue;
    best.candidate = i;
    best.after = after;
    best.recoverable_s = gain;
    found = true;
  }
  return found ? std::optional(best) : std::nullopt;
}

}  // namespace

Headroom find_headroom(const Configuration& base, const Hardware& hw, const HeadroomOptions& options) {
  Headroom result;
  result.before = analyze(base.model, hw, base.options);
  Trials trials(base, hw, result.before);
  trials.fusions();
  trials.recipes();
  trials.dtypes(options.dtypes);
  trials.batches(options.batches);
  const std::vector<Tried> tried = trials.take();
  std::vector<const Analysis*> all = {&result.before};
  for (const Tried& one : tried) {
    all.push_back(&one.analysis);
    result.candidates.push_back(one.candidate);
  }
  for (const OpGroup& group : op_groups(all)) {
    if (auto row = best_of(result.before, tried, group)) {
      result.rows.push_back(std::move(*row));
    } else {
      result.at_best_s += totals_of(result.before, group).time_s;
    }
  }
  std::stable_sort(result.rows.begin(), result.rows.end(),
                   [](const HeadroomRow& a, const HeadroomRow& b) { return a.recoverable_s > b.recoverable_s; });
  return result;
}

}  // namespace gable
