#include "analyzer/lowering/fusion.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"

namespace gable {
namespace {

bool is_run(std::string_view name) { return name.find("..") != std::string_view::npos; }

bool fits(const ChainLink& link, const OpSpec& op) {
  return std::find(link.kinds.begin(), link.kinds.end(), op.kind) != link.kinds.end();
}

/// Both run equally often, once their instances are batched.
bool same_count(const Model& model, const Plan& plan, std::size_t a, std::size_t b) {
  const auto count = [&](std::size_t op) {
    return plan.ops[op].batched ? std::string_view("1") : std::string_view(model.ops[op].count.text());
  };
  return count(a) == count(b);
}

/// The consumer of an op's output that runs right with it; nothing if it is elsewhere, or there are more and `shared`
/// does not allow them. The first one: what it reads cannot come from another consumer.
std::optional<std::size_t> next_in_chain(const Model& model, const Plan& plan, std::size_t op, bool shared) {
  const std::vector<Consumer>& consumers = plan.op_consumers[op];
  if (consumers.empty() || (consumers.size() > 1 && !shared) || model.ops[op].kind->pieces) return std::nullopt;
  const std::size_t next = consumers.front().op;
  if (model.ops[next].group != model.ops[op].group || !same_count(model, plan, op, next)) return std::nullopt;
  return next;
}

bool free_to_merge(const Plan& plan, std::size_t op) {
  return !plan.ops[op].merged_into && plan.ops[op].members.empty();
}

void merge(Plan& plan, const std::vector<std::size_t>& members, std::size_t leader, const FusionSpec& fusion) {
  for (const std::size_t member : members) {
    if (member != leader) plan.ops[member].merged_into = leader;
  }
  plan.ops[leader].members = members;
  plan.ops[leader].fusion = &fusion;
}

std::string field_text(const OpSpec& op, std::string_view field) {
  const auto index = find_field(*op.kind, field);
  return index ? op.fields.at(*index).expr.text() : "";
}

/// Products of one input: the same rows and width go in, with or without a bias alike, and weights of one dtype.
bool same_product(const OpSpec& a, const OpSpec& b) {
  return a.group == b.group && a.kind == b.kind && a.dtype == b.dtype &&
         field_text(a, "tokens") == field_text(b, "tokens") && field_text(a, "in") == field_text(b, "in") &&
         field_text(a, "bias") == field_text(b, "bias");
}

bool merge_siblings(const Model& model, const FusionSpec& fusion, const std::vector<Consumer>& consumers, Plan& plan) {
  std::vector<std::size_t> members;
  for (const Consumer& consumer : consumers) {
    if (members.size() == fusion.siblings.size()) break;
    const OpSpec& op = model.ops[consumer.op];
    const bool fitting = op.kind == fusion.siblings[members.size()] && free_to_merge(plan, consumer.op) &&
                         (members.empty() || same_product(model.ops[members.front()], op));
    if (fitting) members.push_back(consumer.op);
  }
  if (members.size() != fusion.siblings.size()) return false;
  merge(plan, members, members.front(), fusion);
  return true;
}

bool apply_siblings(const Model& model, const FusionSpec& fusion, Plan& plan) {
  bool any = false;
  for (const auto& consumers : plan.op_consumers) any = merge_siblings(model, fusion, consumers, plan) || any;
  for (const auto& consumers : plan.group_consumers) any = merge_siblings(model, fusion, consumers, plan) || any;
  return any;
}

bool apply_chain(const Model& model, const FusionSpec& fusion, Plan& plan) {
  bool any = false;
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    const std::vector<std::size_t> members = match_chain(model, plan, fusion, i);
    const bool open =
        std::all_of(members.begin(), members.end(), [&](std::size_t m) { return free_to_merge(plan, m); });
    if (members.size() < 2 || !open) continue;
    merge(plan, members, members.back(), fusion);
    any = true;
  }
  return any;
}

/// Whether the recipe writes an op of these kinds as other kernels than the framework's own.
bool changes_forms(const Model& model, const FusionSpec& fusion, const Recipe& recipe) {
  return std::any_of(model.ops.begin(), model.ops.end(), [&](const OpSpec& op) {
    const auto& kinds = fusion.one_kernel;
    return std::find(kinds.begin(), kinds.end(), op.kind) != kinds.end() &&
           recipe.find(*op.kind, op.form) != recipe.find(*op.kind, "");
  });
}

/// Whether the plan's optimizer is the one that the fusion names, and would be another without it.
bool changes_optimizer(const Plan& plan, const FusionSpec& fusion) {
  const OptimizerSpec* without = plan.options.recipe->find_optimizer(plan.options.optimizer);
  const bool another = without == nullptr || without->name != fusion.optimizer;
  return another && std::any_of(plan.ops.begin(), plan.ops.end(), [&](const OpPlan& op) {
           return op.update != nullptr && op.update->name == fusion.optimizer;
         });
}

bool apply_batched(const Model& model, Plan& plan) {
  bool any = false;
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    if (model.ops[i].kind->batched_by.empty() || model.ops[i].count.text() == "1") continue;
    plan.ops[i].batched = true;
    any = true;
  }
  return any;
}

/// The op of that path in the part; paths may lead with the name of the part.
std::optional<std::size_t> find_in_part(const Model& model, std::size_t part, std::string_view path) {
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    const OpSpec& op = model.ops[i];
    if (op.part == part && (op.path == path || model.full_path(op) == path)) return i;
  }
  return std::nullopt;
}

[[noreturn]] void refuse_run(const Model& model, const std::string& run, std::string_view first,
                             std::string_view last) {
  std::vector<std::string> names;
  for (const OpSpec& op : model.ops) names.push_back(model.parts.size() > 1 ? model.full_path(op) : op.path);
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const std::string_view end : {first, last}) {
    bool found = false;
    for (std::size_t part = 0; part < model.parts.size(); ++part) found = found || find_in_part(model, part, end);
    if (!found)
      throw InputError(
          fmt::format("--fuse {}: model '{}' has no op {}{}", run, model.name, in_quotes(end), suggestion(end, known)));
  }
  throw InputError(fmt::format("--fuse {}: the two ops are in different parts of the model", run));
}

void merge_run(const Model& model, const std::string& run, std::size_t first, std::size_t last, FusionSpec& fusion,
               Plan& plan) {
  if (first >= last) throw InputError(fmt::format("--fuse {}: the first op must come before the last", run));
  std::vector<std::size_t> members;
  for (std::size_t i = first; i <= last; ++i) {
    if (model.ops[i].group != model.ops[first].group)
      throw InputError(fmt::format("--fuse {}: '{}' is not in the same block", run, model.ops[i].path));
    if (!same_count(model, plan, first, i))
      throw InputError(fmt::format("--fuse {}: '{}' runs another number of times", run, model.ops[i].path));
    if (!free_to_merge(plan, i))
      throw InputError(fmt::format("--fuse {}: '{}' is part of another fusion", run, model.ops[i].path));
    members.push_back(i);
    const KernelClass kernel = model.ops[i].kind->kernel;
    if (kernel == KernelClass::kGemm || kernel == KernelClass::kConv) fusion.kernel = kernel;
  }
  merge(plan, members, last, fusion);
}

/// "h/scale..h/softmax": the ops from the one to the other, in every part that has both.
void apply_run(const Model& model, const std::string& run, FusionSpec& fusion, Plan& plan) {
  const std::size_t dots = run.find("..");
  const std::string_view first = std::string_view(run).substr(0, dots);
  const std::string_view last = std::string_view(run).substr(dots + 2);
  bool any = false;
  for (std::size_t part = 0; part < model.parts.size(); ++part) {
    const auto from = find_in_part(model, part, first);
    const auto to = find_in_part(model, part, last);
    if (!from || !to) continue;
    merge_run(model, run, *from, *to, fusion, plan);
    any = true;
  }
  if (!any) refuse_run(model, run, first, last);
}

void apply_runs(const Model& model, Plan& plan) {
  for (const std::string& name : plan.options.fuse) {
    if (!is_run(name)) continue;
    const auto fusion = std::make_shared<FusionSpec>();
    fusion->name = name;
    plan.runs.push_back(fusion);
    apply_run(model, name, *fusion, plan);
  }
}

}  // namespace

std::vector<const FusionSpec*> active_fusions(const StepOptions& options) {
  std::vector<const FusionSpec*> active;
  if (options.recipe == nullptr) return active;
  const auto& known = options.recipe->fusions;
  const auto add = [&](const std::string& name) {
    const auto found = known.find(name);
    if (found == known.end()) {
      std::vector<std::string_view> names;
      for (const auto& [word, fusion] : known) names.emplace_back(word);
      throw InputError(fmt::format("--fuse {}: no fusion {}, nor a run of ops \"a..b\"{}", name, in_quotes(name),
                                   suggestion(name, names)));
    }
    if (std::find(active.begin(), active.end(), &found->second) == active.end()) active.push_back(&found->second);
  };
  for (const std::string& name : options.recipe->fuse) add(name);
  for (const std::string& name : options.fuse) {
    if (!is_run(name)) add(name);
  }
  return active;
}

std::vector<std::size_t> match_chain(const Model& model, const Plan& plan, const FusionSpec& fusion,
                                     std::size_t start) {
  std::vector<std::size_t> members;
  std::optional<std::size_t> op = start;
  for (const ChainLink& link : fusion.chain) {
    if (op && fits(link, model.ops[*op])) {
      members.push_back(*op);
      op = next_in_chain(model, plan, *op, fusion.shared);
    } else if (!link.optional) {
      return {};
    }
  }
  return members;
}

std::string why_optimizer_stays(const FusionSpec& fusion, const StepOptions& options) {
  if (!has_optimizer(options.phase))
    return fmt::format("--phase {} has no optimizer; --phase step has", phase_name(options.phase));
  const OptimizerSpec* update = options.recipe->find_optimizer(options.optimizer);
  return update != nullptr && update->name == fusion.optimizer
             ? fmt::format("the optimizer is {} already", fusion.optimizer)
             : fmt::format("it makes {} one kernel, and the optimizer is {}", fusion.name, options.optimizer);
}

void apply_fusions(const Model& model, const std::vector<const FusionSpec*>& fusions, Plan& plan) {
  std::vector<const FusionSpec*> unused;
  // Instances are batched first: what runs as one kernel then merges with its neighbours. Then products of one input,
  // then chains, each fusion in the order of the recipe.
  const auto apply_if = [&](auto wanted, auto apply) {
    for (const FusionSpec* fusion : fusions) {
      if (wanted(*fusion) && !apply(*fusion)) unused.push_back(fusion);
    }
  };
  apply_if([](const FusionSpec& f) { return !f.one_kernel.empty(); },
           [&](const FusionSpec& f) { return changes_forms(model, f, *plan.options.recipe); });
  apply_if([](const FusionSpec& f) { return !f.optimizer.empty(); },
           [&](const FusionSpec& f) { return changes_optimizer(plan, f); });
  apply_if([](const FusionSpec& f) { return f.batched; },
           [&](const FusionSpec&) { return apply_batched(model, plan); });
  apply_if([](const FusionSpec& f) { return !f.siblings.empty(); },
           [&](const FusionSpec& f) { return apply_siblings(model, f, plan); });
  apply_runs(model, plan);
  apply_if([](const FusionSpec& f) { return !f.chain.empty(); },
           [&](const FusionSpec& f) { return apply_chain(model, f, plan); });
  for (const FusionSpec* fusion : unused) plan.unused_fusions.push_back(fusion->name);
}

}  // namespace gable
