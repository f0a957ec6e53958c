#include "reports/svg_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/units.h"
#include "reports/headings.h"
#include "reports/svg_axes.h"

namespace gable::svg {
namespace {

constexpr double kLeft = 84;
constexpr double kRight = 936;
constexpr double kTop = 128;
constexpr double kLine = 16;  ///< px between lines of footnotes
constexpr double kLeastTitleSize = 16;
constexpr double kBold = 1.15;  ///< width of bold text over plain
constexpr double kTextSize = 13;
constexpr double kNoteSize = 11;

std::string dims_of(const Analysis& analysis) {
  std::string text;
  for (std::size_t i = kFirstDim; i < kFirstDim + analysis.model.dim_count; ++i) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", analysis.model.slots[i].name, analysis.costed.values[i]);
  }
  return text;
}

std::string dtype_of(const Analysis& analysis) {
  const bool mixed = std::any_of(analysis.rows.begin(), analysis.rows.end(),
                                 [&](const OpRow& row) { return !(row.cost.dtypes == analysis.dtypes()); });
  return describe(analysis.dtypes()) + (mixed ? " (some ops differ)" : "");
}

/// Circles of known shares; returns nothing, ends at the right edge.
void draw_area_legend(double y, Canvas& canvas) {
  struct Entry {
    double share;
    std::string_view text;
  };
  constexpr std::array<Entry, 3> kEntries = {{{0.25, "25 %"}, {0.10, "10 %"}, {kSmallestShare, "1 % or less"}}};
  double x = kRight;
  for (const Entry& entry : kEntries) {
    const double radius = mark_radius(entry.share);
    x -= text_width(entry.text, kNoteSize);
    canvas.text({x, y + 4}, entry.text, {.size = kNoteSize, .fill = "#555"});
    x -= radius + 5;
    canvas.open("g", R"(fill="#ddd" stroke="#888")");
    canvas.circle({x, y}, radius);
    canvas.close();
    x -= radius + 12;
  }
  canvas.text({x, y + 4}, "area: share of time", {.size = kNoteSize, .fill = "#555", .anchor = "end"});
}

std::string list_names(const std::vector<std::string>& names, double width) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string more = fmt::format("{}{}", i > 0 ? ", " : "", names[i]);
    const std::string rest = fmt::format(" + {} more", names.size() - i);
    if (i > 0 && text_width(text, kNoteSize) + text_width(more, kNoteSize) + text_width(rest, kNoteSize) > width)
      return text + rest;
    text += more;
  }
  return text;
}

Footnote omitted_note(const Analysis& analysis, const Omitted& group) {
  std::vector<std::size_t> rows = group.rows;
  std::stable_sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
    return analysis.rows[a].totals.time_s > analysis.rows[b].totals.time_s;
  });
  const std::string head = fmt::format("Not on the plot, {} ({} of the time): ", group.reason, percent(group.share));
  std::vector<std::string> names;
  std::string tooltip = head;
  for (const std::size_t row : rows) {
    names.push_back(row_name(analysis, analysis.rows[row]));
    const Totals& totals = analysis.rows[row].totals;
    tooltip += fmt::format("\n{}: {}, {}, {}", names.back(), format_si(totals.time_s, "s"),
                           percent(time_share(analysis, totals.time_s), 3), format_si(totals.dram_bytes.real(), "B"));
  }
  const double room = kRight - kLeft - text_width(head, kNoteSize);
  return {fit_text(head + list_names(names, room), kNoteSize, kRight - kLeft), tooltip};
}

void draw_name(const Analysis& analysis, Canvas& canvas) {
  const double width = kRight - kLeft;
  std::string title = fmt::format("{} on {}", analysis.model.name, analysis.hw.title);
  if (kBold * text_width(title, kLeastTitleSize) > width)
    title = fmt::format("{} on {}", analysis.model.name, analysis.hw.name);
  draw_title(title, kLeft, width, canvas);
}

/// What colours and shapes mean, with the shares of time.
void draw_bounds(const std::array<double, kBoundCount>& shares, double y, Canvas& canvas) {
  double x = kLeft + 7;
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    const auto bound = static_cast<Bound>(i);
    canvas.open("g", fmt::format("fill=\"{}\"", bound_color(bound)));
    canvas.mark(bound, {x, y}, 6.5);
    canvas.close();
    const std::string name = fmt::format("{}-bound", bound_name(bound));
    const std::string share = percent(shares.at(i));
    canvas.text({x + 13, y + 4}, name, share, {.size = 12});
    x += 13 + text_width(fmt::format("{} {}", name, share), 12) + 16;
  }
}

std::string overlay_verdict(const Overlay& overlay) {
  double ops_s = 0;
  double roof_s = 0;
  for (const OverlayOp& op : overlay.ops) {
    ops_s += op.totals.time.mean;
    roof_s += op.totals.roof_s;
  }
  const std::string& device = overlay.measurement.device;
  return fmt::format("Measured{}: a step {}, its ops {}, {} at their roofs (mean of {})",
                     device.empty() ? "" : " on " + device, format_si(overlay.step.mean, "s"), format_si(ops_s, "s"),
                     format_si(roof_s, "s"), counted(static_cast<std::int64_t>(overlay.step.n), "step"));
}

}  // namespace

Box plot_frame(std::size_t lines) {
  return {kLeft, kTop, kRight, kPageHeight - 54 - (lines > 0 ? 6 : 0) - kLine * static_cast<double>(lines)};
}

std::vector<Footnote> footnotes(const Analysis& analysis, const Scene& scene) {
  std::vector<Footnote> notes;
  for (const Omitted& group : scene.omitted) notes.push_back(omitted_note(analysis, group));
  if (scene.launch && !scene.launch_in_plot()) {
    notes.push_back(
        {fmt::format("Above the plot: {} = {}", scene.launch->label, short_si(scene.launch->flop_per_s, "FLOP/s")),
         scene.launch->tooltip});
  }
  return notes;
}

std::array<std::string, 2> header_lines(const Analysis& analysis, const Overlay* overlay) {
  const std::string dims = dims_of(analysis);
  const std::string setup =
      fmt::format("{}; {}{}{}", dtype_of(analysis), run_words(analysis), dims.empty() ? "" : "; ", dims);
  if (overlay != nullptr) return {setup, overlay_verdict(*overlay)};
  const Totals& total = analysis.total;
  const bool measured = analysis.hw.dram_bandwidth.provenance == Provenance::kMeasured;
  return {setup, fmt::format("Total {}, {}, {}. {} roofline: not yet a prediction of a framework's time",
                             format_si(total.time_s, "s"), format_si(total.cost.flop().real(), "FLOP"),
                             format_si(total.dram_bytes.real(), "B"), measured ? "Measured" : "Datasheet")};
}

void draw_header(const Analysis& analysis, const std::array<std::string, 2>& lines, Canvas& canvas) {
  const double width = kRight - kLeft;
  draw_name(analysis, canvas);
  canvas.text({kLeft, 56}, fit_text(lines.front(), kTextSize, width), {.size = kTextSize});
  canvas.text({kLeft, 75}, fit_text(lines.back(), kTextSize, width), {.size = kTextSize, .fill = "#555"});
}

void draw_legend(const Analysis& analysis, Canvas& canvas) {
  const double y = kTop - 24;
  std::array<double, kBoundCount> shares{};
  for (std::size_t i = 0; i < kBoundCount; ++i) shares.at(i) = time_share(analysis, analysis.total.bound_s.at(i));
  draw_bounds(shares, y, canvas);
  draw_area_legend(y, canvas);
}

void draw_overlay_legend(const Overlay& overlay, Canvas& canvas) {
  std::array<double, kBoundCount> shares{};
  double all_s = 0;
  for (const OverlayOp& op : overlay.ops) {
    shares.at(static_cast<std::size_t>(shown_bound(op))) += op.totals.time.mean;
    all_s += op.totals.time.mean;
  }
  for (double& share : shares) share = all_s > 0 ? share / all_s : 0;
  draw_bounds(shares, kTop - 33, canvas);
  draw_area_legend(kTop - 24, canvas);
  const double y = kTop - 14;
  double x = kLeft + 7;
  const auto entry = [&](std::string_view text, double width) {
    canvas.text({x + width, y + 4}, text, {.size = kNoteSize, .fill = "#555"});
    x += width + text_width(text, kNoteSize) + 18;
  };
  canvas.open("g", R"(fill="#777")");
  canvas.circle({x, y}, 5);
  canvas.close();
  entry("measured", 9);
  canvas.open("g", R"(fill="#fff" stroke="#777" stroke-width="1.2")");
  canvas.circle({x, y}, 4);
  canvas.close();
  entry("modelled", 9);
  if (!overlay.datasheet) return;
  for (const auto& [stroke, text] : {std::pair(std::string_view(R"(stroke="#333" stroke-width="2")"), "measured roofs"),
                                     std::pair(kSheetStroke, "datasheet roofs")}) {
    canvas.open("g", fmt::format(R"(fill="none" {})", stroke));
    canvas.line({{x - 5, y}, {x + 21, y}});
    canvas.close();
    entry(text, 27);
  }
}

void draw_axes(const Plot& plot, Canvas& canvas) {
  draw_log_axes(plot, {log_ticks(plot.x.range(), false), "Arithmetic intensity (FLOP per DRAM byte)"},
                {log_ticks(plot.y.range(), true), "Attained FLOP/s"}, canvas);
}

void draw_footnotes(const std::vector<Footnote>& notes, Canvas& canvas) {
  double y = kPageHeight - 12 - kLine * (static_cast<double>(notes.size()) - 1);
  for (const Footnote& note : notes) {
    canvas.open("g", "class=\"footnote\"");
    canvas.title(note.tooltip);
    canvas.text({kLeft, y}, note.text, {.size = kNoteSize, .fill = "#555"});
    canvas.close();
    y += kLine;
  }
}

}  // namespace gable::svg
