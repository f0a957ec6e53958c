// Predicted against measured, as text, CSV, JSON and points about the diagonal.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analyzer/predict/validation.h"
#include "reports/report_format.h"

namespace gable {

struct ValidationReport {
  const Validation& validation;
  const ValidationOptions& options;
  std::size_t worst = 5;  ///< rows shown of those with the largest errors
  int width = 80;
  bool color = false;
};

std::span<const ReportFormat<ValidationReport>> validation_format_table();

/// A self-contained SVG of predicted against measured times, a mark a row.
std::string render_validation_svg(const ValidationReport& report);

/// A line a case, then the mean of each device.
std::string render_cases(const std::vector<CheckedCase>& cases, double coverage, int width);
std::string render_cases_json(const std::vector<CheckedCase>& cases);

}  // namespace gable
