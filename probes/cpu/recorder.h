// Times of tasks on a CPU, by the steady clock around each.
#pragma once

#include <memory>

#include "probes/recorder.h"

namespace gable {

std::unique_ptr<Recorder> make_cpu_recorder();

}  // namespace gable
