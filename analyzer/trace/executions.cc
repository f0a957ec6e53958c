#include "analyzer/trace/executions.h"

#include <algorithm>

namespace gable {
namespace {

/// Executions in order: blocks are repeated as a whole.
class Executions {
 public:
  explicit Executions(const Analysis& analysis) : analysis_(analysis) {
    const auto has = [&](Pass pass) {
      return std::any_of(analysis.rows.begin(), analysis.rows.end(), [&](const OpRow& row) { return runs(row, pass); });
    };
    if (has(Pass::kForward)) {
      add(0, analysis.rows.size(), -1, 1);
      for (const std::size_t row : order_) add_pass(row, Pass::kForward);
    }
    if (!has(Pass::kDgrad) && !has(Pass::kWgrad)) return;
    if (order_.empty()) add(0, analysis.rows.size(), -1, 1);
    for (auto row = order_.rbegin(); row != order_.rend(); ++row) {
      for (const Pass pass : {Pass::kRecompute, Pass::kDgrad, Pass::kWgrad}) add_pass(*row, pass);
    }
  }

  std::vector<Wanted> wanted;

 private:
  static bool runs(const OpRow& row, Pass pass) {
    return std::any_of(row.kernels.begin(), row.kernels.end(),
                       [&](const KernelRow& kernel) { return kernel.kernel.pass == pass; });
  }

  void add_pass(std::size_t index, Pass pass) {
    const OpRow& row = analysis_.rows[index];
    if (!runs(row, pass)) return;
    Count flop;
    for (const KernelRow& kernel : row.kernels) {
      if (kernel.kernel.pass == pass) flop += kernel.kernel.one.matrix_flop;
    }
    wanted.push_back({index, pass, flop});
  }

  /// The group that holds the op and lies directly in `parent`; -1 where the op itself does.
  [[nodiscard]] int group_below(const OpRow& row, int parent) const {
    int group = analysis_.spec(row).group;
    if (group == parent) return -1;
    while (group >= 0 && analysis_.model.groups[static_cast<std::size_t>(group)].parent != parent)
      group = analysis_.model.groups[static_cast<std::size_t>(group)].parent;
    return group;
  }

  void add(std::size_t first, std::size_t last, int parent, std::int64_t around) {
    for (std::size_t i = first; i < last;) {
      const OpRow& row = analysis_.rows[i];
      const int group = group_below(row, parent);
      if (group < 0) {
        const std::int64_t times = std::max<std::int64_t>(row.executions, 0) / std::max<std::int64_t>(around, 1);
        for (std::int64_t n = 0; n < times; ++n) order_.push_back(i);
        ++i;
        continue;
      }
      std::size_t end = i;
      while (end < last && group_below(analysis_.rows[end], parent) == group) ++end;
      const std::int64_t repeats = analysis_.costed.repeats[static_cast<std::size_t>(group)];
      for (std::int64_t n = 0; n < repeats / std::max<std::int64_t>(around, 1); ++n) add(i, end, group, repeats);
      i = end;
    }
  }

  const Analysis& analysis_;
  std::vector<std::size_t> order_;
};

}  // namespace

std::vector<Wanted> executions_of(const Analysis& analysis) { return Executions(analysis).wanted; }

}  // namespace gable
