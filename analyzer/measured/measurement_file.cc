// Reads a measurement's file; measurement_text.cc writes it.
#include <fmt/format.h>

#include <array>
#include <set>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/measured/measurement.h"
#include "analyzer/spec/record_file.h"

namespace gable {
namespace {

constexpr YamlKind kMeasurementKind = {"a measurement", "schema:", std::size_t{64} << 20U};
constexpr Schema kSchema = {"a measurement", "gable-measurement/", kMeasurementSchema, "measure again"};

constexpr std::array<std::string_view, 18> kKeys = {
    "schema",      "device",    "backend", "model", "phase",      "dtype", "seed",         "warmup",  "settings",
    "environment", "cold_step", "steps",   "busy",  "overlapped", "ops",   "unattributed", "dropped", "complete"};
constexpr std::array<std::string_view, 7> kOpKeys = {"op", "pass", "executions", "cold", "samples", "note", "kernels"};
constexpr std::array<std::string_view, 3> kKernelKeys = {"name", "launches", "time"};

double read_seconds(const YamlNode& node, std::string_view what) { return read_real(node, what, "seconds"); }

/// One number a step. `steps` is 0 for the list that says how many there are.
std::vector<double> read_samples(const YamlNode& node, std::string_view what, std::size_t steps) {
  check_list(node, what);
  if (steps > 0 && node.items.size() != steps) {
    throw InputError(node.where, fmt::format("{} has {}, but 'steps:' has {}; there must be one a step", what,
                                             counted(static_cast<std::int64_t>(node.items.size()), "number"), steps));
  }
  std::vector<double> samples;
  samples.reserve(node.items.size());
  for (const YamlNode& item : node.items) samples.push_back(read_seconds(item, what));
  return samples;
}

Pass read_pass(const YamlNode& node) {
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < kPassCount; ++i) {
    const auto pass = static_cast<Pass>(i);
    if (pass_name(pass) == node.text) return pass;
    known.push_back(pass_name(pass));
  }
  throw InputError(node.where, fmt::format("unknown pass {}{}", shown(node), suggestion(node.text, known)));
}

/// A kernel and what has its shape: MeasuredKernel, Unattributed.
template <typename Named>
Named read_kernel(const YamlNode& node, std::string_view what) {
  check_keys(node, what, kKernelKeys);
  Named kernel;
  kernel.name = read_any_text(require(node, "name", what), "name");
  kernel.launches = read_whole<std::int64_t>(require(node, "launches", what), "launches", 0);
  kernel.time_s = read_seconds(require(node, "time", what), "time");
  return kernel;
}

MeasuredOp read_op(const YamlNode& node, std::size_t steps) {
  check_keys(node, "an op", kOpKeys);
  MeasuredOp op;
  op.op = read_text(require(node, "op", "an op"), "op");
  if (const YamlNode* pass = node.find("pass")) op.pass = read_pass(*pass);
  if (const YamlNode* n = node.find("executions")) op.executions = read_whole<std::int64_t>(*n, "executions", 1);
  if (const YamlNode* cold = node.find("cold")) op.cold_s = read_seconds(*cold, "cold");
  op.samples_s = read_samples(require(node, "samples", "an op"), "samples", steps);
  if (const YamlNode* note = node.find("note")) op.note = read_any_text(*note, "note");
  for (const YamlNode& kernel : read_items(node, "kernels"))
    op.kernels.push_back(read_kernel<MeasuredKernel>(kernel, "a kernel"));
  return op;
}

}  // namespace

Measurement read_measurement(const YamlNode& root) {
  constexpr std::string_view kWhat = "a measurement";
  check_schema(root, kSchema);
  check_keys(root, kWhat, kKeys);
  check_complete(root, kSchema);
  const auto text = [&](std::string_view key) { return read_text(require(root, key, kWhat), key); };
  Measurement measurement;
  measurement.device = read_any_text(require(root, "device", kWhat), "device");
  measurement.backend = text("backend");
  measurement.model = text("model");
  measurement.phase = text("phase");
  measurement.dtype = text("dtype");
  measurement.settings = read_pairs(root, "settings");
  measurement.environment = read_pairs(root, "environment");
  if (const YamlNode* seed = root.find("seed")) measurement.seed = read_whole<std::uint64_t>(*seed, "seed", 0);
  if (const YamlNode* n = root.find("warmup")) measurement.warmup = read_whole<std::int64_t>(*n, "warmup", 0);
  if (const YamlNode* n = root.find("dropped")) measurement.dropped = read_whole<std::int64_t>(*n, "dropped", 0);
  if (const YamlNode* cold = root.find("cold_step")) measurement.cold_step_s = read_seconds(*cold, "cold_step");
  measurement.step_s = read_samples(require(root, "steps", kWhat), "steps", 0);
  const std::size_t steps = measurement.step_s.size();
  if (const YamlNode* busy = root.find("busy")) measurement.busy_s = read_samples(*busy, "busy", steps);
  if (const YamlNode* both = root.find("overlapped"))
    measurement.overlapped_s = read_samples(*both, "overlapped", steps);
  std::set<std::pair<std::string, Pass>> seen;
  for (const YamlNode& node : read_items(root, "ops")) {
    measurement.ops.push_back(read_op(node, steps));
    const MeasuredOp& op = measurement.ops.back();
    if (!seen.emplace(op.op, op.pass).second)
      throw InputError(node.where,
                       fmt::format("op {} is given twice for pass {}", in_quotes(op.op), pass_name(op.pass)));
  }
  for (const YamlNode& node : read_items(root, "unattributed"))
    measurement.unattributed.push_back(read_kernel<Unattributed>(node, "an unattributed time"));
  return measurement;
}

Measurement load_measurement(const std::string& path) { return read_measurement(load_yaml(path, kMeasurementKind)); }

}  // namespace gable
