// The measured side of rows: what of a measurement belongs to each.
#pragma once

#include <string>
#include <vector>

#include "reports/report.h"

namespace gable {

/// Fills in `measured` of rows that rows.h made, where the options hold an overlay. A block's instances share its time
/// alike; a kernel has a time only where it is the only one of its op in its pass.
void add_measured(const Analysis& analysis, const ReportOptions& options, std::vector<ReportRow>& rows);
ReportRow with_measured(const Analysis& analysis, const ReportOptions& options, ReportRow row);
std::vector<ReportRow> with_measured(const Analysis& analysis, const ReportOptions& options,
                                     std::vector<ReportRow> rows);

/// What explains that an op was faster than a roof allows: "its 500 kB fit the L2 (1.00 MB): ...".
std::string diagnosis_text(const Analysis& analysis, const Diagnosis& diagnosis);

/// "measured DRAM roof 31.2 GB/s", "datasheet FP32 vector roof ...": of an op's compute dtype.
std::string roof_text(const Analysis& analysis, const OpRow& row, Roof roof);

}  // namespace gable
