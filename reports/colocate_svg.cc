// A co-location as a picture: the jobs one after the other, the bound, and the work of each unit.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/units.h"
#include "reports/colocate_report.h"
#include "reports/svg_bars.h"
#include "reports/svg_canvas.h"

namespace gable {
namespace svg {
namespace {

constexpr std::array<std::string_view, 2> kJobFills = {"#5f6b7a", "#b3bcc7"};
constexpr std::string_view kBoundFill = "#59a14f";
constexpr std::size_t kShownPairs = 5;

std::string seconds(double value) { return format_si(value, "s", 3); }

BarPiece piece(const Job& job, std::size_t i, double value) {
  return {value, kJobFills.at(i), fmt::format("{}: {}", job.name, seconds(value))};
}

BarGroup time_group(const Colocation& all) {
  const std::vector<const Job*> jobs = jobs_of(all);
  BarGroup group{"Time", {}};
  Bar serial{"one after the other", {}, seconds(all.serial_s)};
  for (std::size_t i = 0; i < jobs.size(); ++i) serial.pieces.push_back(piece(*jobs[i], i, jobs[i]->serial_s));
  group.bars.push_back(std::move(serial));
  group.bars.push_back({"overlapped at best",
                        {{all.overlapped_s, kBoundFill, "lower bound of any schedule"}},
                        fmt::format("{}, {}", seconds(all.overlapped_s), speedup_text(all.speedup()))});
  return group;
}

BarGroup work_group(const Colocation& all) {
  const std::vector<const Job*> jobs = jobs_of(all);
  BarGroup group{"Work of each unit", {}};
  for (std::size_t r = 0; r < kRoofCount; ++r) {
    Bar bar{std::string(roof_name(static_cast<Roof>(r))), {}, ""};
    double sum = 0;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      bar.pieces.push_back(piece(*jobs[i], i, jobs[i]->busy_s.at(r)));
      sum += jobs[i]->busy_s.at(r);
    }
    bar.text = seconds(sum);
    if (sum > 0) group.bars.push_back(std::move(bar));
  }
  return group;
}

BarGroup bound_group(const Colocation& all) {
  BarGroup group{"Time by bound class", {}};
  for (const Job* job : jobs_of(all)) {
    group.bars.push_back({job->name, bound_pieces(job->bound_s), seconds(job->serial_s)});
  }
  return group;
}

BarGroup pair_group(const Colocation& all) {
  BarGroup group{"Pairs that save most, each by itself", {}};
  for (std::size_t i = 0; i < std::min(kShownPairs, all.pairs.size()); ++i) {
    const KernelPair& pair = all.pairs[i];
    group.bars.push_back(
        {fmt::format("{} | {}", all.high.kernels[pair.first].name, all.second().kernels[pair.second].name),
         {{pair.saved_s(), kBoundFill, "saved at most"}},
         fmt::format("{}, {}", seconds(pair.saved_s()), speedup_text(pair.speedup()))});
  }
  return group;
}

}  // namespace
}  // namespace svg

std::string render_colocate_svg(const ColocateReport& report) {
  const Colocation& all = report.colocation;
  const std::vector<std::string> found = colocate_findings(report);
  svg::BarPicture picture{"Overlap: " + colocate_title(report), {found[0], found[1]}, {}, {}};
  const std::vector<const Job*> jobs = jobs_of(all);
  for (std::size_t i = 0; i < jobs.size(); ++i) picture.legend.push_back({svg::kJobFills.at(i), jobs[i]->name});
  for (svg::LegendEntry& entry : svg::bound_legend()) picture.legend.push_back(std::move(entry));
  picture.groups = {svg::time_group(all), svg::work_group(all), svg::bound_group(all)};
  for (svg::BarGroup& group : picture.groups) group.full = all.serial_s;
  if (!all.pairs.empty()) picture.groups.push_back(svg::pair_group(all));
  return svg::draw_bars(picture);
}

}  // namespace gable
