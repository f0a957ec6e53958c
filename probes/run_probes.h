// Runs the probes of a device one after the other.
#pragma once

#include <functional>
#include <string_view>

#include "probes/device.h"
#include "probes/probe.h"

namespace gable {

/// How long all probes together take, about: under 15 s, under 60 s, five minutes.
double seconds_of(Effort effort);

struct ProbeRun {
  Effort effort = Effort::kDefault;
  std::function<bool()> interrupted;
  /// Adds clock and temperature to a figure right after its probe, where the probe did not.
  std::function<void(Figure&)> circumstances;
  /// Told before each probe: its name, seconds left.
  std::function<void(std::string_view name, double left_s)> progress;
};

/// Figures and shapes of all rows; the rest of the profile is the caller's.
/// @throws Interrupted (sampling.h), DeviceError
Profile run_probes(std::span<const ProbeRow> rows, const ProbeRun& run);

/// Held while something is timed: two at once would time each other. Of the user, on this machine.
class MeasuringLock {
 public:
  /// @throws CapabilityError where another process holds it
  MeasuringLock();
  MeasuringLock(const MeasuringLock&) = delete;
  MeasuringLock& operator=(const MeasuringLock&) = delete;
  ~MeasuringLock();

 private:
  int file_ = -1;
};

/// "2026-11-21T10:05:00Z".
std::string utc_now();

}  // namespace gable
