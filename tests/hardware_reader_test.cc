// Easy to break here: a number without a source or with two, a sparse rate taken for a dense one, a unit that is
// guessed, a misspelt optional key that is silently left out, a place that points at another line.
#include <doctest/doctest.h>

#include "tests/approx.h"
#include "tests/error_text.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

std::string error_with(std::string_view from, std::string_view to) {
  return input_error([&] { return hardware_of(replaced(kTinyHardware, from, to)); });
}

struct Edit {
  std::string_view from;
  std::string_view to;
  std::string_view error;
};

void check_errors(std::initializer_list<Edit> edits) {
  for (const Edit& edit : edits) {
    CAPTURE(edit.to);
    CHECK(error_with(edit.from, edit.to) == edit.error);
  }
}

TEST_CASE("hardware: numbers in base units") {
  const Hardware hw = tiny_hardware();
  CHECK(hw.name == "tiny");
  CHECK(hw.title == "A device with round numbers");
  CHECK(hw.kind == "gpu");
  REQUIRE(hw.vector.size() == 2);
  REQUIRE(hw.matrix.size() == 2);
  CHECK(hw.vector[0].dtype == Dtype::kFp32);
  CHECK(hw.vector[0].dense.value == rel(10e12));
  CHECK_FALSE(hw.vector[0].sparse.has_value());
  CHECK(hw.matrix[1].dtype == Dtype::kFp16);
  CHECK(hw.matrix[1].dense.value == rel(160e12));
  CHECK(hw.matrix[1].sparse.value() == rel(320e12));
  CHECK(hw.matrix[1].fp16_accumulate.value() == rel(320e12));
  CHECK(hw.dram_capacity.value == rel(40e9));
  CHECK(hw.dram_bandwidth.value == rel(1e12));
  CHECK(hw.l2_capacity.value == rel(1e6));
  CHECK(hw.l2_bandwidth.value == rel(4e12));
  CHECK(hw.sm_count.value == 100);
  CHECK(hw.launch_latency.value == rel(1e-6));
  CHECK_FALSE(hw.clock_boost.has_value());
  CHECK(hw.l2_label == "L2");
}

TEST_CASE("hardware: what is optional") {
  const std::string text = std::string(kTinyHardware) +
                           "compute_capability: \"8.0\"\n"
                           "detect: [Tiny One, Tiny Two]\n"
                           "clock_base: {value: 765 MHz, source: sheet}\n"
                           "clock_boost: {value: 1.41 GHz, source: sheet}\n"
                           "shared_memory_per_sm: {value: 164 KiB, source: sheet}\n"
                           "threads_per_sm: {value: 2048, source: sheet}\n"
                           "tdp: {value: 250 W, source: sheet, note: the board}\n"
                           "links:\n"
                           "  - {name: PCIe, value: 64 GB/s, direction: both, source: sheet}\n"
                           "  - {name: bridge, value: 50 GB/s, direction: each, unverified: true}\n";
  const Hardware hw = hardware_of(replaced(text, "l2:\n", "l2:\n  label: L3\n"));
  CHECK(hw.compute_capability == "8.0");
  CHECK(hw.detect == std::vector<std::string>{"Tiny One", "Tiny Two"});
  CHECK(hw.clock_base.value().value == rel(765e6));
  CHECK(hw.clock_boost.value().value == rel(1410e6));
  CHECK(hw.shared_memory_per_sm.value().value == 164 * 1024);
  CHECK(hw.threads_per_sm.value().value == 2048);
  CHECK(hw.tdp.value().value == 250);
  CHECK(hw.tdp.value().note == "the board");
  CHECK(hw.l2_label == "L3");
  REQUIRE(hw.links.size() == 2);
  CHECK(hw.links[0].name == "PCIe");
  CHECK(hw.links[0].bandwidth.value == rel(64e9));
  CHECK(hw.links[0].both_ways);
  CHECK_FALSE(hw.links[1].both_ways);
}

TEST_CASE("hardware: every number says where it is from") {
  const Hardware hw = tiny_hardware();
  CHECK(hw.dram_bandwidth.provenance == Provenance::kSource);
  CHECK(hw.dram_bandwidth.origin == "sheet");
  CHECK(hw.dram_bandwidth.text == "1 TB/s");
  CHECK(to_string(hw.dram_bandwidth.where) == "tiny.yaml:16:14");
  CHECK(hw.l2_bandwidth.provenance == Provenance::kEstimate);
  CHECK(hw.l2_bandwidth.origin == "four times DRAM");
  REQUIRE(hw.sources.size() == 1);
  CHECK(hw.sources[0].key == "sheet");
  CHECK(hw.sources[0].title == "A datasheet");
  CHECK(hw.sources[0].url == "https://example.com/sheet.pdf");
  CHECK(hw.sources[0].read == "2026-11-20");
  constexpr std::string_view kFrom = "{value: 100, source: sheet}";
  struct Row {
    std::string_view to;
    Provenance provenance;
  };
  for (const Row& row : {Row{"{value: 100, derived: 10 x 10}", Provenance::kDerived},
                         Row{"{value: 100, estimate: a guess}", Provenance::kEstimate},
                         Row{"{value: 100, measured: today}", Provenance::kMeasured},
                         Row{"{value: 100, unverified: true}", Provenance::kUnverified}}) {
    CAPTURE(row.to);
    CHECK(hardware_of(replaced(kTinyHardware, kFrom, row.to)).sm_count.provenance == row.provenance);
  }
  check_errors({
      {kFrom, "{value: 100}",
       "tiny.yaml:20:11: sm_count needs exactly one of source, derived, estimate, measured, unverified; it has 0"},
      {kFrom, "{value: 100, source: sheet, estimate: a guess}",
       "tiny.yaml:20:11: sm_count needs exactly one of source, derived, estimate, measured, unverified; it has 2"},
      {kFrom, "{value: 100, unverified: false}",
       "tiny.yaml:20:36: unverified can only be true; a verified number names its source"},
      {kFrom, "{value: 100, estimate: }", "tiny.yaml:20:34: estimate must be a text, not nothing"},
      {kFrom, "{value: 100, source: shet}",
       "tiny.yaml:20:32: source 'shet' is not listed under 'sources:', did you mean 'sheet'?"},
      {"vector:\n", "  blog: {title: A blog}\nvector:\n", "tiny.yaml:8:3: source 'blog' is not used by any number"},
      {"{title: A datasheet, url:", "{url:", "tiny.yaml:7:10: a source has no 'title:'"},
  });
}

TEST_CASE("hardware: a number in another unit, or none") {
  constexpr std::string_view kFrom = "{value: 1 TB/s, source: sheet}";
  const auto bandwidth = [&](const std::string& value) {
    return error_with(kFrom, "{value: " + value + ", source: sheet}");
  };
  const std::string place = "tiny.yaml:16:22: dram.bandwidth: ";
  const std::string instead = "; write for example '1555 GB/s'";
  CHECK(bandwidth("1555") == place + "'1555' has no unit" + instead);
  CHECK(bandwidth("1555 GB") == place + "'1555 GB' has no unit of B/s" + instead);
  CHECK(bandwidth("1555 GFLOP/s") == place + "'1555 GFLOP/s' has no unit of B/s" + instead);
  CHECK(bandwidth("1555 gb/s") == place + "'1555 gb/s' has no unit of B/s" + instead);
  CHECK(bandwidth("-3 TB/s") == place + "'-3 TB/s' is not positive and finite" + instead);
  CHECK(bandwidth("0 TB/s") == place + "'0 TB/s' is not positive and finite" + instead);
  CHECK(bandwidth("nan GB/s") == place + "'nan GB/s' is not positive and finite" + instead);
  CHECK(bandwidth("inf GB/s") == place + "'inf GB/s' is not positive and finite" + instead);
  CHECK(bandwidth("1e300 EB/s") == place + "'1e300 EB/s' is not positive and finite" + instead);
  CHECK(bandwidth("1e400 GB/s") == place + "'1e400 GB/s' is not positive and finite" + instead);
  CHECK(bandwidth("fast") == place + "'fast' is not a number with a unit" + instead);
  CHECK(bandwidth("") == "tiny.yaml:16:22: dram.bandwidth must be a text, not nothing");
  CHECK(bandwidth("[1, 2]") == "tiny.yaml:16:22: dram.bandwidth must be a text, not a list");
  check_errors({
      {"value: 100,", "value: 100.5,",
       "tiny.yaml:20:19: sm_count: '100.5' is not a whole number; write for example '108'"},
      {"value: 100,", "value: 100 SM,",
       "tiny.yaml:20:19: sm_count: '100 SM' is not a plain number; write for example '108'"},
      {"value: 10 TFLOP/s", "value: 10 TFLOPS",
       "tiny.yaml:9:17: vector.fp32: '10 TFLOPS' has no unit of FLOP/s; write for example '19.5 TFLOP/s'"},
      {"sparse: 160 TFLOP/s", "sparse: fast",
       "tiny.yaml:12:37: matrix.tf32.sparse: 'fast' is not a number with a unit; write for example '19.5 TFLOP/s'"},
      {"sparse: 160 TFLOP/s", "sparse: 79 TFLOP/s",
       "tiny.yaml:12:37: matrix.tf32: the sparse rate is below the dense one"},
      {"fp16_accumulate: 320", "fp16_accumulate: 160",
       "tiny.yaml:13:68: matrix.fp16: fp16_accumulate is no faster; leave it out"},
  });
}

TEST_CASE("hardware: a key that is not known, or not there") {
  check_errors({
      {"bandwidth: {value: 1 TB/s,", "bandwith: {value: 1 TB/s,",
       "tiny.yaml:16:3: unknown key 'bandwith' in dram, did you mean 'bandwidth'?"},
      {"launch_latency", "launch_latncy",
       "tiny.yaml:21:1: unknown key 'launch_latncy' in a hardware spec, did you mean 'launch_latency'?"},
      {"{value: 100, source", "{value: 100, sorce",
       "tiny.yaml:20:24: unknown key 'sorce' in sm_count, did you mean 'source'?"},
      {"{value: 100, source", "{value: 100, sparse: 2, source",
       "tiny.yaml:20:24: unknown key 'sparse' in sm_count; known: value, source, derived, estimate, measured, "
       "unverified, note"},
      {"  fp32: {value", "  fp31: {value", "tiny.yaml:9:3: unknown dtype 'fp31', did you mean 'fp32'?"},
      {"  fp32: {value", "  fp64: {value", "tiny.yaml:1:1: a hardware spec has no rate 'vector.fp32'"},
      {"name: tiny\n", "", "tiny.yaml:1:1: a hardware spec has no 'name:'"},
      {"title: A device with round numbers\n", "", "tiny.yaml:1:1: a hardware spec has no 'title:'"},
      {"kind: gpu\n", "", "tiny.yaml:1:1: a hardware spec has no 'kind:'"},
      {"vendor: none\n", "", "tiny.yaml:1:1: a hardware spec has no 'vendor:'"},
      {"architecture: none\n", "", "tiny.yaml:1:1: a hardware spec has no 'architecture:'"},
      {"  capacity: {value: 40 GB, source: sheet}\n", "", "tiny.yaml:15:3: a hardware spec has no 'dram.capacity:'"},
      {"  bandwidth: {value: 1 TB/s, source: sheet}\n", "", "tiny.yaml:15:3: a hardware spec has no 'dram.bandwidth:'"},
      {"  capacity: {value: 1 MB, source: sheet}\n", "", "tiny.yaml:18:3: a hardware spec has no 'l2.capacity:'"},
      {"  bandwidth: {value: 4 TB/s, estimate: four times DRAM}\n", "",
       "tiny.yaml:18:3: a hardware spec has no 'l2.bandwidth:'"},
      {"sm_count: {value: 100, source: sheet}\n", "", "tiny.yaml:1:1: a hardware spec has no 'sm_count:'"},
      {"launch_latency: {value: 1 us, estimate: a round number}\n", "",
       "tiny.yaml:1:1: a hardware spec has no 'launch_latency:'"},
      {"{value: 1 TB/s, source: sheet}", "{source: sheet}", "tiny.yaml:16:14: dram.bandwidth has no 'value:'"},
      {"{value: 1 TB/s, source: sheet}", "1 TB/s",
       "tiny.yaml:16:14: dram.bandwidth must be a map of keys and values, not a value"},
  });
  const std::size_t dram = kTinyHardware.find("dram:");
  const std::size_t l2 = kTinyHardware.find("l2:");
  const std::string without = std::string(kTinyHardware.substr(0, dram)).append(kTinyHardware.substr(l2));
  CHECK(input_error([&] { return hardware_of(without); }) == "tiny.yaml:1:1: a hardware spec has no 'dram:'");
}

TEST_CASE("hardware: values of the wrong kind") {
  check_errors({
      {"kind: gpu", "kind: tpu", "tiny.yaml:3:7: kind must be gpu or cpu, not 'tpu'"},
      {"name: tiny", "name: ../tiny",
       "tiny.yaml:1:7: the device's name '../tiny' is not a plain name (letters, digits, '.', '_', '-')"},
      {"vendor: none\n", "vendor: none\ndetect: Tiny\n", "tiny.yaml:5:9: detect must be a list, not a value"},
      {"vendor: none\n", "vendor: none\ndetect: []\n", "tiny.yaml:5:9: detect is an empty list"},
      {"vendor: none\n", "vendor: none\nlinks:\n  - {name: a, value: 1 GB/s, direction: up, source: sheet}\n",
       "tiny.yaml:6:41: direction must be both or each, not 'up'"},
      {"vendor: none\n", "vendor: none\nlinks:\n  - {value: 1 GB/s, direction: each, source: sheet}\n",
       "tiny.yaml:6:5: a link has no 'name:'"},
  });
  CHECK(input_error([] { return hardware_of("- a\n"); }) ==
        "tiny.yaml:1:1: a hardware spec must be a map of keys and values, not a list");
  CHECK(input_error([] { return hardware_of("name: tiny\nvector: 3\n"); }) ==
        "tiny.yaml:1:1: a hardware spec has no 'title:'");
}

}  // namespace
}  // namespace gable
