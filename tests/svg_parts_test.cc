// The pure parts of the roofline picture. Easy to break here: an end of an axis that rounding moves off its tick, a
// range of no width, a label that is nearer to its mark but on another one, a leader through a label, touching taken
// for overlapping.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "reports/svg_canvas.h"
#include "reports/svg_labels.h"
#include "reports/svg_scale.h"
#include "tests/approx.h"

namespace gable {
namespace {

using svg::Box;
using svg::Disc;
using svg::LogScale;
using svg::Obstacles;

TEST_CASE("logarithmic scale, range and ticks") {
  const LogScale scale({1, 100}, 0, 200);
  CHECK(scale.at(10) == rel(100));
  CHECK(scale.at(100) == rel(200));
  CHECK(scale.value(150) == rel(std::pow(10.0, 1.5)));
  CHECK(LogScale({1, 100}, 200, 0).at(10) == rel(100));  // y runs upwards

  svg::Extent extent;
  CHECK(extent.range({3, 4}).low == 3);
  for (const double value : {0.0, -7.0, std::numeric_limits<double>::infinity(), 0.3, 1200.0}) extent.add(value);
  CHECK(extent.range({3, 4}).low == rel(0.2));
  CHECK(extent.range({3, 4}).high == rel(2000));
  svg::Extent point;
  point.add(1000);
  CHECK(point.range({3, 4}).low == rel(1000));
  CHECK(point.range({3, 4}).high > 1000);

  const std::vector<svg::Tick> ticks = svg::log_ticks({0.5, 200}, false);
  // 0.5 to 0.9, 1 to 9, 10 to 90, 100, 200
  CHECK(ticks.size() == 5 + 9 + 9 + 2);
  std::vector<std::string> labels;
  for (const svg::Tick& tick : ticks) {
    CHECK(tick.major == !tick.label.empty());
    if (tick.major) labels.push_back(tick.label);
  }
  CHECK(labels == std::vector<std::string>{"1", "10", "100"});
  std::vector<std::string> rates;
  for (const svg::Tick& tick : svg::log_ticks({1e9, 20e9}, true)) {
    if (!tick.label.empty()) rates.push_back(tick.label);
  }
  CHECK(rates == std::vector<std::string>{"1 G", "2 G", "5 G", "10 G", "20 G"});
  for (const svg::Tick& tick : svg::log_ticks({1e-3, 1e5}, false)) {
    if (tick.value > 5e4) CHECK(tick.label == (tick.major ? "1e5" : ""));
    if (tick.major && tick.value < 2e-3) CHECK(tick.label == "0.001");
  }
}

TEST_CASE("labels: none covers a mark, a label, a leader or the frame") {
  Obstacles obstacles;
  obstacles.frame = {0, 0, 400, 200};
  for (int i = 0; i < 12; ++i) obstacles.marks.push_back({{40.0 + 12 * i, 100.0 + (i % 3)}, 5});
  const std::vector<Disc> marks = obstacles.marks;
  std::size_t placed = 0;
  std::size_t leaders = 0;
  for (const Disc& mark : marks) {
    const auto spot = svg::place_label(mark, 70, 14, obstacles, 300);
    if (!spot) continue;
    ++placed;
    CHECK(svg::contains(obstacles.frame, spot->box));
    for (const Disc& other : marks) CHECK_FALSE(svg::overlap(other, spot->box));
    for (const Box& label : obstacles.labels) {
      CHECK_FALSE(svg::overlap(label, spot->box));
      if (spot->leader) CHECK_FALSE(svg::overlap(*spot->leader, label));
    }
    for (const svg::Segment& leader : obstacles.leaders) CHECK_FALSE(svg::overlap(leader, spot->box));
    obstacles.labels.push_back(spot->box);
    if (!spot->leader) continue;
    obstacles.leaders.push_back(*spot->leader);
    ++leaders;
  }
  CHECK(placed >= 9);
  CHECK(leaders > 3);  // twelve marks in a row are more than can have a label of 70 px beside them
}

TEST_CASE("labels: the best free place, or none") {
  Obstacles obstacles;
  obstacles.frame = {0, 0, 400, 200};
  const Disc mark = {{200, 100}, 5};
  obstacles.marks.push_back(mark);
  const auto right = svg::place_label(mark, 50, 14, obstacles, 100);
  REQUIRE(right);
  CHECK(right->box.left == rel(200 + 5 + 3));
  CHECK(right->box.top == rel(100 - 7));
  CHECK_FALSE(right->leader);
  obstacles.labels.push_back(right->box);
  const auto next = svg::place_label(mark, 50, 14, obstacles, 100);
  REQUIRE(next);
  CHECK(next->box.right == rel(200 - 5 - 3));
  obstacles.frame = {180, 80, 220, 120};  // narrower than the label
  CHECK_FALSE(svg::place_label(mark, 50, 14, obstacles, 1000));

  Obstacles strait;
  strait.frame = {190, 90, 270, 110};  // room for the label only to the right
  strait.marks.push_back(mark);
  CHECK(svg::place_label(mark, 50, 14, strait, 1000));
  strait.marks.push_back({{240, 100}, 3});
  CHECK_FALSE(svg::place_label(mark, 50, 14, strait, 1000));
}

TEST_CASE("overlap of shapes") {
  const Box box = {0, 0, 10, 10};
  CHECK(svg::overlap(box, Box{9, 9, 20, 20}));
  CHECK_FALSE(svg::overlap(box, Box{10, 0, 20, 10}));  // touching
  CHECK(svg::overlap(Disc{{13, 5}, 4}, box));
  CHECK_FALSE(svg::overlap(Disc{{13, 13}, 4}, box));  // its box would
  CHECK(svg::overlap(svg::Segment{{-5, 5}, {15, 6}}, box));
  CHECK_FALSE(svg::overlap(svg::Segment{{-5, 5}, {5, 17}}, box));  // past the corner
  CHECK(svg::overlap(svg::Segment{{0, 0}, {10, 10}}, svg::Segment{{0, 10}, {10, 0}}));
  CHECK_FALSE(svg::overlap(svg::Segment{{0, 0}, {4, 4}}, svg::Segment{{0, 10}, {10, 0}}));
  CHECK(svg::overlap(svg::Segment{{0, 0}, {10, 0}}, Disc{{5, 3}, 4}));
  CHECK_FALSE(svg::overlap(svg::Segment{{0, 0}, {10, 0}}, Disc{{13, 3}, 4}));
}

TEST_CASE("text is cut to its width, never within a character") {
  CHECK(svg::text_width("Ai", 10) == rel(6.84 + 2.78));
  CHECK(svg::fit_text("short", 10, 100) == "short");
  const std::string cut = svg::fit_text("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 10, 45);
  CHECK(cut == "\xC3\xA9\xC3\xA9\xC3\xA9\xE2\x80\xA6");
  CHECK(svg::text_width(cut, 10) <= 45);
}

}  // namespace
}  // namespace gable
