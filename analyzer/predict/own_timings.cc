#include "analyzer/predict/own_timings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "analyzer/base/text.h"
#include "analyzer/measured/statistics.h"

namespace gable {
namespace {

/// As environments name them.
constexpr std::array<std::string_view, 2> kLibraries = {"cuBLASLt", "oneDNN"};

Timing timing_of(const ShapeTiming& shape, const Where& where) {
  const auto kind = find_shape_kind(shape.kind);
  if (!kind) throw InputError(where, fmt::format("a shape of unknown kind {}", in_quotes(shape.kind)));
  const auto dtype = find_dtype(shape.dtype);
  if (!dtype) throw InputError(where, fmt::format("a {} of unknown dtype {}", shape.kind, in_quotes(shape.dtype)));
  Timing timing;
  timing.shape = {*kind, *dtype, {}};
  const std::span<const DimRow> dims = row(*kind).dims;
  for (std::size_t i = 0; i < std::max(dims.size(), shape.shape.size()); ++i) {
    if (i >= dims.size())
      throw InputError(where, fmt::format("a {} of {} dims; it has {}", shape.kind, shape.shape.size(), dims.size()));
    if (i >= shape.shape.size() && dims[i].fallback < 0)
      throw InputError(where, fmt::format("a {} without '{}'", shape.kind, dims[i].name));
    const std::int64_t value = i < shape.shape.size() ? shape.shape[i] : dims[i].fallback;
    if (value < dims[i].least)
      throw InputError(
          where, fmt::format("a {} whose {} is {}, not at least {}", shape.kind, dims[i].name, value, dims[i].least));
    timing.shape.dims.at(i) = value;
  }
  if (!(shape.time_s > 0)) throw InputError(where, fmt::format("a {} that took no time", describe(timing.shape)));
  timing.time_s = shape.time_s;
  timing.where = where;
  return timing;
}

/// The kernel that is all of an op's pass; null where there are others, or its shape is not known.
const Kernel* only_kernel(const OpRow& row, Pass pass) {
  const Kernel* only = nullptr;
  for (const KernelRow& kernel : row.kernels) {
    if (kernel.kernel.pass != pass) continue;
    if (only != nullptr) return nullptr;
    only = &kernel.kernel;
  }
  if (only == nullptr || !only->shape || only->shape_times != 1 || only->one.launches != Count(1)) return nullptr;
  // The sums of a bias' gradient are kernels of their own when a model runs.
  if (pass == Pass::kWgrad && only->one.vector_flop > Count(0)) return nullptr;
  return only;
}

}  // namespace

std::string library_of(const std::vector<std::pair<std::string, std::string>>& environment) {
  for (const auto& [name, value] : environment) {
    if (std::find(kLibraries.begin(), kLibraries.end(), name) == kLibraries.end()) continue;
    if (value.empty() || std::isdigit(static_cast<unsigned char>(value.front())) == 0) continue;  // "missing: why"
    return fmt::format("{} {}", name, value.substr(0, value.find(',')));
  }
  return "";
}

std::vector<Timing> timings_of(const Profile& profile, const Where& where) {
  std::vector<Timing> timings;
  for (const ShapeTiming& shape : profile.shapes) {
    timings.push_back(timing_of(shape, where));
    timings.back().device = profile.device;
    timings.back().library = library_of(profile.environment);
  }
  return timings;
}

std::vector<Timing> timings_of(const Analysis& analysis, const Measurement& measurement) {
  std::vector<Timing> timings;
  for (const MeasuredOp& op : measurement.ops) {
    const auto same = [&](const OpRow& row) { return analysis.model.full_path(analysis.spec(row)) == op.op; };
    const auto found = std::find_if(analysis.rows.begin(), analysis.rows.end(), same);
    if (found == analysis.rows.end() || op.samples_s.empty()) continue;
    const Kernel* const kernel = only_kernel(*found, op.pass);
    const double time_s = summarize(op.samples_s).median / static_cast<double>(op.executions);
    if (kernel == nullptr || !(time_s > 0)) continue;
    Timing timing;
    timing.shape = *kernel->shape;
    if (timing.shape.kind == ShapeKind::kStream) timing.op = kernel->name;
    timing.time_s = time_s;
    timing.device = measurement.device;
    timing.library = library_of(measurement.environment);
    timings.push_back(std::move(timing));
  }
  return timings;
}

}  // namespace gable
