#include "analyzer/predict/timings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>

#include "analyzer/base/text.h"
#include "analyzer/predict/chip_facts.h"
#include "analyzer/predict/own_timings.h"
#include "analyzer/spec/yaml.h"
#include "analyzer/trace/byte_source.h"
#include "analyzer/trace/csv.h"

namespace gable {
namespace {

/// Boost clocks and hot caches exceed a datasheet by a little.
constexpr double kAboveRoof = 1.15;
constexpr double kAboveCache = 10;

constexpr std::array<std::string_view, kTimerCount> kTimers = {"device", "events"};

/// What a time is written in: the unit is part of the column's name.
struct TimeUnit {
  std::string_view column;
  double seconds;
};
constexpr std::array<TimeUnit, 4> kTimes = {{{"time_s", 1}, {"time_ms", 1e-3}, {"time_us", 1e-6}, {"time_ns", 1e-9}}};

constexpr std::array<TimingColumn, 7> kColumns = {{
    {"kind", "what the kernel is; decides which of the dims below it has"},
    {"dtype", "of its inputs"},
    {"op", "of a stream, what it computes; optional"},
    {"device", "product name; rows of several devices are told apart by it; optional"},
    {"library", "what ran it, with its version; optional"},
    {"split", "a name for a part of the rows, which --split selects; optional"},
    {"timer", "device (default): the kernel alone. events: between two events around one call, host included"},
}};

/// Columns of a file by what they hold.
class Header {
 public:
  Header(const std::vector<CsvField>& fields, const CsvReader& csv) {
    for (const CsvField& field : fields) add(std::string(trim(field.text)), csv.where(field));
    for (const std::string_view needed : {"kind", "dtype"}) {
      if (!at(needed)) throw InputError(csv.where(fields.front()), fmt::format("column '{}' is missing", needed));
    }
    if (std::none_of(kTimes.begin(), kTimes.end(), [&](const TimeUnit& t) { return at(t.column); }))
      throw InputError(csv.where(fields.front()), "no column has the time: time_s, time_ms, time_us or time_ns");
  }

  [[nodiscard]] std::optional<std::size_t> at(std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names_.begin());
  }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  void add(const std::string& name, const Where& where) {
    std::vector<std::string_view> known;
    for (const TimingColumn& column : kColumns) known.push_back(column.name);
    for (const TimeUnit& time : kTimes) known.push_back(time.column);
    for (const ShapeKindRow& kind : shape_kind_table()) {
      for (const DimRow& dim : kind.dims) known.push_back(dim.name);
    }
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw InputError(where, fmt::format("unknown column {}{}", in_quotes(name), suggestion(name, known)));
    if (at(name)) throw InputError(where, fmt::format("column '{}' is there twice", name));
    names_.push_back(name);
  }

  std::vector<std::string> names_;
};

template <class T>
T number(const CsvField& field, const Where& where, std::string_view what) {
  const std::string_view text = trim(field.text);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw InputError(
        where, fmt::format("{} {} is no {}", what, in_quotes(text), std::is_integral_v<T> ? "whole number" : "number"));
  return value;
}

class RowReader {
 public:
  RowReader(const Header& header, const CsvReader& csv, const std::vector<CsvField>& fields)
      : header_(header), csv_(csv), fields_(fields) {}

  Timing read() {
    Timing timing;
    timing.where = csv_.where(fields_.front());
    timing.shape.kind = kind();
    timing.shape.dtype = dtype();
    dims(timing.shape);
    timing.time_s = time();
    timing.op = text("op");
    timing.device = text("device");
    timing.library = text("library");
    timing.split = text("split");
    if (const std::string timer = text("timer"); !timer.empty()) {
      const auto found = find_timer(timer);
      if (!found)
        throw InputError(where("timer"), fmt::format("unknown timer {}; known: device, events", in_quotes(timer)));
      timing.timer = *found;
    }
    return timing;
  }

 private:
  [[nodiscard]] std::string text(std::string_view column) const {
    const auto at = header_.at(column);
    return at ? std::string(trim(fields_[*at].text)) : std::string();
  }
  [[nodiscard]] Where where(std::string_view column) const { return csv_.where(fields_[*header_.at(column)]); }

  [[nodiscard]] ShapeKind kind() const {
    const std::string name = text("kind");
    if (const auto kind = find_shape_kind(name)) return *kind;
    std::vector<std::string_view> known;
    for (const ShapeKindRow& kind : shape_kind_table()) known.push_back(kind.name);
    throw InputError(where("kind"), fmt::format("unknown kind {}{}", in_quotes(name), suggestion(name, known)));
  }

  [[nodiscard]] Dtype dtype() const {
    const std::string name = text("dtype");
    if (const auto dtype = find_dtype(name)) return *dtype;
    std::vector<std::string_view> known;
    for (const DtypeRow& dtype : dtype_table()) known.push_back(dtype.name);
    throw InputError(where("dtype"), fmt::format("unknown dtype {}{}", in_quotes(name), suggestion(name, known)));
  }

  void dims(Shape& shape) const {
    constexpr std::int64_t kMost = std::int64_t{1} << 40;
    const ShapeKindRow& kind = row(shape.kind);
    for (std::size_t i = 0; i < kind.dims.size(); ++i) {
      const DimRow& dim = kind.dims[i];
      const std::string word = text(dim.name);
      if (word.empty()) {
        if (dim.fallback < 0)
          throw InputError(csv_.where(fields_.front()), fmt::format("a {} needs '{}'", kind.name, dim.name));
        shape.dims.at(i) = dim.fallback;
        continue;
      }
      const auto value = number<std::int64_t>(fields_[*header_.at(dim.name)], where(dim.name), dim.name);
      if (value < dim.least || value > kMost)
        throw InputError(where(dim.name),
                         fmt::format("{} is {}; it lies between {} and 2^40", dim.name, value, dim.least));
      shape.dims.at(i) = value;
    }
  }

  [[nodiscard]] double time() const {
    for (const TimeUnit& unit : kTimes) {
      if (text(unit.column).empty()) continue;
      const auto value = number<double>(fields_[*header_.at(unit.column)], where(unit.column), "time");
      const double seconds = value * unit.seconds;
      if (!(seconds > 0) || seconds > 1e6)
        throw InputError(where(unit.column), fmt::format("a time of {} s; it lies between 0 and 1e6 s", seconds));
      return seconds;
    }
    throw InputError(csv_.where(fields_.front()), "this row has no time");
  }

  const Header& header_;
  const CsvReader& csv_;
  const std::vector<CsvField>& fields_;
};

}  // namespace

std::string_view timer_name(Timer timer) { return kTimers.at(static_cast<std::size_t>(timer)); }

std::optional<Timer> find_timer(std::string_view name) {
  const auto* found = std::find(kTimers.begin(), kTimers.end(), name);
  if (found == kTimers.end()) return std::nullopt;
  return static_cast<Timer>(found - kTimers.begin());
}

std::vector<TimingColumn> timing_columns() { return {kColumns.begin(), kColumns.end()}; }

std::vector<Timing> read_timings(std::string_view text, const std::string& name) {
  CsvReader csv(text, name);
  if (csv.at_end()) throw InputError(csv.where(), "the file is empty; its first line names the columns");
  const Header header(csv.row(), csv);
  std::vector<Timing> timings;
  while (!csv.at_end()) {
    if (trim(csv.peek_line()).empty()) {
      csv.skip_line();
      continue;
    }
    const std::vector<CsvField> fields = csv.row();
    if (fields.size() != header.size())
      throw InputError(csv.where(fields.front()),
                       fmt::format("{} fields; the first line names {}", fields.size(), header.size()));
    timings.push_back(RowReader(header, csv, fields).read());
  }
  return timings;
}

bool is_profile(std::string_view path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

std::vector<Timing> load_timings(const std::string& path) {
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;
  if (is_profile(path)) {
    const YamlNode root = load_yaml(path);
    return timings_of(read_profile(root), root.where);
  }
  return read_timings(read_bytes(path, kMostBytes, {}), path);
}

std::vector<Refused> refuse_impossible(std::vector<Timing>& rows, const Hardware& hw) {
  std::vector<Refused> refused;
  std::set<std::string> seen;
  const auto why_not = [&](const Timing& timing) -> std::string {
    // Measured twice is no fault; copied is.
    const std::string key =
        fmt::format("{}|{}|{}|{}|{}", describe(timing.shape), timing.op, timing.device, timing.library, timing.time_s);
    if (!seen.insert(key).second) return fmt::format("{} is there twice, with the same time", describe(timing.shape));
    ChipFacts facts;
    try {
      facts = facts_of(hw, timing.shape.dtype);
    } catch (const InputError& error) {  // a dtype that the device lacks
      return error.what();
    }
    const ShapeWork work = work_of(timing.shape);
    const double flop_per_s = work.flop / timing.time_s;
    if (flop_per_s > kAboveRoof * facts.flop_per_s)
      return fmt::format("{:.4g} TFLOP/s, {:.1f} times the datasheet's peak; is the time's unit right?",
                         flop_per_s / 1e12, flop_per_s / facts.flop_per_s);
    const double bytes_per_s = work.bytes / timing.time_s;
    if (work.bytes > 2 * facts.l2_bytes && bytes_per_s > kAboveRoof * facts.bytes_per_s)
      return fmt::format("{:.4g} GB/s, {:.1f} times the datasheet's DRAM bandwidth", bytes_per_s / 1e9,
                         bytes_per_s / facts.bytes_per_s);
    // No cache that all SMs share comes near: the unit is another.
    if (bytes_per_s > kAboveCache * std::max(facts.bytes_per_s, facts.l2_bytes_per_s))
      return fmt::format("{:.4g} GB/s, {:.1f} times the datasheet's L2 bandwidth; is the time's unit right?",
                         bytes_per_s / 1e9, bytes_per_s / facts.l2_bytes_per_s);
    return "";
  };
  std::vector<Timing> kept;
  for (Timing& timing : rows) {
    if (std::string why = why_not(timing); !why.empty()) {
      refused.push_back({timing.where, std::move(why)});
    } else {
      kept.push_back(std::move(timing));
    }
  }
  rows = std::move(kept);
  return refused;
}

}  // namespace gable
