#include "analyzer/study/tape.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/error.h"
#include "analyzer/base/units.h"
#include "analyzer/lowering/chain.h"

namespace gable {
namespace {

constexpr std::int64_t kMaxSteps = 200'000;

/// The value of an op or of what enters a block, at one moment of the run.
struct Value {
  std::optional<std::uint32_t> tensor;
  bool piece = false;
};

bool contains(const std::vector<std::size_t>& list, std::size_t item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

class Recorder {
 public:
  Recorder(const Model& model, const Plan& plan, const CostedModel& costed)
      : model_(model),
        plan_(plan),
        costed_(costed),
        current_(model.ops.size()),
        entering_(model.groups.size()),
        turns_(model.groups.size()),
        step_of_(model.ops.size()),
        pending_(model.ops.size()) {}

  Tape record() {
    check_size();
    range(0, model_.ops.size(), -1);
    mark_results();
    return std::move(tape_);
  }

 private:
  /// What a merged op leaves for the op that runs it later.
  struct Pending {
    std::vector<TapeInput> inputs;
    std::vector<std::uint32_t> outputs;
  };

  void check_size() const {
    Count steps;
    for (const OpCost& op : costed_.ops) {
      if (op.selected) steps += op.executions / op.count;
    }
    if (steps > Count(kMaxSteps))
      throw InputError(fmt::format("memory: model '{}' runs {} ops one after the other; at most {} can be followed",
                                   model_.name, format_grouped(steps.value()), format_grouped(kMaxSteps)));
  }

  [[nodiscard]] bool runs(std::size_t op) const { return costed_.ops[op].selected && plan_.ops[op].update == nullptr; }

  /// The block directly inside `around` that holds `group`.
  [[nodiscard]] int child_of(int around, int group) const {
    while (group >= 0 && model_.groups[static_cast<std::size_t>(group)].parent != around)
      group = model_.groups[static_cast<std::size_t>(group)].parent;
    return group;
  }

  void range(std::size_t first, std::size_t last, int group) {
    std::optional<std::uint32_t> unit;
    std::size_t before = last;  // index of the op before, where that is computed again
    while (first < last) {
      if (model_.ops[first].group != group) {
        const int child = child_of(group, model_.ops[first].group);
        std::size_t end = first;
        while (end < last && child_of(group, model_.ops[end].group) == child) ++end;
        block(static_cast<std::size_t>(child), first, end);
        first = end;
        continue;
      }
      const bool again = runs_again(first);
      const bool goes_on = unit && (plan_.options.recompute == Recompute::kBlock || before + 1 == first);
      if (again && !goes_on) unit = new_unit();
      if (again) before = first;
      if (runs(first)) op(first, again ? unit : std::nullopt);
      ++first;
    }
  }

  /// Attention that runs as one kernel computes its scores again by itself.
  [[nodiscard]] bool runs_again(std::size_t op) const {
    const bool by_itself = plan_.options.recompute == Recompute::kAttention && is_chain(plan_.ops[op]);
    return plan_.ops[op].recomputed && runs(op) && !by_itself;
  }

  std::uint32_t new_unit() {
    tape_.units.emplace_back();
    return static_cast<std::uint32_t>(tape_.units.size() - 1);
  }

  void block(std::size_t group, std::size_t first, std::size_t last) {
    if (!runs(first)) return;
    const Group& spec = model_.groups[group];
    const std::int64_t around = spec.parent < 0 ? 1 : costed_.repeats[static_cast<std::size_t>(spec.parent)];
    entering_[group] = value_of(spec.input);
    for (std::int64_t turn = 0; turn < costed_.repeats[group] / around; ++turn) {
      range(first, last, static_cast<int>(group));
      entering_[group] = current_[spec.output];
      ++turns_[group];
    }
  }

  [[nodiscard]] Value value_of(const TensorRef& ref) const {
    if (ref.from == TensorRef::From::kOp) return current_[ref.index];
    if (ref.from == TensorRef::From::kGroup) return entering_[ref.index];
    return {};
  }

  void op(std::size_t op, std::optional<std::uint32_t> unit) {
    const OpSpec& spec = model_.ops[op];
    const OpPlan& how = plan_.ops[op];
    if (passes_through(costed_.ops[op]) && how.members.empty()) {
      current_[op] = spec.inputs.empty() ? Value{} : value_of(spec.inputs.front());
      current_[op].piece = current_[op].piece || spec.kind->pieces;
      return;
    }
    Pending own = std::move(pending_[op]);
    pending_[op] = {};
    for (std::size_t operand = 0; operand < spec.inputs.size(); ++operand) {
      const Value value = value_of(spec.inputs[operand]);
      own.inputs.push_back({op, operand, value.tensor, value.piece});
    }
    own.outputs.push_back(new_tensor(op));
    current_[op] = {own.outputs.back(), spec.kind->pieces};
    if (how.merged_into && *how.merged_into > op) {
      append(own, pending_[*how.merged_into].inputs, pending_[*how.merged_into].outputs);
    } else {
      run(how.merged_into.value_or(op), own, unit, !how.merged_into);
    }
  }

  static void append(const Pending& from, std::vector<TapeInput>& inputs, std::vector<std::uint32_t>& outputs) {
    inputs.insert(inputs.end(), from.inputs.begin(), from.inputs.end());
    outputs.insert(outputs.end(), from.outputs.begin(), from.outputs.end());
  }

  /// A step of its own, or a share of the step that its leader has begun.
  void run(std::size_t leader, const Pending& own, std::optional<std::uint32_t> unit, bool begins) {
    if (begins) {
      step_of_[leader] = static_cast<std::uint32_t>(tape_.steps.size());
      const int group = model_.ops[leader].group;
      tape_.steps.push_back({leader, group < 0 ? 0 : turns_[static_cast<std::size_t>(group)], unit, {}, {}});
      if (unit) tape_.units[*unit].push_back(step_of_[leader]);
    }
    const std::uint32_t at = step_of_[leader];
    append(own, tape_.steps[at].inputs, tape_.steps[at].outputs);
    for (const std::uint32_t output : own.outputs) tape_.tensors[output].step = tape_.tensors[output].last = at;
    for (const TapeInput& input : own.inputs) {
      if (!input.tensor) continue;
      TapeTensor& tensor = tape_.tensors[*input.tensor];
      tensor.last = std::max(tensor.last, at);
    }
  }

  std::uint32_t new_tensor(std::size_t op) {
    const OpCost& cost = costed_.ops[op];
    TapeTensor tensor;
    tensor.op = op;
    tensor.dtype = cost.dtypes.act;
    tensor.elements = cost.one.output * Count(cost.count);
    tensor.bytes = tensor_bytes(cost.one.output, tensor.dtype) * Count(cost.count);
    const std::size_t leader = plan_.ops[op].merged_into.value_or(op);
    const std::vector<Consumer>& consumers = plan_.op_consumers[op];
    tensor.inside = is_chain(plan_.ops[leader]) && !consumers.empty() &&
                    std::all_of(consumers.begin(), consumers.end(),
                                [&](const Consumer& c) { return contains(plan_.ops[leader].members, c.op); });
    tape_.tensors.push_back(tensor);
    return static_cast<std::uint32_t>(tape_.tensors.size() - 1);
  }

  void mark_results() {
    const auto in_loss = [&](std::size_t op) { return model_.parts[model_.ops[op].part].loss; };
    for (TapeTensor& tensor : tape_.tensors)
      tensor.result = tensor.last == tensor.step && !tensor.inside && !in_loss(tensor.op);
    for (const TapeStep& step : tape_.steps) {
      if (!in_loss(step.op)) continue;
      for (const TapeInput& input : step.inputs) {
        if (input.tensor && !in_loss(tape_.tensors[*input.tensor].op)) tape_.tensors[*input.tensor].result = true;
      }
    }
  }

  const Model& model_;
  const Plan& plan_;
  const CostedModel& costed_;
  Tape tape_;
  std::vector<Value> current_;
  std::vector<Value> entering_;
  std::vector<std::uint32_t> turns_;
  std::vector<std::uint32_t> step_of_;
  std::vector<Pending> pending_;
};

}  // namespace

bool passes_through(const OpCost& cost) { return cost.one.launches == Count(0) && cost.one.touched() == Count(0); }

Tape record_tape(const Model& model, const Plan& plan, const CostedModel& costed) {
  return Recorder(model, plan, costed).record();
}

}  // namespace gable
