#include "analyzer/trace/trace_join.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "analyzer/base/dtype_choice.h"
#include "analyzer/base/error.h"
#include "analyzer/base/units.h"
#include "analyzer/trace/align.h"
#include "analyzer/trace/executions.h"

namespace gable {
namespace {

constexpr double kNsPerSecond = 1e9;

constexpr std::size_t kUnnamed = SIZE_MAX;

/// One call of the framework, with what ran for it.
struct Ran {
  std::uint32_t op = 0;     ///< index into TraceSums::ops
  std::uint32_t owner = 0;  ///< index into Trace::ranges
  std::int64_t launched_ns = 0;
  std::size_t named = kUnnamed;  ///< index into Analysis::rows, by the name of a range around it
  std::vector<std::uint32_t> events;
};

std::vector<Ran> calls_in_order(const TraceStudy& study) {
  std::map<std::uint32_t, Ran> by_owner;
  for (std::uint32_t i = 0; i < study.trace.events.size(); ++i) {
    const std::uint32_t owner = study.sums.owner_of_event[i];
    if (owner == kNobody) continue;
    Ran& ran = by_owner[owner];
    ran.op = study.sums.op_of_event[i];
    ran.owner = owner;
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
      : study_(study), analysis_(analysis), wanted_(executions_of(analysis)), calls_(calls_in_order(study)) {
    name_calls();
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
    if (left_out_ > 0)
      made.environment.emplace_back("steps left out for they did not run all of it", std::to_string(left_out_));
    add_ops(made);
    add_alone(made);
    for (const Step& step : steps_) add_times(step, made);
    return made;
  }

 private:
  [[nodiscard]] bool same(const Wanted& wanted, const Ran& ran) const {
    if (ran.named != kUnnamed) return ran.named == wanted.row && wanted.pass == Pass::kForward;
    const TraceOp& op = study_.sums.ops[ran.op];
    if (!op.cost || !op.cost->flop_known) return false;
    const bool backward = wanted.pass == Pass::kDgrad || wanted.pass == Pass::kWgrad;
    // The products of a backward pass are ordinary ones: only what is no product shows its pass.
    if (wanted.matrix_flop > Count(0)) return op.cost->cost.matrix_flop == wanted.matrix_flop;
    if (op.cost->cost.matrix_flop > Count(0) || (op.cost->pass != Pass::kForward) != backward) return false;
    const OpRow& row = analysis_.rows[wanted.row];
    const OpKind* const kind = analysis_.spec(row).kind;
    if (kind->name == "embedding") return looks_up(row, *op.cost);
    return op.cost->kind == kind && (backward || op.cost->cost.output == row.cost.one.output);
  }

  /// PyTorch's embedding runs as index_select, a gather of rows: of the same table.
  static bool looks_up(const OpRow& row, const CallCost& cost) {
    if (cost.kind == nullptr || cost.cost.output != row.cost.one.output) return false;
    const auto field = [](const OpKind& kind, const OpArgs& args, std::string_view name) {
      const auto index = find_field(kind, name);
      return index ? args.values.at(*index) : 0;
    };
    const std::int64_t rows = field(*find_op("embedding"), row.cost.args, "vocab");
    return field(*cost.kind, cost.args, cost.kind->name == "embedding" ? "vocab" : "table_rows") == rows;
  }

  /// A call inside a range that has an op's path for a name, "encoder/h/q" or "h/q", is no other op.
  void name_calls() {
    std::map<std::string, std::size_t, std::less<>> row_of_name;
    for (std::size_t i = 0; i < analysis_.rows.size(); ++i) {
      const OpSpec& spec = analysis_.spec(analysis_.rows[i]);
      row_of_name.emplace(analysis_.model.full_path(spec), i);
      row_of_name.emplace(spec.path, i);
    }
    std::vector<std::size_t> named(study_.trace.ranges.size(),
                                   kUnnamed);  // what is in a range: one pass, outer ones first
    const auto around = [&](std::uint32_t range) {
      const std::uint32_t parent = study_.links.parent[range];
      return parent == kNobody ? kUnnamed : named[parent];
    };
    for (const std::uint32_t range : study_.links.order) {
      const auto found = row_of_name.find(study_.trace.texts.at(study_.trace.ranges[range].name));
      named[range] = found == row_of_name.end() ? around(range) : found->second;
    }
    for (Ran& ran : calls_) ran.named = around(ran.owner);
  }

  /// Products and attention come first: they tell each other apart. The rest is paired between them.
  [[nodiscard]] Step align(std::size_t from, std::size_t to) const {
    Step step;
    for (std::size_t i = from; i < to; ++i) step.calls.push_back(&calls_[i]);
    step.wanted.assign(step.calls.size(), kNobody);
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (wanted_[i].matrix_flop > Count(0)) wanted.push_back(i);
    }
    std::vector<std::size_t> calls;
    for (std::size_t i = 0; i < step.calls.size(); ++i) {
      const TraceOp& op = study_.sums.ops[step.calls[i]->op];
      if (op.cost && op.cost->cost.matrix_flop > Count(0)) calls.push_back(i);
    }
    const auto anchors = longest_matching(wanted.size(), calls.size(), [&](std::size_t i, std::size_t j) {
      return same(wanted_[wanted[i]], *step.calls[calls[j]]);
    });
    std::size_t wanted_from = 0;
    std::size_t calls_from = 0;
    for (const auto& [i, j] : anchors) {
      align_between(wanted_from, wanted[i], calls_from, calls[j], step);
      pair(wanted[i], calls[j], step);
      wanted_from = wanted[i] + 1;
      calls_from = calls[j] + 1;
    }
    align_between(wanted_from, wanted_.size(), calls_from, step.calls.size(), step);
    return step;
  }

  static void pair(std::size_t wanted, std::size_t call, Step& step) {
    step.wanted[call] = static_cast<std::uint32_t>(wanted);
    ++step.matched;
  }

  /// In order first; then what frameworks do in another order, such as the lookups of an embedding.
  void align_between(std::size_t wanted_from, std::size_t wanted_to, std::size_t from, std::size_t to,
                     Step& step) const {
    constexpr std::size_t kMostOutOfOrder = 64;
    std::vector<bool> done(wanted_to - wanted_from);
    for (const auto& [i, j] : longest_matching(wanted_to - wanted_from, to - from, [&](std::size_t x, std::size_t y) {
           return same(wanted_[wanted_from + x], *step.calls[from + y]);
         })) {
      pair(wanted_from + i, from + j, step);
      done[i] = true;
    }
    if (done.size() > kMostOutOfOrder || to - from > kMostOutOfOrder) return;
    for (std::size_t i = 0; i < done.size(); ++i) {
      for (std::size_t j = from; j < to && !done[i]; ++j) {
        if (step.wanted[j] != kNobody || !same(wanted_[wanted_from + i], *step.calls[j])) continue;
        pair(wanted_from + i, j, step);
        done[i] = true;
      }
    }
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
    left_out_ = std::erase_if(steps_, [&](const Step& step) { return step.matched < most; });
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

  /// From the first start to the last end of what a step's calls ran.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> span_of(const Step& step) const {
    std::pair<std::int64_t, std::int64_t> span{INT64_MAX, INT64_MIN};
    for (const Ran* ran : step.calls) {
      for (const std::uint32_t event : ran->events) {
        span.first = std::min(span.first, study_.trace.events[event].start_ns);
        span.second = std::max(span.second, study_.trace.events[event].end_ns);
      }
    }
    return span;
  }

  /// Events that no op was open around, of the steps that are kept.
  void add_alone(Measurement& made) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> spans;
    for (const Step& step : steps_) spans.push_back(span_of(step));
    std::sort(spans.begin(), spans.end());
    std::map<TextId, Unattributed> alone;
    for (std::uint32_t i = 0; i < study_.trace.events.size(); ++i) {
      const DeviceEvent& event = study_.trace.events[i];
      if (study_.sums.owner_of_event[i] != kNobody) continue;
      const auto after = std::upper_bound(spans.begin(), spans.end(), std::pair(event.start_ns, INT64_MAX));
      if (after == spans.begin() || std::prev(after)->second < event.start_ns) continue;
      Unattributed& kernel = alone[event.name];
      ++kernel.launches;
      kernel.time_s += static_cast<double>(event.end_ns - event.start_ns) / kNsPerSecond;
    }
    const auto steps = static_cast<std::int64_t>(steps_.size());
    for (auto& [name, kernel] : alone)
      made.unattributed.push_back({std::string(study_.trace.texts.at(name)),
                                   std::max<std::int64_t>(1, kernel.launches / steps),
                                   kernel.time_s / static_cast<double>(steps)});
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
  std::size_t left_out_ = 0;  ///< steps
};

}  // namespace

Measurement join_trace(const TraceStudy& study, const Analysis& analysis) {
  return Join(study, analysis).measurement();
}

}  // namespace gable
