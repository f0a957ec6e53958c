#include "analyzer/cli/contradictions.h"

#include <fmt/format.h>

#include <array>

#include "analyzer/base/error.h"
#include "analyzer/roofline/integer_training.h"

namespace gable {
namespace {

bool computes(Phase phase) { return phase != Phase::kOptimizer; }

/// Options that say something about some phases only.
struct PhaseOption {
  std::string_view name;
  bool (*used)(const StepOptions&);
};
constexpr std::array<PhaseOption, 7> kPhaseOptions = {{
    {"recompute", [](const StepOptions& step) { return has_backward(step.phase); }},
    {"micro-batches", [](const StepOptions& step) { return has_backward(step.phase); }},
    {"optimizer", [](const StepOptions& step) { return has_optimizer(step.phase); }},
    {"clip-grad", [](const StepOptions& step) { return has_optimizer(step.phase); }},
    {"zero-grad", [](const StepOptions& step) { return has_backward(step.phase) || has_optimizer(step.phase); }},
    {"mode", [](const StepOptions& step) { return computes(step.phase); }},
    {"amp", [](const StepOptions& step) { return computes(step.phase) || step.amp == Dtype::kFp16; }},  // it scales
}};

struct Subject {
  const StepOptions& step;
  Mode mode;
  Dtypes dtypes;  ///< of the model without autocast
};

bool autocast_leaves(Dtype dtype) { return is_integer(dtype) || dtype == Dtype::kFp64; }

/// Values that exclude each other. A backward pass in evaluation is none of them: PyTorch runs one, without dropout.
struct Contradiction {
  bool (*holds)(const Subject&);
  std::string (*message)(const Subject&);
};
constexpr std::array<Contradiction, 3> kContradictions = {{
    {[](const Subject& s) {
       return s.mode == Mode::kTrain && (s.step.phase == Phase::kPrefill || s.step.phase == Phase::kDecode);
     },
     [](const Subject& s) {
       return fmt::format("--mode train contradicts --phase {}, which is inference; give --phase forward",
                          phase_name(s.step.phase));
     }},
    {[](const Subject& s) { return s.step.amp && s.dtypes.weights == *s.step.amp && s.dtypes.act == *s.step.amp; },
     [](const Subject& s) {
       return fmt::format("--amp {0} converts nothing: weights and activations are {0} already; add --dtype fp32",
                          row(*s.step.amp).name);
     }},
    // PyTorch, aten/src/ATen/autocast_mode.h, is_eligible(): floating-point, but not double
    {[](const Subject& s) {
       return s.step.amp && (autocast_leaves(s.dtypes.weights) || autocast_leaves(s.dtypes.act));
     },
     [](const Subject& s) {
       const bool weights = autocast_leaves(s.dtypes.weights);
       return fmt::format("--amp {}: autocast leaves {} {} as they are; add --dtype fp32", row(*s.step.amp).name,
                          row(weights ? s.dtypes.weights : s.dtypes.act).name, weights ? "weights" : "activations");
     }},
}};

}  // namespace

void refuse_contradictions(const Model& model, const Options& given, const AnalysisOptions& settings) {
  const StepOptions& step = settings.step;
  for (const PhaseOption& option : kPhaseOptions) {
    if (given.has(option.name) && !option.used(step))
      throw InputError(
          fmt::format("--{} says nothing about --phase {}; add --phase step", option.name, phase_name(step.phase)));
  }
  const Subject subject{step, settings.cost.mode, settings.cost.dtype.applied_to(model.dtypes)};
  for (const Contradiction& contradiction : kContradictions) {
    if (contradiction.holds(subject)) throw InputError(contradiction.message(subject));
  }
  refuse_integer_training(model, settings);
}

}  // namespace gable
