// The result of an analysis: plain rows and totals. Renderers read it, nothing in it renders.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "analyzer/roofline/roofline.h"
#include "analyzer/spec/model.h"

namespace gable {

struct AnalysisOptions {
  CostOptions cost;
  RoofSet roofs;
  bool resident_l2 = false;
};

/// Sums over executions of ops.
struct Totals {
  Cost cost;
  Count dram_bytes;
  double time_s = 0;
  std::array<double, kBoundCount> bound_s{};  ///< time by bound class
  std::array<double, kRoofCount> roof_s{};    ///< time by bounding roof
  double compute_s = 0;                       ///< time the work would take at the compute roofs alone

  Totals& operator+=(const Totals& other);
  /// FLOP (matrix and vector) per compulsory byte, whatever stays in a cache; 0 without bytes.
  [[nodiscard]] double intensity() const;
  [[nodiscard]] double flop_per_s() const;   ///< attained
  [[nodiscard]] double bytes_per_s() const;  ///< attained, DRAM
  /// DRAM bandwidth at which the compute roofs would be reached; 0 without FLOP.
  [[nodiscard]] double bandwidth_for_peak() const;
  [[nodiscard]] Bound bound() const;  ///< the class with most time
  [[nodiscard]] Roof roof() const;
};

/// An op of the model on the device.
struct OpRow {
  std::size_t op = 0;  ///< index into Model::ops
  OpCost cost;
  RoofTime time;  ///< of one execution
  Rates rates;
  Totals totals;  ///< all executions
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
  CostedModel costed;
  std::vector<OpRow> rows;     ///< of the selected parts, in order
  std::vector<PartRow> parts;  ///< the selected ones
  Totals total;

  [[nodiscard]] const OpSpec& spec(const OpRow& row) const { return model.ops[row.op]; }
  [[nodiscard]] Dtypes dtypes() const { return options.cost.dtype.applied_to(model.dtypes); }
};

/// Totals of n executions of an op.
Totals totals_of(const OpRow& row, std::int64_t n);

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
};

/// The part of analyze() that a sweep repeats, after cost_model: totals only.
/// @throws InputError: what rates_for throws
PointResult evaluate_point(const CostedModel& costed, const Hardware& hw, const AnalysisOptions& options);

}  // namespace gable
