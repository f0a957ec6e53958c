#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/show_recipe.h"
#include "analyzer/predict/timings.h"
#include "analyzer/roofline/roofline.h"
#include "analyzer/spec/library.h"

namespace gable {
namespace {

std::string quantity_line(const std::string& name, const Quantity& quantity) {
  const std::string mark = quantity.provenance == Provenance::kUnverified ? "~" : "";
  const std::string origin = quantity.provenance == Provenance::kUnverified
                                 ? "unverified"
                                 : fmt::format("{}: {}", provenance_name(quantity.provenance), quantity.origin);
  const std::string note = quantity.note.empty() ? "" : fmt::format(" ({})", quantity.note);
  return fmt::format("  {:<28} {:>16}  {}{}\n", name, mark + quantity.text, origin, note);
}

std::string show_host(const std::string& name, int /*width*/) {
  const Host host = load_host(name);
  return fmt::format("{}: {}\n\n{}{}{}{}", host.name, host.title, quantity_line("dispatch.forward", host.forward),
                     quantity_line("dispatch.backward", host.backward),
                     quantity_line("dispatch.optimizer", host.optimizer), quantity_line("latency", host.latency));
}

std::string rate_extras(const std::vector<DtypeRate>& rates, std::string_view section) {
  std::string out;
  for (const DtypeRate& rate : rates) {
    const std::string name = fmt::format("{}.{}", section, row(rate.dtype).name);
    if (rate.sparse) out += fmt::format("  {:<28} {:>16}\n", name + " sparse", format_si(*rate.sparse, "FLOP/s"));
    if (rate.fp16_accumulate)
      out += fmt::format("  {:<28} {:>16}\n", name + " fp16 acc", format_si(*rate.fp16_accumulate, "FLOP/s"));
  }
  return out;
}

std::string show_hardware(const std::string& name, int /*width*/) {
  const Hardware hw = load_hardware(name);
  std::string out = fmt::format("{}: {}\n  {}, {}, {}{}\n\n", hw.name, hw.title, hw.kind, hw.vendor, hw.architecture,
                                hw.compute_capability.empty() ? "" : ", compute capability " + hw.compute_capability);
  for (const auto& [key, quantity] : all_quantities(hw)) out += quantity_line(key, *quantity);
  out += rate_extras(hw.vector, "vector") + rate_extras(hw.matrix, "matrix");
  out += "\nridge points (FLOP per DRAM byte)\n";
  for (const Ridge& ridge : ridges(hw)) {
    out += fmt::format("  {:<28} {:>16}\n", fmt::format("{} {}", row(ridge.dtype).name, roof_name(ridge.roof)),
                       format_significant(ridge.flop_per_byte, 3));
  }
  if (!hw.sources.empty()) out += "\nsources\n";
  for (const Source& source : hw.sources) {
    out += fmt::format("  {}: {}{}{}\n", source.key, source.title, source.url.empty() ? "" : ", " + source.url,
                       source.read.empty() ? "" : ", read " + source.read);
  }
  return out;
}

std::string show_model(const std::string& name, int /*width*/) {
  const Model model = load_model(name);
  CostedModel costed;
  CostOptions all;
  all.parts = {"all"};
  cost_model(model, all, costed);
  std::string out = fmt::format("{}: {}\n", model.name, model.title);
  if (!model.source.empty()) out += fmt::format("  source: {}\n", model.source);
  out += fmt::format("  dtype: {}\n\ndims\n", describe(model.dtypes));
  for (std::size_t i = kFirstDim; i < kFirstDim + model.dim_count; ++i) {
    const Slot& slot = model.slots[i];
    const std::string value = fmt::format("{}", costed.values[i]);
    const std::string formula = slot.value.text() == value ? "" : fmt::format(" = {}", slot.value.text());
    const std::string most = slot.most ? fmt::format(", at most {}", slot.most->text()) : "";
    const std::string doc = slot.doc.empty() ? "" : fmt::format("  {}", slot.doc);
    out += fmt::format("  {:<8} {:>10}{}{}{}\n", slot.name, value, formula, most, doc);
  }
  for (std::size_t part = 0; part < model.parts.size(); ++part) {
    const Part& spec = model.parts[part];
    out += fmt::format("\npart {}{}{}\n", spec.name, spec.optional ? " (optional)" : "",
                       spec.doc.empty() ? "" : ": " + spec.doc);
    for (std::size_t i = 0; i < model.ops.size(); ++i) {
      const OpSpec& op = model.ops[i];
      if (op.part != part) continue;
      std::string fields;
      for (std::size_t f = 0; f < op.kind->fields.size(); ++f) {
        if (op.fields.at(f).same_as) continue;
        fields += fmt::format(" {}={}", op.kind->fields[f].name, op.fields.at(f).expr.text());
      }
      out += fmt::format("  {:<20} {:<14} ×{:<6}{}\n", op.path, op.kind->name, costed.ops[i].executions, fields);
    }
  }
  return out;
}

std::string show_op(const std::string& name, int width) {
  const OpKind* kind = find_op(name);
  if (kind == nullptr) {
    std::vector<std::string_view> known;
    for (const OpKind* row : op_table()) known.push_back(row->name);
    throw InputError(fmt::format("analyze show op: no op {}{}", in_quotes(name), suggestion(name, known)));
  }
  std::string out = fmt::format("{}: {}\n\nfields\n", kind->name, kind->summary);
  for (const Field& field : kind->fields) {
    const std::string fallback = field.flag               ? (field.fallback == "1" ? "default true" : "default false")
                                 : field.fallback.empty() ? "required"
                                                          : fmt::format("default {}", field.fallback);
    out += fmt::format("  {:<14} {} ({})\n", field.name, field.doc, fallback);
  }
  out += fmt::format(
      "\nforward, one execution (act, weights, kv: bytes an element of that dtype)\n"
      "  matrix FLOP    {}\n  vector FLOP    {}\n  bytes read     {}\n  bytes written  {}\n  parameters     {}\n  "
      "kernel         {}\n",
      kind->matrix_flop, kind->vector_flop, kind->read, kind->written, kind->params, kernel_class_name(kind->kernel));
  const auto columns = static_cast<std::size_t>(width);
  if (!kind->note.empty()) out += "\n" + wrapped(fmt::format("{}.", kind->note), columns);
  return out + wrapped(fmt::format("source: {}", kind->source), columns);
}

/// The columns of a file of timed kernels. "rows-schema" is all there is to name.
std::string show_rows_schema(const std::string& /*name*/, int width) {
  const auto columns = static_cast<std::size_t>(width);
  const auto line = [&](std::string_view name, const std::string& doc) {
    return wrapped(fmt::format("  {:<10} {}", name, doc), columns, 13);
  };
  std::string out =
      wrapped("CSV (RFC 4180), one timed kernel a line; the first line names the columns, in any order.", columns);
  out += "\ncolumns\n";
  for (const TimingColumn& column : timing_columns()) out += line(column.name, std::string(column.doc));
  out += line("time_us", "median or mean; or time_s, time_ms, time_ns");
  for (const ShapeKindRow& kind : shape_kind_table()) {
    out += fmt::format("\nkind {}: {}\n", kind.name, kind.doc);
    for (const DimRow& dim : kind.dims)
      out += line(dim.name,
                  dim.fallback < 0 ? std::string(dim.doc) : fmt::format("{} (default {})", dim.doc, dim.fallback));
  }
  return out;
}

struct Topic {
  std::string_view name;
  std::string (*show)(const std::string&, int width);
  bool alone = false;  ///< names nothing further
};
constexpr std::array<Topic, 6> kTopics = {{{"hardware", show_hardware},
                                           {"host", show_host},
                                           {"model", show_model},
                                           {"op", show_op},
                                           {"recipe", show_recipe},
                                           {"rows-schema", show_rows_schema, true}}};

}  // namespace

int show_command(const Args& args, const Io& io) {
  const Options options = parse_options(args, {});
  if (options.has("help")) {
    io.out << help_text("show", {});
    return 0;
  }
  std::vector<std::string_view> known;
  for (const Topic& topic : kTopics) known.push_back(topic.name);
  constexpr std::string_view kTakes =
      "analyze show takes two words: hardware H, host H, model M, op K or recipe R; or one: rows-schema";
  if (options.words.empty()) throw InputError(std::string(kTakes));
  const auto* topic =
      std::find_if(kTopics.begin(), kTopics.end(), [&](const Topic& t) { return t.name == options.words[0]; });
  if (topic == kTopics.end()) {
    throw InputError(fmt::format("analyze show: unknown topic {}{}", in_quotes(options.words[0]),
                                 suggestion(options.words[0], known)));
  }
  if (options.words.size() != (topic->alone ? 1U : 2U)) throw InputError(std::string(kTakes));
  io.out << topic->show(topic->alone ? "" : options.words[1], std::max(io.width, 40));
  return 0;
}

}  // namespace gable
