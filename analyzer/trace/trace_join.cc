#include "analyzer/trace/trace_join.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "analyzer/base/dtype_choice.h"
#include "analyzer/base/error.h"
#include "analyzer/base/units.h"

namespace gable {
namespace {

constexpr double kNsPerSecond = 1e9;

/// One execution of an op of the model in one pass.
struct Wanted {
  std::size_t row = 0;  ///< index into Analysis::rows
  Pass pass = Pass::kForward;
  Count matrix_flop;
};

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

/// One call of the framework, with what ran for it.
struct Ran {
  std::uint32_t op = 0;  ///< index into TraceSums::ops
  std::int64_t launched_ns = 0;
  std::vector<std::uint32_t> events;
};

std::vector<Ran> calls_in_order(const TraceStudy& study) {
  std::map<std::uint32_t, Ran> by_owner;
  for (std::uint32_t i = 0; i < study.trace.events.size(); ++i) {
    const std::uint32_t owner = study.sums.owner_of_event[i];
    if (owner == kNobody) continue;
    Ran& ran = by_owner[owner];
    ran.op = study.sums.op_of_event[i];
    ran.launched_ns = study.trace.ranges[owner].start_ns;
    ran.events.push_back(i);
  }
  std::vector<Ran> calls;
  for (auto& [owner, ran] : by_owner) calls.push_back(std::move(ran));
  std::stable_sort(calls.begin(), calls.end(),
                   [](const Ran& a, const Ran& b) { return a.launched_ns < b.launched_ns; });
  return calls;
}

/// What ran in one step, and which of the model's executions each call is; kNobody for none.
struct Step {
  std::vector<const Ran*> calls;
  std::vector<std::uint32_t> wanted;
  std::size_t matched = 0;
};

class Join {
 public:
  Join(const TraceStudy& study, const Analysis& analysis)
      : study_(study), analysis_(analysis), wanted_(Executions(analysis).wanted), calls_(calls_in_order(study)) {
    if (study.step_starts_ns.empty()) {
      find_steps();
    } else {
      split_steps();
    }
    if (steps_.empty() || steps_.front().matched == 0) refuse();
  }

  Measurement measurement() {
    Measurement made;
    made.device = study_.trace.device;
    made.backend = "trace";
    made.model = analysis_.model.name;
    made.phase = phase_name(analysis_.options.step.phase);
    made.dtype = describe(analysis_.dtypes());
    made.environment = study_.trace.environment;
    made.environment.emplace_back("trace", study_.analysis.model.name);
    made.dropped = study_.trace.dropped;
    add_ops(made);
    add_alone(made);
    for (const Step& step : steps_) add_times(step, made);
    return made;
  }

 private:
  [[nodiscard]] bool same(const Wanted& wanted, const Ran& ran) const {
    const TraceOp& op = study_.sums.ops[ran.op];
    if (!op.cost || !op.cost->flop_known) return false;
    const bool backward = wanted.pass == Pass::kDgrad || wanted.pass == Pass::kWgrad;
    // The products of a backward pass are ordinary ones: only what is no product shows its pass.
    if (wanted.matrix_flop > Count(0)) return op.cost->cost.matrix_flop == wanted.matrix_flop;
    if (op.cost->cost.matrix_flop > Count(0) || (op.cost->pass != Pass::kForward) != backward) return false;
    const OpRow& row = analysis_.rows[wanted.row];
    // PyTorch's embedding runs as index_select, a gather of rows.
    const OpKind* const kind = analysis_.spec(row).kind;
    const bool lookup = kind->name == "embedding" && op.cost->kind != nullptr && op.cost->kind->name == "gather";
    if (op.cost->kind != kind && !lookup) return false;
    return backward || op.cost->cost.output == row.cost.one.output;
  }

  /// Pairs from `from` on; nothing is looked for further ahead than a block has calls.
  Step align(std::size_t from, std::size_t to) const {
    constexpr std::size_t kAhead = 64;
    Step step;
    for (std::size_t i = from; i < to; ++i) step.calls.push_back(&calls_[i]);
    step.wanted.assign(step.calls.size(), kNobody);
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < wanted_.size(); ++i) {
      const std::size_t end = std::min(step.calls.size(), at + kAhead);
      for (std::size_t k = at; k < end; ++k) {
        if (!same(wanted_[i], *step.calls[k])) continue;
        step.wanted[k] = i;
        ++step.matched;
        at = k + 1;
        break;
      }
    }
    return step;
  }

  void split_steps() {
    std::vector<std::int64_t> starts = study_.step_starts_ns;
    std::size_t from = 0;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      while (from < calls_.size() && calls_[from].launched_ns < starts[i]) ++from;
      std::size_t to = from;
      while (to < calls_.size() && (i + 1 == starts.size() || calls_[to].launched_ns < starts[i + 1])) ++to;
      if (to > from) steps_.push_back(align(from, to));
      from = to;
    }
    keep_alike();
  }

  /// Without steps of the profiler: one after the other, as long as most of the model is found again.
  void find_steps() {
    constexpr std::size_t kCallsPerOp = 8;  // more than a framework makes of an op; keeps this linear in the steps
    const std::size_t most = kCallsPerOp * (wanted_.size() + 1);
    for (std::size_t from = 0; from < calls_.size();) {
      const Step step = align(from, std::min(calls_.size(), from + most));
      if (2 * step.matched < wanted_.size() && !steps_.empty()) break;
      std::size_t last = 0;
      for (std::size_t i = 0; i < step.wanted.size(); ++i) {
        if (step.wanted[i] != kNobody) last = i + 1;
      }
      if (last == 0) break;
      steps_.push_back(align(from, from + last));
      from += last;
    }
    if (steps_.size() == 1) steps_.front() = align(0, calls_.size());
    keep_alike();
  }

  /// A step that was cut, or that does something else, is no sample of the others.
  void keep_alike() {
    std::size_t most = 0;
    for (const Step& step : steps_) most = std::max(most, step.matched);
    std::erase_if(steps_, [&](const Step& step) { return step.matched < most; });
  }

  [[nodiscard]] double time_of(const Ran& ran) const {
    std::int64_t ns = 0;
    for (const std::uint32_t event : ran.events)
      ns += study_.trace.events[event].end_ns - study_.trace.events[event].start_ns;
    return static_cast<double>(ns) / kNsPerSecond;
  }

  /// Ops by name and pass: the model's, and those of the framework that no op of the model is.
  void add_ops(Measurement& made) const {
    std::map<std::pair<std::string, Pass>, std::size_t> place;
    std::vector<std::int64_t> executions;
    std::vector<std::map<std::string, MeasuredKernel>> kernels;
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      for (std::size_t k = 0; k < steps_[s].calls.size(); ++k) {
        const Ran& ran = *steps_[s].calls[k];
        const std::uint32_t partner = steps_[s].wanted[k];
        const std::string name = partner == kNobody
                                     ? study_.sums.ops[ran.op].title()
                                     : analysis_.model.full_path(analysis_.spec(analysis_.rows[wanted_[partner].row]));
        const Pass pass = partner == kNobody ? Pass::kForward : wanted_[partner].pass;
        const auto [found, added] = place.try_emplace({name, pass}, made.ops.size());
        if (added) {
          MeasuredOp op;
          op.op = name;
          op.pass = pass;
          op.samples_s.assign(steps_.size(), 0);
          made.ops.push_back(std::move(op));
          executions.push_back(0);
          kernels.emplace_back();
        }
        made.ops[found->second].samples_s[s] += time_of(ran);
        ++executions[found->second];
        add_kernels(ran, kernels[found->second]);
      }
    }
    const auto steps = static_cast<std::int64_t>(steps_.size());
    for (std::size_t i = 0; i < made.ops.size(); ++i) {
      made.ops[i].executions = std::max<std::int64_t>(1, executions[i] / steps);
      for (auto& [name, kernel] : kernels[i]) {
        kernel.launches = std::max<std::int64_t>(1, kernel.launches / steps);
        kernel.time_s /= static_cast<double>(steps);
        made.ops[i].kernels.push_back(std::move(kernel));
      }
    }
  }

  void add_kernels(const Ran& ran, std::map<std::string, MeasuredKernel>& kernels) const {
    for (const std::uint32_t event : ran.events) {
      const DeviceEvent& ev = study_.trace.events[event];
      const std::string name(study_.trace.texts.at(ev.name));
      MeasuredKernel& kernel = kernels[name];
      kernel.name = name;
      ++kernel.launches;
      kernel.time_s += static_cast<double>(ev.end_ns - ev.start_ns) / kNsPerSecond;
    }
  }

  /// Events that no op was open around, shared among the steps.
  void add_alone(Measurement& made) const {
    const auto steps = static_cast<double>(steps_.size());
    for (const NamedTime& kernel : study_.sums.unattributed)
      made.unattributed.push_back({kernel.name, kernel.launches / static_cast<std::int64_t>(steps_.size()),
                                   static_cast<double>(kernel.time_ns) / kNsPerSecond / steps});
  }

  void add_times(const Step& step, Measurement& made) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> spans;
    for (const Ran* ran : step.calls) {
      for (const std::uint32_t event : ran->events)
        spans.emplace_back(study_.trace.events[event].start_ns, study_.trace.events[event].end_ns);
    }
    std::sort(spans.begin(), spans.end());
    std::int64_t busy_ns = 0;
    std::int64_t sum_ns = 0;
    std::int64_t end_ns = spans.front().first;
    for (const auto& [start, end] : spans) {
      sum_ns += end - start;
      busy_ns += std::max<std::int64_t>(0, end - std::max(start, end_ns));
      end_ns = std::max(end_ns, end);
    }
    double alone_s = 0;
    for (const Unattributed& kernel : made.unattributed) alone_s += kernel.time_s;
    made.busy_s.push_back(static_cast<double>(busy_ns) / kNsPerSecond + alone_s);
    made.overlapped_s.push_back(static_cast<double>(sum_ns - busy_ns) / kNsPerSecond);
    made.step_s.push_back(
        std::max(static_cast<double>(end_ns - spans.front().first) / kNsPerSecond, made.busy_s.back()));
  }

  [[noreturn]] void refuse() const {
    const Wanted* largest = nullptr;
    for (const Wanted& wanted : wanted_) {
      if (largest == nullptr || wanted.matrix_flop > largest->matrix_flop) largest = &wanted;
    }
    std::string here = "the model has none";
    if (largest != nullptr)
      here = fmt::format("the model's, {}, does {}",
                         analysis_.model.full_path(analysis_.spec(analysis_.rows[largest->row])),
                         format_si(largest->matrix_flop.real(), "FLOP"));
    const TraceOp* most = nullptr;
    for (const TraceOp& op : study_.sums.ops) {
      if (op.cost && (most == nullptr || op.cost->cost.matrix_flop > most->cost->cost.matrix_flop)) most = &op;
    }
    const std::string there = most == nullptr ? std::string("the trace has no shapes")
                                              : fmt::format("the trace's largest product, {}, does {}", most->title(),
                                                            format_si(most->cost->cost.matrix_flop.real(), "FLOP"));
    throw InputError(
        fmt::format("--measured: nothing in {} does what {} does: {}, {}; --set, --phase and --recipe make "
                    "the model the one that ran",
                    study_.trace.path, analysis_.model.name, there, here));
  }

  const TraceStudy& study_;
  const Analysis& analysis_;
  std::vector<Wanted> wanted_;
  std::vector<Ran> calls_;
  std::vector<Step> steps_;
};

}  // namespace

Measurement join_trace(const TraceStudy& study, const Analysis& analysis) {
  return Join(study, analysis).measurement();
}

}  // namespace gable
