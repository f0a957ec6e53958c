// Easy to break here: rows that a fit saw counted as predicted, a mean over the wrong set.
#include "analyzer/predict/validation.h"

#include <doctest/doctest.h>

#include <cmath>

#include "analyzer/predict/cases.h"
#include "tests/approx.h"
#include "tests/error_text.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

Checked checked(double measured, double predicted, double wide) {
  Checked one;
  one.measured_s = measured;
  one.predicted.time_s = predicted;
  one.predicted.low_s = predicted / wide;
  one.predicted.high_s = predicted * wide;
  return one;
}

TEST_CASE("validation: errors of four rows, by hand") {
  // +10 %, -20 %, 0, +50 %
  const std::vector<Checked> rows = {checked(10, 11, 1.2), checked(10, 8, 1.2), checked(10, 10, 1.2),
                                     checked(10, 15, 1.2)};
  const Accuracy accuracy = accuracy_of(rows);
  CHECK(accuracy.rows == 4);
  CHECK(accuracy.mape == rel((0.1 + 0.2 + 0 + 0.5) / 4));
  CHECK(accuracy.bias == rel((0.1 - 0.2 + 0 + 0.5) / 4));
  CHECK(accuracy.median == rel(0.2));  // of 0, 0.1, 0.2, 0.5 the upper of the middle two
  CHECK(accuracy.p90 == rel(0.5));
  CHECK(accuracy.coverage == rel(0.5));  // 11 / 1.2 and 10 / 1.2 are below 10; 8 x 1.2 is not above, 15 / 1.2 is
}

/// 30 streams of one device, 30 of another; every third is of the split "test".
std::vector<Timing> streams() {
  std::vector<Timing> rows;
  for (const double bandwidth : {0.8e12, 0.5e12}) {
    for (std::int64_t i = 1; i <= 30; ++i) {
      Timing row;
      row.shape = {ShapeKind::kStream, Dtype::kFp32, {1, 1, i * 3'000'000, 0}};
      row.time_s = 5e-6 + 8 * static_cast<double>(row.shape.dims[2]) / bandwidth;
      row.device = bandwidth > 0.6e12 ? "fast" : "slow";
      row.split = i % 3 == 0 ? "test" : "train";
      rows.push_back(row);
    }
  }
  return rows;
}

const HardwareOf kTiny = [](const Timing&) { return tiny_hardware(); };

TEST_CASE("validation: each device is a group, and no probe is predicted") {
  ValidationOptions options;
  options.probes = 8;
  options.draws = 3;
  const Validation result = validate(streams(), kTiny, options);
  REQUIRE(result.groups.size() == 2);
  for (const ValidatedGroup& group : result.groups) {
    CHECK(group.fits == 3);
    CHECK(group.probes == 8);
    CHECK(group.checked.size() == 3 * (30 - 8));
    CHECK(group.accuracy.mape < 0.05);
  }
  options = {};
  options.folds = 5;
  for (const ValidatedGroup& group : validate(streams(), kTiny, options).groups) {
    CHECK(group.fits == 5);
    CHECK(group.checked.size() == 30);
    CHECK(group.probes == 24);
  }
}

TEST_CASE("validation: fitted to one split, tested on another") {
  ValidationOptions options;
  options.probes = 8;
  options.probe_split = "train";
  options.test_split = "test";
  const Validation result = validate(streams(), kTiny, options);
  for (const ValidatedGroup& group : result.groups) {
    CHECK(group.checked.size() == 10);
    for (const Checked& one : group.checked) CHECK(result.rows[one.row].split == "test");
  }
  options.test_split = "tset";
  CHECK(input_error([&] { return validate(streams(), kTiny, options); }) ==
        "no row is left to predict of split 'tset'");
}

TEST_CASE("validation: without probes the datasheet predicts every row") {
  const Validation result = validate(streams(), kTiny, {});
  for (const ValidatedGroup& group : result.groups) {
    CHECK(group.probes == 0);
    CHECK(group.checked.size() == 30);
  }
}

TEST_CASE("validation: a device that was never seen has the constants of the others") {
  // Two devices of one chip: rows of the second tell what the first has, and the other way round.
  std::vector<Timing> rows = streams();
  for (Timing& row : rows) row.device = "first";
  std::vector<Timing> second = rows;
  for (Timing& row : second) row.device = "second";
  rows.insert(rows.end(), second.begin(), second.end());
  const auto error = [&](bool unseen) {
    ValidationOptions options;
    options.unseen = unseen;
    double sum = 0;
    for (const ValidatedGroup& group : validate(rows, kTiny, options).groups) {
      CHECK(group.probes == 0);
      sum += group.accuracy.mape;
    }
    return sum;
  };
  CHECK(error(true) < error(false));
}

TEST_CASE("cases: model, mode, positions, batch, variant") {
  const auto cases =
      read_cases("device,layers,case,meas_e2e_ms\nTesla_T4,24,bert_large-inf-512-16-fusion,1485.5\n", "c.csv");
  REQUIRE(cases.size() == 1);
  CHECK(cases[0].device == "Tesla T4");
  CHECK(cases[0].model == "bert_large");
  CHECK(cases[0].mode == "inf");
  CHECK(cases[0].positions == 512);
  CHECK(cases[0].batch == 16);
  CHECK(cases[0].variant == "fusion");
  CHECK(cases[0].time_s == rel(1.4855));
  const auto refused = [](std::string_view csv) { return input_error([&] { return read_cases(csv, "c.csv"); }); };
  CHECK(refused("device,case\n") == "c.csv:1:1: column 'meas_e2e_ms' is missing");
  CHECK(refused("device,case,meas_e2e_ms\nT4,bert-inf-512,1\n") ==
        "c.csv:2:4: a case is model-mode-positions-batch, not 'bert-inf-512'");
  CHECK(refused("device,case,meas_e2e_ms\nT4,bert-inf-0-1,1\n") ==
        "c.csv:2:4: positions '0' is no whole number of at least 1");
  CHECK(refused("device,case,meas_e2e_ms\nT4,bert-inf-512-1,x\n") == "c.csv:2:19: 'x' is no time in ms");
}

}  // namespace
}  // namespace gable
