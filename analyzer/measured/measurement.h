// What was observed on a device: times of ops and kernels, over the steps of a run. One format, whoever wrote it.
// docs/measurements.md is the schema of the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/lowering/step.h"
#include "analyzer/spec/yaml.h"

namespace gable {

inline constexpr std::string_view kMeasurementSchema = "gable-measurement/1";

/// Kernels of one name that ran for one op in one pass. Times are of one step, the mean over the steps.
struct MeasuredKernel {
  std::string name;
  std::int64_t launches = 0;  ///< a step
  double time_s = 0;          ///< all launches of a step together
};

/// What the hardware counted in a step, all executions together; 0 where the chip has no such counter.
struct Counters {
  double dram_read_bytes = 0;
  double dram_write_bytes = 0;
  double l2_bytes = 0;
  double flop = 0;

  friend bool operator==(const Counters&, const Counters&) = default;
};

/// An op in one pass, all its executions of a step together.
struct MeasuredOp {
  std::string op;  ///< "top/h/qkv", as Model::full_path names it
  Pass pass = Pass::kForward;
  std::int64_t executions = 1;    ///< a step
  double cold_s = 0;              ///< in the first step; 0 if it was not recorded
  std::vector<double> samples_s;  ///< one a step, warm
  std::vector<MeasuredKernel> kernels;
  std::string note;                       ///< "by oneDNN brgemm, weights packed"
  std::optional<Counters> counters = {};  ///< of passes of their own, where they were asked for
};

/// Where the time of a step went that no op has. Seconds a step, means over the steps.
struct Unattributed {
  std::string name;  ///< a kernel's name, or "gaps", "host"
  std::int64_t launches = 0;
  double time_s = 0;
};

struct Measurement {
  std::string device;   ///< product name as the driver or the kernel reports it
  std::string backend;  ///< cpu, cuda
  std::string model;    ///< name
  std::vector<std::pair<std::string, std::string>>
      settings;  ///< dims ("B": "4") and options, for people and for the check against a model
  std::vector<std::pair<std::string, std::string>> environment;  ///< driver, libraries, threads, clock, date, command
  std::string phase;
  std::string dtype;
  std::uint64_t seed = 0;
  std::int64_t warmup = 0;
  double cold_step_s = 0;      ///< wall time of the first step
  std::vector<double> step_s;  ///< wall time of each warm step
  std::vector<double> busy_s;  ///< of each warm step: the device ran at least one kernel. Empty: as the sum of the ops
  std::vector<double> overlapped_s;  ///< of each warm step: time that more than one kernel ran, counted beyond once
  std::vector<MeasuredOp> ops;       ///< in the order of execution
  std::vector<Unattributed> unattributed;
  std::int64_t dropped = 0;  ///< records that the profiler lost
};

/// @throws InputError with the place: an unknown key, a wrong type, an older or newer schema, a file cut short
Measurement read_measurement(const YamlNode& root);
/// Loads and reads a file. @throws InputError
Measurement load_measurement(const std::string& path);

/// The file's text; read_measurement() gives the same Measurement back.
std::string write_measurement(const Measurement& measurement);

}  // namespace gable
