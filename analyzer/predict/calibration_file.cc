#include "analyzer/predict/calibration_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analyzer/base/error.h"
#include "analyzer/spec/record_file.h"

namespace gable {
namespace {

constexpr Schema kSchema = {"a calibration", "gable-calibration/", kCalibrationSchema, "calibrate again"};

/// "m 1..32768, n 256..65536, ...; time": what was timed, for whoever reads the file.
std::string range_of(const CalibratedClass& one) {
  std::string out;
  const auto dims = row(one.kind).dims;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    std::int64_t most = 0;
    for (const Timing& timing : one.fit.rows) {
      least = std::min(least, timing.shape.dims.at(i));
      most = std::max(most, timing.shape.dims.at(i));
    }
    out += fmt::format("{} {}..{}, ", dims[i].name, least, most);
  }
  return out + "then seconds";
}

std::string write_class(const CalibratedClass& one) {
  std::string out = fmt::format("  - kind: {}\n    dtype: {}\n    formula: {}\n    library: {}\n", row(one.kind).name,
                                row(one.dtype).name, one.formula, quoted(one.library));
  out += fmt::format("    timer: {}\n    leave_one_out: {}\n    stretch: {}\n",
                     timer_name(one.fit.rows.empty() ? Timer::kDevice : one.fit.rows.front().timer), one.leave_one_out,
                     one.fit.stretch);
  out += fmt::format("    held_out: {}\n    values: [{}]\n    sds: [{}]\n    hyper: [{}]\n    rows:  # {}\n",
                     one.held_out, fmt::join(one.fit.values, ", "), fmt::join(one.sds, ", "),
                     fmt::join(one.fit.hyper, ", "), range_of(one));
  for (const Timing& timing : one.fit.rows) {
    const auto dims = static_cast<std::ptrdiff_t>(row(one.kind).dims.size());
    out += fmt::format("      - [{}, {}]\n",
                       fmt::join(timing.shape.dims.begin(), timing.shape.dims.begin() + dims, ", "), timing.time_s);
  }
  return out;
}

std::vector<double> read_numbers(const YamlNode& node, std::string_view what) {
  std::vector<double> numbers;
  for (const YamlNode& item : node.items) {
    const auto number = number_of<double>(item);
    if (!number) throw InputError(item.where, fmt::format("{} must be a number, not {}", what, shown(item)));
    numbers.push_back(*number);
  }
  return numbers;
}

template <class Id, class Found>
Id known(const YamlNode& node, std::string_view what, Found found) {
  if (const auto id = found(read_text(node, what))) return *id;
  throw InputError(node.where, fmt::format("unknown {} {}", what, in_quotes(node.text)));
}

Timing read_timing(const YamlNode& node, const CalibratedClass& one, Timer timer) {
  const std::size_t dims = row(one.kind).dims.size();
  if (node.items.size() != dims + 1)
    throw InputError(node.where, fmt::format("a row of a {} has {} dims and a time", row(one.kind).name, dims));
  Timing timing;
  timing.shape = {one.kind, one.dtype, {}};
  timing.timer = timer;
  timing.library = one.library;
  timing.where = node.where;
  for (std::size_t i = 0; i < dims; ++i)
    timing.shape.dims.at(i) =
        read_whole<std::int64_t>(node.items[i], row(one.kind).dims[i].name, row(one.kind).dims[i].least);
  timing.time_s = read_real(node.items.back(), "time", "seconds");
  if (!(timing.time_s > 0)) throw InputError(node.items.back().where, "a time must be above 0");
  return timing;
}

CalibratedClass read_class(const YamlNode& node) {
  constexpr std::array<std::string_view, 12> kKeys = {"kind",   "dtype",         "formula",  "library",
                                                      "timer",  "leave_one_out", "held_out", "stretch",
                                                      "values", "sds",           "hyper",    "rows"};
  constexpr std::string_view kWhat = "a class";
  check_keys(node, kWhat, kKeys);
  CalibratedClass one;
  one.kind = known<ShapeKind>(require(node, "kind", kWhat), "kind", find_shape_kind);
  one.dtype = known<Dtype>(require(node, "dtype", kWhat), "dtype", find_dtype);
  one.formula = read_text(require(node, "formula", kWhat), "formula");
  one.library = read_any_text(require(node, "library", kWhat), "library");
  const auto timer = known<Timer>(require(node, "timer", kWhat), "timer", find_timer);
  one.leave_one_out = read_real(require(node, "leave_one_out", kWhat), "leave_one_out", "a share");
  one.fit.stretch = read_real(require(node, "stretch", kWhat), "stretch", "a factor");
  one.held_out = read_real(require(node, "held_out", kWhat), "held_out", "a share");
  one.sds = read_numbers(require(node, "sds", kWhat), "a standard deviation");
  one.fit.values = read_numbers(require(node, "values", kWhat), "a value");
  one.fit.hyper = read_numbers(require(node, "hyper", kWhat), "a hyper-parameter");
  if (!(one.fit.stretch > 0)) throw InputError(node.where, "stretch must be above 0");
  constexpr double kMostHyper = 20;  // a logarithm: nothing that is fitted comes near
  if (one.fit.hyper.size() != kHyperCount ||
      std::any_of(one.fit.hyper.begin(), one.fit.hyper.end(), [](double h) { return !(std::fabs(h) < kMostHyper); }))
    throw InputError(node.where,
                     fmt::format("hyper has {} logarithms between -{} and {}", kHyperCount, kMostHyper, kMostHyper));
  const YamlNode& rows = require(node, "rows", kWhat);
  check_list(rows, "rows");
  if (rows.items.empty()) throw InputError(rows.where, "a class without rows");
  for (const YamlNode& item : rows.items) one.fit.rows.push_back(read_timing(item, one, timer));
  const auto models = time_models();
  const auto model =
      std::find_if(models.begin(), models.end(), [&](const TimeModel& m) { return m.name == one.formula; });
  const std::size_t host = timer == Timer::kEvents ? kHostConstants : 0;
  if (model == models.end() || model->constants.size() + host != one.fit.values.size() ||
      std::any_of(one.fit.values.begin(), one.fit.values.end(), [](double v) { return !(v > 0); }))
    throw InputError(node.where, fmt::format("formula {} of this program has other constants; calibrate again",
                                             in_quotes(one.formula)));
  return one;
}

}  // namespace

std::string write_calibration(const CalibrationFile& file) {
  std::string out =
      fmt::format("schema: {}\nhardware: {}\ndate: {}\ncommand: {}\nversion: {}\nclasses:\n", kCalibrationSchema,
                  file.hardware, quoted(file.date), quoted(file.command), quoted(file.version));
  for (const CalibratedClass& one : file.classes) out += write_class(one);
  return out + "complete: true\n";
}

CalibrationFile read_calibration(const YamlNode& root) {
  check_schema(root, kSchema);
  check_complete(root, kSchema);
  constexpr std::array<std::string_view, 7> kKeys = {"schema",  "hardware", "date",    "command",
                                                     "version", "classes",  "complete"};
  constexpr std::string_view kWhat = "a calibration";
  check_keys(root, kWhat, kKeys);
  CalibrationFile file;
  file.hardware = read_name(require(root, "hardware", kWhat), "hardware");
  file.date = read_any_text(require(root, "date", kWhat), "date");
  file.command = read_any_text(require(root, "command", kWhat), "command");
  file.version = read_any_text(require(root, "version", kWhat), "version");
  const YamlNode& classes = require(root, "classes", kWhat);
  check_list(classes, "classes");
  for (const YamlNode& node : classes.items) file.classes.push_back(read_class(node));
  return file;
}

}  // namespace gable
