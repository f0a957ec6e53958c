// A measurement laid over an analysis: how far each op is from its roofs, and where the time of a step went.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/measured/measurement.h"
#include "analyzer/measured/statistics.h"
#include "analyzer/roofline/analysis.h"

namespace gable {

/// What an op's measured time says that bounds it: the roof it is nearest to, or that it is far from all.
enum class MeasuredClass : std::uint8_t {
  kTensor,
  kVector,
  kDram,
  kL2,
  kLaunch,
  kLatency,      ///< far above all roofs, and too small for them to matter: fixed costs of a launch or call
  kInefficient,  ///< far above all roofs with work enough to reach them
};
inline constexpr std::size_t kMeasuredClassCount = 7;
std::string_view class_name(MeasuredClass measured);
/// The class of bound that it belongs to; of kInefficient there is none.
std::optional<Bound> bound_of(MeasuredClass measured);

/// Why a measured time may be shorter than the roofs allow.
struct Diagnosis {
  enum class Kind : std::uint8_t {
    kClock,       ///< within the spread of probes and clocks
    kCache,       ///< what cannot have come from DRAM in that time fits the L2: it stayed there
    kNearCache,   ///< the same of the L2: served by a cache nearer to the cores
    kHalfMasked,  ///< the masked half of causal attention was not computed
    kDtype,       ///< another dtype's rate would explain it
    kUnexplained,
  };
  Kind kind = Kind::kUnexplained;
  Roof roof = Roof::kDram;     ///< that was passed
  double bytes = 0;            ///< kCache, kNearCache: of one execution, that cannot have come from DRAM
  Dtype dtype = Dtype::kFp32;  ///< kDtype
  double flop_per_s = 0;       ///< kDtype: its rate
  Roof unit = Roof::kTensor;   ///< kDtype: kTensor or kVector
};

/// What was measured, with the work and the roofs that belong to it: an op in one pass, or a sum of them. Of a step.
/// Sums and shares are of means, which add up; rates, efficiency and classes are of medians, which outliers leave
/// alone.
struct MeasuredTotals {
  std::vector<double> samples_s;  ///< one a step
  Summary time;                   ///< of the samples
  double flop = 0;                ///< matrix and vector, as executed
  double dram_bytes = 0;
  double launches = 0;                                ///< modelled, with memcpys
  double roof_s = 0;                                  ///< at the roofs above each kernel, without launch latency
  std::array<double, kRoofCount> by_roof{};           ///< by each roof alone; 0 where the term is off
  std::optional<double> datasheet_s;                  ///< roof_s on the datasheet's roofs
  std::array<double, kMeasuredClassCount> class_s{};  ///< mean time by class

  /// Time at the roofs over measured time; above 1 where it was faster. 0 without work, or without time.
  [[nodiscard]] double efficiency() const { return time.median > 0 ? roof_s / time.median : 0; }
  [[nodiscard]] std::optional<double> datasheet_efficiency() const;
  [[nodiscard]] double flop_per_s() const { return time.median > 0 ? flop / time.median : 0; }
  [[nodiscard]] double bytes_per_s() const { return time.median > 0 ? dram_bytes / time.median : 0; }
  /// What reaching the roofs would save; 0 above them.
  [[nodiscard]] double recoverable_s() const { return time.median > roof_s ? time.median - roof_s : 0; }
  /// The class with most time.
  [[nodiscard]] MeasuredClass measured_class() const;
};

/// All of them together; at least one, of the same steps.
MeasuredTotals sum_of(const std::vector<const MeasuredTotals*>& all);

/// An op in one pass that is in both.
struct OverlayOp {
  std::size_t row = 0;  ///< index into Analysis::rows
  Pass pass = Pass::kForward;
  std::size_t measured = 0;  ///< index into Measurement::ops
  MeasuredTotals totals;
  MeasuredClass measured_class = MeasuredClass::kInefficient;
  Roof nearest = Roof::kDram;
  double margin = 0;                 ///< measured time over that of the nearest roof; 0 where no roof has a time
  std::vector<Diagnosis> diagnoses;  ///< most likely first; empty under its roofs
};

/// A piece of the wall time of a step, the mean over the steps.
struct LedgerEntry {
  enum class Kind : std::uint8_t {
    kOps,         ///< of the model
    kOtherOps,    ///< measured ops that the model lacks
    kOverlapped,  ///< counted beyond once, so negative
    kUnattributed,
    kGaps,  ///< no kernel ran
    kRest,  ///< what is missing, or counted twice if negative
  };
  Kind kind = Kind::kOps;
  std::string name;
  std::int64_t launches = 0;
  double time_s = 0;
};

/// Its entries add up to the wall time.
struct Ledger {
  double wall_s = 0;
  std::vector<LedgerEntry> entries;
};

/// All kernels of one name in a step.
struct KernelSum {
  std::string name;
  std::int64_t launches = 0;
  double time_s = 0;
  bool gemm = false;  ///< by its name
};

/// An op that the analysis expects in a pass, and the measurement lacks.
struct NotMeasured {
  std::size_t row = 0;
  Pass pass = Pass::kForward;
  double roof_s = 0;  ///< on the roofline, launch latency included
};

struct Overlay {
  Measurement measurement;
  std::optional<Hardware> datasheet;
  Summary step;                            ///< wall time
  std::vector<std::size_t> outlier_steps;  ///< indices into Measurement::step_s
  std::vector<OverlayOp> ops;              ///< in the order of Analysis::rows, then of passes
  std::vector<NotMeasured> not_measured;
  std::vector<std::size_t> not_in_model;      ///< indices into Measurement::ops
  std::vector<std::size_t> other_executions;  ///< indices into `ops`: measured with another number of executions
  std::vector<std::size_t> recoverable;       ///< indices into `ops`, most first; without those at their roofs
  Ledger ledger;
  std::vector<KernelSum> kernels;  ///< most time first, those without an op included; empty where none were recorded
};

/// `datasheet`: of the product whose measured profile the analysis is on.
/// @throws InputError naming --measured, what differs and the option that would make it match: the measurement is of
/// another model, phase, dtype or setting
Overlay make_overlay(const Analysis& analysis, const std::optional<Hardware>& datasheet,
                     const Measurement& measurement);

/// The part of make_overlay() that refuses. @throws InputError
void check_settings(const Analysis& analysis, const Measurement& measurement);

/// Decides the class, the nearest roof and the margin of `op` from its totals, and what explains a time under the
/// roofs.
void classify(const Analysis& analysis, OverlayOp& op);

}  // namespace gable
