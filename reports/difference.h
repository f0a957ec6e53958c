// Differences in words and digits: never "1.00 times", nor "165 GFLOP instead of 165 GFLOP".
#pragma once

#include <string>

#include "analyzer/roofline/analysis.h"

namespace gable {

/// "38.6 MB moved instead of 155 MB, 12 instead of 576 launches": DRAM bytes, FLOP and launches, but for what is the
/// same in three digits; "" where all is.
std::string work_change(const Totals& before, const Totals& after);

/// "27.1 ms instead of 31.7 ms", in as many digits as tell them apart.
std::string instead_of(double now_s, double before_s);

/// "9.91"; with more digits near 1, "1.0010"; "1" where they would not tell it from 1.
std::string ratio_text(double ratio);

}  // namespace gable
