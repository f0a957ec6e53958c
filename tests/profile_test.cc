// Easy to break: a number that reads back different from what was written, a refused figure that becomes a roof, a file
// whose end is missing that is taken for whole.
#include "analyzer/spec/profile.h"

#include <doctest/doctest.h>

#include "analyzer/base/error.h"
#include "analyzer/spec/hardware.h"
#include "probes/profile_file.h"
#include "tests/approx.h"
#include "tests/error_text.h"

using namespace gable;

namespace {

Figure figure(const char* probe, Unit unit, double value, double best) {
  return {probe, "2 threads", unit, value, best, 0.0125, 20, 2.5e9, 0, 0, ""};
}

DeviceFacts facts() {
  DeviceFacts facts;
  facts.backend = "cpu";
  facts.name = "Test \"CPU\" 9000";
  facts.vendor = "nobody";
  facts.architecture = "AVX2";
  facts.units = 2;
  facts.cache_label = "L3";
  facts.cache_bytes = 1 << 25;
  facts.memory_bytes = std::int64_t{16} << 30U;
  return facts;
}

Profile profile() {
  Profile profile;
  profile.date = "2026-11-21T10:00:00Z";
  profile.command = "analyze probe --device cpu";
  profile.version = "0.1.0";
  profile.environment = {{"threads", "2"}, {"oneDNN", "2.6.3"}};
  profile.figures = {figure("clock", Unit::kHertz, 2.9e9, 3e9),
                     figure("fma.fp32", Unit::kFlopPerSecond, 150.25e9, 151.5e9),
                     figure("fma.fp32", Unit::kFlopPerSecond, 300.25e9, 301.5e9),
                     figure("l3.read", Unit::kBytesPerSecond, 50e9, 52e9),
                     figure("dram.read", Unit::kBytesPerSecond, 30e9, 31e9),
                     figure("dram.triad", Unit::kBytesPerSecond, 33e9, 99e9),
                     figure("dispatch", Unit::kSeconds, 1.5e-6, 1.25e-6)};
  profile.figures[5].refused = "3 of 9 elements are not 7";
  profile.shapes = {{"gemm", "fp32", {1, 6, 50257, 768}, 5.25e-3, 0.01, 20}};
  return profile;
}

std::string text() { return write_profile(facts(), profile()); }

Hardware read(const std::string& yaml) { return read_hardware(parse_yaml(yaml, "p.yaml")); }

std::string replaced(std::string yaml, const std::string& from, const std::string& to) {
  return yaml.replace(yaml.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("a profile is a device whose roofs are the best that was measured, the median of latencies") {
  const Hardware hw = read(text());
  CHECK(hw.name == "test-cpu-9000-2t");
  CHECK(hw.kind == "cpu");
  CHECK(hw.vector.at(0).dtype == Dtype::kFp32);
  CHECK(hw.vector.at(0).dense.value == 301.5e9);
  CHECK(hw.dram_bandwidth.value == 31e9);  // not the refused triad's 99
  CHECK(hw.dram_bandwidth.provenance == Provenance::kMeasured);
  CHECK(hw.l2_label == "L3");
  CHECK(hw.l2_bandwidth.value == 52e9);
  CHECK(hw.l2_capacity.value == 1 << 25);
  CHECK(hw.launch_latency.value == rel(1.5e-6));
  CHECK(hw.sm_count.value == 2);
}

TEST_CASE("figures and circumstances read back as they were written") {
  const Hardware hw = read(text());
  REQUIRE(hw.profile);
  const Profile& back = *hw.profile;
  const Profile sent = profile();
  CHECK(back.date == sent.date);
  CHECK(back.command == sent.command);
  CHECK(back.environment == sent.environment);
  REQUIRE(back.figures.size() == sent.figures.size());
  for (std::size_t i = 0; i < sent.figures.size(); ++i) {
    CAPTURE(i);
    CHECK(back.figures[i].probe == sent.figures[i].probe);
    CHECK(back.figures[i].unit == sent.figures[i].unit);
    CHECK(back.figures[i].value == sent.figures[i].value);
    CHECK(back.figures[i].best == sent.figures[i].best);
    CHECK(back.figures[i].samples == 20);
    CHECK(back.figures[i].clock_hz == 2.5e9);
    CHECK(back.figures[i].refused == sent.figures[i].refused);
  }
  REQUIRE(back.shapes.size() == 1);
  CHECK(back.shapes[0].shape == sent.shapes[0].shape);
  CHECK(back.shapes[0].time_s == 5.25e-3);
}

TEST_CASE("older, edited and truncated profiles are refused with the line") {
  CHECK(input_error([] { read(replaced(text(), "gable-profile/1", "gable-profile/0")); }) ==
        "p.yaml:1:9: schema 'gable-profile/0' is older than the one that this program reads, 'gable-profile/1'; probe "
        "again");
  CHECK(
      input_error([] { read(replaced(text(), "gable-profile/1", "gable-profile/2")); }) ==
      "p.yaml:1:9: schema 'gable-profile/2' is newer than the one that this program reads, 'gable-profile/1'; read it "
      "with the program that wrote it");
  CHECK(input_error([] {
          read(replaced(text(), "samples: 20", "samples: -1"));
        }).find("samples must be a whole number of at least 0, not '-1'") != std::string::npos);
  CHECK(input_error([] { read(replaced(text(), "value: 31.00000 GB/s", "value: 31 GB")); }).starts_with("p.yaml:"));
  CHECK(input_error([] { read(replaced(text(), "complete: true\n", "")); }) ==
        "p.yaml:1:1: the file was cut short: it does not end in 'complete: true'; probe again");
  const std::string whole = text();
  for (std::size_t length = 1; length + 1 < whole.size(); length += 7) {
    CAPTURE(length);
    CHECK_FALSE(input_error([&] { read(whole.substr(0, length)); }).empty());
  }
}

TEST_CASE("no profile without the figures that every device needs") {
  Profile incomplete = profile();
  incomplete.figures.erase(incomplete.figures.begin() + 3);
  CHECK_THROWS_WITH_AS(write_profile(facts(), incomplete), "probe: nothing measured l3.; no profile is written",
                       CapabilityError);
  Profile refused = profile();
  refused.figures.back().refused = "relu is wrong";
  CHECK_THROWS_WITH_AS(write_profile(facts(), refused),
                       "probe: dispatch was refused: relu is wrong; no profile is written", CapabilityError);
}
