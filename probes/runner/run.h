// Runs a model's ops on a device, step after step, and makes a measurement of their times.
#pragma once

#include <functional>

#include "probes/device.h"
#include "probes/runner/program.h"

namespace gable {

struct RunOptions {
  std::int64_t warmup = 5;
  std::int64_t steps = 10;
  std::uint64_t seed = 1;
  std::function<bool()> interrupted;
  /// Told before each step: how many are done, how many there are.
  std::function<void(std::int64_t done, std::int64_t all)> progress;
};

/// Times of `program` on the device: the first step (warm-up or not) is the cold one, those behind the warm-ups are the
/// samples. Device, backend, phase, dtype, seed and environment are filled in; command and date are the caller's.
/// @throws Interrupted (sampling.h), DeviceError
Measurement run_program(const Analysis& analysis, const Program& program, const Device& device,
                        const RunOptions& options);

/// The dims of the model and what else decides what ran, as the overlay compares them.
std::vector<std::pair<std::string, std::string>> settings_of(const Analysis& analysis);

}  // namespace gable
