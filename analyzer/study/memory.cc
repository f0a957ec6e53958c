#include "analyzer/study/memory.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "analyzer/study/kv_cache.h"

namespace gable {
namespace {

bool reads_cache(Phase phase) { return phase == Phase::kDecode || phase == Phase::kPrefill; }

Count all_parameter_bytes(const Prepared& prepared, const CostedModel& costed) {
  Count bytes;
  for (std::size_t op = 0; op < costed.ops.size(); ++op) {
    if (!costed.ops[op].selected || prepared.plan.ops[op].merged_into) continue;
    const Count passes = costed.ops[op].executions / costed.ops[op].count;
    bytes += parameter_bytes(prepared.model, prepared.plan, costed, op) * passes;
  }
  return bytes;
}

/// States a parameter has.
Count states_of(const Plan& plan) {
  Count states;
  for (const OpPlan& op : plan.ops) {
    if (op.update != nullptr) states += op.update->states;
  }
  return states;
}

/// Bytes that ops read which consume the model's input.
Count input_bytes(const Model& model, const CostedModel& costed) {
  Count bytes;
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    const OpSpec& op = model.ops[i];
    const bool consumes = op.kind->takes_input && !op.inputs.empty() && op.inputs.front() == TensorRef{};
    if (consumes && costed.ops[i].selected) bytes += costed.ops[i].one.read - costed.ops[i].one.param_bytes;
  }
  return bytes;
}

HeldBytes standing(const Prepared& prepared, const CostedModel& costed) {
  const StepOptions& step = prepared.plan.options;
  HeldBytes always;
  always[Held::kParameters] = all_parameter_bytes(prepared, costed);
  always[Held::kStates] = always[Held::kParameters] * states_of(prepared.plan);
  const bool gradients_stay = step.keep_gradients || step.micro_batches > 1;
  if (has_backward(step.phase) && gradients_stay) always[Held::kGradients] = always[Held::kParameters];
  if (!has_backward(step.phase)) always[Held::kInput] = input_bytes(prepared.model, costed);
  if (reads_cache(step.phase)) always[Held::kCache] = kv_cache_bytes(prepared.model, costed);
  return always;
}

/// Without a backward pass nothing is kept but autocast's copies of the weights.
std::vector<Kept> kept_in_phase(const Prepared& prepared, const CostedModel& costed, const Tape& tape) {
  if (!has_backward(prepared.plan.options.phase) && !prepared.plan.options.amp) return {};
  std::vector<Kept> kept = kept_tensors(prepared.model, prepared.plan, costed, tape);
  if (!has_backward(prepared.plan.options.phase))
    std::erase_if(kept, [](const Kept& k) { return k.role != SavedSpec::Role::kWeights; });
  return kept;
}

std::vector<SavedRow> saved_rows(const Model& model, const Tape& tape, const std::vector<Kept>& kept) {
  std::vector<SavedRow> rows;
  std::map<std::tuple<std::size_t, std::string_view, Held, bool>, std::size_t> known;
  for (const Kept& one : kept) {
    const Held held = held_as(model, tape, one);
    const auto [at, fresh] = known.try_emplace({one.op, one.name, held, one.again}, rows.size());
    if (fresh) rows.push_back({one.op, one.name, one.role, held, one.again, 0, 0, 0});
    SavedRow& row = rows[at->second];
    row.steps += 1;
    row.elements += one.elements;
    row.bytes += one.bytes;
  }
  std::stable_sort(rows.begin(), rows.end(), [](const SavedRow& a, const SavedRow& b) { return a.op < b.op; });
  return rows;
}

/// Logits that no op keeps are alive nevertheless.
void add_results(const Tape& tape, Memory& memory) {
  for (const TapeTensor& tensor : tape.tensors) {
    if (!tensor.result) continue;
    memory.sums[Held::kOutput] += tensor.bytes;
    memory.saved_elements += tensor.elements;
    memory.saved_bytes += tensor.bytes;
  }
}

void add_sums(const Tape& tape, const std::vector<Kept>& kept, Memory& memory) {
  memory.saved = saved_rows(memory.model, tape, kept);
  for (const SavedRow& row : memory.saved) {
    if (row.again || row.held == Held::kOutput) continue;
    memory.sums[row.held] += row.bytes;
    if (row.held != Held::kSaved) continue;
    memory.saved_elements += row.elements;
    memory.saved_bytes += row.bytes;
  }
  add_results(tape, memory);
}

struct Followed {
  Tape tape;
  std::vector<Kept> kept;
  HeldBytes always;
  Timeline timeline;
};

Followed follow_step(const Prepared& prepared, const CostedModel& costed) {
  Followed found;
  std::vector<Kernel> kernels;
  lower(prepared.model, prepared.plan, costed, kernels);
  found.tape = record_tape(prepared.model, prepared.plan, costed);
  found.kept = kept_in_phase(prepared, costed, found.tape);
  found.always = standing(prepared, costed);
  const std::vector<Transient> passing = transients(prepared.model, prepared.plan, costed, kernels);
  found.timeline = follow(prepared.model, prepared.plan, costed, found.tape, found.kept, passing, found.always);
  return found;
}

}  // namespace

Count Memory::added_up() const {
  return sums[Held::kParameters] + sums[Held::kGradients] + sums[Held::kStates] + saved_bytes;
}

Memory study_memory(const Prepared& prepared) {
  Memory memory;
  memory.model = prepared.model;
  memory.options = prepared.options;
  cost_model(prepared.model, prepared.options.cost, memory.costed);
  memory.parameters = parameters_of(memory.costed);
  Followed found = follow_step(prepared, memory.costed);
  memory.sums = found.always;
  const bool trains = has_backward(prepared.plan.options.phase);
  if (trains) memory.sums[Held::kGradients] = memory.sums[Held::kParameters];
  add_sums(found.tape, found.kept, memory);
  memory.timeline = std::move(found.timeline);
  if (trains) memory.document = document_count(memory.model, memory.costed, memory.sums[Held::kParameters]);
  return memory;
}

HeldBytes most_memory(const Prepared& prepared) {
  CostedModel costed;
  cost_model(prepared.model, prepared.options.cost, costed);
  const Timeline timeline = follow_step(prepared, costed).timeline;
  return timeline.events.at(timeline.most()).held;
}

}  // namespace gable
