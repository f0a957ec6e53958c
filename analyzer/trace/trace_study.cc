#include "analyzer/trace/trace_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <utility>

#include "analyzer/base/dtype_choice.h"
#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/measured/ledger.h"
#include "analyzer/spec/library.h"

namespace gable {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::string_view kPart = "trace";
constexpr std::string_view kStepPrefix = "ProfilerStep#";

double seconds(std::int64_t ns) { return static_cast<double>(ns) / kNsPerSecond; }

Dtype dtype_of(TypeGuess guess) {
  switch (guess) {
    case TypeGuess::kBf16:
      return Dtype::kBf16;
    case TypeGuess::kFp16:
      return Dtype::kFp16;
    case TypeGuess::kFp64:
      return Dtype::kFp64;
    case TypeGuess::kFp8:
      return Dtype::kFp8E4m3;
    default:
      return Dtype::kFp32;
  }
}

/// What the hardware counted of all launches of a kernel, as the cost of one call that is all of them.
CallCost counted_cost(const TraceOp& op) {
  const auto whole = [](double value) { return Count(std::llround(std::clamp(value, 0.0, 4e18))); };
  CallCost made;
  made.compute = dtype_of(guess_type(op.name));
  made.dtypes = uniform(made.compute);
  const bool product = is_gemm_name(op.name);
  made.kernel = product ? KernelClass::kGemm : KernelClass::kStream;
  (product ? made.cost.matrix_flop : made.cost.vector_flop) = whole(op.counters->flop);
  made.cost.read = whole(op.counters->dram_read_bytes);
  made.cost.written = whole(op.counters->dram_write_bytes);
  made.cost.unique = made.cost.touched();
  made.cost.launches = op.launches;
  made.flop_known = op.counted_flop;
  return made;
}

/// Most ops are PyTorch's own.
std::string without_aten(const std::string& title) {
  constexpr std::string_view kAten = "aten::";
  return title.starts_with(kAten) ? title.substr(kAten.size()) : title;
}

/// Rows of ops that have a cost, in the order of the sums.
class TraceAnalysis {
 public:
  TraceAnalysis(TraceStudy& study, HardwareChoice choice) : study_(study) {
    Analysis& analysis = study.analysis;
    analysis.hw = std::move(choice.hw);
    analysis.hw_reason = std::move(choice.reason);
    analysis.model.name = std::filesystem::path(study.trace.path).filename().string();
    analysis.model.parts.push_back({std::string(kPart), "", false, false, false});
    analysis.model.dtypes = uniform(Dtype::kFp32);
    analysis.options.roofs.launch = false;  // durations on the device: they begin when the launch is over
  }

  void add(TraceOp& op) {
    study_.row_of_op.push_back(kNobody);
    if (op.counters && (op.counted_bytes || op.counted_flop)) op.cost = counted_cost(op);
    if (!op.cost) return;
    Analysis& analysis = study_.analysis;
    study_.row_of_op.back() = static_cast<std::uint32_t>(analysis.rows.size());
    const CallCost& cost = *op.cost;
    const std::int64_t times = op.counters ? 1 : op.calls;
    OpSpec spec;
    spec.name = spec.path = unique(without_aten(op.title()));
    spec.kind = cost.kind != nullptr ? cost.kind : find_op(kCustomOp);
    OpRow row;
    row.op = analysis.model.ops.size();
    row.cost = {cost.args, cost.cost, times, times, cost.dtypes, cost.compute, true, -1};
    row.executions = times;
    row.rates = rates_for(analysis.hw, cost.compute, cost.dtypes.accum);
    add_kernel(op, times, row);
    row.totals = share_of(row, analysis.options.flops, 1);
    analysis.total += row.totals;
    analysis.model.ops.push_back(std::move(spec));
    analysis.costed.ops.push_back(row.cost);
    analysis.rows.push_back(std::move(row));
  }

  void finish() {
    Analysis& analysis = study_.analysis;
    if (!analysis.rows.empty()) analysis.parts.push_back({0, 0, analysis.rows.size(), analysis.total});
  }

 private:
  std::string unique(std::string title) {
    const std::int64_t seen = ++titles_[title];
    return seen == 1 ? title : fmt::format("{} #{}", title, seen);
  }

  void add_kernel(const TraceOp& op, std::int64_t times, OpRow& row) const {
    const CallCost& cost = *op.cost;
    KernelRow kernel;
    kernel.kernel.op = row.op;
    kernel.kernel.name = "op";
    kernel.kernel.kernel = cost.kernel;
    kernel.kernel.one = cost.cost;
    if (!op.counters) kernel.kernel.one.launches = std::max<std::int64_t>(1, op.launches / op.calls);
    kernel.kernel.executions = times;
    kernel.dram_bytes = cost.cost.unique;
    kernel.time = roofline_time(kernel.kernel.one, kernel.dram_bytes, row.rates, study_.analysis.hw,
                                study_.analysis.options.roofs, cost.kernel);
    row.time = kernel.time;
    row.kernels.push_back(kernel);
  }

  TraceStudy& study_;
  std::map<std::string, std::int64_t> titles_;
};

/// The trace as one step.
Measurement measurement_of(const TraceStudy& study) {
  const DeviceTime all = all_devices(study.timeline);
  Measurement measurement;
  measurement.device = study.trace.device;
  measurement.backend = "trace";
  measurement.model = study.analysis.model.name;
  measurement.phase = phase_name(study.analysis.options.step.phase);
  measurement.dtype = describe(study.analysis.dtypes());
  measurement.environment = study.trace.environment;
  measurement.dropped = study.trace.dropped;
  double sum_s = 0;
  for (std::size_t i = 0; i < study.sums.ops.size(); ++i) {
    const TraceOp& op = study.sums.ops[i];
    sum_s += seconds(op.time_ns);
    if (study.row_of_op[i] == kNobody) {
      measurement.unattributed.push_back({op.title(), op.launches, seconds(op.time_ns)});
      continue;
    }
    const OpRow& row = study.analysis.rows[study.row_of_op[i]];
    MeasuredOp made;
    made.op = study.analysis.model.full_path(study.analysis.spec(row));
    made.executions = row.executions;
    made.samples_s = {seconds(op.time_ns)};
    made.kernels = op.kernels;
    made.counters = op.counters;
    measurement.ops.push_back(std::move(made));
  }
  for (const NamedTime& kernel : study.sums.unattributed) {
    measurement.unattributed.push_back({kernel.name, kernel.launches, seconds(kernel.time_ns)});
    sum_s += seconds(kernel.time_ns);
  }
  measurement.step_s = {study.trace.has_clock ? seconds(all.wall_ns) : sum_s};
  measurement.busy_s = {study.trace.has_clock ? seconds(all.busy_ns) : sum_s};
  measurement.overlapped_s = {seconds(all.overlapped_ns)};
  return measurement;
}

void rank_recoverable(TraceStudy& study) {
  using Kind = Recoverable::Kind;
  for (std::size_t i = 0; i < study.sums.ops.size(); ++i) {
    const OverlayOp* op = study.overlay_of(i);
    const bool known = op != nullptr && study.sums.ops[i].cost->flop_known;
    if (known && op->totals.recoverable_s() > 0)
      study.recoverable.push_back({Kind::kOp, i, op->totals.recoverable_s()});
  }
  const DeviceTime all = all_devices(study.timeline);
  const auto add = [&](Kind kind, std::int64_t ns) {
    if (ns > 0) study.recoverable.push_back({kind, 0, seconds(ns)});
  };
  add(Kind::kLaunches, all.waited_ns);
  add(Kind::kCommunication, all.exposed_ns[static_cast<std::size_t>(DeviceWork::kCommunication)]);
  add(Kind::kCopies, all.exposed_ns[static_cast<std::size_t>(DeviceWork::kCopy)]);
  std::stable_sort(study.recoverable.begin(), study.recoverable.end(),
                   [](const Recoverable& a, const Recoverable& b) { return a.time_s > b.time_s; });
}

/// The shipped specs that have the device's compute capability, SMs and memory.
std::vector<std::string> specs_like(const Trace& trace) {
  constexpr double kMemorySpread = 0.12;  // drivers keep some, and GB are GiB for some
  std::vector<std::string> found;
  if (trace.compute_capability.empty() || trace.sm_count <= 0) return found;
  for (const std::string& name : list_specs(SpecKind::kHardware)) {
    const Hardware hw = load_hardware(name);
    const double memory = static_cast<double>(trace.memory_bytes);
    if (hw.compute_capability == trace.compute_capability && hw.sm_count.value == static_cast<double>(trace.sm_count) &&
        std::fabs(hw.dram_capacity.value - memory) < kMemorySpread * memory)
      found.push_back(name);
  }
  return found;
}

}  // namespace

DeviceTime all_devices(const DeviceTimeline& timeline) {
  DeviceTime sum;
  for (const DeviceTime& device : timeline.devices) {
    sum.events += device.events;
    sum.wall_ns += device.wall_ns;
    sum.busy_ns += device.busy_ns;
    sum.idle_ns += device.idle_ns;
    sum.overlapped_ns += device.overlapped_ns;
    sum.waited_ns += device.waited_ns;
    for (std::size_t work = 0; work < kDeviceWorkCount; ++work) {
      sum.total_ns[work] += device.total_ns[work];
      sum.exposed_ns[work] += device.exposed_ns[work];
    }
  }
  return sum;
}

HardwareChoice hardware_of_trace(const Trace& trace, const std::string& wanted, const Machine& machine) {
  if (!wanted.empty()) return choose_hardware(wanted, machine);
  if (!trace.device.empty()) {
    if (const std::string name = spec_of_product(trace.device); !name.empty())
      return {load_hardware(name), fmt::format("the trace's {}", trace.device)};
  }
  if (const std::vector<std::string> like = specs_like(trace); !like.empty()) {
    std::string reason = fmt::format("like the trace's {} in compute capability {}, {} SMs and {}", trace.device,
                                     trace.compute_capability, trace.sm_count,
                                     format_si(static_cast<double>(trace.memory_bytes), "B", 3));
    if (like.size() > 1) reason += fmt::format(", as {} is; --hw chooses", like[1]);
    return {load_hardware(like.front()), std::move(reason)};
  }
  HardwareChoice choice = choose_hardware("", machine);
  choice.reason = trace.device.empty()
                      ? fmt::format("{}; the trace does not name its device: --hw does", choice.reason)
                      : fmt::format("{}; no spec of the trace's {}: --hw names one", choice.reason, trace.device);
  return choice;
}

TraceStudy study_trace(Trace trace, HardwareChoice choice) {
  TraceStudy study;
  study.trace = std::move(trace);
  study.links = link_events(study.trace);
  study.timeline = make_timeline(study.trace, study.links);
  study.sums = add_up(study.trace, study.links);
  for (const HostRange& range : study.trace.ranges) {
    if (range.kind == HostRange::Kind::kAnnotation && study.trace.texts.at(range.name).starts_with(kStepPrefix))
      study.step_starts_ns.push_back(range.start_ns);
  }
  std::sort(study.step_starts_ns.begin(), study.step_starts_ns.end());
  TraceAnalysis analysis(study, std::move(choice));
  try {
    for (TraceOp& op : study.sums.ops) analysis.add(op);
  } catch (const CountOverflow&) {
    throw InputError(Where{std::make_shared<const std::string>(study.trace.path)},
                     "FLOP or bytes of all calls of an op exceed 64 bits: damaged shapes");
  }
  analysis.finish();
  const std::optional<Hardware> datasheet = study.analysis.hw.profile && !study.analysis.hw.profile->datasheet.empty()
                                                ? std::optional(load_hardware(study.analysis.hw.profile->datasheet))
                                                : std::nullopt;
  study.overlay = make_overlay(study.analysis, datasheet, measurement_of(study));
  rank_recoverable(study);
  return study;
}

}  // namespace gable
