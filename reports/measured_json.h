// The measured side of the JSON report.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/report.h"

namespace gable {

using Json = nlohmann::ordered_json;

/// The measured columns of a row that was measured, those without a value left out.
void add_measured_columns(const ReportRow& row, Json& json);

/// Device, steps, ledger, ops by pass, what did not join.
Json measured_json(const Analysis& analysis, const Overlay& overlay);

/// All kernels by name, most time first.
Json kernels_json(const Overlay& overlay);

}  // namespace gable
