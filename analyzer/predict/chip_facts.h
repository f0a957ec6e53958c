// What the time models know of a device: its datasheet, in base units, for one compute dtype.
#pragma once

#include "analyzer/base/dtype.h"
#include "analyzer/spec/hardware.h"

namespace gable {

struct ChipFacts {
  bool is_cpu = false;
  double sms = 1;                ///< streaming multiprocessors, or cores of a CPU
  double flop_per_s = 0;         ///< of products in the dtype, dense
  bool has_matrix_unit = false;  ///< for the dtype
  double bytes_per_s = 0;        ///< DRAM
  double l2_bytes = 0;
  double l2_bytes_per_s = 0;
  double threads_per_sm = 2048;
  double clock_hz = 1.5e9;  ///< of the SMs, boosted
  double power_w = 0;       ///< the board's limit; 0 unknown
};

/// @throws InputError if the device has no rate for the dtype
ChipFacts facts_of(const Hardware& hw, Dtype dtype);

}  // namespace gable
