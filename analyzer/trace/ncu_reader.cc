// CSV of Nsight Compute: `ncu --csv`, `ncu --csv --page details` (a row for each metric of a kernel) and `--page raw`
// (a row for each kernel). Which columns there are varies; they are found by their names.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>
#include <utility>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/trace/byte_source.h"
#include "analyzer/trace/csv.h"
#include "analyzer/trace/ncu_kernels.h"

namespace gable {
namespace {

constexpr std::int64_t kMostBytes = std::int64_t{4} << 30;
constexpr std::size_t kMostMetrics = 256;
constexpr std::size_t kNoColumn = std::numeric_limits<std::size_t>::max();

using Row = std::vector<CsvField>;

std::size_t find_column(const Row& header, std::string_view name) {
  const auto found = std::ranges::find(header, name, &CsvField::text);
  return found == header.end() ? kNoColumn : static_cast<std::size_t>(found - header.begin());
}

struct Columns {
  std::size_t count = 0;
  std::size_t id = kNoColumn;
  std::size_t kernel = kNoColumn;
  std::size_t process = kNoColumn;
  std::size_t stream = kNoColumn;
  std::size_t device = kNoColumn;
  std::size_t capability = kNoColumn;
  std::size_t metric = kNoColumn;  ///< of the long form
  std::size_t unit = kNoColumn;
  std::size_t value = kNoColumn;
  std::size_t product = kNoColumn;  ///< of the raw form
  [[nodiscard]] bool is_long() const { return metric != kNoColumn && unit != kNoColumn && value != kNoColumn; }
};

Columns find_columns(const Row& header) {
  const auto column = [&](std::string_view name) { return find_column(header, name); };
  return {.count = header.size(),
          .id = column("ID"),
          .kernel = column("Kernel Name"),
          .process = column("Process ID"),
          .stream = column("Stream"),
          .device = column("Device"),
          .capability = column("CC"),
          .metric = column("Metric Name"),
          .unit = column("Metric Unit"),
          .value = column("Metric Value"),
          .product = column("device__attribute_display_name")};
}

bool is_header(const Row& row) {
  return find_column(row, "ID") != kNoColumn && find_column(row, "Kernel Name") != kNoColumn;
}

class NcuReader {
 public:
  NcuReader(std::string_view bytes, const std::string& name) : csv_(bytes, name) {
    trace_.path = name;
    trace_.format = "ncu";
    trace_.has_clock = false;
  }

  Trace read();

 private:
  /// A column of the raw form that is used, and what its values are multiplied with.
  struct RawMetric {
    std::size_t column;
    const NcuMetric* metric;
    double factor;
  };

  void find_header();
  void start_section(const Row& header);
  void read_units(const Row& row);
  void read_row(const Row& row);
  [[nodiscard]] bool is_noise(std::string_view line) const;
  [[nodiscard]] NcuKernel& kernel_of(const Row& row);
  void add_long(const Row& row, NcuKernel& kernel);
  void add_value(const CsvField& field, const NcuMetric& metric, double value, NcuKernel& kernel);
  [[nodiscard]] const NcuMetric* metric_of(const std::string& name);
  [[nodiscard]] double factor_of(const CsvField& unit, const NcuMetric& metric, std::string_view name) const;
  [[nodiscard]] std::string_view cell(const Row& row, std::size_t column) const {
    return column == kNoColumn ? std::string_view() : std::string_view(row.at(column).text);
  }

  CsvReader csv_;
  Trace trace_;
  Columns columns_;
  bool quoted_ = false;  ///< all rows begin with a quote: other lines are the program's own output
  Row raw_header_;       ///< set while the row of units is awaited
  std::vector<RawMetric> raw_metrics_;
  std::map<std::string, std::optional<NcuMetric>> metrics_;
  std::vector<NcuKernel> kernels_;
  std::unordered_map<std::string, std::size_t> kernel_ids_;  ///< of the section: process and ID
};

template <typename Number>
Number number_or_zero(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole && number >= 0 ? number : 0;
}

void NcuReader::find_header() {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";  // that spreadsheets write before UTF-8
  const Where start = csv_.where();
  while (!csv_.at_end()) {
    std::string_view line = csv_.peek_line();
    if (line.starts_with(kMark)) line.remove_prefix(kMark.size());
    const bool may_be_one =
        line.find("ID") != std::string_view::npos && line.find("Kernel Name") != std::string_view::npos;
    if (may_be_one) {
      quoted_ = line.starts_with('"');
      CsvReader only(line, *start.file);
      Row row;
      try {
        row = only.row();
      } catch (const InputError&) {  // a line of the program that was profiled
        row.clear();
      }
      csv_.skip_line();
      if (is_header(row)) return start_section(row);
    } else {
      csv_.skip_line();
    }
  }
  throw InputError(start,
                   "no header with \"ID\" and \"Kernel Name\": export with ncu --csv --page raw or --page details");
}

void NcuReader::start_section(const Row& header) {
  columns_ = find_columns(header);
  kernel_ids_.clear();
  raw_metrics_.clear();
  raw_header_.clear();
  if (!columns_.is_long()) raw_header_ = header;
}

bool NcuReader::is_noise(std::string_view line) const {
  return trim(line).empty() || line.starts_with("==") || (quoted_ && !line.starts_with('"'));
}

Trace NcuReader::read() {
  find_header();
  while (!csv_.at_end()) {
    if (is_noise(csv_.peek_line())) {
      csv_.skip_line();
      continue;
    }
    const Where where = csv_.where();
    const Row row = csv_.row();
    if (is_header(row)) {
      start_section(row);
      continue;
    }
    if (row.size() != columns_.count) {
      throw InputError(where,
                       fmt::format("{}, but the header has {}: the file is cut or damaged",
                                   gable::counted(static_cast<std::int64_t>(row.size()), "field"), columns_.count));
    }
    if (raw_header_.empty())
      read_row(row);
    else
      read_units(row);
  }
  if (kernels_.empty()) throw InputError(csv_.where(), "no kernels follow the header; were any profiled?");
  lay_out(kernels_, trace_);
  say_what_counts_lack(kernels_, trace_);
  return std::move(trace_);
}

const NcuMetric* NcuReader::metric_of(const std::string& name) {
  auto found = metrics_.find(name);
  if (found == metrics_.end()) found = metrics_.emplace(name, find_ncu_metric(name)).first;
  return found->second ? &*found->second : nullptr;
}

double NcuReader::factor_of(const CsvField& unit, const NcuMetric& metric, std::string_view name) const {
  const auto factor = ncu_unit_factor(metric, trim(unit.text));
  if (factor) return *factor;
  throw InputError(csv_.where(unit), fmt::format("unknown unit {} of metric {}; known: {}", in_quotes(unit.text), name,
                                                 ncu_known_units(metric)));
}

void NcuReader::read_units(const Row& row) {
  const Row header = std::exchange(raw_header_, {});
  const bool has_units = cell(row, columns_.id).empty();
  for (std::size_t i = 0; i < header.size(); ++i) {
    const NcuMetric* metric = metric_of(header[i].text);
    if (metric == nullptr) continue;
    if (!has_units) throw InputError(csv_.where(row[i]), "a row of units belongs under the header");
    if (metric->by_unit && !ncu_unit_factor(*metric, trim(row[i].text))) continue;
    raw_metrics_.push_back({i, metric, factor_of(row[i], *metric, header[i].text)});
  }
  if (!has_units) read_row(row);
}

NcuKernel& NcuReader::kernel_of(const Row& row) {
  const std::string key = fmt::format("{} {}", cell(row, columns_.process), cell(row, columns_.id));
  const auto [known, is_new] = kernel_ids_.emplace(key, kernels_.size());
  if (!is_new) return kernels_[known->second];
  NcuKernel kernel;
  const std::string name = as_utf8(cell(row, columns_.kernel));
  kernel.name = trace_.texts.add(name.empty() ? "kernel" : name);
  kernel.device = number_or_zero<std::int32_t>(cell(row, columns_.device));
  kernel.stream = number_or_zero<std::uint32_t>(cell(row, columns_.stream));
  kernel.where = csv_.where(row[columns_.id]);
  if (trace_.compute_capability.empty()) trace_.compute_capability = as_utf8(cell(row, columns_.capability));
  if (trace_.device.empty()) trace_.device = as_utf8(cell(row, columns_.product));
  return kernels_.emplace_back(std::move(kernel));
}

void NcuReader::add_value(const CsvField& field, const NcuMetric& metric, double value, NcuKernel& kernel) {
  if (!(value <= kMostNcuAmount))
    throw InputError(csv_.where(field), fmt::format("{} is more than a kernel can have", in_quotes(field.text)));
  kernel.counts.add(metric, value);
  if (kernel.counts.size() > kMostMetrics)
    throw InputError(csv_.where(field), fmt::format("more than {} metrics of a kernel that are used", kMostMetrics));
}

void NcuReader::add_long(const Row& row, NcuKernel& kernel) {
  const std::string& name = row[columns_.metric].text;
  const CsvField& field = row[columns_.value];
  if (name == "device__attribute_display_name" && trace_.device.empty()) trace_.device = as_utf8(field.text);
  const NcuMetric* metric = metric_of(name);
  if (metric == nullptr) return;
  const CsvField& unit = row[columns_.unit];
  if (metric->by_unit && !ncu_unit_factor(*metric, trim(unit.text))) return;
  // What could not be counted has no unit either.
  if (const auto value = parse_ncu_value(field.text, csv_.where(field)))
    add_value(field, *metric, *value * factor_of(unit, *metric, name), kernel);
}

void NcuReader::read_row(const Row& row) {
  if (cell(row, columns_.id).empty()) throw InputError(csv_.where(row[columns_.id]), "a kernel without an ID");
  NcuKernel& kernel = kernel_of(row);
  if (columns_.is_long()) return add_long(row, kernel);
  for (const RawMetric& raw : raw_metrics_) {
    const CsvField& field = row[raw.column];
    if (const auto value = parse_ncu_value(field.text, csv_.where(field)))
      add_value(field, *raw.metric, *value * raw.factor, kernel);
  }
}

}  // namespace

Trace read_ncu_text(std::string_view bytes, const std::string& name) { return NcuReader(bytes, name).read(); }

Trace read_ncu(const std::string& path, const ReadProgress& progress) {
  const std::string text = read_bytes(path, kMostBytes, progress);
  return NcuReader(text, path).read();
}

}  // namespace gable
