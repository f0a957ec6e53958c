#include "analyzer/study/change.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "analyzer/base/text.h"
#include "analyzer/spec/library.h"
#include "analyzer/study/op_names.h"

namespace gable {
namespace {

[[noreturn]] void refuse(const Change& change, const std::string& why) {
  throw InputError(fmt::format("--change {}: {}", change.text, why));
}

void apply_dim(const Change& change, Configuration& to) { set_dim(to.model, change.target, change.value, "--change"); }

void apply_recipe(const Change& change, Configuration& to) {
  try {
    to.options.step.recipe = std::make_shared<const Recipe>(load_recipe(change.value));
  } catch (const InputError& error) {
    constexpr std::string_view kOption = "--recipe: ";  // of the library's own message
    const std::string_view what = error.what();
    if (!what.starts_with(kOption)) throw;
    refuse(change, std::string(what.substr(kOption.size())));
  }
}

void apply_fuse(const Change& change, Configuration& to) {
  std::vector<std::string>& fuse = to.options.step.fuse;
  if (std::find(fuse.begin(), fuse.end(), change.value) == fuse.end()) fuse.push_back(change.value);
}

/// @throws InputError if there is none
std::vector<std::size_t> ops_of(const Change& change, const Model& model) {
  std::vector<std::size_t> found = ops_named(model, change.target);
  if (found.empty()) refuse(change, no_such_op(model, change.target));
  return found;
}

/// The field that `tokens` stands for: the rows of a norm or softmax, too.
std::optional<std::size_t> field_of(const OpKind& kind, std::string_view name) {
  const auto field = find_field(kind, name);
  return field || name != "tokens" ? field : find_field(kind, "rows");
}

[[noreturn]] void refuse_field(const Change& change, const OpSpec& op) {
  std::vector<std::string_view> known;
  for (const Field& field : op.kind->fields) known.push_back(field.name);
  known.emplace_back("dtype");
  refuse(change, fmt::format("op '{}' ({}) has no field {}{}", op.path, op.kind->name, in_quotes(change.field),
                             suggestion(change.field, known)));
}

Expr compiled(const Change& change, const Model& model, const Field& field) {
  if (field.flag && (change.value == "true" || change.value == "false"))
    return Expr::constant(change.value == "true" ? 1 : 0);
  const std::size_t last = kFirstDim + model.dim_count;
  std::vector<std::string_view> known;
  for (std::size_t i = kFirstDim; i < last; ++i) known.emplace_back(model.slots[i].name);
  const Where flag{std::make_shared<const std::string>(fmt::format("--change {}", change.text))};
  const auto resolve = [&](std::string_view name, const Where&) -> std::optional<std::size_t> {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) return std::nullopt;
    return kFirstDim + static_cast<std::size_t>(found - known.begin());
  };
  return Expr::compile(change.value, flag, resolve, known);
}

/// Rows of the input are kept, so there cannot be more of them than there were.
void apply_field(const Change& change, OpSpec& op, const Model& model, const CostedModel& before, std::size_t index) {
  const auto field = field_of(*op.kind, change.field);
  if (!field) refuse_field(change, op);
  const Expr value = compiled(change, model, op.kind->fields[*field]);
  const std::int64_t had = before.ops[index].args.values.at(*field);
  const bool keeps_rows = change.field == "tokens";
  if (keeps_rows && value.evaluate(before.values) > had)
    refuse(change, fmt::format("op '{}' has {} rows of input; at most that many can be kept", op.path, had));
  op.fields.at(*field) = {value, std::nullopt};
}

DtypeChoice parsed_dtype(const Change& change, const OpSpec& op) {
  try {
    if (change.value.find('=') != std::string::npos) return parse_dtype_choice(change.value);
    DtypeChoice choice;
    const bool cache = op.kind->operands == Operands::kKvCache;
    (op.kind->params != "0" ? choice.weights : cache ? choice.kv : choice.act) = parse_dtype(change.value);
    return choice;
  } catch (const std::invalid_argument& error) {
    refuse(change, error.what());
  }
}

void apply_dtype(const Change& change, OpSpec& op) {
  const DtypeChoice choice = parsed_dtype(change, op);
  constexpr std::array kMembers = {&DtypeChoice::weights, &DtypeChoice::act, &DtypeChoice::accum, &DtypeChoice::kv};
  for (const auto member : kMembers) {
    if (choice.*member) op.dtype.*member = choice.*member;
  }
}

/// Which change set which field of which op.
using Taken = std::map<std::pair<std::size_t, std::string>, const Change*>;

void apply_to_ops(const Change& change, Configuration& to, Taken& taken) {
  std::vector<std::size_t> ops = ops_of(change, to.model);
  const std::size_t first = ops.front();
  if (is_glob(change.target) && change.field != "dtype")
    std::erase_if(ops, [&](std::size_t i) { return !field_of(*to.model.ops[i].kind, change.field); });
  if (ops.empty()) refuse_field(change, to.model.ops[first]);
  CostedModel before;
  cost_model(to.model, to.options.cost, before);
  for (const std::size_t i : ops) {
    const auto [earlier, fresh] = taken.try_emplace({i, change.field}, &change);
    if (!fresh)
      refuse(change, fmt::format("contradicts --change {}: both set {} of '{}'", earlier->second->text, change.field,
                                 to.model.full_path(to.model.ops[i])));
    OpSpec& op = to.model.ops[i];
    if (change.field == "dtype") {
      apply_dtype(change, op);
    } else {
      apply_field(change, op, to.model, before, i);
    }
  }
}

void refuse_contradictions(std::span<const Change> changes) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Change& a = changes[j];
      const Change& b = changes[i];
      if (a.text == b.text) throw InputError(fmt::format("--change {} is given twice", b.text));
      const bool single = a.kind == Change::Kind::kDim || a.kind == Change::Kind::kRecipe;
      if (single && a.kind == b.kind && a.target == b.target)
        refuse(b, fmt::format("contradicts --change {}; what is to be compared needs a run each", a.text));
    }
  }
}

/// A fusion that does not exist is found where ops are merged; the error names the option that asked for it.
void check_fusions(const Configuration& configuration, std::span<const Change> changes) {
  try {
    make_plan(configuration.model, configuration.options.step);
  } catch (const InputError& error) {
    const std::string_view what = error.what();
    for (const Change& change : changes) {
      const std::string flag = fmt::format("--fuse {}: ", change.value);
      if (change.kind == Change::Kind::kFuse && what.starts_with(flag))
        refuse(change, std::string(what.substr(flag.size())));
    }
    throw;
  }
}

}  // namespace

Change parse_change(std::string_view text) {
  const std::size_t equals = text.find('=');
  Change change;
  change.text = std::string(trim(text));
  if (equals != std::string_view::npos) {
    change.target = std::string(trim(text.substr(0, equals)));
    change.value = std::string(trim(text.substr(equals + 1)));
  }
  const std::size_t dot = change.target.rfind('.');
  if (change.target.empty() || change.value.empty() || dot == 0 || dot + 1 == change.target.size())
    throw InputError(fmt::format("--change: {} is no change; write DIM=v, recipe=R, fuse=NAME or OP.FIELD=v",
                                 in_quotes(change.text)));
  if (dot != std::string::npos) {
    change.kind = Change::Kind::kField;
    change.field = change.target.substr(dot + 1);
    change.target.resize(dot);
  } else if (change.target == "recipe") {
    change.kind = Change::Kind::kRecipe;
  } else if (change.target == "fuse") {
    change.kind = Change::Kind::kFuse;
  }
  return change;
}

Configuration changed(Configuration base, std::span<const Change> changes) {
  refuse_contradictions(changes);
  Taken taken;
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::kDim) apply_dim(change, base);
    if (change.kind == Change::Kind::kRecipe) apply_recipe(change, base);
    if (change.kind == Change::Kind::kFuse) apply_fuse(change, base);
  }
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::kField) apply_to_ops(change, base, taken);
  }
  check_fusions(base, changes);
  return base;
}

}  // namespace gable
