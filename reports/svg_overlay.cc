// The scene with a measurement laid over it.
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "analyzer/base/units.h"
#include "reports/svg_scene.h"

namespace gable::svg {
namespace {

/// All passes of an op; `longest` is null if none was measured.
struct MeasuredRow {
  MeasuredTotals totals;
  const OverlayOp* longest = nullptr;
};

MeasuredRow measured_row(const Overlay& overlay, std::size_t row) {
  MeasuredRow found;
  std::vector<const MeasuredTotals*> totals;
  for (const OverlayOp& op : overlay.ops) {
    if (op.row != row) continue;
    totals.push_back(&op.totals);
    if (found.longest == nullptr || op.totals.time.mean > found.longest->totals.time.mean) found.longest = &op;
  }
  if (!totals.empty()) found.totals = sum_of(totals);
  return found;
}

/// The roofs that the same work meets on the datasheet; its cache, which no datasheet states, is left out.
void add_sheet(const Analysis& analysis, const Hardware& datasheet, Scene& scene) {
  Analysis sheet = analysis;
  sheet.hw = datasheet;
  for (OpRow& row : sheet.rows) row.rates = rates_for(datasheet, row.cost.compute, row.cost.dtypes.accum);
  scene.sheet_compute = compute_roofs(sheet);
  for (RoofLine& roof : memory_roofs(sheet)) {
    if (roof.roof == Roof::kDram) scene.sheet_memory.push_back(std::move(roof));
  }
  for (auto* roofs : {&scene.sheet_compute, &scene.sheet_memory}) {
    for (RoofLine& roof : *roofs) roof.label = "datasheet: " + roof.label;
  }
}

}  // namespace

void lay_over(const Analysis& analysis, const Overlay& overlay, Scene& scene) {
  double all_s = 0;
  for (const OverlayOp& op : overlay.ops) all_s += op.totals.time.mean;
  const auto share = [&](double time_s) { return all_s > 0 ? time_s / all_s : 0; };
  for (Omitted& group : scene.omitted) {
    group.share = 0;
    for (const std::size_t row : group.rows) group.share += share(measured_row(overlay, row).totals.time.mean);
  }
  std::vector<ScenePoint> points;
  Omitted missing{"not measured", {}, 0};
  for (ScenePoint point : scene.points) {
    const auto [totals, longest] = measured_row(overlay, point.row);
    if (longest == nullptr || !(totals.flop_per_s() > 0)) {
      missing.rows.push_back(point.row);
      continue;
    }
    point.modelled = point.flop_per_s;
    point.flop_per_s = totals.flop_per_s();
    point.time_s = totals.time.mean;
    point.share = share(point.time_s);
    point.bound = shown_bound(*longest);
    point.note =
        fmt::format("measured: {}, {} of the measured time, {}, {} of the roof, class {}", format_si(point.time_s, "s"),
                    percent(point.share, 3), format_si(point.flop_per_s, "FLOP/s"), percent(totals.efficiency(), 3),
                    class_name(totals.measured_class()));
    points.push_back(std::move(point));
  }
  scene.points = std::move(points);
  if (!missing.rows.empty()) scene.omitted.push_back(std::move(missing));
  if (overlay.datasheet) add_sheet(analysis, *overlay.datasheet, scene);
}

Bound shown_bound(const OverlayOp& op) {
  const auto of_roof = static_cast<MeasuredClass>(op.nearest);
  return bound_of(op.measured_class).value_or(bound_of(of_roof).value_or(Bound::kMemory));
}

}  // namespace gable::svg
