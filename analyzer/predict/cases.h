// Whole models whose time was measured, as tables of others have them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/error.h"

namespace gable {

/// "gpt2_large-inf-1024-4": model, mode, positions, batch.
struct MeasuredCase {
  std::string device;  ///< product name; '_' stands for blanks
  std::string name;    ///< as the file has it
  std::string model;
  std::string mode;  ///< inf or train
  std::int64_t positions = 0;
  std::int64_t batch = 0;
  std::string variant;  ///< what follows the batch: "fusion"; may be empty
  double time_s = 0;
  Where where;
};

/// Columns device, case and meas_e2e_ms of a CSV file; others are not read. @throws InputError with the place
std::vector<MeasuredCase> read_cases(std::string_view csv, const std::string& name);

}  // namespace gable
