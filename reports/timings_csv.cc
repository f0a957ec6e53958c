#include "reports/timings_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "reports/csv.h"

namespace gable {
namespace {

/// Dims of the kinds that occur, each once, in the order of the table.
std::vector<std::string_view> dims_of(std::span<const Timing> rows) {
  std::vector<std::string_view> names;
  for (const ShapeKindRow& kind : shape_kind_table()) {
    const bool occurs = std::any_of(rows.begin(), rows.end(), [&](const Timing& t) { return t.shape.kind == kind.id; });
    for (const DimRow& dim : kind.dims) {
      if (occurs && std::find(names.begin(), names.end(), dim.name) == names.end()) names.push_back(dim.name);
    }
  }
  return names;
}

}  // namespace

std::string render_timings_csv(std::span<const Timing> rows) {
  const std::vector<std::string_view> dims = dims_of(rows);
  std::string out = "kind,dtype";
  for (const std::string_view dim : dims) out += fmt::format(",{}", dim);
  out += fmt::format(",time_s,op,device,library,split,timer{}", kCsvEnd);
  for (const Timing& timing : rows) {
    const ShapeKindRow& kind = row(timing.shape.kind);
    out += fmt::format("{},{}", kind.name, row(timing.shape.dtype).name);
    for (const std::string_view dim : dims) {
      const auto at = std::find_if(kind.dims.begin(), kind.dims.end(), [&](const DimRow& d) { return d.name == dim; });
      out += ',';
      if (at == kind.dims.end()) continue;
      fmt::format_to(std::back_inserter(out), "{}",
                     timing.shape.dims.at(static_cast<std::size_t>(at - kind.dims.begin())));
    }
    out += fmt::format(",{},{},{},{},{},{}{}", timing.time_s, csv_field(timing.op), csv_field(timing.device),
                       csv_field(timing.library), csv_field(timing.split), timer_name(timing.timer), kCsvEnd);
  }
  return out;
}

}  // namespace gable
