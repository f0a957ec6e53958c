// A CUDA device that is not there: memory is the host's, kernels run when they are launched, and time passes only where
// the test says so. Its numbers are small, so that whole probes run in a moment.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "probes/cuda/session.h"

namespace gable::cuda::fake {

struct State {
  double clock_s = 0;  ///< of host and device alike
  std::int64_t free_bytes = 256 << 10;
  // How fast it is.
  double dram_bytes_per_s = 10e9;
  double cache_bytes_per_s = 100e9;
  double fma_flop_per_s = 200e9;
  double link_bytes_per_s = 4e9;
  double launch_s = 4e-6;
  double graph_launch_s = 1e-6;
  std::vector<double> gemm_s = {3e-4, 1e-4, 2e-4};  ///< by algorithm
  // What it gets wrong.
  bool corrupt = false;
  std::set<int> unsupported;  ///< cudaDataType_t of operands
  // What happened.
  std::map<std::string, int> launches;
  std::vector<int> algorithms;  ///< of each product that ran
  double paused_s = 0;
  int live_allocations = 0;
  // Inside.
  bool fresh = false;  ///< buffers were filled since a kernel last computed: only then it computes
  bool capturing = false;
  double captured_s = 0;
};
State& state();

/// Forgets everything. @return the state
State& reset();

const CudaApi& api();
const ProbeKernels& kernels();
HostClock clock();

}  // namespace gable::cuda::fake
