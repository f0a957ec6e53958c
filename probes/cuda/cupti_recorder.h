// The recorder of CUDA devices.
#pragma once

#include <memory>
#include <string>

#include "probes/cuda/api.h"
#include "probes/cuda/cupti_api.h"
#include "probes/recorder.h"

namespace gable {

/// Records the current device of this thread, from now to the end of the object.
/// @return null where that cannot be done, and why in one line with what to do
std::unique_ptr<Recorder> make_cupti_recorder(std::string& why_not);

/// The same on other tables, which outlive the program.
std::unique_ptr<Recorder> make_cupti_recorder(const CuptiActivityApi& cupti, const RuntimeApi& cuda,
                                              std::string& why_not);

}  // namespace gable
