// A measurement file in the place of a device: nothing runs, and the times are those of the file.
#pragma once

#include "probes/device.h"

namespace gable {

/// @throws InputError: what load_measurement throws
Device open_recorded(const std::string& path);

/// Hands back the steps of `measurement`: the first `warmup` take what its cold step took. The ids of tasks are places
/// in its list of ops.
std::unique_ptr<Recorder> make_recorded_recorder(const Measurement& measurement);

}  // namespace gable
