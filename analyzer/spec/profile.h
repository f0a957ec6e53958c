// What makes a hardware spec a machine profile: figures that probes measured, and the circumstances.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/base/units.h"
#include "analyzer/spec/yaml.h"

namespace gable {

inline constexpr std::string_view kProfileSchema = "gable-profile/1";

/// What one probe found, in one configuration. `value` is what the profile stands for: the median of a latency, the
/// median of a rate; `best` the lowest latency or highest rate.
struct Figure {
  std::string probe;   ///< row of the probe table: "dram.triad"
  std::string config;  ///< "2 threads, 256 MiB"
  Unit unit = Unit::kCount;
  double value = 0;
  double best = 0;
  double spread = 0;  ///< interquartile range over the median
  std::int64_t samples = 0;
  double clock_hz = 0;       ///< of the cores while it ran; 0 unknown
  double power_w = 0;        ///< 0 unknown
  double temperature_c = 0;  ///< 0 unknown
  std::string refused;       ///< why it does not count: "above 153.6 GFLOP/s, 2 cores x 2 FMA x ..."; "" if it does
};

/// A kernel timed on the device, for the calibration of predictions: a row of the rows' schema.
struct ShapeTiming {
  std::string kind;  ///< gemm, bmm, stream, softmax, layernorm
  std::string dtype;
  std::vector<std::int64_t>
      shape;          ///< the kind's dims in their order; the last may be missing where they have a default
  double time_s = 0;  ///< median
  double spread = 0;
  std::int64_t samples = 0;
};

struct Profile {
  std::string date;       ///< ISO 8601, UTC
  std::string command;    ///< that wrote it
  std::string version;    ///< of the program
  std::string device;     ///< product name; "" in profiles that do not say it
  std::string datasheet;  ///< hardware spec of the same product, "" if none is known
  std::vector<std::pair<std::string, std::string>> environment;  ///< driver, libraries, cores, clocks, in order
  std::vector<Figure> figures;
  std::vector<ShapeTiming> shapes;
};

/// @throws InputError with the place. `root` is a hardware spec with `schema:`.
Profile read_profile(const YamlNode& root);

}  // namespace gable
