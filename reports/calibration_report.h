// What a calibration found, as text and JSON: constants with their uncertainty, errors on rows that were left out.
#pragma once

#include <string>
#include <vector>

#include "analyzer/predict/calibration_file.h"
#include "analyzer/predict/validation.h"
#include "reports/report_format.h"

namespace gable {

/// A class with what was held back from its fit.
struct CalibratedLine {
  const CalibratedClass* fitted = nullptr;
  std::vector<double> sds;  ///< of the constants' logarithms
  Accuracy held_out;        ///< no rows: all were fitted
};

struct CalibrationReport {
  const CalibrationFile& file;
  const Hardware& hw;
  const std::vector<CalibratedLine>& lines;
  int width = 80;
  bool color = false;
};

std::string render_calibration(const CalibrationReport& report);

}  // namespace gable
