#include "analyzer/spec/profile.h"

#include <array>

#include "analyzer/spec/record_file.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, 6> kMeasuredKeys = {"date",   "command",   "version",
                                                           "device", "datasheet", "environment"};
constexpr std::array<std::string_view, 11> kFigureKeys = {
    "probe", "config", "unit", "value", "best", "spread", "samples", "clock", "power", "temperature", "refused"};
constexpr std::array<std::string_view, 6> kShapeKeys = {"kind", "dtype", "shape", "time", "spread", "samples"};

Unit read_unit(const YamlNode& node) {
  constexpr std::array<Unit, 7> kUnits = {Unit::kCount, Unit::kFlopPerSecond, Unit::kBytesPerSecond, Unit::kBytes,
                                          Unit::kHertz, Unit::kSeconds,       Unit::kWatts};
  std::vector<std::string_view> known;
  for (const Unit unit : kUnits) {
    if (unit_symbol(unit) == node.text) return unit;
    known.push_back(unit_symbol(unit));
  }
  throw InputError(node.where, fmt::format("unknown unit {}{}", shown(node), suggestion(node.text, known)));
}

/// 0 where the key is missing.
double optional_real(const YamlNode& map, std::string_view key, std::string_view unit) {
  const YamlNode* node = map.find(key);
  return node == nullptr ? 0 : read_real(*node, key, unit);
}

Figure read_figure(const YamlNode& node) {
  constexpr std::string_view kWhat = "a figure";
  check_keys(node, kWhat, kFigureKeys);
  Figure figure;
  figure.probe = read_text(require(node, "probe", kWhat), "probe");
  figure.config = read_any_text(require(node, "config", kWhat), "config");
  figure.unit = read_unit(require(node, "unit", kWhat));
  const std::string_view unit = unit_symbol(figure.unit);
  figure.value = read_real(require(node, "value", kWhat), "value", unit);
  figure.best = read_real(require(node, "best", kWhat), "best", unit);
  figure.spread = read_real(require(node, "spread", kWhat), "spread", "a share");
  figure.samples = read_whole<std::int64_t>(require(node, "samples", kWhat), "samples", 0);
  figure.clock_hz = optional_real(node, "clock", "Hz");
  figure.power_w = optional_real(node, "power", "W");
  figure.temperature_c = optional_real(node, "temperature", "degrees Celsius");
  if (const YamlNode* refused = node.find("refused")) figure.refused = read_text(*refused, "refused");
  return figure;
}

ShapeTiming read_shape(const YamlNode& node) {
  constexpr std::string_view kWhat = "a shape";
  check_keys(node, kWhat, kShapeKeys);
  ShapeTiming timing;
  timing.kind = read_text(require(node, "kind", kWhat), "kind");
  timing.dtype = read_text(require(node, "dtype", kWhat), "dtype");
  const YamlNode& shape = require(node, "shape", kWhat);
  check_list(shape, "shape");
  for (const YamlNode& dim : shape.items) timing.shape.push_back(read_whole<std::int64_t>(dim, "a dim", 0));
  timing.time_s = read_real(require(node, "time", kWhat), "time", "seconds");
  timing.spread = read_real(require(node, "spread", kWhat), "spread", "a share");
  timing.samples = read_whole<std::int64_t>(require(node, "samples", kWhat), "samples", 0);
  return timing;
}

}  // namespace

Profile read_profile(const YamlNode& root) {
  constexpr Schema kSchema = {"a profile", "gable-profile/", kProfileSchema, "probe again"};
  constexpr std::string_view kWhat = "a profile";
  check_schema(root, kSchema);
  check_complete(root, kSchema);
  const YamlNode& measured = require(root, "measured", kWhat);
  check_keys(measured, "measured", kMeasuredKeys);
  Profile profile;
  profile.date = read_text(require(measured, "date", "measured"), "date");
  profile.command = read_text(require(measured, "command", "measured"), "command");
  profile.version = read_text(require(measured, "version", "measured"), "version");
  if (const YamlNode* device = measured.find("device")) profile.device = read_any_text(*device, "device");
  if (const YamlNode* sheet = measured.find("datasheet")) profile.datasheet = read_name(*sheet, "datasheet");
  profile.environment = read_pairs(measured, "environment");
  for (const YamlNode& node : read_items(root, "figures")) profile.figures.push_back(read_figure(node));
  for (const YamlNode& node : read_items(root, "shapes")) profile.shapes.push_back(read_shape(node));
  return profile;
}

}  // namespace gable
