// The recorder of last resort: a pair of events around each task.
#pragma once

#include <memory>

#include "probes/cuda/api.h"
#include "probes/recorder.h"

namespace gable {

/// Events are recorded on the legacy default stream, which is ordered with every stream that was created without
/// cudaStreamNonBlocking; on others they would say nothing. A task's time holds the gaps between its kernels, and what
/// the launches take where the device waits for them; kernels have no names. `now` is the host's clock in seconds.
std::unique_ptr<Recorder> make_event_recorder(const RuntimeApi& runtime, double (*now)());

/// The same tables, with streams that the default stream is ordered with.
CudaApi with_ordered_streams(CudaApi api);

}  // namespace gable
