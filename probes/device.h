// Devices by name, and what is known of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/engine.h"
#include "probes/recorder.h"

namespace gable {

struct DeviceFacts {
  std::string backend;  ///< cpu or cuda
  std::string name;     ///< product: "NVIDIA H200", "Intel(R) Xeon(R) Processor"
  std::string vendor;
  std::string architecture;        ///< "x86-64, AVX-512", "Hopper"
  std::string compute_capability;  ///< "" on a CPU
  int units = 1;                   ///< cores or SMs
  std::string cache_label = "L2";  ///< of the last cache before DRAM
  std::int64_t cache_bytes = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t free_bytes = 0;
  std::vector<std::pair<std::string, std::string>> environment;  ///< driver, libraries, threads, clocks, in order
};

struct Device {
  DeviceFacts facts;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Recorder> recorder;
  std::shared_ptr<const Measurement> recorded;  ///< the file that stands for it, if one does
};

/// "cpu", "cuda", "cuda:1", "recorded:FILE" (a measurement); "" chooses: the first CUDA device that works, else the
/// CPU.
/// @throws InputError for another name; CapabilityError where this machine lacks it, with what is missing
Device open_device(std::string_view name);

/// Of the CUDA backend, in a file of its own whether it was built or not.
/// @throws CapabilityError: not built, no driver, no GPU, no cuBLASLt
Device open_cuda_device(int index);
/// Why there is none: "built without CUDA", "no usable GPU (...)"; "" if there is one.
std::string why_no_cuda();

}  // namespace gable
