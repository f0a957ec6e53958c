#include "probes/profile_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/error.h"
#include "analyzer/base/units.h"
#include "analyzer/spec/record_file.h"

namespace gable {
namespace {

/// The figure with the highest best (or lowest, of times) among those whose probe starts with `prefix`.
const Figure* pick(const Profile& profile, std::string_view prefix) {
  const Figure* found = nullptr;
  for (const Figure& figure : profile.figures) {
    if (!figure.probe.starts_with(prefix) || !figure.refused.empty() || figure.samples == 0) continue;
    const bool better =
        found == nullptr || (figure.unit == Unit::kSeconds ? figure.value < found->value : figure.best > found->best);
    if (better) found = &figure;
  }
  return found;
}

/// Seven digits read back as the number that later reports show.
std::string quantity(const Figure& figure, bool median) {
  const double value = median || figure.unit == Unit::kSeconds ? figure.value : figure.best;
  return fmt::format("{{value: {}, measured: {}}}", format_si(value, unit_symbol(figure.unit), 7),
                     quoted(fmt::format("{}, {}: {} of {}, spread {:.1f} %", figure.probe, figure.config,
                                        median || figure.unit == Unit::kSeconds ? "median" : "best",
                                        counted(figure.samples, "sample"), 100 * figure.spread)));
}

const Figure& needed(const Profile& profile, std::string_view prefix) {
  if (const Figure* figure = pick(profile, prefix)) return *figure;
  for (const Figure& figure : profile.figures) {
    if (figure.probe.starts_with(prefix))
      throw CapabilityError(
          fmt::format("probe: {} was refused: {}; no profile is written", figure.probe, figure.refused));
  }
  throw CapabilityError(fmt::format("probe: nothing measured {}; no profile is written", prefix));
}

/// "fma.fp32" -> "  fp32: {...}" for each dtype that a family of probes measured.
std::string rates(const Profile& profile, std::string_view section, std::string_view family, std::string_view suffix) {
  std::string out;
  std::vector<std::string> seen;
  for (const Figure& figure : profile.figures) {
    if (!figure.probe.starts_with(family) || !figure.probe.ends_with(suffix)) continue;
    std::string dtype = figure.probe.substr(family.size());
    dtype.resize(dtype.size() - suffix.size());
    const Figure* best = pick(profile, figure.probe);
    if (best == nullptr || std::find(seen.begin(), seen.end(), dtype) != seen.end()) continue;
    seen.push_back(dtype);
    out += fmt::format("  {}: {}\n", dtype, quantity(*best, section == "matrix"));
  }
  return out.empty() ? "" : fmt::format("{}:\n{}", section, out);
}

std::string reported(std::string_view what) { return fmt::format("measured: {}", quoted(what)); }

std::string figure_line(const Figure& f) {
  std::string out =
      fmt::format("  - {{probe: {}, config: {}, unit: {}, value: {}, best: {}, spread: {:.4f}, samples: {}", f.probe,
                  quoted(f.config), word_or_quoted(unit_symbol(f.unit)), f.value, f.best, f.spread, f.samples);
  if (f.clock_hz > 0) out += fmt::format(", clock: {}", f.clock_hz);
  if (f.power_w > 0) out += fmt::format(", power: {}", f.power_w);
  if (f.temperature_c > 0) out += fmt::format(", temperature: {}", f.temperature_c);
  if (!f.refused.empty()) out += fmt::format(", refused: {}", quoted(f.refused));
  return out + "}\n";
}

std::string lists(const Profile& profile) {
  std::string out = "figures:\n";
  for (const Figure& figure : profile.figures) out += figure_line(figure);
  if (!profile.shapes.empty()) out += "shapes:\n";
  for (const ShapeTiming& timing : profile.shapes) {
    out += fmt::format("  - {{kind: {}, dtype: {}, shape: [{}], time: {}, spread: {:.4f}, samples: {}}}\n", timing.kind,
                       timing.dtype, fmt::join(timing.shape, ", "), timing.time_s, timing.spread, timing.samples);
  }
  return out;
}

std::string head(const DeviceFacts& facts, const Profile& profile) {
  std::string out = fmt::format("schema: {}\nname: {}\n", kProfileSchema, profile_name(facts));
  out += fmt::format("title: {}\nkind: {}\nvendor: {}\narchitecture: {}\n",
                     quoted(fmt::format("{}, {} {}, as measured", facts.name, facts.units,
                                        facts.backend == "cpu" ? "threads" : "SMs")),
                     facts.backend == "cpu" ? "cpu" : "gpu", quoted(facts.vendor), quoted(facts.architecture));
  if (!facts.compute_capability.empty()) out += fmt::format("compute_capability: \"{}\"\n", facts.compute_capability);
  out += fmt::format("measured:\n  date: {}\n  command: {}\n  version: {}\n", quoted(profile.date),
                     quoted(profile.command), quoted(profile.version));
  if (!profile.device.empty()) out += fmt::format("  device: {}\n", quoted(profile.device));
  if (!profile.datasheet.empty()) out += fmt::format("  datasheet: {}\n", profile.datasheet);
  return out + fmt::format("  environment: {}\n", quoted_pairs(profile.environment));
}

}  // namespace

std::string profile_name(const DeviceFacts& facts) {
  std::string name;
  for (const char c : facts.name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter) {
      name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (name.ends_with("-")) name.pop_back();
  if (facts.backend == "cpu") name += fmt::format("-{}t", facts.units);
  return name.empty() ? "device" : name;
}

std::string write_profile(const DeviceFacts& facts, const Profile& profile) {
  const bool cpu = facts.backend == "cpu";
  const Figure& cache = needed(profile, cpu ? fmt::format("l{}.", facts.cache_label.substr(1)) : "l2.");
  std::string out = head(facts, profile);
  needed(profile, "fma.fp32");
  out += rates(profile, "vector", "fma.", "");
  out += rates(profile, "matrix", "matrix.", ".sustained");
  out += fmt::format("dram:\n  capacity: {{value: {} B, {}}}\n  bandwidth: {}\n", facts.memory_bytes,
                     reported("as the system reports it"), quantity(needed(profile, "dram."), false));
  out += fmt::format("l2:\n  label: {}\n  capacity: {{value: {} B, {}}}\n  bandwidth: {}\n", facts.cache_label,
                     facts.cache_bytes, reported("as the system reports it"), quantity(cache, false));
  out += fmt::format("sm_count: {{value: {}, {}}}\n", facts.units, reported("as the system reports it"));
  if (const Figure* clock = pick(profile, "clock")) out += fmt::format("clock_boost: {}\n", quantity(*clock, false));
  out += fmt::format("launch_latency: {}\n", quantity(needed(profile, cpu ? "dispatch" : "launch.stream"), true));
  return out + lists(profile) + "complete: true\n";
}

}  // namespace gable
