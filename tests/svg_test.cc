// Easy to break here: an op that falls off the logarithmic axes without a word, a point above its roof, a label on a
// label, a name that ends an XML element, "nan" as a coordinate, a decimal comma, a mark whose area is not its share.
#include "reports/svg.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <locale>
#include <string>
#include <vector>

#include "analyzer/spec/model_reader.h"
#include "reports/svg_canvas.h"
#include "reports/svg_frame.h"
#include "reports/svg_layout.h"
#include "reports/svg_scale.h"
#include "tests/approx.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

using svg::Box;
using svg::Disc;
using svg::LogScale;

// On the tiny device (fp32 10 TFLOP/s, DRAM 1 TB/s, L2 4 TB/s, launch 1 us), with --roofs compute,dram:
//   thin  4e9 FLOP /  1e9 B = 4 FLOP/byte, 1 ms of DRAM, 4 TFLOP/s
//   busy 1e11 FLOP /  1e9 B = 100 FLOP/byte, 10 ms of compute, 10 TFLOP/s
//   move  nothing  /  1e9 B, 1 ms of DRAM: 1 / 12 = 8.3 % of the time
constexpr std::string_view kHead = "name: small\ntitle: Few ops\nsource: made up\ndtype: fp32\nops:\n";
const std::string kThin = "  - {name: thin, custom: {flop: 4000000000, read: 1000000000}}\n";
const std::string kBusy = "  - {name: busy, custom: {flop: 100000000000, read: 1000000000}}\n";
const std::string kMove = "  - {name: move, op: copy, n: 125000000}\n";
const std::string kTiny = "  - {name: tiny, custom: {flop: 1000, read: 4000}}\n";

Analysis analysis_of(const std::string& ops, std::string_view roofs = "compute,dram,l2,launch",
                     std::string_view hardware = kTinyHardware) {
  const auto no_block = [](const std::string&, const Where& where) -> YamlNode {
    throw InputError(where, "no blocks");
  };
  AnalysisOptions options;
  options.roofs = parse_roofs(roofs);
  Model model = read_model(parse_yaml(std::string(kHead) + ops, "small.yaml"), no_block);
  return analyze(std::move(model), hardware_of(hardware), options);
}

svg::Plot plot_of(const Analysis& analysis) { return svg::make_plot(svg::build_scene(analysis), svg::plot_frame(0)); }

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++times;
  return times;
}

/// The number that follows the first `key` after `after`.
double number_after(const std::string& text, std::string_view after, std::string_view key) {
  const std::size_t start = text.find(after);
  REQUIRE_MESSAGE(start != std::string::npos, after);
  const std::size_t at = text.find(key, start);
  REQUIRE_MESSAGE(at != std::string::npos, key);
  return std::stod(text.substr(at + key.size()));
}

/// x (or y) of the text element that shows exactly `label`.
double place_of(const std::string& text, const std::string& label, const std::string& key) {
  const std::size_t at = text.find(">" + label + "</text>");
  REQUIRE_MESSAGE(at != std::string::npos, label);
  return number_after(text.substr(text.rfind("<text", at)), "<text", key);
}

/// Every element is closed in order and every attribute quoted, as far as this project writes them.
bool well_formed(const std::string& text) {
  std::vector<std::string> open;
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    const std::size_t end = text.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = text.substr(at + 1, end - at - 1);
    if (has(tag, "<") || count(tag, "\"") % 2 != 0) return false;
    if (tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  return open.empty();
}

TEST_CASE("a point lies where intensity and attained rate put it, relative to the ridge") {
  const std::string text = render_svg(analysis_of(kThin + kBusy, "compute,dram"));
  const double x_decade = place_of(text, "100", "x=\"") - place_of(text, "10", "x=\"");
  const double y_decade = place_of(text, "1 T", "y=\"") - place_of(text, "10 T", "y=\"");
  const double ridge_x = number_after(text, "class=\"ridge\"", "d=\"M");
  // The only rect of class memory is thin's mark; its centre is its corner plus half its size.
  const double thin_x =
      number_after(text, "class=\"memory\"", "x=\"") + number_after(text, "class=\"memory\"", "width=\"") / 2;
  const double busy_x = number_after(text, "class=\"compute\"", "cx=\"");
  const double thin_y =
      number_after(text, "class=\"memory\"", " y=\"") + number_after(text, "class=\"memory\"", "height=\"") / 2;
  const double busy_y = number_after(text, "class=\"compute\"", "cy=\"");
  CHECK(ridge_x - place_of(text, "10", "x=\"") == doctest::Approx(0).epsilon(0.02));  // 10e12 / 1e12 = 10 FLOP/byte
  CHECK(ridge_x - thin_x == doctest::Approx(std::log10(10.0 / 4.0) * x_decade).epsilon(1e-3));
  CHECK(busy_x - ridge_x == doctest::Approx(std::log10(100.0 / 10.0) * x_decade).epsilon(1e-3));
  CHECK(thin_y - busy_y == doctest::Approx(std::log10(10e12 / 4e12) * y_decade).epsilon(1e-3));
  CHECK(busy_y + 4 == doctest::Approx(place_of(text, "10 T", "y=\"")));  // tick labels stand 4 px below their tick
  CHECK(has(text, ">ridge 10.0 FLOP/byte</text>"));
}

TEST_CASE("area is share of time, the shape is the bound class") {
  // thin 1 ms and busy 10 ms of 11 ms: areas as 1 to 10, and the circle's radius as for 10/11.
  const std::string text = render_svg(analysis_of(kThin + kBusy, "compute,dram"));
  const double side = number_after(text, "class=\"memory\"", "width=\"");
  const double radius = number_after(text, "class=\"compute\"", " r=\"");
  CHECK(radius == doctest::Approx(30 * std::sqrt(10.0 / 11.0)).epsilon(1e-3));
  CHECK(side * side / (3.14159265358979 * radius * radius) == doctest::Approx(0.1).epsilon(2e-3));
  CHECK(svg::mark_radius(0.01) == rel(3));
  CHECK(svg::mark_radius(0.0001) == svg::mark_radius(0.01));
  CHECK(svg::mark_radius(std::numeric_limits<double>::infinity()) == rel(30));
}

TEST_CASE("bound classes have their colours and shapes") {
  const std::string text = render_svg(analysis_of(kThin + kBusy + kTiny));
  const std::string points = text.substr(text.find("class=\"points\""));
  struct Row {
    std::string_view head;
    std::string_view shape;
  };
  for (const Row& row :
       {Row{"class=\"compute\" fill=\"#0072B2\"", "<circle"}, Row{"class=\"memory\" fill=\"#E69F00\"", "<rect"},
        Row{"class=\"launch\" fill=\"#CC79A7\"", "<path"}}) {
    CAPTURE(row.head);
    CHECK(count(points, row.head) == 1);
    const std::size_t title_end = points.find("</title>\n", points.find(row.head)) + 9;
    CHECK(points.substr(title_end, row.shape.size()) == row.shape);
  }
}

TEST_CASE("ops that have no place on the axes are listed with their share of time") {
  // 1 ms of 1 + 10 + 1 ms.
  const std::string text = render_svg(analysis_of(kThin + kBusy + kMove, "compute,dram"));
  CHECK(has(text, ">Not on the plot, no FLOP (8.3 % of the time): move</text>"));
  CHECK(has(text, "move: 1.000 ms, 8.33 %, 1.000 GB</title>"));
  const std::string bytes = "  - {name: pure, custom: {flop: 10000000, read: 0}}\n";
  const std::string none = "  - {name: rest, op: dropout, n: 5}\n";
  const std::string others = render_svg(analysis_of(kThin + bytes + none, "compute,dram"));
  CHECK(has(others, ">Not on the plot, no DRAM bytes (0.10 % of the time): pure</text>"));  // 1 us of 1.001 ms
  CHECK(has(others, ">Not on the plot, no work in this phase (0 % of the time): rest</text>"));
  CHECK(has(render_svg(analysis_of(kThin + kMove, "compute")),
            ">Not on the plot, no FLOP (0 % of the time): move</text>"));
  CHECK(has(render_svg(analysis_of(bytes, "dram")), "no DRAM bytes"));
  CHECK_FALSE(has(render_svg(analysis_of(kThin)), "Not on the plot"));
}

TEST_CASE("a long list is cut to a line that counts the rest; the tooltip has all of it") {
  std::string ops;
  for (int i = 10; i < 70; ++i) ops += "  - {name: copy_number_" + std::to_string(i) + ", op: copy, n: 1000000}\n";
  const Analysis analysis = analysis_of(ops);
  const std::vector<svg::Footnote> notes = svg::footnotes(analysis, svg::build_scene(analysis));
  REQUIRE(notes.size() == 1);
  CHECK(svg::text_width(notes[0].text, 11) <= svg::plot_frame(1).right - svg::plot_frame(1).left);
  CHECK(count(notes[0].tooltip, "copy_number_") == 60);
  const std::size_t shown = count(notes[0].text, "copy_number_");
  CHECK(has(notes[0].text, " + " + std::to_string(60 - shown) + " more"));
  CHECK(well_formed(render_svg(analysis)));  // and a plot without a single point is one, too
}

TEST_CASE("only the chosen roofs are drawn") {
  constexpr std::string_view kVector = ">FP32 vector 10 TFLOP/s</text>";
  constexpr std::string_view kDram = ">DRAM 1 TB/s</text>";
  constexpr std::string_view kL2 = ">L2 4 TB/s (estimate)</text>";
  constexpr std::string_view kLaunch = ">launch ceiling: 1.00 kFLOP kernel / 1 us (estimate)</text>";
  struct Row {
    std::string_view roofs;
    bool vector, dram, l2, launch;
  };
  for (const Row& row :
       {Row{"compute,dram,l2,launch", true, true, true, true}, Row{"compute,dram", true, true, false, false},
        Row{"dram,launch", false, true, false, true}, Row{"l2", false, false, true, false},
        Row{"launch", false, false, false, true}, Row{"compute", true, false, false, false}}) {
    CAPTURE(row.roofs);
    const std::string text = render_svg(analysis_of(kTiny + kMove, row.roofs));
    CHECK(has(text, kVector) == row.vector);
    CHECK(has(text, kDram) == row.dram);
    CHECK(has(text, kL2) == row.l2);
    CHECK(has(text, kLaunch) == row.launch);
    CHECK(count(text, "class=\"roof\"") == std::size_t{0} + row.vector + row.dram + row.l2 + row.launch);
    CHECK(count(text, "class=\"ridge\"") == (row.vector && row.dram ? 1 : 0));
    CHECK(well_formed(text));
  }
}

TEST_CASE("roofs of the dtypes at work: tensor and vector, equal rates once, unverified rates with ~") {
  const std::string half = "  - {name: half, op: matmul, m: 512, n: 512, k: 512, dtype: fp16}\n";
  const auto labels = [](const Analysis& analysis) {
    std::vector<std::string> all;
    for (const svg::RoofLine& roof : svg::build_scene(analysis).compute) all.push_back(roof.label);
    return all;
  };
  CHECK(labels(analysis_of(half + kThin)) ==
        std::vector<std::string>{"FP16 tensor 160 TFLOP/s", "FP32 vector 10 TFLOP/s"});
  // A product in fp32 has no matrix unit of its own (tf32 rounds): both kinds of FLOP share the vector roof.
  CHECK(labels(analysis_of("  - {name: p, op: matmul, m: 8, n: 8, k: 8}\n")) ==
        std::vector<std::string>{"FP32 vector 10 TFLOP/s"});
  const std::string act = "  - {name: act, op: relu, n: 4096, dtype: fp16}\n";
  const std::string same = replaced(kTinyHardware, "fp16: {value: 20 TFLOP/s, source: sheet}",
                                    "fp16: {value: 10 TFLOP/s, unverified: true}");
  CHECK(labels(analysis_of(kThin + act, "compute,dram", same)) ==
        std::vector<std::string>{"FP16 vector, FP32 vector 10 TFLOP/s"});
  CHECK(labels(analysis_of(act, "compute,dram", same)) == std::vector<std::string>{"FP16 vector ~10 TFLOP/s"});
}

TEST_CASE("the launch ceiling is that of the time-weighted median of the launch-bound kernels") {
  const auto op = [](const std::string& name, const std::string& flop) {
    return "  - {name: " + name + ", custom: {flop: " + flop + ", read: 4}}\n";
  };
  // Three launches of about 1 us each: half of the time is reached in the second. 20000 / 1 us = 20 GFLOP/s.
  const svg::Scene three =
      svg::build_scene(analysis_of(op("c", "300000") + op("a", "1000") + op("b", "20000") + kThin));
  REQUIRE(three.launch);
  CHECK(three.launch->flop == 20000);
  CHECK(three.launch->flop_per_s == rel(20e9));
  CHECK(three.launch_in_plot());
  // None launch-bound: the op that latency delays most, thin with 1 us of 1001 us; busy has 1 us of 10001 us.
  const svg::Scene none = svg::build_scene(analysis_of(kBusy + kThin));
  REQUIRE(none.launch);
  CHECK_FALSE(none.launch->of_launch_bound);
  CHECK(none.launch->flop == 4e9);
  // 4e9 / 1 us = 4 PFLOP/s is above all roofs: a note, not a line.
  CHECK_FALSE(none.launch_in_plot());
  CHECK(has(render_svg(analysis_of(kBusy + kThin)),
            ">Above the plot: launch ceiling: 4.00 GFLOP kernel / 1 us (estimate) = 4 PFLOP/s</text>"));
}

TEST_CASE("ops at one place share a mark, with all their time and both names") {
  const std::string again = "  - {name: again, custom: {flop: 4000000000, read: 1000000000}}\n";
  const Analysis analysis = analysis_of(kThin + again + kBusy, "compute,dram");
  const std::vector<svg::Mark> marks = svg::make_marks(svg::build_scene(analysis).points, plot_of(analysis));
  REQUIRE(marks.size() == 2);
  CHECK(marks[0].share == rel(10.0 / 12.0));
  CHECK(marks[1].share == rel(2.0 / 12.0));
  CHECK(svg::mark_label(analysis, marks[1]) == "thin, again");
  const std::string tooltip = svg::mark_tooltip(analysis, marks[1]);
  CHECK(has(tooltip, "2 ops here, 16.7 % of the time"));
  CHECK(has(tooltip,
            "again (custom, fp32)\n4.000 GFLOP (0 matrix, 4.000 G vector), 1.000 GB DRAM traffic, 4.000 FLOP/byte\n"
            "1.000 ms, 8.33 % of the time, 1.000 ms an execution, attained 4.000 TFLOP/s\n"
            "bound: memory, roof: DRAM"));
}

TEST_CASE("names and titles are escaped; there is no script and nothing from elsewhere") {
  const std::string hardware =
      replaced(kTinyHardware, "A device with round numbers", "'<script>alert(1)</script> & \"Co\" ]]>'");
  const std::string text = render_svg(analysis_of(kThin, "compute,dram", hardware));
  CHECK(has(text, "small on &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Co&quot; ]]&gt;</text>"));
  CHECK_FALSE(has(text, "<script"));
  CHECK(count(text, "http") == 1);  // the namespace
  CHECK(well_formed(text));
  CHECK(svg::escape_xml("a\x01\t\xFF\xEF\xBF\xBFz'") == "a\xEF\xBF\xBD\t\xEF\xBF\xBD\xEF\xBF\xBDz&apos;");
}

TEST_CASE("the same bytes whatever the locale") {
  struct Comma : std::numpunct<char> {
    [[nodiscard]] char do_decimal_point() const override { return ','; }
    [[nodiscard]] char do_thousands_sep() const override { return '.'; }
    [[nodiscard]] std::string do_grouping() const override { return "\3"; }
  };
  const Analysis analysis = analysis_of(kThin + kBusy + kTiny + kMove);
  const std::string plain = render_svg(analysis);
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  const std::string other = render_svg(analysis);
  std::locale::global(before);
  CHECK(plain == other);
}

TEST_CASE("what has no logarithm yields no coordinate of its own") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const LogScale scale({1, 100}, 50, 250);
  for (const double value : {0.0, -1.0, inf, -inf, nan}) {
    CAPTURE(value);
    CHECK(scale.at(value) == 50);
  }
  CHECK(svg::px(nan) == "0");
  CHECK(svg::px(-inf) == "0");
  CHECK(svg::px(-0.001) == "0");
  CHECK(svg::px(12.5) == "12.5");
  CHECK(svg::px(100) == "100");
  // Extremes of what a model can state: 31 decades of intensity.
  const std::string wide = "  - {name: a, custom: {flop: 1, read: 9000000000000000000}}\n";
  const std::string high = "  - {name: b, custom: {flop: 9000000000000000000, read: 1}}\n";
  for (const std::string& ops : {wide, high, kThin, kMove, kTiny + high}) {
    CAPTURE(ops);
    const std::string text = render_svg(analysis_of(ops));
    for (const std::string_view bad : {"nan", "inf", "e+", "e-"}) {
      CAPTURE(bad);
      CHECK_FALSE(has(text.substr(text.find("class=\"roof\"")), "\"" + std::string(bad)));
      CHECK_FALSE(has(text, "M" + std::string(bad)));
    }
    CHECK(well_formed(text));
  }
}

Box box_of(const svg::PlacedText& text) {
  const double width = svg::text_width(text.text + (text.muted.empty() ? "" : " " + text.muted), text.style.size);
  const double left = text.at.x - (text.style.anchor == "end" ? width : text.style.anchor == "middle" ? width / 2 : 0);
  return {left, text.at.y - 9, left + width, text.at.y + 2};
}

TEST_CASE("no text of a crowded plot lies on another, and marks lie within the frame") {
  // 64 ops over six decades of intensity and four of rate (the larger half is not launch-bound), and three roofs side
  // by side.
  std::string ops =
      "  - {name: product, op: matmul, m: 512, n: 512, k: 512, dtype: fp16}\n"
      "  - {name: act, op: relu, n: 512, dtype: fp16}\n";
  for (int i = 0; i < 64; ++i) {
    const auto flop = static_cast<std::int64_t>(std::pow(10.0, 4 + i % 8));
    const auto bytes = static_cast<std::int64_t>(std::pow(10.0, 5 + (i / 8) * 0.5));
    ops += "  - {name: op_" + std::to_string(i) + ", custom: {flop: " + std::to_string(flop) +
           ", read: " + std::to_string(bytes) + "}}\n";
  }
  const std::string near = replaced(replaced(kTinyHardware, "fp16: {value: 20 TFLOP/s", "fp16: {value: 11 TFLOP/s"),
                                    "fp16: {value: 160 TFLOP/s", "fp16: {value: 12 TFLOP/s");
  const Analysis analysis = analysis_of(ops, "compute,dram,l2,launch", near);
  const svg::Plot plot = plot_of(analysis);
  const svg::Layout layout = svg::make_layout(analysis, svg::build_scene(analysis), plot);
  CHECK(layout.ridges.size() == 3);
  CHECK(layout.marks.size() > 30);
  std::size_t labels = 0;
  std::vector<Box> boxes;
  for (const svg::PlacedText& text : layout.texts) {
    if (!text.muted.empty()) ++labels;
    if (text.style.angle != 0) continue;
    CAPTURE(text.text);
    for (const Box& other : boxes) CHECK_FALSE(svg::overlap(box_of(text), other));
    boxes.push_back(box_of(text));
  }
  CHECK(labels == 20);  // the largest that find a place, and no more: the rest would be clutter
  for (const svg::Mark& mark : layout.marks) {
    const Disc disc = mark.disc();
    CHECK(svg::contains(plot.frame, Box{disc.center.x - disc.radius, disc.center.y - disc.radius,
                                        disc.center.x + disc.radius, disc.center.y + disc.radius}));
  }
}

TEST_CASE("a large mark at the edge of the axes is drawn whole") {
  // One op with all of the time, far to the right of every ridge or far below every roof.
  for (const char* op : {"  - {name: a, custom: {flop: 1000000000000000, read: 10}}\n",
                         "  - {name: a, custom: {flop: 10, read: 1000000000000}}\n"}) {
    CAPTURE(op);
    const Analysis analysis = analysis_of(op);
    const svg::Plot plot = plot_of(analysis);
    const std::vector<svg::Mark> marks = svg::make_marks(svg::build_scene(analysis).points, plot);
    REQUIRE(marks.size() == 1);
    CHECK(marks[0].radius == rel(30));
    CHECK(svg::contains(plot.frame, Box{marks[0].center.x - 30, marks[0].center.y - 30, marks[0].center.x + 30,
                                        marks[0].center.y + 30}));
  }
}

TEST_CASE("names carry their part where several parts are shown") {
  const std::string parts = replaced(kHead, "ops:\n", "parts:\n  - name: left\n    ops:\n");
  const auto no_block = [](const std::string&, const Where& where) -> YamlNode {
    throw InputError(where, "no blocks");
  };
  const std::string two = parts + "      - {name: act, op: gelu, n: 1000000}\n  - name: right\n    ops:\n" +
                          "      - {name: act, op: relu, n: 9000000}\n";
  AnalysisOptions options;
  const auto render = [&] {
    return render_svg(analyze(read_model(parse_yaml(two, "two.yaml"), no_block), tiny_hardware(), options));
  };
  CHECK(has(render(), ">left/act <tspan"));
  CHECK(has(render(), ">right/act <tspan"));
  options.cost.parts = {"right"};
  CHECK(has(render(), ">act <tspan"));
}

TEST_CASE("the header names model, device, dtype, phase and what the numbers are") {
  Analysis analysis = analysis_of(kThin, "compute,dram");
  const std::string text = render_svg(analysis);
  CHECK(has(text, ">small on A device with round numbers</text>"));
  CHECK(has(text, ">fp32; forward, evaluation, recipe ideal</text>"));
  CHECK(has(text,
            ">Total 1.000 ms, 4.000 GFLOP, 1.000 GB. Datasheet roofline: not yet a prediction of a framework&apos;s "
            "time</text>"));
  const std::string wordy =
      replaced(kTinyHardware, "A device with round numbers",
               "A device whose title goes on and on until it is wider than any page, at any size that is fit to read");
  CHECK(has(render_svg(analysis_of(kThin, "compute,dram", wordy)), ">small on tiny</text>"));
  analysis.options.cost.mode = Mode::kTrain;
  CHECK(has(render_svg(analysis), "; forward, training, recipe ideal</text>"));
  CHECK(has(render_svg(analysis_of(kThin + "  - {name: half, op: relu, n: 5, dtype: fp16}\n")),
            ">fp32 (some ops differ); "));
}

}  // namespace
}  // namespace gable
