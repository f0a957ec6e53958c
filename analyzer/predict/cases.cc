#include "analyzer/predict/cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "analyzer/base/text.h"
#include "analyzer/trace/csv.h"

namespace gable {
namespace {

enum Column : std::size_t { kDevice, kCase, kTime };
constexpr std::array<std::string_view, 3> kColumns = {"device", "case", "meas_e2e_ms"};

std::int64_t whole(const std::string& text, const Where& where, std::string_view what) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1)
    throw InputError(where, fmt::format("{} {} is no whole number of at least 1", what, in_quotes(text)));
  return value;
}

MeasuredCase parse(const std::string& name, const Where& where) {
  const std::vector<std::string> parts = split(name, '-');
  if (parts.size() < 4)
    throw InputError(where, fmt::format("a case is model-mode-positions-batch, not {}", in_quotes(name)));
  MeasuredCase one;
  one.name = name;
  one.model = parts[0];
  one.mode = parts[1];
  one.positions = whole(parts[2], where, "positions");
  one.batch = whole(parts[3], where, "batch");
  for (std::size_t i = 4; i < parts.size(); ++i) one.variant += (one.variant.empty() ? "" : "-") + parts[i];
  one.where = where;
  return one;
}

}  // namespace

std::vector<MeasuredCase> read_cases(std::string_view text, const std::string& name) {
  CsvReader csv(text, name);
  if (csv.at_end()) throw InputError(csv.where(), "the file is empty; its first line names the columns");
  const std::vector<CsvField> head = csv.row();
  std::array<std::size_t, kColumns.size()> at{};
  for (std::size_t c = 0; c < kColumns.size(); ++c) {
    const auto found =
        std::find_if(head.begin(), head.end(), [&](const CsvField& f) { return trim(f.text) == kColumns.at(c); });
    if (found == head.end())
      throw InputError(csv.where(head.front()), fmt::format("column '{}' is missing", kColumns.at(c)));
    at.at(c) = static_cast<std::size_t>(found - head.begin());
  }
  std::vector<MeasuredCase> cases;
  while (!csv.at_end()) {
    if (trim(csv.peek_line()).empty()) {
      csv.skip_line();
      continue;
    }
    const std::vector<CsvField> fields = csv.row();
    if (fields.size() != head.size())
      throw InputError(csv.where(fields.front()),
                       fmt::format("{} fields; the first line names {}", fields.size(), head.size()));
    MeasuredCase one = parse(std::string(trim(fields[at[kCase]].text)), csv.where(fields[at[kCase]]));
    one.device = trim(fields[at[kDevice]].text);
    std::replace(one.device.begin(), one.device.end(), '_', ' ');
    const std::string_view time = trim(fields[at[kTime]].text);
    double ms = 0;
    const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), ms);
    if (error != std::errc() || end != time.data() + time.size() || !(ms > 0) || ms > 1e9)
      throw InputError(csv.where(fields[at[kTime]]), fmt::format("{} is no time in ms", in_quotes(time)));
    one.time_s = ms * 1e-3;
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace gable
