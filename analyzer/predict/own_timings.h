// Rows of what this program timed itself: shapes of a profile, kernels of a measurement.
#pragma once

#include <string>
#include <vector>

#include "analyzer/measured/measurement.h"
#include "analyzer/predict/timings.h"
#include "analyzer/roofline/analysis.h"

namespace gable {

/// "oneDNN 2.6.3" of an environment that names the library of its products; "" where none does.
std::string library_of(const std::vector<std::pair<std::string, std::string>>& environment);

/// `where` is that of the profile.
/// @throws InputError for a shape of an unknown kind or dtype, with too few dims, without a time
std::vector<Timing> timings_of(const Profile& profile, const Where& where);

/// Each op and pass that ran as one kernel of a known shape: the median over the steps, of one execution. `analysis` is
/// what was measured.
std::vector<Timing> timings_of(const Analysis& analysis, const Measurement& measurement);

}  // namespace gable
