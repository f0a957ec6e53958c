// The most that devices can do. What is easy to break here: a factor of 2 (multiply-adds, double data rate), and a chip
// without a row of its own.
#include <doctest/doctest.h>

#include "probes/cuda/peaks.h"
#include "tests/approx.h"

namespace gable {
namespace {

CudaFacts h200() {
  CudaFacts facts;
  facts.capability = 90;
  facts.sms = 132;
  facts.clock_hz = 1.98e9;
  facts.memory_clock_hz = 3.201e9;
  facts.bus_bits = 6144;
  return facts;
}

}  // namespace

TEST_CASE("an H200") {
  CHECK(vector_peak(h200(), Dtype::kFp32).value == rel(132 * 128 * 2 * 1.98e9));  // 66.9 TFLOP/s
  CHECK(vector_peak(h200(), Dtype::kFp64).value == rel(132 * 64 * 2 * 1.98e9));
  CHECK(vector_peak(h200(), Dtype::kFp16).value == rel(132 * 256 * 2 * 1.98e9));
  CHECK(matrix_peak(h200(), Dtype::kBf16).value == rel(132 * 2048 * 2 * 1.98e9));
  CHECK(matrix_peak(h200(), Dtype::kFp8E4m3).value == rel(132 * 4096 * 2 * 1.98e9));
  CHECK(matrix_peak(h200(), Dtype::kFp64).value == rel(132 * 128 * 2 * 1.98e9));
  CHECK(matrix_peak(h200(), Dtype::kFp32).value == rel(132 * 128 * 2 * 1.98e9));  // no matrix unit: the vector units
  CHECK(matrix_peak(h200(), Dtype::kFp4).value == 0);
  CHECK(dram_peak(h200()).value == rel(3.201e9 * 2 * 6144 / 8));  // 4.917 TB/s
  CHECK(l2_peak(h200()).value == rel(132 * 64 * 1.98e9));
  CHECK(shared_peak(h200()).value == rel(132 * 128 * 1.98e9));
  CHECK(vector_peak(h200(), Dtype::kFp32).arithmetic == "132 SMs x 128 multiply-adds x 2 FLOP x 1.980 GHz");
  CHECK(dram_peak(h200()).arithmetic == "6144 bits x 2 x 3.201 GHz / 8");
}

TEST_CASE("datasheets within the rounding of their clocks") {
  struct Row {
    int capability, sms;
    double clock_hz;
    Dtype dtype;
    double flop_per_s;
  };
  const Row rows[] = {
      {75, 40, 1.59e9, Dtype::kFp16, 65.1e12},     // T4
      {80, 108, 1.41e9, Dtype::kBf16, 312e12},     // A100
      {80, 108, 1.41e9, Dtype::kFp64, 19.5e12},    // A100
      {86, 84, 1.8e9, Dtype::kFp16, 154.8e12},     // A6000
      {89, 142, 2.52e9, Dtype::kFp8E4m3, 733e12},  // L40S
      {90, 132, 1.83e9, Dtype::kFp16, 989.4e12},   // H100 SXM, at its tensor clock
      {100, 148, 1.856e9, Dtype::kBf16, 2250e12},  // B200
      {120, 170, 2.407e9, Dtype::kFp4, 1676e12},   // RTX 5090
  };
  for (const Row& row : rows) {
    CAPTURE(row.capability);
    CudaFacts facts;
    facts.capability = row.capability;
    facts.sms = row.sms;
    facts.clock_hz = row.clock_hz;
    CHECK(matrix_peak(facts, row.dtype).value == rel(row.flop_per_s, 0.005));
  }
}

TEST_CASE("a chip without a row takes the nearest below of its family, or bounds nothing") {
  CudaFacts facts = h200();
  facts.capability = 103;
  CHECK(matrix_peak(facts, Dtype::kBf16).value == rel(132 * 4096 * 2 * 1.98e9));
  facts.capability = 70;
  CHECK(matrix_peak(facts, Dtype::kFp16).value == 0);
  CHECK(dram_peak(CudaFacts{}).value == 0);
}

TEST_CASE("PCIe") {
  CHECK(pcie_peak(4, 16).value == rel(16 * 16e9 / 8 * 128 / 130));  // 31.5 GB/s
  CHECK(pcie_peak(5, 16).value == rel(16 * 32e9 / 8 * 128 / 130));
  CHECK(pcie_peak(2, 8).value == rel(8 * 5e9 / 10));
  CHECK(pcie_peak(0, 16).value == 0);
  CHECK(pcie_peak(7, 16).value == 0);
}

}  // namespace gable
