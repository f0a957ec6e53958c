// `analyze calibrate`: the constants of a device's time models from kernels that were timed on it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <ostream>
#include <set>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/output.h"
#include "analyzer/cli/study_io.h"
#include "analyzer/cli/timing_rows.h"
#include "analyzer/predict/draw.h"
#include "analyzer/spec/library.h"
#include "probes/run_probes.h"
#include "reports/calibration_report.h"
#include "reports/report.h"

namespace gable {
namespace {

constexpr std::size_t kMostRows = 256;

constexpr std::array<OptionRow, 6> kCalibrateOptions = {{
    {"hw", "H",
     "the device that the rows were timed on: a name or a path; unless given, the profile that has the rows, or that "
     "of "
     "the rows' product"},
    {"rows", "FILE", "timed kernels (analyze show rows-schema), or a profile"},
    {"library", "L", "only rows that this library ran"},
    {"split", "S", "only rows of this split"},
    {"probes", "N", "at most N rows of each kind and dtype, spread over their dims; 256 unless given"},
    {"out", "FILE", "writes the constants, for --calibration"},
}};

/// Rows of one device and library, as the options choose. @throws InputError
void keep_chosen(std::vector<Timing>& rows, const Options& options) {
  const auto library = options.get("library");
  const auto split = options.get("split");
  std::erase_if(
      rows, [&](const Timing& row) { return (library && row.library != *library) || (split && row.split != *split); });
  if (rows.empty())
    throw InputError(library || split ? "no row is left of that library and split" : "--rows: the file has no rows");
  if (const auto other =
          std::find_if(rows.begin(), rows.end(), [&](const Timing& row) { return row.timer != rows.front().timer; });
      other != rows.end())
    throw InputError(other->where, fmt::format("timer {} after timer {}; calibrate each by itself",
                                               timer_name(other->timer), timer_name(rows.front().timer)));
  for (const auto& [what, member] : {std::pair{"device", &Timing::device}, std::pair{"library", &Timing::library}}) {
    std::set<std::string> names;
    for (const Timing& row : rows) names.insert(row.*member);
    if (names.size() < 2) continue;
    throw InputError(rows.front().where,
                     fmt::format("the rows are of {} {}s, {} and others; constants are those of one{}", names.size(),
                                 what, in_quotes(*names.begin()), member == &Timing::library ? ": --library" : ""));
  }
}

Hardware hardware_of(const Options& options, const Timing& row) {
  if (const auto name = options.get("hw")) return load_hardware(*name);
  if (const auto profile = options.get("rows"); is_profile(*profile)) return load_hardware(*profile);
  const std::string spec = spec_of_product(row.device);
  if (spec.empty()) throw InputError("--hw is missing, and no hardware spec lists the rows' product");
  return load_hardware(spec);
}

CalibratedLine calibrated(std::vector<Timing> rows, std::size_t most, const Hardware& hw, CalibratedClass& one) {
  const ChipFacts facts = facts_of(hw, one.dtype);
  const TimeModel& model = time_model(one.kind, facts);
  std::vector<Timing> probes;
  std::vector<bool> drawn(rows.size());
  for (const std::size_t i : draw_probes(rows, most, 1)) {
    drawn[i] = true;
    probes.push_back(rows[i]);
  }
  const Calibration calibration(model, facts, std::move(probes));
  one.formula = model.name;
  one.library = rows.front().library;
  one.fit = calibration.fit();
  for (const double error : calibration.leave_one_out_errors()) one.leave_one_out += error;
  one.leave_one_out /= static_cast<double>(one.fit.rows.size());
  std::vector<Checked> held;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!drawn[i]) held.push_back({i, rows[i].time_s, calibration.predict(rows[i].shape, rows[i].timer)});
  }
  one.sds = calibration.value_sds();
  const Accuracy accuracy = accuracy_of(held);
  one.held_out = accuracy.mape;
  return {&one, one.sds, accuracy};
}

}  // namespace

int calibrate_command(const Args& args, const Io& io) {
  const Options options = parse_options(args, kCalibrateOptions);
  if (options.has("help")) {
    io.out << help_text("calibrate", kCalibrateOptions);
    return 0;
  }
  refuse_words(options, "calibrate");
  const auto file = options.get("rows");
  if (!file) throw InputError("--rows is missing: a file of timed kernels; analyze show rows-schema says its columns");
  const auto out = options.get("out");
  if (out) check_out_file(*out);
  const auto most = options.get("probes");
  std::vector<Timing> rows = load_timings(*file);
  keep_chosen(rows, options);
  const Hardware hw = hardware_of(options, rows.front());
  tell_refused(refuse_impossible(rows, hw), io);
  if (rows.empty()) throw InputError("no row is left to fit: all are refused, above");
  std::map<std::pair<ShapeKind, Dtype>, std::vector<Timing>> groups;
  for (Timing& row : rows) groups[{row.shape.kind, row.shape.dtype}].push_back(std::move(row));
  CalibrationFile result{
      hw.name, utc_now(), fmt::format("analyze calibrate --rows {}", *file), std::string(kVersion), {}};
  result.classes.reserve(groups.size());
  std::vector<CalibratedLine> lines;
  for (auto& [key, group] : groups) {
    result.classes.emplace_back();
    result.classes.back().kind = key.first;
    result.classes.back().dtype = key.second;
    lines.push_back(
        calibrated(std::move(group), most ? whole_number("probes", *most, 1) : kMostRows, hw, result.classes.back()));
  }
  io.out << render_calibration({result, hw, lines, io.width, io.color});
  if (!out) return 0;
  const std::array<OutputFile, 1> files = {{{*out, write_calibration(result)}}};
  write_files(files, io.err);
  return 0;
}

}  // namespace gable
