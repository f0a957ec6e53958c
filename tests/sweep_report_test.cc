// The reports of a sweep. What is easy to break here: a column that moves, a row of a failed point that lacks fields, a
// table wider than the terminal, "nan" as a coordinate. One product on a device of round numbers, worked out below.
#include "reports/sweep_report.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "analyzer/base/text.h"
#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

// M x 100 times 100 x 100 in FP32 on 10 TFLOP/s, 1 TB/s, 1 us:
//   M = 100      2e6 FLOP, 4*(3*1e4) = 120,000 B: 0.2 us of work, 0.12 us of DRAM: 1.2 us, launch
//   M = 1000    2e7 FLOP, 4*(2*1e5 + 1e4) = 840,000 B: 2 us of work, 0.84 us of DRAM: 3 us, vector
//   M = 0       refused
constexpr const char* kModel = R"(
name: product
title: One product
dtype: fp32
dims: {M: 100, N: 100}
ops: [{name: p, op: matmul, m: M, n: N, k: N}]
)";

Sweep product(const std::vector<std::string>& axes, std::string_view model = kModel) {
  const BlockSource none = [](const std::string&, const Where& where) -> YamlNode {
    throw InputError(where, "no blocks");
  };
  std::vector<Axis> parsed;
  for (const std::string& axis : axes) parsed.push_back(parse_axis(axis));
  return {make_grid(std::move(parsed)),
          {{read_model(parse_yaml(model, "product.yaml"), none), {}, false}},
          {{tiny_hardware(), "made up for a test"}}};
}

SweepReport report_of(const Sweep& sweep, int width = 100) {
  Evaluator evaluator(sweep);
  return {sweep, evaluator.analysis(0), evaluator.evaluate(0, sweep.grid.size), width, false};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_CASE("CSV: a header, a row a point, the same fields in each") {
  const Sweep sweep = product({"M=100,1000,0"});
  CHECK(sweep_csv_header(sweep) ==
        "model,hardware,dtype,M,flop,matrix_flop,unique_bytes,launches,intensity_flop_per_byte,time_s,"
        "attained_flop_per_s,compute_bound_s,memory_bound_s,launch_bound_s,bound,roof,flop_ratio,time_ratio,elasticity,"
        "bottleneck_changed,error\r\n");
  CHECK(sweep_csv_lead(sweep, 1) == "product,tiny,fp32,1000");
  const std::vector<SweepRow> rows = Evaluator(sweep).evaluate(0, 3);
  const std::vector<std::string> lines = split(sweep_csv(sweep, rows), '\n');
  REQUIRE(lines.size() == 4);  // the last one is what follows the last line end
  const std::vector<std::string> first = split(lines[0], ',');
  const std::vector<std::string> second = split(lines[1], ',');
  REQUIRE(first.size() == 21);
  REQUIRE(second.size() == 21);
  const auto columns = sweep_columns(sweep);
  const auto value = [&](const std::vector<std::string>& row, std::string_view name) {
    const auto column =
        std::find_if(columns.begin(), columns.end(), [&](const SweepColumn& c) { return c.name == name; });
    REQUIRE(column != columns.end());
    return row[4 + static_cast<std::size_t>(column - columns.begin())];
  };
  CHECK(value(first, "flop") == "2000000");
  CHECK(value(first, "unique_bytes") == "120000");
  CHECK(value(first, "launches") == "1");
  CHECK(std::stod(value(first, "time_s")) == doctest::Approx(1.2e-6));
  CHECK(value(first, "bound") == "launch");
  CHECK(value(first, "flop_ratio").empty());
  CHECK(value(second, "flop") == "20000000");
  CHECK(std::stod(value(second, "time_s")) == doctest::Approx(3e-6));
  CHECK(std::stod(value(second, "compute_bound_s")) == doctest::Approx(3e-6));
  CHECK(value(second, "roof") == "vector");
  CHECK(value(second, "flop_ratio") == "10");
  CHECK(std::stod(value(second, "time_ratio")) == doctest::Approx(2.5));
  CHECK(std::stod(value(second, "elasticity")) == doctest::Approx(0.39794));  // log10(2.5)
  CHECK(value(second, "bottleneck_changed") == "yes");
  CHECK(lines[2] == "product,tiny,fp32,0,,,,,,,,,,,,,,,,,dim 'M' is 0; it must be at least 1\r");
}

TEST_CASE("CSV in pieces is the same CSV") {
  const Sweep sweep = product({"dtype=fp32,fp16", "recipe=ideal,flash", "M=1..7", "N=1..3"});
  // All variants are alike here; the names of the options come from the axes.
  Sweep full = sweep;
  full.variants.assign(4, sweep.variants[0]);
  Evaluator evaluator(full);
  const std::string whole = sweep_csv(full, evaluator.evaluate(0, full.grid.size));
  for (const std::int64_t cut : {1, 3, 20, 21, 22, 63, 83}) {
    CAPTURE(cut);
    CHECK(sweep_csv(full, evaluator.evaluate(0, cut)) + sweep_csv(full, evaluator.evaluate(cut, full.grid.size)) ==
          whole);
  }
  CHECK(sweep_csv_header(full).starts_with("model,hardware,dtype,recipe,M,N,flop,"));
  CHECK(sweep_csv_lead(full, 21) == "product,tiny,fp32,flash,1,1");
}

TEST_CASE("JSON: what has no value is null") {
  const Sweep sweep = product({"M=100,1000,0"});
  const nlohmann::json root = nlohmann::json::parse(render_sweep_json(report_of(sweep)));
  CHECK(root["study"] == "sweep");
  CHECK(root["points"] == 3);
  CHECK(root["complete"] == true);
  CHECK(root["axes"] == nlohmann::json::parse(R"([{"name": "M", "values": [100, 1000, 0]}])"));
  const nlohmann::json& rows = root["rows"];
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["dims"]["M"] == 100);
  CHECK(rows[0]["elasticity"].is_null());
  CHECK(rows[0]["bottleneck_changed"].is_null());
  CHECK(rows[0]["error"].is_null());
  CHECK(rows[1]["flop"] == 20'000'000);
  CHECK(rows[1]["bottleneck_changed"] == true);
  CHECK(rows[2]["time_s"].is_null());
  CHECK(rows[2]["error"] == "dim 'M' is 0; it must be at least 1");
  SweepReport stopped = report_of(sweep);
  stopped.rows.resize(1);
  CHECK(nlohmann::json::parse(render_sweep_json(stopped))["complete"] == false);
}

TEST_CASE("the table: a row a point, the change in its row, the reasons below") {
  const Sweep sweep = product({"M=100,1000,0"});
  const std::string text = render_sweep_table(report_of(sweep));
  CHECK(has(text, "sweep: product on tiny over M=100,1000,0: 3 points; the first has M=100 N=100\n"));
  CHECK(has(text, "launch → vector"));
  CHECK(has(text, "x10.0   x2.50       0.398"));
  CHECK(has(text, "   0  dim 'M' is 0; it must be at least 1\n"));
  CHECK(has(text, "The bottleneck changes launch → vector at M=1000 (20.0 MFLOP, 3.00 us).\n"));
  // 1 us of 1.2 us, and of 3 us.
  CHECK(has(text, "Time follows FLOP from M=100 to M=1000: FLOP x10.0, bytes x7.00, time x2.50, elasticity 0.398;"));
  CHECK(
      has(text, "kernel launches take 83.3 % of the time at M=100 and 33.3 % at M=1000; vector bounds 100.0 % of it"));
  CHECK(has(text, "1 of 3 points without a result; the error in its row says why.\n"));
}

TEST_CASE("the table fits the terminal, and series stand apart") {
  const Sweep sweep = product({"N=100..102", "M=100..1000000*10"});
  for (const int width : {60, 80, 100, 140, 200}) {
    CAPTURE(width);
    std::size_t blank = 0;
    for (const std::string& line : split(render_sweep_table(report_of(sweep, width)), '\n')) {
      CAPTURE(line);
      CHECK(display_width(line) <= static_cast<std::size_t>(width));
      blank += line.empty() ? 1 : 0;
    }
    CHECK(blank == 2 + 2 + 1);  // after the header, between three series, before the findings, after the last line end
  }
}

TEST_CASE("without change, and without neighbours, the findings say so or nothing") {
  CHECK(sweep_findings(report_of(product({"M=1000"}))).empty());
  const std::vector<std::string> same = sweep_findings(report_of(product({"M=1000,2000"})));
  REQUIRE(same.size() == 2);
  CHECK(same[0] == "The bottleneck changes nowhere along the innermost axis.");
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++times;
  return times;
}

TEST_CASE("the picture: a mark a point, a line a series, a label a change") {
  const Sweep sweep = product({"N=100,200", "M=100,1000,10000,0"});
  const std::string text = render_sweep_svg(report_of(sweep));
  CHECK(count(text, "<g class=\"line\"") == 2);
  CHECK(count(text, "<g class=\"launch\"") + count(text, "<g class=\"compute\"") + count(text, "<g class=\"memory\"") ==
        6);
  CHECK(has(text, "launch → vector at M=1000"));
  CHECK(has(text, ">N=200</text>"));
  CHECK(has(text, "time ∝ FLOP at "));
  CHECK_FALSE(has(text, "nan"));
  CHECK_FALSE(has(text, "inf"));
  CHECK(count(text, "<g ") == count(text, "</g>"));
}

/// Three models of one product; 3 x 11 series are too many to name each.
Sweep three_models(const std::vector<std::string>& axes) {
  Sweep sweep = product(axes);
  sweep.variants.assign(3, sweep.variants[0]);
  const std::array<std::string, 3> names = {"small", "middle", "large"};
  std::vector<Axis> all = {name_axis(AxisRole::kModel, "model", "--model", {names.begin(), names.end()})};
  all.insert(all.end(), sweep.grid.axes.begin(), sweep.grid.axes.end());
  sweep.grid = make_grid(std::move(all));
  return sweep;
}

TEST_CASE("the picture of several models names each, and draws each in a colour of its own") {
  const std::string text = render_sweep_svg(report_of(three_models({"N=100..110", "M=100,1000"})));
  CHECK(count(text, "<g class=\"line\"") == 33);
  for (const std::string name : {"small", "middle", "large"}) CHECK(count(text, ">" + name + "</text>") == 1);
  for (const std::string color : {"#117733", "#882255", "#555555"})
    CHECK(count(text, "<g class=\"line\" stroke=\"" + color + "\"") == 11);
  const std::string few = render_sweep_svg(report_of(three_models({"N=100,200", "M=100,1000"})));
  CHECK(has(few, ">middle N=200</text>"));
  CHECK_FALSE(has(few, ">middle</text>"));
}

TEST_CASE("a picture of points without a place on logarithmic axes") {
  const Sweep sweep = product({"N=1000,2000"}, "name: m\ndims: {N: 1}\nops: [{name: c, op: copy, n: N}]\n");
  const std::string text = render_sweep_svg(report_of(sweep));
  CHECK(has(text, "no point has FLOP and time"));
  CHECK_FALSE(has(text, "nan"));
  CHECK(has(render_sweep_table(report_of(sweep)), "x1.0000") == false);  // no FLOP, no ratio
}

TEST_CASE("every format has a row, and CSV alone streams") {
  for (const SweepFormat& format : sweep_format_table()) {
    CAPTURE(format.name);
    CHECK((format.render == nullptr) == (format.name == "csv"));
    CHECK(&find_sweep_format(format.name) == &format);
  }
}

}  // namespace
}  // namespace gable
