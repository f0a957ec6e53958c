// Easy to break here: a fit that ignores rows, an interval that does not cover, a file that predicts something else
// than the fit that it was written from. Times are synthetic: they come from the formulas, with constants changed.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "analyzer/predict/calibration_file.h"
#include "analyzer/predict/draw.h"
#include "analyzer/predict/predictor.h"
#include "tests/approx.h"
#include "tests/error_text.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

const ChipFacts& facts() {
  static const ChipFacts kFacts = facts_of(tiny_hardware(), Dtype::kFp16);
  return kFacts;
}

const TimeModel& gemm() { return time_model(ShapeKind::kGemm, facts()); }

/// Products of 4 x 5 x 4 sizes whose times have the prior's constants but one, with +-2 % in turns.
std::vector<Timing> rows_with(std::string_view constant, double value) {
  std::vector<double> values;
  for (const ConstantRow& row : gemm().constants) values.push_back(row.name == constant ? value : row.prior);
  std::vector<Timing> rows;
  for (const std::int64_t m : {8, 100, 1000, 5000}) {
    for (const std::int64_t n : {256, 512, 1024, 4096, 8192}) {
      for (const std::int64_t k : {256, 1000, 4096, 8192}) {
        Timing row;
        row.shape = {ShapeKind::kGemm, Dtype::kFp16, {1, m, n, k}};
        row.time_s = gemm().time(row.shape, facts(), values).total_s * (rows.size() % 2 == 0 ? 1.02 : 0.98);
        rows.push_back(row);
      }
    }
  }
  return rows;
}

TEST_CASE("calibration: finds the constant that made the times") {
  const Calibration fitted(gemm(), facts(), rows_with("peak", 0.6));
  for (std::size_t i = 0; i < gemm().constants.size(); ++i) {
    const ConstantRow& constant = gemm().constants[i];
    CAPTURE(constant.name);
    if (constant.name == "peak") CHECK(fitted.values()[i] == rel(0.6, 0.05));
    if (constant.name == "dram") CHECK(fitted.values()[i] == rel(constant.prior, 0.05));
  }
  // What was unsure before is less so now.
  const std::vector<double> sds = fitted.value_sds();
  for (std::size_t i = 0; i < sds.size(); ++i) CHECK(sds[i] <= gemm().constants[i].log_sd);
  CHECK(fitted.basis() == Basis::kCalibrated);
  CHECK(Calibration(gemm(), facts()).basis() == Basis::kDatasheet);
}

TEST_CASE("calibration: predicts what it was not shown, and says how sure it is") {
  std::vector<Timing> rows = rows_with("sm_load", 2);
  std::vector<Timing> shown;
  std::vector<Timing> hidden;
  for (std::size_t i = 0; i < rows.size(); ++i) (i % 3 == 0 ? hidden : shown).push_back(rows[i]);
  const Calibration fitted(gemm(), facts(), shown);
  std::size_t covered = 0;
  for (const Timing& row : hidden) {
    const Prediction predicted = fitted.predict(row.shape);
    CAPTURE(describe(row.shape));
    CHECK(std::fabs(predicted.time_s / row.time_s - 1) < 0.15);
    CHECK(predicted.low_s < predicted.time_s);
    CHECK(predicted.time_s < predicted.high_s);
    CHECK(!predicted.extrapolated);
    if (predicted.low_s <= row.time_s && row.time_s <= predicted.high_s) ++covered;
    // A narrower interval for less certainty.
    CHECK(fitted.predict(row.shape, Timer::kDevice, 0.5).high_s < predicted.high_s);
  }
  CHECK(covered >= hidden.size() * 8 / 10);
  // Far beyond what was shown the interval is wider, and it is said.
  const Shape far{ShapeKind::kGemm, Dtype::kFp16, {1, 1'000'000, 64, 64}};
  CHECK(fitted.predict(far).extrapolated);
  CHECK(fitted.predict(far).log_sd > fitted.predict(shown.front().shape).log_sd);
}

TEST_CASE("calibration: the time alone is that of the prediction, and no product beats what was measured at best") {
  const std::vector<Timing> rows = rows_with("peak", 0.9);
  double best = facts().flop_per_s;
  for (const Timing& row : rows) best = std::max(best, work_of(row.shape).flop / row.time_s);
  const Calibration fitted(gemm(), facts(), rows);
  const Calibration sibling = fitted.for_sibling(facts());
  for (const std::int64_t size : {1, 100, 3000, 50'000}) {
    const Shape shape{ShapeKind::kGemm, Dtype::kFp16, {1, size, 3000, 3000}};
    CAPTURE(size);
    CHECK(fitted.time_of(shape) == fitted.predict(shape).time_s);
    CHECK(sibling.time_of(shape) == sibling.predict(shape).time_s);
    CHECK(fitted.time_of(shape) >= work_of(shape).flop / best);
  }
}

TEST_CASE("calibration: the interval grows with each octave beyond what was timed") {
  const Calibration fitted(gemm(), facts(), rows_with("peak", 0.9));
  double before = fitted.predict({ShapeKind::kGemm, Dtype::kFp16, {1, 1000, 4096, 8192}}).log_sd;
  for (std::int64_t k = 1 << 15; k <= 1 << 20; k *= 4) {
    const Prediction beyond = fitted.predict({ShapeKind::kGemm, Dtype::kFp16, {1, 1000, 4096, k}});
    CAPTURE(k);
    CHECK(beyond.extrapolated);
    CHECK(beyond.log_sd > before);
    before = beyond.log_sd;
  }
}

TEST_CASE("calibration: only a board far below its peak runs faster after a pause") {
  CHECK(Calibration(gemm(), facts(), rows_with("peak", 0.45)).rested_speed() > 1.2);
  CHECK(Calibration(gemm(), facts(), rows_with("peak", 0.85)).rested_speed() == 1);
  CHECK(Calibration(gemm(), facts()).rested_speed() == 1);
}

TEST_CASE("calibration: rows of events have a host's gap and floor, which kernels alone lack") {
  std::vector<Timing> rows = rows_with("peak", 0.9);
  for (Timing& row : rows) {
    row.timer = Timer::kEvents;
    row.time_s = std::max(40e-6, row.time_s + 20e-6);
  }
  const Calibration fitted(gemm(), facts(), rows);
  CHECK(fitted.constants().size() == gemm().constants.size() + kHostConstants);
  const Shape tiny{ShapeKind::kGemm, Dtype::kFp16, {1, 8, 256, 256}};
  CHECK(fitted.predict(tiny, Timer::kEvents).time_s == rel(40e-6, 0.15));
  CHECK(fitted.predict(tiny, Timer::kDevice).time_s < 15e-6);
}

TEST_CASE("calibration: a file gives the same predictions") {
  const std::vector<Timing> rows = rows_with("l2", 3);
  const Calibration fitted(gemm(), facts(), rows);
  CalibrationFile file{"tiny", "2026-11-21T00:00:00Z", "analyze calibrate", "0", {}};
  file.classes.push_back({ShapeKind::kGemm, Dtype::kFp16, std::string(gemm().name), "a library", 0.03, 0.04,
                          fitted.value_sds(), fitted.fit()});
  const std::string text = write_calibration(file);
  const CalibrationFile back = read_calibration(parse_yaml(text, "c.yaml"));
  CHECK(write_calibration(back) == text);
  const Predictor predictor(tiny_hardware(), back);
  const Calibration& again = predictor.calibration(ShapeKind::kGemm, Dtype::kFp16);
  for (const Timing& row : rows) {
    CHECK(again.predict(row.shape).time_s == rel(fitted.predict(row.shape).time_s, 1e-9));
    CHECK(again.predict(row.shape).high_s == rel(fitted.predict(row.shape).high_s, 1e-6));
  }
  const auto refused = [&](std::string_view from, std::string_view to) {
    return input_error([&] { return read_calibration(parse_yaml(replaced(text, from, to), "c.yaml")); });
  };
  CHECK(refused("gable-calibration/1", "gable-calibration/2") ==
        "c.yaml:1:9: schema 'gable-calibration/2' is newer than the one that this program reads, "
        "'gable-calibration/1'; read it with the program that wrote it");
  CHECK(refused("complete: true\n", "") ==
        "c.yaml:1:1: the file was cut short: it does not end in 'complete: true'; calibrate again");
  CHECK(refused("formula: gemm.tensor", "formula: gemm.other") ==
        "c.yaml:7:5: formula 'gemm.other' of this program has other constants; calibrate again");
  CHECK(refused("kind: gemm", "kind: gem") == "c.yaml:7:11: unknown kind 'gem'");
  CHECK(refused("hyper: [", "hyper: [400, ") == "c.yaml:7:5: hyper has 6 logarithms between -20 and 20");
  // Constants of another model than the device's kernels have now.
  CalibrationFile other = back;
  other.classes[0].formula = "gemm.vector";
  CHECK(input_error([&] { Predictor(tiny_hardware(), other); }) ==
        "gemm fp16 of tiny was fitted to formula 'gemm.vector', which is 'gemm.tensor' now; calibrate again");
}

TEST_CASE("calibration: many rows in another order are the same calibration") {
  std::vector<Timing> rows;
  for (std::int64_t i = 1; i <= 300; ++i) {
    Timing row;
    row.shape = {ShapeKind::kStream, Dtype::kFp32, {1, 1, i * i * 1000, 0}};
    // 10 % to and fro over the sizes: something for the residual to find.
    row.time_s = (3e-6 + 1e-14 * 8e6 * static_cast<double>(i * i)) * (1 + 0.1 * std::sin(static_cast<double>(i) / 20));
    rows.push_back(row);
  }
  const TimeModel& streams = time_model(ShapeKind::kStream, facts());
  const Calibration one(streams, facts(), rows);
  std::rotate(rows.begin(), rows.begin() + 140, rows.end());
  const Calibration other(streams, facts(), rows);
  for (const std::int64_t n : {1'234'000, 20'200'000, 85'000'000}) {
    const Shape shape{ShapeKind::kStream, Dtype::kFp32, {1, 1, n, 0}};
    CHECK(one.time_of(shape) == rel(other.time_of(shape), 0.01));
    CHECK(one.predict(shape).log_sd == rel(other.predict(shape).log_sd, 0.1));
  }
}

TEST_CASE("draw: spread, without repeats, the same for the same seed; aligned rows first") {
  std::vector<Timing> rows = rows_with("peak", 0.9);
  const auto drawn = draw_probes(rows, 20, 1);
  CHECK(drawn.size() == 20);
  CHECK(std::is_sorted(drawn.begin(), drawn.end()));
  CHECK(std::adjacent_find(drawn.begin(), drawn.end()) == drawn.end());
  CHECK(draw_probes(rows, 20, 1) == drawn);
  CHECK(draw_probes(rows, 20, 2) != drawn);
  CHECK(draw_probes(rows, 1000, 1).size() == rows.size());
  for (Timing& row : rows) {
    if (row.shape.dims[3] == 1000) row.shape.dims[3] = 999;
  }
  for (const std::size_t i : draw_probes(rows, 20, 1)) CHECK(rows[i].shape.dims[3] != 999);
  const auto folds = draw_folds(82, 4, 1);
  for (std::size_t fold = 0; fold < 4; ++fold) {
    const auto count = std::count(folds.begin(), folds.end(), fold);
    CHECK(count >= 20);
    CHECK(count <= 21);
  }
}

}  // namespace
}  // namespace gable
