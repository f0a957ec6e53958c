// A memory report as CSV (RFC 4180): categories, kept tensors by op, totals; bytes as whole numbers.
#include <fmt/format.h>

#include "reports/csv.h"
#include "reports/memory_text.h"

namespace gable {
namespace {

constexpr std::string_view kHead = "model,section,name,tensor,category,executions,elements,bytes,peak_bytes";

struct Row {
  std::string_view section;
  std::string name;
  std::string tensor;
  std::string_view category;
  std::string executions;
  std::string elements;
  Count bytes;
  std::string peak_bytes;
};

std::string text(const Memory& memory, const Row& row) {
  return fmt::format("{},{},{},{},{},{},{},{},{}{}", csv_field(memory.model.name), row.section, csv_field(row.name),
                     row.tensor, row.category, row.executions, row.elements, row.bytes.value(), row.peak_bytes,
                     kCsvEnd);
}

std::string number(Count count) { return fmt::format("{}", count.value()); }

std::string kept_lines(const Memory& memory) {
  std::string out;
  for (const SavedRow& saved : memory.saved) {
    std::string tensor(saved.name);
    out +=
        text(memory, {saved.again ? "recomputed" : "kept", memory.model.full_path(memory.model.ops[saved.op]), tensor,
                      held_row(saved.held).name, number(saved.steps), number(saved.elements), saved.bytes, ""});
  }
  return out;
}

}  // namespace

std::string render_memory_csv(const MemoryReport& report) {
  const Memory& memory = report.memory;
  const HeldBytes& peak = memory.peak().held;
  std::string out = fmt::format("{}{}", kHead, kCsvEnd);
  for (std::size_t i = 0; i < kHeldCount; ++i) {
    const auto held = static_cast<Held>(i);
    const std::string elements = held == Held::kParameters ? number(memory.parameters.elements) : "";
    out += text(memory, {"category", std::string(held_row(held).name), "", held_row(held).name, "", elements,
                         memory.sums[held], number(peak[held])});
  }
  out += kept_lines(memory);
  const auto total = [&](const std::string& name, Count elements, Count bytes) {
    out += text(memory, {"total", name, "", "", "", elements == Count(0) ? "" : number(elements), bytes, ""});
  };
  total("peak_of_passes", 0, peak.total());
  total("needed", 0, memory.needed());
  if (has_backward(memory.options.step.phase)) total("added_up", 0, memory.added_up());
  if (memory.document) {
    total("document_total", memory.document->all_elements, memory.document->total());
    total("document_one_layer", memory.document->layer_elements, memory.document->layer_bytes);
  }
  for (const MemoryFit& fit : report.fits)
    out += text(memory, {"fit", fit.dim, "", "", "", fmt::format("{}", fit.largest), fit.needed, ""});
  return out;
}

}  // namespace gable
