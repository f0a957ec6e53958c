#include "analyzer/study/timeline.h"

#include <algorithm>

#include "analyzer/study/gradient_pool.h"

namespace gable {
namespace {

class Walk {
 public:
  Walk(const Model& model, const Plan& plan, const CostedModel& costed, const Tape& tape, std::span<const Kept> kept,
       std::span<const Transient> transients, const HeldBytes& always)
      : model_(model),
        plan_(plan),
        costed_(costed),
        tape_(tape),
        kept_(kept),
        transients_(transients),
        now_(always),
        gradients_stay_(always[Held::kGradients] > Count(0)),
        stays_(tape.tensors.size()),
        passing_(tape.tensors.size()),
        gradients_(tape),
        tied_(model.ops.size()) {}

  Timeline run() {
    index_kept();
    const auto steps = static_cast<std::uint32_t>(tape_.steps.size());
    for (std::uint32_t at = 0; at < steps; ++at) forward(at);
    if (has_backward(plan_.options.phase)) {
      begin_backward();
      for (std::uint32_t at = steps; at-- > 0;) backward(at);
    }
    for (std::size_t i = 1; i < out_.events.size(); ++i) {
      if (out_.events[i].held.total() > out_.events[out_.peak].held.total()) out_.peak = i;
    }
    for (std::size_t op = 0; op < model_.ops.size(); ++op) update(op);
    return std::move(out_);
  }

 private:
  void index_kept() {
    first_kept_.assign(tape_.steps.size() + 1, 0);
    for (const Kept& kept : kept_) ++first_kept_[kept.step + 1];
    for (std::size_t i = 1; i < first_kept_.size(); ++i) first_kept_[i] += first_kept_[i - 1];
    for (const Kept& kept : kept_) {
      if (kept.tensor && !kept.again) stays_[*kept.tensor] += kept.bytes;
    }
  }

  [[nodiscard]] std::span<const Kept> kept_at(std::uint32_t at) const {
    return kept_.subspan(first_kept_[at], first_kept_[at + 1] - first_kept_[at]);
  }

  void event(std::size_t op, std::uint32_t turn, Pass pass, Count workspace) {
    now_[Held::kWorkspace] = workspace;
    now_[Held::kGradientsOfActivations] = gradients_.bytes();
    out_.events.push_back({op, turn, pass, now_});
    now_[Held::kWorkspace] = 0;
  }

  void event(const TapeStep& step, Pass pass, Count workspace) { event(step.op, step.turn, pass, workspace); }

  void hold(Held held, Count bytes) { now_[held] += bytes; }
  void free(Held held, Count bytes) { now_[held] = now_[held] - bytes; }

  void forward(std::uint32_t at) {
    const TapeStep& step = tape_.steps[at];
    for (const std::uint32_t output : step.outputs) {
      const TapeTensor& tensor = tape_.tensors[output];
      if (tensor.inside) continue;
      if (tensor.result) {
        hold(Held::kOutput, tensor.bytes);
      } else {
        hold(Held::kActivations, passing_[output] = tensor.bytes - stays_[output]);
        hold(kept_as(output), stays_[output]);
      }
    }
    Count dropped;  // kept tensors of the step's own that are computed again
    for (const Kept& kept : kept_at(at)) {
      if (kept.tensor) continue;
      if (kept.again) dropped += kept.bytes;
      if (!kept.again) hold(held_as(model_, tape_, kept), kept.bytes);
    }
    event(step, Pass::kForward, transients_[step.op].forward + dropped);
    free_passed(step, at);
  }

  /// Loss tensors count as the loss's.
  [[nodiscard]] Held kept_as(std::uint32_t tensor) const {
    return model_.parts[model_.ops[tape_.tensors[tensor].op].part].loss ? Held::kLoss : Held::kSaved;
  }

  /// What no later step consumes.
  void free_passed(const TapeStep& step, std::uint32_t at) {
    const auto free_tensor = [&](std::uint32_t tensor) {
      if (tape_.tensors[tensor].last > at) return;
      free(Held::kActivations, passing_[tensor]);
      passing_[tensor] = 0;
    };
    for (const std::uint32_t output : step.outputs) free_tensor(output);
    for (const TapeInput& input : step.inputs) {
      if (input.tensor) free_tensor(*input.tensor);
    }
  }

  /// Without a loss the gradient of the result comes from outside.
  void begin_backward() {
    for (std::uint32_t i = 0; i < tape_.tensors.size(); ++i) {
      const TapeTensor& tensor = tape_.tensors[i];
      if (tensor.result && tensor.last == tensor.step) gradients_.add(i);
    }
  }

  void backward(std::uint32_t at) {
    const TapeStep& step = tape_.steps[at];
    if (step.unit && tape_.units[*step.unit].back() == at) recompute(tape_.units[*step.unit]);
    Count workspace = transients_[step.op].backward;
    for (const std::uint32_t output : step.outputs) workspace += gradients_.join(output);
    workspace += input_gradients(step);
    workspace += parameter_gradients(step.op);
    event(step, Pass::kDgrad, workspace);
    for (const std::uint32_t output : step.outputs) gradients_.drop(output);
    for (const Kept& kept : kept_at(at)) {
      if (!kept.tensor || !tape_.tensors[*kept.tensor].result) free(held_as(model_, tape_, kept), kept.bytes);
    }
  }

  void recompute(const std::vector<std::uint32_t>& unit) {
    for (const std::uint32_t at : unit) {
      const TapeStep& step = tape_.steps[at];
      for (const std::uint32_t output : step.outputs) {
        const TapeTensor& tensor = tape_.tensors[output];
        if (!tensor.inside) hold(Held::kActivations, passing_[output] = tensor.bytes);
      }
      for (const Kept& kept : kept_at(at)) {
        if (!kept.again) continue;
        hold(held_as(model_, tape_, kept), kept.bytes);
        if (!kept.tensor) continue;
        free(Held::kActivations, kept.bytes);
        passing_[*kept.tensor] = passing_[*kept.tensor] - kept.bytes;
      }
      event(step, Pass::kRecompute, transients_[step.op].forward);
      free_passed(step, at == unit.back() ? static_cast<std::uint32_t>(tape_.steps.size()) : at);
    }
    for (const std::uint32_t at : unit) {
      for (const std::uint32_t output : tape_.steps[at].outputs) {
        free(Held::kActivations, passing_[output]);
        passing_[output] = 0;
      }
    }
  }

  /// An op whose backward kernels write less than a gradient of an input hands on the one it got.
  Count input_gradients(const TapeStep& step) {
    Count workspace;
    std::vector<std::uint32_t> done;
    for (const TapeInput& input : step.inputs) {
      if (!input.tensor || tape_.tensors[*input.tensor].inside) continue;
      if (input.piece) {
        gradients_.add_piece(*input.tensor);
        continue;
      }
      if (std::find(done.begin(), done.end(), *input.tensor) != done.end()) continue;
      done.push_back(*input.tensor);
      const bool own = transients_[step.op].gradients >= tape_.tensors[*input.tensor].bytes;
      workspace += own ? gradients_.add(*input.tensor) : gradients_.share(*input.tensor, step.outputs.back());
    }
    return workspace;
  }

  /// @return bytes to add up the gradients of a matrix that two ops use
  Count parameter_gradients(std::size_t op) {
    if (gradients_stay_) return 0;
    const OpSpec& spec = model_.ops[op];
    Count own = parameter_bytes(model_, plan_, costed_, op);
    const Count early = tied_[op];
    hold(Held::kGradients, own - early);
    if (spec.tied_to && costed_.ops[*spec.tied_to].selected && costed_.ops[*spec.tied_to].executions == 1) {
      const Count owner = parameter_bytes(model_, plan_, costed_, *spec.tied_to);
      hold(Held::kGradients, owner - tied_[*spec.tied_to]);
      tied_[*spec.tied_to] = owner;
    }
    return early;
  }

  void update(std::size_t op) {
    const OptimizerSpec* spec = plan_.ops[op].update;
    if (spec == nullptr) return;
    const Parameters parameters = parameters_of(costed_);
    const std::vector<std::int64_t> values = {parameters.elements.value(), parameters.tensors.value()};
    const Count workspace = tensor_bytes(spec->workspace.evaluate(values), costed_.base.weights);
    event(op, 0, Pass::kOptimizer, workspace);
    const std::size_t last = out_.events.size() - 1;
    if (!out_.update || out_.events[last].held.total() > out_.events[*out_.update].held.total()) out_.update = last;
  }

  const Model& model_;
  const Plan& plan_;
  const CostedModel& costed_;
  const Tape& tape_;
  std::span<const Kept> kept_;
  std::span<const Transient> transients_;
  HeldBytes now_;
  bool gradients_stay_;
  std::vector<std::size_t> first_kept_;
  std::vector<Count> stays_;    ///< by tensor: bytes that the backward pass needs
  std::vector<Count> passing_;  ///< by tensor: the rest, while it lives
  GradientPool gradients_;
  std::vector<Count> tied_;  ///< by op: bytes of its gradient that a tied op has allocated
  Timeline out_;
};

}  // namespace

std::size_t Timeline::most() const {
  return update && events[*update].held.total() > events[peak].held.total() ? *update : peak;
}

Held held_as(const Model& model, const Tape& tape, const Kept& kept) {
  if (kept.role == SavedSpec::Role::kSide) return Held::kStatistics;
  if (kept.role == SavedSpec::Role::kWeights) return Held::kWeightCopies;
  if (kept.tensor && tape.tensors[*kept.tensor].result) return Held::kOutput;
  const std::size_t made_by = kept.tensor ? tape.tensors[*kept.tensor].op : kept.op;
  return model.parts[model.ops[made_by].part].loss ? Held::kLoss : Held::kSaved;
}

std::vector<std::size_t> outline(const Timeline& timeline, std::size_t first, std::size_t last, std::size_t most) {
  std::vector<std::size_t> kept;
  const std::size_t count = last - first;
  const std::size_t stretches = std::min(count, most);
  for (std::size_t i = 0; i < stretches; ++i) {
    const std::size_t end = first + count * (i + 1) / stretches;
    std::size_t fullest = first + count * i / stretches;
    for (std::size_t at = fullest; at < end; ++at) {
      if (timeline.events[at].held.total() > timeline.events[fullest].held.total()) fullest = at;
    }
    kept.push_back(fullest);
  }
  return kept;
}

Timeline follow(const Model& model, const Plan& plan, const CostedModel& costed, const Tape& tape,
                std::span<const Kept> kept, std::span<const Transient> transients, const HeldBytes& always) {
  return Walk(model, plan, costed, tape, kept, transients, always).run();
}

}  // namespace gable
