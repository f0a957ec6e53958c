// Where time can be recovered, as text, CSV, JSON and a picture.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/study/headroom.h"

namespace gable {

struct HeadroomReport {
  const Headroom& study;
  std::size_t top = 0;  ///< rows shown, 0 = all
  int width = 80;       ///< of the terminal
  bool color = false;
};

std::string render_headroom_table(const HeadroomReport& report);
std::string render_headroom_csv(const HeadroomReport& report);
std::string render_headroom_json(const HeadroomReport& report);
std::string render_headroom_svg(const HeadroomReport& report);

/// What to fix first, how much is recoverable in all, and what is not.
std::vector<std::string> headroom_findings(const Headroom& study);

/// Why the candidate helps: "12 instead of 576 launches", "weights are read once for 4 times the samples".
std::string headroom_reason(const Headroom& study, const HeadroomRow& row);

/// Seconds with the candidate, for as many samples as before.
double time_with(const Headroom& study, const HeadroomRow& row);

/// The first `top` rows.
std::vector<HeadroomRow> shown_rows(const HeadroomReport& report);

}  // namespace gable
