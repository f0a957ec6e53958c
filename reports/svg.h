// The roofline as a picture: every op a point under the roofs of the device.
#pragma once

#include <array>
#include <string>

#include "analyzer/measured/overlay.h"
#include "analyzer/roofline/analysis.h"

namespace gable {

/// A self-contained SVG (960 x 640 user units, no script, nothing external) in log-log axes: x is arithmetic intensity
/// in FLOP of both kinds per DRAM byte, y is attained FLOP/s. One mark for each op, its area the share of time; ops at
/// the same place share a mark. Ops that have no place on logarithmic axes are listed below the plot. The text depends
/// on nothing but its input: no clock, no locale. With an overlay marks are where ops were measured, hollow ones where
/// the roofline has them, and the datasheet's roofs are dashed. Williams, Waterman, Patterson 2009
/// (doi 10.1145/1498765.1498785).
std::string render_svg(const Analysis& analysis, const Overlay* overlay = nullptr);

/// The roofline of a trace; `lines` stand below the title in place of settings and sums.
std::string render_trace_svg(const Analysis& analysis, const Overlay& overlay, const std::array<std::string, 2>& lines);

}  // namespace gable
