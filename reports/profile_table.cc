#include "reports/profile_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "reports/text_table.h"

namespace gable {
namespace {

TextLine line_of(const Figure& figure) {
  const std::string_view unit = unit_symbol(figure.unit);
  const bool counts = figure.refused.empty() && figure.samples > 0;
  const auto show = [&](double value) { return counts ? format_si(value, unit) : std::string("refused"); };
  TextLine line;
  line.cells = {figure.probe,
                figure.config,
                show(figure.value),
                counts ? show(figure.best) : "",
                counts ? fmt::format("{:.1f} %", 100 * figure.spread) : "",
                fmt::format("{}", figure.samples),
                figure.clock_hz > 0 ? format_si(figure.clock_hz, "Hz", 3) : "",
                figure.power_w > 0 ? format_si(figure.power_w, "W", 3) : "",
                figure.temperature_c > 0 ? fmt::format("{:.0f} C", figure.temperature_c) : ""};
  return line;
}

}  // namespace

std::string render_profile(const Profile& profile, const ProfileTableOptions& options) {
  const std::vector<TextColumn> columns = {{"probe", false, 0}, {"configuration", false, 1}, {"median", true, 0},
                                           {"best", true, 0},   {"spread", true, 0},         {"samples", true, 2},
                                           {"clock", true, 3},  {"power", true, 4},          {"temp", true, 5}};
  std::vector<TextLine> lines = {head_line(columns)};
  for (const Figure& figure : profile.figures) lines.push_back(line_of(figure));
  const std::size_t width = std::max(static_cast<std::size_t>(std::max(options.width, 0)), kLeastTableWidth);
  const TextLayout layout = fit_table(columns, lines, width);
  std::string out;
  for (const TextLine& line : lines) out += render_line(line, columns, layout, options.color);
  for (const Figure& figure : profile.figures) {
    if (!figure.refused.empty())
      out += wrapped(fmt::format("{} ({}) was refused: {}.", figure.probe, figure.config, figure.refused), width);
  }
  return out;
}

}  // namespace gable
