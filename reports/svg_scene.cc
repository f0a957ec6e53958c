#include "reports/svg_scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analyzer/base/units.h"

namespace gable::svg {
namespace {

std::string_view why_omitted(const OpRow& row) {
  if (row.idle()) return "no work in this phase";
  if (row.totals.cost.flop() == Count(0)) return "no FLOP";
  if (row.totals.dram_bytes == Count(0)) return "no DRAM bytes";
  const bool placed = std::isfinite(row.totals.flop_per_s()) && row.totals.flop_per_s() > 0;
  return placed ? "" : "no time under the chosen roofs";
}

void sort_rows(const Analysis& analysis, Scene& scene) {
  for (std::size_t i = 0; i < analysis.rows.size(); ++i) {
    const OpRow& row = analysis.rows[i];
    if (row.idle() && analysis.spec(row).kind->pieces) continue;  // a view is no work to miss
    const std::string_view why = why_omitted(row);
    if (why.empty()) {
      scene.points.push_back({i, row.totals.intensity(), row.totals.flop_per_s(), row.totals.time_s,
                              time_share(analysis, row.totals.time_s), row.totals.bound()});
      continue;
    }
    auto group =
        std::find_if(scene.omitted.begin(), scene.omitted.end(), [&](const Omitted& o) { return o.reason == why; });
    if (group == scene.omitted.end()) group = scene.omitted.insert(group, Omitted{std::string(why), {}, 0});
    group->rows.push_back(i);
    group->share += time_share(analysis, row.totals.time_s);
  }
}

std::string shown(Dtype dtype) {
  std::string name(row(dtype).name);
  for (char& c : name) c = c == '_' ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

/// "datasheet title" or "estimate: reason", for tooltips.
std::string origin_of(const Hardware& hw, const Quantity& quantity) {
  for (const Source& source : hw.sources) {
    if (quantity.provenance == Provenance::kSource && source.key == quantity.origin) return source.title;
  }
  const std::string_view kind = provenance_name(quantity.provenance);
  return quantity.origin.empty() ? std::string(kind) : fmt::format("{}: {}", kind, quantity.origin);
}

std::string_view before(const Quantity& quantity) { return quantity.provenance == Provenance::kUnverified ? "~" : ""; }
std::string_view after(const Quantity& quantity) {
  return quantity.provenance == Provenance::kEstimate ? " (estimate)" : "";
}

/// Where the rate of a compute roof stands in the spec; null for what does not stand there as a dense rate.
const Quantity* spec_of(const std::vector<DtypeRate>& rates, Dtype dtype, double flop_per_s) {
  for (const DtypeRate& rate : rates) {
    if (rate.dtype == dtype && rate.dense.value == flop_per_s) return &rate.dense;
  }
  return nullptr;
}

/// Adds a roof, or a name to the one that has the same rate.
void add_compute_roof(const Analysis& analysis, Roof roof, Dtype dtype, double rate, std::vector<RoofLine>& roofs) {
  if (!(rate > 0) || !std::isfinite(rate)) return;
  const std::string name = fmt::format("{} {}", shown(dtype), roof_name(roof));
  const auto same = std::find_if(roofs.begin(), roofs.end(), [&](const RoofLine& line) { return line.rate == rate; });
  const Quantity* spec = spec_of(roof == Roof::kTensor ? analysis.hw.matrix : analysis.hw.vector, dtype, rate);
  const std::string tooltip = fmt::format("{}: {}{}", name, format_si(rate, "FLOP/s"),
                                          spec != nullptr ? ", " + origin_of(analysis.hw, *spec) : "");
  if (same == roofs.end()) {
    const std::string_view tilde = spec != nullptr ? before(*spec) : "";
    const std::string_view estimate = spec != nullptr ? after(*spec) : "";
    roofs.push_back({roof, rate, fmt::format("{} {}{}{}", name, tilde, short_si(rate, "FLOP/s"), estimate), tooltip});
  } else if (same->tooltip.find(name + ":") == std::string::npos) {
    same->label = fmt::format("{}, {}", name, same->label);
    same->tooltip += "\n" + tooltip;
  }
}

RoofLine memory_roof(const Hardware& hw, Roof roof, std::string_view name, const Quantity& bandwidth) {
  const std::string_view what =
      roof == Roof::kL2
          ? "\nIt bounds bytes touched: kernels that touch bytes more often than they move them from DRAM lie lower."
          : "";
  return {roof, bandwidth.value,
          fmt::format("{} {}{}{}", name, before(bandwidth), short_si(bandwidth.value, "B/s"), after(bandwidth)),
          fmt::format("{}: {}, {}{}", name, format_si(bandwidth.value, "B/s"), origin_of(hw, bandwidth), what)};
}

bool has_ceiling(const OpRow& row) { return row.totals.cost.launches > Count(0) && row.totals.cost.flop() > Count(0); }
double flop_of_launch(const OpRow& row) { return row.totals.cost.flop().real() / row.totals.cost.launches.real(); }

/// FLOP of one launch at which half of the launch-bound time is spent in launches that do less; 0 without launch-bound
/// ops.
double median_flop(const Analysis& analysis) {
  std::vector<std::pair<double, double>> sizes;  // FLOP of a launch, seconds
  double time_s = 0;
  for (const OpRow& row : analysis.rows) {
    if (!has_ceiling(row) || row.time.bound != Bound::kLaunch) continue;
    sizes.emplace_back(flop_of_launch(row), row.totals.time_s);
    time_s += row.totals.time_s;
  }
  std::sort(sizes.begin(), sizes.end());
  double below_s = 0;
  for (const auto& [flop, seconds] : sizes) {
    below_s += seconds;
    if (below_s >= time_s / 2) return flop;
  }
  return 0;
}

/// FLOP of one launch of the op that spends the largest part of its time in launches.
double most_delayed_flop(const Analysis& analysis) {
  double most = 0;
  double flop = 0;
  for (const OpRow& row : analysis.rows) {
    if (!has_ceiling(row)) continue;
    const double part = row.time.by_roof.at(static_cast<std::size_t>(Roof::kLaunch)) / row.time.total_s;
    if (part <= most) continue;
    most = part;
    flop = flop_of_launch(row);
  }
  return flop;
}

std::optional<LaunchCeiling> launch_ceiling(const Analysis& analysis) {
  const Quantity& latency = analysis.hw.launch_latency;
  if (!analysis.options.roofs.launch || !(latency.value > 0)) return std::nullopt;
  LaunchCeiling ceiling;
  ceiling.flop = median_flop(analysis);
  ceiling.of_launch_bound = ceiling.flop > 0;
  if (!ceiling.of_launch_bound) ceiling.flop = most_delayed_flop(analysis);
  if (!(ceiling.flop > 0)) return std::nullopt;
  ceiling.flop_per_s = ceiling.flop / latency.value;
  ceiling.label = fmt::format("launch ceiling: {} kernel / {}{}{}", format_si(ceiling.flop, "FLOP", 3), before(latency),
                              short_si(latency.value, "s"), after(latency));
  ceiling.tooltip = fmt::format(
      "A kernel of F FLOP attains less than F / launch latency: smaller kernels have a lower ceiling, larger ones a "
      "higher "
      "one.\nDrawn for {}, {}: {}\nlaunch latency {}, {}",
      format_si(ceiling.flop, "FLOP"),
      ceiling.of_launch_bound ? "the FLOP of a launch at the time-weighted median of the launch-bound ops"
                              : "the FLOP of a launch of the op that latency delays most (no op is launch-bound)",
      format_si(ceiling.flop_per_s, "FLOP/s"), format_si(latency.value, "s"), origin_of(analysis.hw, latency));
  return ceiling;
}

}  // namespace

const RoofLine* Scene::dram() const {
  const auto at =
      std::find_if(memory.begin(), memory.end(), [](const RoofLine& line) { return line.roof == Roof::kDram; });
  return at == memory.end() ? nullptr : &*at;
}

bool Scene::launch_in_plot() const {
  if (!launch) return false;
  if (!compute.empty()) return launch->flop_per_s < compute.front().rate;
  if (memory.empty()) return true;
  return std::any_of(points.begin(), points.end(), [&](const ScenePoint& point) {
    return launch->flop_per_s < memory.front().rate * point.intensity;
  });
}

std::vector<RoofLine> compute_roofs(const Analysis& analysis) {
  std::vector<RoofLine> roofs;
  if (!analysis.options.roofs.compute) return roofs;
  for (const bool only_used : {true, false}) {
    for (const OpRow& row : analysis.rows) {
      const Rates& rates = row.rates;
      const Cost& cost = row.totals.cost;
      const Count on_vector = rates.shared ? cost.flop() : cost.vector_flop;
      if (!rates.shared && (!only_used || cost.matrix_flop > Count(0))) {
        add_compute_roof(analysis, Roof::kTensor, rates.matrix_dtype, rates.matrix_flop_per_s, roofs);
      }
      if (!only_used || on_vector > Count(0)) {
        add_compute_roof(analysis, Roof::kVector, rates.vector_dtype, rates.vector_flop_per_s, roofs);
      }
    }
    if (!roofs.empty()) break;
  }
  std::stable_sort(roofs.begin(), roofs.end(), [](const RoofLine& a, const RoofLine& b) { return a.rate > b.rate; });
  return roofs;
}

std::vector<RoofLine> memory_roofs(const Analysis& analysis) {
  const Hardware& hw = analysis.hw;
  std::vector<RoofLine> roofs;
  if (analysis.options.roofs.dram) roofs.push_back(memory_roof(hw, Roof::kDram, "DRAM", hw.dram_bandwidth));
  if (analysis.options.roofs.l2) roofs.push_back(memory_roof(hw, Roof::kL2, hw.l2_label, hw.l2_bandwidth));
  roofs.erase(std::remove_if(roofs.begin(), roofs.end(),
                             [](const RoofLine& roof) { return !(roof.rate > 0) || !std::isfinite(roof.rate); }),
              roofs.end());
  std::stable_sort(roofs.begin(), roofs.end(), [](const RoofLine& a, const RoofLine& b) { return a.rate > b.rate; });
  return roofs;
}

Scene build_scene(const Analysis& analysis, const Overlay* overlay) {
  Scene scene;
  sort_rows(analysis, scene);
  scene.compute = compute_roofs(analysis);
  scene.memory = memory_roofs(analysis);
  scene.launch = launch_ceiling(analysis);
  if (overlay != nullptr) lay_over(analysis, *overlay, scene);
  return scene;
}

std::string row_name(const Analysis& analysis, const OpRow& row) {
  const OpSpec& spec = analysis.spec(row);
  return analysis.parts.size() > 1 ? analysis.model.full_path(spec) : spec.path;
}

double time_share(const Analysis& analysis, double time_s) {
  return analysis.total.time_s > 0 ? time_s / analysis.total.time_s : 0;
}

std::string percent(double share, int digits) {
  const double value = 100 * share;
  if (!(value > 0)) return "0 %";
  if (value < 0.01) return "<0.01 %";
  return fmt::format("{} %", format_significant(value, digits));
}

std::string short_si(double value, std::string_view unit) {
  std::string text = format_si(value, unit);
  const std::size_t space = text.find(' ');
  std::string number = text.substr(0, space);
  if (number.find('.') == std::string::npos) return text;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return number + text.substr(space);
}

}  // namespace gable::svg
