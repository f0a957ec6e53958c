// The result of an analysis: plain rows and totals. Renderers read it, nothing in it renders.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "analyzer/lowering/lower.h"
#include "analyzer/roofline/roofline.h"

namespace gable {

/// Which matrix FLOP are reported. Times are always of what is executed.
enum class FlopConvention : std::uint8_t {
  kExecuted,      ///< all of them (HFU)
  kModel,         ///< without those done a second time in the backward pass (MFU; PaLM, appendix B)
  kCausalHalved,  ///< nor the masked half of causal attention
};
std::string_view flops_name(FlopConvention convention);
/// @throws InputError naming --flops
FlopConvention parse_flops(std::string_view text);

struct AnalysisOptions {
  CostOptions cost;
  RoofSet roofs;
  bool resident_l2 = false;
  StepOptions step = {};
  FlopConvention flops = FlopConvention::kExecuted;
};

/// What one pass of a step (forward, dgrad, ...) adds up to.
struct PassTotals {
  Count matrix_flop;
  Count vector_flop;
  Count bytes;  ///< compulsory
  Count launches;
  double time_s = 0;
};

/// What the kernels of one class (gemm, stream, ...) add up to.
struct ClassTotals {
  Count launches;  ///< of memcpy: the copies
  double time_s = 0;
};

/// Sums over executions of kernels.
struct Totals {
  Cost cost;
  Count dram_bytes;
  double time_s = 0;
  std::array<double, kBoundCount> bound_s{};  ///< time by bound class
  std::array<double, kRoofCount> roof_s{};    ///< time by bounding roof
  std::array<PassTotals, kPassCount> passes{};
  std::array<ClassTotals, kKernelClassCount> classes{};
  double roof_time_s = 0;   ///< time at the roofs over each kernel, without launch latency
  double peak_s = 0;        ///< time of the executed matrix FLOP at the matrix peak
  double model_peak_s = 0;  ///< the same of the model's: without those done again
  double compute_s = 0;     ///< time the work would take at the compute roofs alone
  double predicted_s = 0;   ///< by time models (predict/); 0 without
  double datasheet_s = 0;   ///< at the datasheet's roofs, where `time_s` is at measured ones; else 0

  Totals& operator+=(const Totals& other);
  /// Parallel efficiency: attained FLOP/s (or B/s) over the roof above each kernel, weighted by time. 0 without any.
  [[nodiscard]] double efficiency() const { return time_s > 0 ? roof_time_s / time_s : 0; }
  /// Model FLOP utilisation: share of the matrix peak that the model's FLOP reach in this time. 0 without any.
  [[nodiscard]] double mfu() const { return time_s > 0 ? model_peak_s / time_s : 0; }
  /// Hardware FLOP utilisation: the same with what is computed again.
  [[nodiscard]] double hfu() const { return time_s > 0 ? peak_s / time_s : 0; }
  /// FLOP (matrix and vector) per compulsory byte, whatever stays in a cache; 0 without bytes.
  [[nodiscard]] double intensity() const;
  [[nodiscard]] double flop_per_s() const;   ///< attained
  [[nodiscard]] double bytes_per_s() const;  ///< attained, DRAM
  /// DRAM bandwidth at which the compute roofs would be reached; 0 without FLOP.
  [[nodiscard]] double bandwidth_for_peak() const;
  [[nodiscard]] Bound bound() const;  ///< the class with most time
  [[nodiscard]] Roof roof() const;
};

/// A kernel of an op on the device.
struct KernelRow {
  Kernel kernel;
  Count dram_bytes;        ///< of one execution
  RoofTime time;           ///< of one execution
  double predicted_s = 0;  ///< of one execution; 0 without a prediction
  double datasheet_s = 0;  ///< of one execution at the datasheet's roofs; 0 where `time` is
};

/// An op of the model on the device.
struct OpRow {
  std::size_t op = 0;  ///< index into Model::ops
  OpCost cost;
  std::int64_t executions = 1;  ///< as it runs: 1 for instances that run as one, 0 for an op that another one runs
  Rates rates;
  std::vector<KernelRow> kernels;  ///< in the order of execution; empty for an op that does nothing in this phase
  RoofTime time;                   ///< of the kernel with most time
  Totals totals;                   ///< all executions of all kernels

  [[nodiscard]] bool idle() const { return kernels.empty(); }
};

struct PartRow {
  std::size_t part = 0;   ///< index into Model::parts
  std::size_t first = 0;  ///< rows [first, last)
  std::size_t last = 0;
  Totals totals;
};

struct Analysis {
  Model model;
  Hardware hw;
  AnalysisOptions options;
  std::string hw_reason;  ///< why this device: "given by --hw", ...
  Plan plan;
  CostedModel costed;
  std::vector<OpRow> rows;     ///< of the selected parts, in order
  std::vector<PartRow> parts;  ///< the selected ones
  Totals total;

  [[nodiscard]] const OpSpec& spec(const OpRow& row) const { return model.ops[row.op]; }
  [[nodiscard]] Dtypes dtypes() const { return options.cost.dtype.applied_to(model.dtypes); }
};

/// Totals of n executions of a kernel.
Totals totals_of(const KernelRow& row, const Rates& rates, FlopConvention flops, std::int64_t n);

/// Totals of an n-th of what an op runs (one pass of a block that repeats n times).
Totals share_of(const OpRow& row, FlopConvention flops, std::int64_t n);

/// Adds up anew what was put into kernel rows beside their times at the roofs: predicted_s and datasheet_s.
void sum_beside(Analysis& analysis);

/// The times of the same analysis on the datasheet of a device that was measured.
void put_datasheet_times(const Analysis& datasheet, Analysis& analysis);

/// Costs and times every op of the model on the device.
/// @throws InputError: what cost_model and rates_for throw
Analysis analyze(Model model, Hardware hw, AnalysisOptions options);

/// What a sweep keeps of a configuration.
struct PointResult {
  Count flop;  ///< matrix and vector
  Count matrix_flop;
  Count bytes;  ///< compulsory
  Count launches;
  double time_s = 0;
  std::array<double, kBoundCount> bound_s{};  ///< time by bound class
  std::array<double, kRoofCount> roof_s{};    ///< time by bounding roof
  double predicted_s = 0;                     ///< by time models (predict/); 0 without
};

/// A model made ready for many configurations of its dims.
struct Prepared {
  Model model;
  Plan plan;
  AnalysisOptions options;
};
/// @throws InputError: what make_plan and refuse_integer_training throw
Prepared prepare(Model model, AnalysisOptions options);

/// Buffers that evaluate_point() reuses.
struct Scratch {
  CostedModel costed;
  std::vector<Kernel> kernels;
  std::vector<Count> dram;
};

/// The part of analyze() that a sweep repeats: totals only.
/// @throws InputError: what cost_model, lower and rates_for throw
PointResult evaluate_point(const Prepared& prepared, const Hardware& hw, Scratch& scratch);

}  // namespace gable
