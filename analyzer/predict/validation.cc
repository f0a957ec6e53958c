#include "analyzer/predict/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "analyzer/base/text.h"
#include "analyzer/predict/draw.h"
#include "analyzer/predict/unseen.h"

namespace gable {
namespace {

constexpr std::uint32_t kFoldSeed = 1;

using Indices = std::vector<std::size_t>;

/// What one fit sees, and what is asked of it.
struct Trial {
  Indices probes;
  Indices tests;
};

Indices of_split(std::span<const Timing> rows, const Indices& group, const std::string& split) {
  Indices chosen;
  for (const std::size_t i : group) {
    if (split.empty() || rows[i].split == split) chosen.push_back(i);
  }
  return chosen;
}

std::vector<Timing> taken(std::span<const Timing> rows, const Indices& indices) {
  std::vector<Timing> some;
  some.reserve(indices.size());
  for (const std::size_t i : indices) some.push_back(rows[i]);
  return some;
}

std::vector<Trial> folds_of(const Indices& tests, std::size_t count) {
  const std::vector<std::size_t> fold = draw_folds(tests.size(), count, kFoldSeed);
  std::vector<Trial> trials(count);
  for (std::size_t i = 0; i < tests.size(); ++i) {
    for (std::size_t f = 0; f < count; ++f) (fold[i] == f ? trials[f].tests : trials[f].probes).push_back(tests[i]);
  }
  return trials;
}

std::vector<Trial> trials_of(std::span<const Timing> rows, const Indices& group, const ValidationOptions& options) {
  const Indices tests = of_split(rows, group, options.test_split);
  if (options.folds > 0) return folds_of(tests, options.folds);
  if (options.probes == 0) return {{{}, tests}};
  const Indices pool = options.probe_split.empty() ? tests : of_split(rows, group, options.probe_split);
  const std::vector<Timing> candidates = taken(rows, pool);
  std::vector<Trial> trials;
  for (std::size_t seed = 1; seed <= options.draws; ++seed) {
    Trial trial;
    for (const std::size_t i : draw_probes(candidates, options.probes, static_cast<std::uint32_t>(seed)))
      trial.probes.push_back(pool[i]);
    std::set_difference(tests.begin(), tests.end(), trial.probes.begin(), trial.probes.end(),
                        std::back_inserter(trial.tests));
    trials.push_back(std::move(trial));
  }
  return trials;
}

Accuracy& operator+=(Accuracy& sum, const Accuracy& one) {
  sum.rows += one.rows;
  sum.mape += one.mape;
  sum.median += one.median;
  sum.p90 += one.p90;
  sum.bias += one.bias;
  sum.coverage += one.coverage;
  return sum;
}

double sorted_at(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<std::size_t>(std::lround(q * static_cast<double>(sorted.size() - 1)))];
}

/// Quarters of the rows in the order of their work; of products, of M.
std::array<SizeClass, kQuarters> size_classes(std::span<const Timing> rows, const std::vector<Checked>& checked) {
  Indices order(checked.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto size = [&](std::size_t i) {
    const Shape& shape = rows[checked[i].row].shape;
    return shape.kind == ShapeKind::kGemm ? shape.dim(1) : work_of(shape).bytes;
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return size(a) < size(b); });
  std::array<SizeClass, kQuarters> classes{};
  for (std::size_t q = 0; q < kQuarters; ++q) {
    const std::size_t first = (q * order.size() + kQuarters - 1) / kQuarters;
    const std::size_t last = ((q + 1) * order.size() + kQuarters - 1) / kQuarters;
    std::vector<Checked> some;
    for (std::size_t i = first; i < last; ++i) some.push_back(checked[order[i]]);
    const Accuracy accuracy = accuracy_of(some);
    classes.at(q) = {accuracy.mape, accuracy.coverage};
  }
  return classes;
}

/// `given` is used in place of fits.
ValidatedGroup validated(std::span<const Timing> rows, const Indices& group, const Hardware& hw,
                         const ValidationOptions& options, const Calibration* given) {
  const Timing& first = rows[group.front()];
  ValidatedGroup result;
  result.hardware = hw.name;
  result.device = first.device;
  result.library = first.library;
  result.kind = first.shape.kind;
  result.dtype = first.shape.dtype;
  const ChipFacts facts = facts_of(hw, first.shape.dtype);
  const TimeModel& model = time_model(first.shape.kind, facts);
  for (const Trial& trial : trials_of(rows, group, options)) {
    if (trial.tests.empty()) continue;
    const Calibration calibration = given != nullptr ? *given : Calibration(model, facts, taken(rows, trial.probes));
    std::vector<Checked> checked;
    for (const std::size_t i : trial.tests)
      checked.push_back({i, rows[i].time_s, calibration.predict(rows[i].shape, rows[i].timer, options.coverage)});
    result.accuracy += accuracy_of(checked);
    result.probes = trial.probes.size();
    ++result.fits;
    result.checked.insert(result.checked.end(), checked.begin(), checked.end());
  }
  if (result.fits == 0) return result;
  const auto fits = static_cast<double>(result.fits);
  for (double* figure : {&result.accuracy.mape, &result.accuracy.median, &result.accuracy.p90, &result.accuracy.bias,
                         &result.accuracy.coverage})
    *figure /= fits;
  result.sizes = size_classes(rows, result.checked);
  return result;
}

}  // namespace

Accuracy accuracy_of(std::span<const Checked> checked) {
  Accuracy accuracy;
  accuracy.rows = checked.size();
  if (checked.empty()) return accuracy;
  std::vector<double> sizes;
  for (const Checked& one : checked) {
    sizes.push_back(std::fabs(one.error()));
    accuracy.mape += sizes.back();
    accuracy.bias += one.error();
    if (one.is_covered()) accuracy.coverage += 1;
  }
  const auto n = static_cast<double>(checked.size());
  accuracy.mape /= n;
  accuracy.bias /= n;
  accuracy.coverage /= n;
  std::sort(sizes.begin(), sizes.end());
  accuracy.median = sorted_at(sizes, 0.5);
  accuracy.p90 = sorted_at(sizes, 0.9);
  return accuracy;
}

namespace {

using GroupKey = std::tuple<std::string, std::string, ShapeKind, Dtype>;  // device, library, kind, dtype

/// Rows that one fit is made of, without those that cannot be.
struct RowGroup {
  Hardware hw;
  std::vector<Timing> rows;
};

std::map<GroupKey, RowGroup> groups_of(std::vector<Timing> rows, const HardwareOf& hardware,
                                       std::vector<Refused>& refused) {
  std::map<GroupKey, RowGroup> groups;
  for (Timing& row : rows)
    groups[{row.device, row.library, row.shape.kind, row.shape.dtype}].rows.push_back(std::move(row));
  for (auto& [key, group] : groups) {
    group.hw = hardware(group.rows.front());
    std::vector<Refused> out = refuse_impossible(group.rows, group.hw);
    refused.insert(refused.end(), std::make_move_iterator(out.begin()), std::make_move_iterator(out.end()));
  }
  return groups;
}

/// The constants of other devices, for rows of one.
Calibration from_others(const GroupKey& mine, const std::map<GroupKey, RowGroup>& groups) {
  const auto& [device, library, kind, dtype] = mine;
  const ChipFacts facts = facts_of(groups.at(mine).hw, dtype);
  const TimeModel& model = time_model(kind, facts);
  std::vector<OtherDevice> others;
  std::map<std::string, double> libraries;  // of each device
  std::vector<std::string> devices;         // parallel to `others`
  for (const auto& [key, group] : groups) {
    if (std::get<0>(key) == device || std::get<2>(key) != kind || std::get<3>(key) != dtype) continue;
    const ChipFacts theirs = facts_of(group.hw, dtype);
    if (&time_model(kind, theirs) != &model || group.rows.empty()) continue;
    others.push_back({theirs, group.rows});
    devices.push_back(std::get<0>(key));
    ++libraries[devices.back()];
  }
  for (std::size_t i = 0; i < others.size(); ++i) others[i].share = 1 / libraries[devices[i]];
  return {model, facts, CalibrationFit{pooled_constants(model, others), {}, 1, {}}};
}

}  // namespace

Validation validate(std::vector<Timing> rows, const HardwareOf& hardware, const ValidationOptions& options) {
  Validation validation;
  const std::map<GroupKey, RowGroup> groups = groups_of(std::move(rows), hardware, validation.refused);
  for (const auto& [key, group] : groups) {
    const std::size_t first = validation.rows.size();
    validation.rows.insert(validation.rows.end(), group.rows.begin(), group.rows.end());
    Indices indices;
    for (std::size_t i = first; i < validation.rows.size(); ++i) indices.push_back(i);
    if (indices.empty()) continue;
    std::optional<Calibration> given;
    if (options.unseen) given = from_others(key, groups);
    ValidatedGroup result = validated(validation.rows, indices, group.hw, options, given ? &*given : nullptr);
    if (result.fits > 0) validation.groups.push_back(std::move(result));
  }
  if (validation.groups.empty())
    throw InputError(fmt::format("no row is left to predict{}",
                                 options.test_split.empty() ? "" : " of split " + in_quotes(options.test_split)));
  return validation;
}

}  // namespace gable
