#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/options.h"
#include "analyzer/spec/library.h"
#include "analyzer/trace/trace_study.h"
#include "reports/report.h"

namespace gable {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

Rows models() {
  Rows rows;
  for (const std::string& name : list_specs(SpecKind::kModel)) {
    const Model model = load_model(name);
    CostedModel costed;
    cost_model(model, {}, costed);
    Count params = 0;
    for (const OpCost& op : costed.ops) {
      if (op.selected) params += op.one.params * Count(op.executions);
    }
    rows.emplace_back(
        name, fmt::format("{:>10}  {}", params == Count(0) ? "-" : format_si(params.real(), "", 3), model.title));
  }
  return rows;
}

Rows hardware() {
  Rows rows;
  for (const std::string& name : list_specs(SpecKind::kHardware)) {
    const Hardware hw = load_hardware(name);
    rows.emplace_back(name, fmt::format("{:>10} {:>11}  {}", hw.dram_capacity.text,
                                        format_si(hw.dram_bandwidth.value, "B/s"), hw.title));
  }
  return rows;
}

Rows ops() {
  Rows rows;
  for (const OpKind* kind : op_table()) rows.emplace_back(kind->name, kind->summary);
  return rows;
}

Rows recipes() {
  Rows rows;
  for (const std::string& name : list_specs(SpecKind::kRecipe)) rows.emplace_back(name, load_recipe(name).doc);
  return rows;
}

Rows hosts() {
  Rows rows;
  for (const std::string& name : list_specs(SpecKind::kHost)) rows.emplace_back(name, load_host(name).title);
  return rows;
}

Rows dtypes() {
  Rows rows;
  for (const DtypeRow& r : dtype_table()) rows.emplace_back(r.name, fmt::format("{:>2} bits  {}", r.bits, r.summary));
  return rows;
}

Rows formats() {
  Rows rows;
  for (const Format& format : format_table()) rows.emplace_back(format.name, format.summary);
  return rows;
}

Rows calls() {
  Rows rows;
  for (const CallRow& row : call_table()) rows.emplace_back(row.name, row.family);
  return rows;
}

Rows traces() {
  Rows rows;
  for (const TraceFormat& format : trace_formats()) rows.emplace_back(format.name, format.summary);
  return rows;
}

struct Topic {
  std::string_view name;
  Rows (*rows)();
};
constexpr std::array<Topic, 9> kTopics = {{{"models", models},
                                           {"hardware", hardware},
                                           {"hosts", hosts},
                                           {"ops", ops},
                                           {"recipes", recipes},
                                           {"dtypes", dtypes},
                                           {"formats", formats},
                                           {"traces", traces},
                                           {"calls", calls}}};

}  // namespace

int list_command(const Args& args, const Io& io) {
  const Options options = parse_options(args, {});
  if (options.has("help")) {
    io.out << help_text("list", {});
    return 0;
  }
  std::vector<std::string_view> known;
  for (const Topic& topic : kTopics) known.push_back(topic.name);
  if (options.words.size() != 1) throw InputError(fmt::format("analyze list takes one of {}", join(known)));
  const std::string& word = options.words.front();
  const auto* topic = std::find_if(kTopics.begin(), kTopics.end(), [&](const Topic& t) { return t.name == word; });
  if (topic == kTopics.end())
    throw InputError(fmt::format("analyze list: unknown topic {}{}", in_quotes(word), suggestion(word, known)));
  const Rows rows = topic->rows();
  std::size_t width = 0;
  for (const auto& [name, text] : rows) width = std::max(width, name.size());
  for (const auto& [name, text] : rows) io.out << fmt::format("{:<{}}  {}\n", name, width, text);
  return 0;
}

}  // namespace gable
