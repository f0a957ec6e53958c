// The constants of a device as a file: fitted once, used by every prediction. docs/prediction.md is the schema.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/predict/calibration.h"
#include "analyzer/spec/yaml.h"

namespace gable {

inline constexpr std::string_view kCalibrationSchema = "gable-calibration/1";

/// A class of kernels as it was fitted.
struct CalibratedClass {
  ShapeKind kind = ShapeKind::kGemm;
  Dtype dtype = Dtype::kFp32;
  std::string formula;       ///< name of the time model
  std::string library;       ///< that ran the kernels; may be empty
  double leave_one_out = 0;  ///< mean |predicted / measured - 1|, each row from all others
  double held_out = 0;       ///< the same of rows that the fit did not see; 0 without such rows
  std::vector<double> sds;   ///< of the logarithms of the fit's values
  CalibrationFit fit;
};

struct CalibrationFile {
  std::string hardware;  ///< name of the device's spec
  std::string date;      ///< ISO 8601, UTC
  std::string command;   ///< that wrote it
  std::string version;   ///< of the program
  std::vector<CalibratedClass> classes;
};

/// The file's text; read_calibration() gives the same back.
std::string write_calibration(const CalibrationFile& file);

/// @throws InputError with the place: an unknown key, a wrong type, another schema, a file cut short; a class that was
/// fitted to another formula
CalibrationFile read_calibration(const YamlNode& root);

}  // namespace gable
