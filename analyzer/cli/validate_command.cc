// `analyze validate`: how far predictions are from what was measured.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/case_models.h"
#include "analyzer/cli/study_io.h"
#include "analyzer/cli/timing_rows.h"
#include "analyzer/spec/library.h"
#include "analyzer/trace/byte_source.h"
#include "reports/validation_report.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 13> kValidateOptions = {{
    {"hw", "H,...",
     "device of the rows, a name or a path; of rows of several products, that of those it lists (detect:) or no "
     "shipped "
     "spec does"},
    {"rows", "FILE", "timed kernels (analyze show rows-schema), or a profile"},
    {"cases", "FILE", "whole models with their times (device, case, meas_e2e_ms); --rows then are what is fitted to"},
    {"kind", "K,...", "only rows of these kinds"},
    {"probes", "N", "rows drawn for a fit; the others are predicted. Without it the datasheet predicts all"},
    {"draws", "N", "so many fits, each of rows drawn anew; 1 unless given"},
    {"folds", "N", "instead: each of N parts is predicted from the others"},
    {"unseen", "", "instead: each device is predicted with constants of the other devices in the rows"},
    {"fit-split", "S", "rows of this split may be drawn; those that are tested unless given"},
    {"test-split", "S", "only rows of this split are predicted"},
    {"interval", "PERCENT", "share of rows that intervals shall hold; 90 unless given"},
    kStudyFormatOption,
    kStudyOutOption,
}};

ValidationOptions validation_options(const Options& options) {
  ValidationOptions wanted;
  if (const auto probes = options.get("probes")) wanted.probes = whole_number("probes", *probes, 1);
  if (const auto draws = options.get("draws")) wanted.draws = whole_number("draws", *draws, 1);
  if (const auto folds = options.get("folds")) wanted.folds = whole_number("folds", *folds, 2);
  wanted.probe_split = options.get("fit-split").value_or("");
  wanted.test_split = options.get("test-split").value_or("");
  if (const auto interval = options.get("interval")) {
    const std::size_t percent = whole_number("interval", *interval, 1);
    if (percent > 99) throw InputError("--interval: a share from 1 to 99 %");
    wanted.coverage = static_cast<double>(percent) / 100;
  }
  wanted.unseen = options.has("unseen");
  if ((wanted.folds > 0 ? 1 : 0) + (wanted.probes > 0 ? 1 : 0) + (wanted.unseen ? 1 : 0) > 1)
    throw InputError("--probes, --folds and --unseen: one of them");
  for (const std::string_view of_probes : {"draws", "fit-split"}) {
    if (options.has(of_probes) && wanted.probes == 0)
      throw InputError(fmt::format("--{} says nothing without --probes", of_probes));
  }
  constexpr std::size_t kMostFits = 1000;
  if (wanted.folds > kMostFits || wanted.draws > kMostFits)
    throw InputError(fmt::format("--{}: at most {}", wanted.folds > kMostFits ? "folds" : "draws", kMostFits));
  return wanted;
}

/// Only rows of the kinds that --kind names.
void keep_kinds(std::vector<Timing>& rows, const Options& options) {
  const auto names = options.get("kind");
  if (!names) return;
  std::vector<ShapeKind> kinds;
  for (const std::string& name : split(*names, ',')) {
    const auto kind = find_shape_kind(name);
    if (!kind) {
      std::vector<std::string_view> known;
      for (const ShapeKindRow& row : shape_kind_table()) known.push_back(row.name);
      throw InputError(fmt::format("--kind: unknown kind {}{}", in_quotes(name), suggestion(name, known)));
    }
    kinds.push_back(*kind);
  }
  std::erase_if(
      rows, [&](const Timing& row) { return std::find(kinds.begin(), kinds.end(), row.shape.kind) == kinds.end(); });
}

/// The device that a product's name stands for, or that --hw names. With `several` products in a file, a spec of --hw
/// is that of the products that it lists, and of those that no shipped one does.
Hardware hardware_of(const Options& options, const std::string& product, bool several, const Where& where) {
  std::vector<std::string> names;
  if (const auto given = options.get("hw")) names = split(*given, ',');
  for (const std::string& name : names) {
    Hardware hw = load_hardware(name);
    if (!several || std::find(hw.detect.begin(), hw.detect.end(), product) != hw.detect.end()) return hw;
  }
  const std::string spec = spec_of_product(product);
  if (!spec.empty()) return load_hardware(spec);
  if (!names.empty()) return load_hardware(names.front());
  throw InputError(where, fmt::format("no hardware spec lists the product {}; name one with --hw", in_quotes(product)));
}

/// Whole models: each device's constants are fitted to its rows without any shape that its cases have.
std::vector<CheckedCase> check_cases(const Options& options, const ValidationOptions& wanted, const std::string& path,
                                     const Io& io) {
  constexpr std::size_t kMostRows = 1024;
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 28;
  const std::map<std::string, ModelAlias> aliases = load_aliases();
  std::map<std::string, std::vector<MeasuredCase>> devices;
  for (MeasuredCase& one : read_cases(read_bytes(path, kMostBytes, {}), path)) {
    if (!one.variant.empty() || !aliases.contains(one.model)) {
      io.err << fmt::format("{}: left out: {} is {}\n", to_string(one.where), one.name,
                            one.variant.empty() ? "a model that models/aliases.yaml lacks" : "not eager");
      continue;
    }
    devices[one.device].push_back(std::move(one));
  }
  std::vector<Timing> rows;
  if (const auto file = options.get("rows")) rows = load_timings(*file);
  std::vector<CheckedCase> checked;
  for (const auto& entry : devices) {
    const std::string& device = entry.first;
    const std::vector<MeasuredCase>& cases = entry.second;
    const Hardware hw = hardware_of(options, device, devices.size() > 1, cases.front().where);
    std::vector<std::vector<Analysis>> passes;
    std::vector<Shape> shapes;
    for (const MeasuredCase& one : cases) {
      passes.push_back(analyses_of(one, aliases, hw));
      const std::vector<Shape> mine = shapes_of(passes.back());
      shapes.insert(shapes.end(), mine.begin(), mine.end());
    }
    std::vector<Timing> own;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(own),
                 [&](const Timing& row) { return row.device == device; });
    tell_refused(refuse_impossible(own, hw), io);
    const Predictor predictor(hw, rows_for_fit(own, shapes, wanted.probes > 0 ? wanted.probes : kMostRows));
    for (std::size_t i = 0; i < cases.size(); ++i) {
      checked.push_back(check_case(predictor, passes[i], cases[i].time_s, wanted.coverage));
      checked.back().name = cases[i].name;
      checked.back().device = hw.name;
    }
  }
  return checked;
}

}  // namespace

int validate_command(const Args& args, const Io& io) {
  const Options options = parse_options(args, kValidateOptions);
  if (options.has("help")) {
    io.out << help_text("validate", kValidateOptions);
    return 0;
  }
  refuse_words(options, "validate");
  const ValidationOptions wanted = validation_options(options);
  if (const auto cases = options.get("cases")) {
    for (const std::string_view other : {"out", "kind", "folds", "unseen", "draws", "fit-split", "test-split"}) {
      if (options.has(other)) throw InputError(fmt::format("--{} says nothing with --cases", other));
    }
    constexpr std::array<std::string_view, 2> kFormats = {"table", "json"};
    const bool json = one_of(options, "format", kFormats) == "json";
    const std::vector<CheckedCase> checked = check_cases(options, wanted, *cases, io);
    io.out << (json ? render_cases_json(checked) : render_cases(checked, wanted.coverage, io.width));
    return 0;
  }
  const auto file = options.get("rows");
  if (!file) throw InputError("--rows is missing: a file of timed kernels; analyze show rows-schema says its columns");
  Validation validation;
  ValidationReport report{validation, wanted};
  report.width = io.width;
  const std::vector<StudyFormat> formats = study_formats(validation_format_table(), report);
  check_formats(options, formats);
  std::vector<Timing> rows = load_timings(*file);
  keep_kinds(rows, options);
  const bool several =
      std::any_of(rows.begin(), rows.end(), [&](const Timing& row) { return row.device != rows.front().device; });
  const auto of_row = [&](const Timing& row) { return hardware_of(options, row.device, several, row.where); };
  validation = validate(std::move(rows), of_row, wanted);
  tell_refused(validation.refused, io);
  write_formats(options, formats, "validation", io);
  return 0;
}

}  // namespace gable
