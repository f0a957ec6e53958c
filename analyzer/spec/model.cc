#include "analyzer/spec/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"

namespace gable {
namespace {

std::string owner_of(const Slot& slot) { return slot.scope.empty() ? "" : fmt::format(" of block '{}'", slot.scope); }

void evaluate_slots(const Model& model, std::vector<std::int64_t>& values) {
  values.resize(model.slots.size());
  for (std::size_t i = kFirstDim; i < model.slots.size(); ++i) {
    const Slot& slot = model.slots[i];
    const std::int64_t value = slot.value.evaluate(values);
    if (value < slot.least) {
      throw InputError(slot.value.where(), fmt::format("dim '{}'{} is {}; it must be at least {}", slot.name,
                                                       owner_of(slot), value, slot.least));
    }
    if (slot.most && value > slot.most->evaluate(values)) {
      throw InputError(slot.value.where(),
                       fmt::format("dim '{}'{} is {}; it can be at most {} = {}", slot.name, owner_of(slot), value,
                                   slot.most->text(), slot.most->evaluate(values)));
    }
    values[i] = value;
  }
}

void evaluate_groups(const Model& model, CostedModel& out) {
  out.repeats.resize(model.groups.size());
  for (std::size_t i = 0; i < model.groups.size(); ++i) {
    const Group& group = model.groups[i];
    const std::int64_t repeat = group.repeat.evaluate(out.values);
    if (repeat < 1) {
      throw InputError(group.repeat.where(),
                       fmt::format("block '{}' repeats {} times; it must be at least 1", group.path, repeat));
    }
    const Count around = group.parent < 0 ? 1 : out.repeats[static_cast<std::size_t>(group.parent)];
    try {
      out.repeats[i] = (Count(repeat) * around).value();
    } catch (const CountOverflow& overflow) {
      throw InputError(group.repeat.where(), fmt::format("block '{}': {}", group.path, overflow.what()));
    }
  }
}

OpArgs evaluate_fields(const OpSpec& op, const std::vector<std::int64_t>& values, const Dtypes& dtypes, Mode mode) {
  OpArgs args{{}, dtypes, mode};
  const auto fields = op.kind->fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const FieldValue& field = op.fields.at(i);
    const std::int64_t value = field.same_as ? args.values.at(*field.same_as) : field.expr.evaluate(values);
    if (value < fields[i].least) {
      throw InputError(field.expr.where(), fmt::format("op '{}': {} = {} is {}; it must be at least {}", op.path,
                                                       fields[i].name, field.expr.text(), value, fields[i].least));
    }
    args.values.at(i) = value;
  }
  return args;
}

/// Weights that another op owns are read, but not counted as parameters again.
void share_weights(const Model& model, const OpSpec& op, const OpArgs& args, const CostedModel& costed, Cost& cost) {
  const OpSpec& owner = model.ops[*op.tied_to];
  const Count own = shared_weights(*op.kind, args);
  const Count theirs = shared_weights(*owner.kind, evaluate_fields(owner, costed.values, args.dtypes, args.mode));
  if (own != theirs) {
    throw InputError(op.where, fmt::format("op '{}' is tied to '{}', but has {} weights where that has {}", op.path,
                                           owner.path, format_grouped(own.value()), format_grouped(theirs.value())));
  }
  cost.params = cost.params - own;
  cost.lookup_params = cost.lookup_params > own ? cost.lookup_params - own : Count(0);
}

/// The innermost group around that runs more than once for each run of what is around it; -1 if none does.
int loop_around(const Model& model, int group, const CostedModel& costed) {
  while (group >= 0) {
    const auto at = static_cast<std::size_t>(group);
    const int parent = model.groups[at].parent;
    if (costed.repeats[at] != (parent < 0 ? 1 : costed.repeats[static_cast<std::size_t>(parent)])) break;
    group = parent;
  }
  return group;
}

/// Autocast: products in the narrow dtype, norms and losses in FP32, everything else in the widest of its inputs.
/// PyTorch documentation of torch.amp, "CUDA Op-Specific Behavior".
Dtypes amp_dtypes(const OpSpec& op, Dtypes base, const CostOptions& options, const CostedModel& costed) {
  if (!options.amp) return base;
  if (op.kind->autocast == Autocast::kNarrow) return uniform(*options.amp);
  if (op.kind->autocast == Autocast::kFull) return base;
  Dtype widest = base.act;
  bool first = true;
  for (const TensorRef& input : op.inputs) {
    if (input.from != TensorRef::From::kOp) return base;  // what enters a block has the dtype of the residual stream
    const Dtype act = costed.ops[input.index].dtypes.act;
    widest = first ? act : wider(widest, act);
    first = false;
  }
  base.act = widest;
  return base;
}

void cost_op(const Model& model, const OpSpec& op, const Dtypes& base, const CostOptions& options,
             const std::vector<bool>& selected, CostedModel& out, OpCost& result) {
  const Mode mode = options.mode;
  result.dtypes = op.dtype.applied_to(amp_dtypes(op, base, options, out));
  result.compute = compute_dtype(*op.kind, result.dtypes);
  out.values[kActBits] = row(result.dtypes.act).bits;
  out.values[kWeightBits] = row(result.dtypes.weights).bits;
  result.args = evaluate_fields(op, out.values, result.dtypes, mode);
  const OpArgs& args = result.args;
  result.one = forward_cost(*op.kind, args);
  if (op.tied_to && selected[model.ops[*op.tied_to].part]) share_weights(model, op, args, out, result.one);
  result.count = op.count.evaluate(out.values);
  if (result.count < 1) {
    throw InputError(op.count.where(),
                     fmt::format("op '{}': count is {}; it must be at least 1", op.path, result.count));
  }
  const Count around = op.group < 0 ? 1 : out.repeats[static_cast<std::size_t>(op.group)];
  result.executions = (Count(result.count) * around).value();
  result.selected = selected[op.part];
  result.loop = loop_around(model, op.group, out);
}

}  // namespace

std::vector<bool> selected_parts(const Model& model, const CostOptions& options) {
  const std::vector<std::string>& names = options.parts;
  std::vector<bool> selected(model.parts.size());
  for (std::size_t i = 0; i < model.parts.size(); ++i) {
    const Part& part = model.parts[i];
    selected[i] = (names.empty() && !part.optional) || (part.loss && options.loss) || part.update;
  }
  for (const std::string& name : names) {
    if (std::count(names.begin(), names.end(), name) > 1)
      throw InputError(fmt::format("--parts: '{}' is given twice", name));
    bool found = false;
    for (std::size_t i = 0; i < model.parts.size(); ++i) {
      if (name != "all" && name != model.parts[i].name) continue;
      selected[i] = true;
      found = true;
    }
    if (found) continue;
    std::vector<std::string_view> known = {"all"};
    for (const Part& part : model.parts) known.push_back(part.name);
    throw InputError(
        fmt::format("--parts: model '{}' has no part {}{}", model.name, in_quotes(name), suggestion(name, known)));
  }
  return selected;
}

std::optional<std::size_t> find_dim(const Model& model, std::string_view name) {
  for (std::size_t i = kFirstDim; i < kFirstDim + model.dim_count; ++i) {
    if (model.slots[i].name == name) return i;
  }
  return std::nullopt;
}

void set_dim(Model& model, std::string_view name, std::string_view value, std::string_view option) {
  std::vector<std::string_view> known;
  for (std::size_t i = kFirstDim; i < kFirstDim + model.dim_count; ++i) {
    Slot& slot = model.slots[i];
    if (slot.name == name) {
      const Where flag{std::make_shared<const std::string>(fmt::format("{} {}={}", option, name, value))};
      const auto earlier = [&](std::string_view word, const Where&) -> std::optional<std::size_t> {
        for (std::size_t j = kFirstDim; j < i; ++j) {
          if (model.slots[j].name == word) return j;
        }
        for (std::size_t j = i; j < kFirstDim + model.dim_count; ++j) {
          if (model.slots[j].name == word)
            throw InputError(flag, fmt::format("only dims before '{}' can be used, '{}' is not", name, word));
        }
        return std::nullopt;
      };
      slot.value = Expr::compile(value, flag, earlier, known);
      return;
    }
    known.push_back(slot.name);
  }
  throw InputError(fmt::format("{} {}={}: model '{}' has no dim {}{}", option, name, value, model.name, in_quotes(name),
                               suggestion(name, known)));
}

void set_decode(Model& model, bool past_given, bool tokens_given) {
  const auto find = [&](std::string_view name) -> Slot& {
    const auto first = model.slots.begin() + kFirstDim;
    const auto last = first + static_cast<std::ptrdiff_t>(model.dim_count);
    const auto found = std::find_if(first, last, [&](const Slot& slot) { return slot.name == name; });
    if (found != last) return *found;
    throw InputError(
        fmt::format("--phase decode: model '{}' has no dim '{}'; it needs T, new positions, and past, those "
                    "in the key/value cache",
                    model.name, name));
  };
  Slot& past = find("past");
  Slot& tokens = find("T");
  if (!past_given) {
    std::vector<std::int64_t> values;
    evaluate_slots(model, values);
    past.value = Expr::constant(values[static_cast<std::size_t>(&tokens - model.slots.data())] - 1);
  }
  if (!past_given || !tokens_given) tokens.value = Expr::constant(1);
}

void cost_model(const Model& model, const CostOptions& options, CostedModel& out) {
  const std::vector<bool> selected = selected_parts(model, options);
  const Dtypes base = options.dtype.applied_to(model.dtypes);
  out.base = base;
  evaluate_slots(model, out.values);
  evaluate_groups(model, out);
  out.ops.resize(model.ops.size());
  Cost total;
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    const OpSpec& op = model.ops[i];
    try {
      cost_op(model, op, base, options, selected, out, out.ops[i]);
      // The totals, and what is added up from them, must fit, too.
      total = total + out.ops[i].one * Count(out.ops[i].executions);
      static_cast<void>(total.flop());
      static_cast<void>(total.touched());
    } catch (const CountOverflow& overflow) {
      throw InputError(op.where, fmt::format("op '{}': {}", op.path, overflow.what()));
    } catch (const InputError& error) {
      if (error.where().file) throw;  // a cost function knows what is wrong, not where
      throw InputError(op.where, fmt::format("op '{}': {}", op.path, error.what()));
    }
  }
}

}  // namespace gable
