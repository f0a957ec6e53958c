// Writes a measurement as the text of its file: one line an op, numbers in the shortest form that reads back exactly.
#include <fmt/format.h>

#include "analyzer/measured/measurement.h"
#include "analyzer/spec/record_file.h"

namespace gable {
namespace {

template <typename Named>
std::string kernels_of(const std::vector<Named>& kernels) {
  std::string out;
  for (const Named& kernel : kernels) {
    out += fmt::format("{}{{name: {}, launches: {}, time: {}}}", out.empty() ? "" : ", ", quoted(kernel.name),
                       kernel.launches, kernel.time_s);
  }
  return "[" + out + "]";
}

std::string op_line(const MeasuredOp& op) {
  std::string out =
      fmt::format("  - {{op: {}, pass: {}, executions: {}", word_or_quoted(op.op), pass_name(op.pass), op.executions);
  if (op.cold_s > 0) out += fmt::format(", cold: {}", op.cold_s);
  out += fmt::format(", samples: [{}]", fmt::join(op.samples_s, ", "));
  if (!op.note.empty()) out += fmt::format(", note: {}", quoted(op.note));
  if (!op.kernels.empty()) out += fmt::format(", kernels: {}", kernels_of(op.kernels));
  return out + "}\n";
}

}  // namespace

std::string write_measurement(const Measurement& measurement) {
  std::string out;
  const auto add = [&](std::string_view key, const std::string& value) { out += fmt::format("{}: {}\n", key, value); };
  const auto add_list = [&](std::string_view key, const std::vector<double>& values) {
    if (!values.empty()) add(key, fmt::format("[{}]", fmt::join(values, ", ")));
  };
  add("schema", std::string(kMeasurementSchema));
  add("device", quoted(measurement.device));
  add("backend", word_or_quoted(measurement.backend));
  add("model", word_or_quoted(measurement.model));
  add("phase", word_or_quoted(measurement.phase));
  add("dtype", word_or_quoted(measurement.dtype));
  add("seed", fmt::format("{}", measurement.seed));
  add("warmup", fmt::format("{}", measurement.warmup));
  add("settings", quoted_pairs(measurement.settings));
  add("environment", quoted_pairs(measurement.environment));
  if (measurement.cold_step_s > 0) add("cold_step", fmt::format("{}", measurement.cold_step_s));
  add_list("steps", measurement.step_s);
  add_list("busy", measurement.busy_s);
  add_list("overlapped", measurement.overlapped_s);
  out += measurement.ops.empty() ? "ops: []\n" : "ops:\n";
  for (const MeasuredOp& op : measurement.ops) out += op_line(op);
  add("unattributed", kernels_of(measurement.unattributed));
  add("dropped", fmt::format("{}", measurement.dropped));
  add("complete", "true");
  return out;
}

}  // namespace gable
