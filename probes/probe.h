// THE probe table: every probe is one row. `analyze probe --list`, the profile and the tests read it.
//
// Adding a probe: a function that returns figures, its row in the table of its backend, a test.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/spec/hardware.h"
#include "analyzer/spec/profile.h"

namespace gable {

enum class Effort : std::uint8_t { kQuick, kDefault, kFull };

/// What a probe may use, and whom it tells how far it is.
struct ProbeContext {
  Effort effort = Effort::kDefault;
  double budget_s = 0;                          ///< for this probe, about
  std::function<bool()> interrupted;            ///< asked between samples
  std::vector<ShapeTiming>* shapes = nullptr;   ///< where timings for the calibration go
  const std::vector<Figure>* before = nullptr;  ///< figures of the probes that ran before
};

struct ProbeRow {
  std::string_view name;  ///< "dram.triad"
  Unit unit;
  std::string_view bounds;  ///< what it bounds: "DRAM roof", "vector roof", "nothing, for comparison"
  std::string_view kernel;  ///< what runs
  std::string_view check;   ///< how its result is verified
  double share;             ///< of the time of a whole run
  std::vector<Figure> (*run)(const ProbeContext& context);
};

std::span<const ProbeRow> cpu_probe_table();
/// Rows are there whether CUDA was built or not; running one without a device throws CapabilityError.
std::span<const ProbeRow> cuda_probe_table();

}  // namespace gable
