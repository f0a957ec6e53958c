// A device with round numbers, for times that can be worked out by hand.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "analyzer/spec/hardware.h"

namespace gable {

inline constexpr std::string_view kTinyHardware = R"(name: tiny
title: A device with round numbers
kind: gpu
vendor: none
architecture: none
sources:
  sheet: {title: A datasheet, url: "https://example.com/sheet.pdf", read: 2026-11-20}
vector:
  fp32: {value: 10 TFLOP/s, source: sheet}
  fp16: {value: 20 TFLOP/s, source: sheet}
matrix:
  tf32: {value: 80 TFLOP/s, sparse: 160 TFLOP/s, source: sheet}
  fp16: {value: 160 TFLOP/s, sparse: 320 TFLOP/s, fp16_accumulate: 320 TFLOP/s, source: sheet}
dram:
  capacity: {value: 40 GB, source: sheet}
  bandwidth: {value: 1 TB/s, source: sheet}
l2:
  capacity: {value: 1 MB, source: sheet}
  bandwidth: {value: 4 TB/s, estimate: four times DRAM}
sm_count: {value: 100, source: sheet}
launch_latency: {value: 1 us, estimate: a round number}
)";

/// `text` with its one occurrence of `from` replaced; both must be found, so that a test cannot pass by a slip.
inline std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string_view::npos, from);
  REQUIRE_MESSAGE(text.find(from, at + 1) == std::string_view::npos, from);
  return std::string(text.substr(0, at)).append(to).append(text.substr(at + from.size()));
}

inline Hardware hardware_of(std::string_view text) { return read_hardware(parse_yaml(text, "tiny.yaml")); }
inline Hardware tiny_hardware() { return hardware_of(kTinyHardware); }

}  // namespace gable
