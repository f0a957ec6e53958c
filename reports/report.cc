#include "reports/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "reports/svg.h"

namespace gable {
namespace {

constexpr std::array<Format, 5> kFormats = {{
    {"table", "txt", "a table for the terminal, with the findings", render_table},
    {"csv", "csv", "one row a kernel, op, part and model (RFC 4180)", render_csv},
    {"json", "json", "everything, after reports/schema.json", render_json},
    {"svg", "svg", "the roofline as a picture", [](const Analysis& a, const ReportOptions&) { return render_svg(a); }},
    {"md", "md", "a Markdown report", render_markdown},
}};

}  // namespace

std::span<const Format> format_table() { return kFormats; }

const Format& find_format(std::string_view name) {
  const auto* found = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& f) { return f.name == name; });
  if (found != kFormats.end()) return *found;
  std::vector<std::string_view> known;
  for (const Format& format : kFormats) known.push_back(format.name);
  throw InputError(fmt::format("--format: unknown format {}{}", in_quotes(name), suggestion(name, known)));
}

}  // namespace gable
