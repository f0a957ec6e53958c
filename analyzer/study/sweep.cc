#include "analyzer/study/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"

namespace gable {
namespace {

template <typename Index, std::size_t N>
Index largest(const std::array<double, N>& values) {
  return static_cast<Index>(std::max_element(values.begin(), values.end()) - values.begin());
}

std::size_t slot_of(const Model& model, std::string_view name, const Axis& axis) {
  std::vector<std::string_view> known;
  for (std::size_t i = kFirstDim; i < kFirstDim + model.dim_count; ++i) {
    if (model.slots[i].name == name) return i;
    known.push_back(model.slots[i].name);
  }
  for (const std::string_view named : named_axes()) known.push_back(named);
  throw InputError(fmt::format("--vary {}={}: model '{}' has no dim {}{}", axis.name, axis.spec, model.name,
                               in_quotes(name), suggestion(name, known)));
}

}  // namespace

std::size_t Sweep::variant_of(std::int64_t point) const {
  std::int64_t variant = 0;
  for (std::size_t i = 0; i < grid.axes.size(); ++i) {
    const AxisRole role = grid.axes[i].role;
    if (role == AxisRole::kModel || role == AxisRole::kOption)
      variant = variant * grid.axes[i].size() + grid.place(i, point);
  }
  return static_cast<std::size_t>(variant);
}

std::size_t Sweep::device_of(std::int64_t point) const {
  const auto axis = grid.axis_of(AxisRole::kHardware);
  return axis ? static_cast<std::size_t>(grid.place(*axis, point)) : 0;
}

bool Sweep::predicts() const {
  return std::any_of(predictors.begin(), predictors.end(), [](const auto& one) { return one.has_value(); });
}

Roof bottleneck(const PointResult& point) { return largest<Roof>(point.roof_s); }
Bound bound_of(const PointResult& point) { return largest<Bound>(point.bound_s); }
Bound class_of(Roof roof) {
  constexpr std::array<Bound, kRoofCount> kClasses = {Bound::kCompute, Bound::kCompute, Bound::kMemory, Bound::kMemory,
                                                      Bound::kLaunch};
  return kClasses.at(static_cast<std::size_t>(roof));
}
double intensity(const PointResult& point) {
  return point.bytes == Count(0) ? 0 : point.flop.real() / point.bytes.real();
}

std::optional<Step> step_between(const PointResult& before, const PointResult& after) {
  const bool has_ratios = before.flop > Count(0) && after.flop > Count(0) && before.time_s > 0 && after.time_s > 0;
  if (!has_ratios) return std::nullopt;
  Step step;
  step.flop_ratio = after.flop.real() / before.flop.real();
  step.time_ratio = after.time_s / before.time_s;
  if (before.flop != after.flop) step.elasticity = std::log(step.time_ratio) / std::log(step.flop_ratio);
  step.from = bottleneck(before);
  step.bottleneck_changed = bottleneck(after) != step.from;
  return step;
}

Evaluator::Target Evaluator::target_of(const Axis& axis, const Variant& variant) {
  if (axis.role != AxisRole::kDim) return {};
  if (variant.t_is_context && axis.name == "T") return {slot_of(variant.model, "past", axis), -1};
  return {slot_of(variant.model, axis.name, axis), 0};
}

Evaluator::Evaluator(const Sweep& sweep) : sweep_(&sweep), predictors_(sweep.predictors) {
  for (const Variant& variant : sweep.variants) {
    Subject subject{prepare(variant.model, variant.options), {}};
    for (const Axis& axis : sweep.grid.axes) subject.targets.push_back(target_of(axis, variant));
    subjects_.push_back(std::move(subject));
  }
}

Prepared& Evaluator::prepared_at(std::int64_t point) {
  Subject& subject = subjects_[sweep_->variant_of(point)];
  const Grid& grid = sweep_->grid;
  for (std::size_t i = 0; i < grid.axes.size(); ++i) {
    if (grid.axes[i].role != AxisRole::kDim) continue;
    const Target& target = subject.targets[i];
    subject.prepared.model.slots[target.slot].value =
        Expr::constant(grid.axes[i].number(grid.place(i, point)) + target.offset);
  }
  return subject.prepared;
}

SweepRow Evaluator::evaluate(std::int64_t point) {
  SweepRow row;
  row.index = point;
  try {
    row.point = evaluate_point(prepared_at(point), sweep_->hardware_at(point).hw, scratch_);
    if (const std::size_t device = sweep_->device_of(point); device < predictors_.size() && predictors_[device]) {
      for (const Kernel& kernel : scratch_.kernels)
        row.point.predicted_s += predictors_[device]->time_of(kernel) * static_cast<double>(kernel.executions);
    }
  } catch (const InputError& error) {
    row.error = error.what();
  } catch (const CountOverflow& error) {
    row.error = error.what();
  }
  return row;
}

std::vector<SweepRow> Evaluator::evaluate(std::int64_t first, std::int64_t last) {
  std::vector<SweepRow> rows;
  rows.reserve(static_cast<std::size_t>(last - first));
  SweepRow before;
  const std::int64_t run = sweep_->grid.run_length();
  if (first % run != 0) before = evaluate(first - 1);
  for (std::int64_t point = first; point < last; ++point) {
    rows.push_back(evaluate(point));
    SweepRow& row = rows.back();
    const SweepRow& previous = point == first ? before : rows[rows.size() - 2];
    if (point % run != 0 && previous.valid() && row.valid()) row.step = step_between(previous.point, row.point);
  }
  return rows;
}

Analysis Evaluator::analysis(std::int64_t point) {
  const HardwareChoice& choice = sweep_->hardware_at(point);
  // From the model as it was given: what prepare() adds to a model, it must not add twice.
  Model model = sweep_->model_at(point);
  const Model& filled = prepared_at(point).model;
  for (std::size_t i = kFirstDim; i < kFirstDim + model.dim_count; ++i) model.slots[i].value = filled.slots[i].value;
  Analysis result = analyze(std::move(model), choice.hw, sweep_->options_at(point));
  result.hw_reason = choice.reason;
  return result;
}

std::int64_t first_valid(const Sweep& sweep, const std::function<bool()>& stop) {
  Evaluator evaluator(sweep);
  std::string why;
  for (std::int64_t point = 0; point < sweep.grid.size; ++point) {
    const SweepRow row = evaluator.evaluate(point);
    if (row.valid() || stop()) return point;
    if (point == 0) why = row.error;
  }
  if (why.starts_with("--")) throw InputError(why);  // an option is wrong, not the grid
  const std::string first = sweep.grid.describe(0);
  if (sweep.grid.size == 1) throw InputError(fmt::format("--vary {}: {}", first, why));
  throw InputError(fmt::format("--vary: none of the {} points has a result; the first, {}: {}",
                               format_grouped(sweep.grid.size), first, why));
}

}  // namespace gable
