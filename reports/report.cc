#include "reports/report.h"

#include <array>

#include "reports/svg.h"

namespace gable {
namespace {

constexpr std::array<Format, 5> kFormats = {{
    {"table", "txt", "a table for the terminal, with the findings", render_table},
    {"csv", "csv", "one row a kernel, op, part and model (RFC 4180)", render_csv},
    {"json", "json", "everything, after reports/schema.json", render_json},
    {"svg", "svg", "the roofline as a picture",
     [](const Analysis& a, const ReportOptions& o) { return render_svg(a, o.overlay ? &*o.overlay : nullptr); }},
    {"md", "md", "a Markdown report", render_markdown},
}};

}  // namespace

std::span<const Format> format_table() { return kFormats; }

}  // namespace gable
