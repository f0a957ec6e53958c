// The model's notes: {what:path} fields filled in from the run.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/insights.h"
#include "reports/rows.h"

namespace gable {
namespace {

struct What {
  std::string_view name;
  std::string (*show)(const ReportRow&);
};

/// Shares are of the part for an op, of the model for a part.
double share(const ReportRow& row, double of_part, double of_model) {
  return row.level == Level::kOp ? of_part : of_model;
}

constexpr std::array<What, 8> kWhats = {{
    {"flop", [](const ReportRow& r) { return format_grouped(r.totals.cost.matrix_flop.value()); }},
    {"mac", [](const ReportRow& r) { return format_grouped(r.totals.cost.matrix_flop.value() / 2); }},
    {"bytes", [](const ReportRow& r) { return format_si(r.totals.cost.unique.real(), "B"); }},
    {"params", [](const ReportRow& r) { return format_grouped(r.totals.cost.params.value()); }},
    {"intensity", [](const ReportRow& r) { return format_significant(r.totals.intensity(), 3); }},
    {"time", [](const ReportRow& r) { return format_si(r.totals.time_s, "s"); }},
    {"flop_share",
     [](const ReportRow& r) {
       return fmt::format("{:.1f} %", 100 * share(r, r.flop_share_of_part, r.flop_share_of_model));
     }},
    {"time_share",
     [](const ReportRow& r) {
       return fmt::format("{:.1f} %", 100 * share(r, r.time_share_of_part, r.time_share_of_model));
     }},
}};

/// The row of an op ("top/lm_head"), a part ("top") or the model ("model"); nothing if its part is not in this run.
std::optional<ReportRow> find_row(const Analysis& analysis, std::string_view path) {
  if (path == "model") return model_row(analysis);
  for (const PartRow& part : analysis.parts) {
    if (analysis.model.parts[part.part].name == path) return part_row(analysis, part);
  }
  for (const OpRow& row : analysis.rows) {
    if (analysis.model.full_path(analysis.spec(row)) == path) return op_row(analysis, row);
  }
  return std::nullopt;
}

bool path_exists(const Model& model, std::string_view path) {
  return path == "model" ||
         std::any_of(model.parts.begin(), model.parts.end(), [&](const Part& p) { return p.name == path; }) ||
         std::any_of(model.ops.begin(), model.ops.end(), [&](const OpSpec& op) { return model.full_path(op) == path; });
}

std::string fill(const Analysis& analysis, const Note& note, std::string_view field) {
  const std::size_t colon = field.find(':');
  const std::string_view name = field.substr(0, colon);
  const auto* what = std::find_if(kWhats.begin(), kWhats.end(), [&](const What& w) { return w.name == name; });
  if (colon == std::string_view::npos || what == kWhats.end()) {
    std::vector<std::string_view> known;
    for (const What& w : kWhats) known.push_back(w.name);
    throw InputError(note.where, fmt::format("a note's field is {{what:path}}, not {}{}", in_quotes(field),
                                             suggestion(name, known)));
  }
  const std::string_view path = field.substr(colon + 1);
  if (!path_exists(analysis.model, path))
    throw InputError(note.where, fmt::format("a note names {}, which the model does not have", in_quotes(path)));
  const std::optional<ReportRow> row = find_row(analysis, path);
  return row ? what->show(*row) : fmt::format("(not in this run: {})", path);
}

/// Calls `text` with what stands between the fields of a note and `field` with each of them, in order.
template <typename Text, typename Field>
void walk(const Note& note, const Text& text, const Field& field) {
  std::string_view rest = note.text;
  for (;;) {
    const std::size_t open = rest.find('{');
    text(rest.substr(0, open));
    if (open == std::string_view::npos) return;
    const std::size_t close = rest.find('}', open);
    if (close == std::string_view::npos) throw InputError(note.where, "a '{' in a note has no '}'");
    field(rest.substr(open + 1, close - open - 1));
    rest.remove_prefix(close + 1);
  }
}

std::string filled(const Analysis& analysis, const Note& note) {
  std::string out;
  walk(
      note, [&](std::string_view text) { out += text; },
      [&](std::string_view field) { out += fill(analysis, note, field); });
  return out;
}

}  // namespace

std::vector<std::string> notes(const Analysis& analysis) {
  std::vector<std::string> out;
  for (const Note& note : analysis.model.notes) out.push_back(filled(analysis, note));
  return out;
}

std::vector<std::string> notes_on(const Analysis& analysis, const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const Note& note : analysis.model.notes) {
    std::set<std::string_view> named;
    walk(
        note, [](std::string_view) {},
        [&](std::string_view field) {
          const std::string_view path = field.substr(field.find(':') + 1);
          if (std::find(paths.begin(), paths.end(), path) != paths.end()) named.insert(path);
        });
    if (named.size() > 1) out.push_back(filled(analysis, note));
  }
  return out;
}

}  // namespace gable
