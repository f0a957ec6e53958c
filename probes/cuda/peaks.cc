#include "probes/cuda/peaks.h"

#include <fmt/format.h>

#include <array>

#include "analyzer/base/units.h"

namespace gable {
namespace {

/// Multiply-adds a clock and SM. Where a chip's variants differ (GeForce halves the tensor rate with fp32 accumulation,
/// H20 and A10 have fewer units enabled), the row is the full chip's: a bound, not an expectation. 0: no such unit.
struct UnitsRow {
  int capability;  ///< 10 * major + minor; a minor without a row takes the nearest below of its major
  int fp64, fp32, fp16;
  int tensor_fp64, tensor_tf32, tensor_fp16, tensor_fp8, tensor_int8, tensor_fp4;
};

// Vector: CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions" (results a clock and SM).
// Tensor: dense rates of NVIDIA's whitepapers, divided by SMs, 2 and the boost clock:
//   7.5 Turing whitepaper, TU102: 130.5 TFLOP/s fp16 = 72 x 512 x 2 x 1.77 GHz
//   8.0 A100 whitepaper: 312 fp16, 19.5 fp64 = 108 x 1024 (64) x 2 x 1.41 GHz
//   8.6 GA102 whitepaper: 142 fp16 (fp16 accumulation) = 82 x 512 x 2 x 1.695 GHz
//   8.9 Ada whitepaper: 330.3 fp16, 660.6 fp8 = 128 x 512 (1024) x 2 x 2.52 GHz
//   9.0 H100 whitepaper: 989.4 fp16, 66.9 fp64 = 132 x 2048 x 2 x 1.83 GHz, 132 x 128 x 2 x 1.98 GHz
//   10.0 Blackwell datasheet, B200: 2250 fp16, 9000 fp4, 37 fp64 = 148 x 4096 (16384, 64) x 2 x 1.86..1.96 GHz
//   10.3 B300: 14 PFLOP/s fp4 (hwspecs/b300.yaml) = 148 x 24576 x 2 x 1.92 GHz; the rest as 10.0, where it has less
//   12.0 RTX Blackwell whitepaper, 5090: 419 fp16 (fp16 accumulation), 838 fp8, 1676 fp4 = 170 x 512 (..) x 2 x 2.41
//   GHz
constexpr std::array<UnitsRow, 8> kUnits = {{
    {75, 2, 64, 128, 0, 0, 512, 0, 1024, 0},
    {80, 32, 64, 256, 64, 512, 1024, 0, 2048, 0},
    {86, 2, 128, 128, 0, 256, 512, 0, 1024, 0},
    {89, 2, 128, 128, 0, 256, 512, 1024, 1024, 0},
    {90, 64, 128, 256, 128, 1024, 2048, 4096, 4096, 0},
    {100, 64, 128, 256, 64, 2048, 4096, 8192, 8192, 16384},
    {103, 64, 128, 256, 64, 2048, 4096, 8192, 8192, 24576},
    {120, 2, 128, 128, 0, 256, 512, 1024, 1024, 2048},
}};

const UnitsRow* units_of(int capability) {
  const UnitsRow* best = nullptr;
  for (const UnitsRow& row : kUnits) {
    if (row.capability / 10 == capability / 10 && row.capability <= capability) best = &row;
  }
  return best;
}

int vector_units(const UnitsRow& units, Dtype dtype) {
  switch (dtype) {
    case Dtype::kFp64:
      return units.fp64;
    case Dtype::kFp32:
      return units.fp32;
    case Dtype::kFp16:
    case Dtype::kBf16:
      return units.fp16;
    default:
      return 0;
  }
}

int tensor_units(const UnitsRow& units, Dtype dtype) {
  switch (dtype) {
    case Dtype::kFp64:
      return units.tensor_fp64;
    case Dtype::kTf32:
      return units.tensor_tf32;
    case Dtype::kFp16:
    case Dtype::kBf16:
      return units.tensor_fp16;
    case Dtype::kFp8E4m3:
    case Dtype::kFp8E5m2:
      return units.tensor_fp8;
    case Dtype::kInt8:
      return units.tensor_int8;
    case Dtype::kFp4:
      return units.tensor_fp4;
    default:
      return 0;
  }
}

Peak per_sm(const CudaFacts& facts, int per_clock, double factor, std::string_view unit) {
  if (per_clock == 0 || facts.sms == 0 || facts.clock_hz <= 0) return {};
  return {facts.sms * per_clock * factor * facts.clock_hz,
          fmt::format("{} SMs x {} {} x {}", facts.sms, per_clock, unit, format_si(facts.clock_hz, "Hz"))};
}

constexpr std::string_view kFmas = "multiply-adds x 2 FLOP";

}  // namespace

Peak vector_peak(const CudaFacts& facts, Dtype dtype) {
  const UnitsRow* units = units_of(facts.capability);
  return units == nullptr ? Peak{} : per_sm(facts, vector_units(*units, dtype), 2, kFmas);
}

Peak matrix_peak(const CudaFacts& facts, Dtype dtype) {
  const UnitsRow* units = units_of(facts.capability);
  if (units == nullptr) return {};
  const int tensor = tensor_units(*units, dtype);
  return tensor == 0 ? vector_peak(facts, dtype) : per_sm(facts, tensor, 2, kFmas);
}

Peak dram_peak(const CudaFacts& facts) {
  const double value = facts.memory_clock_hz * 2 * facts.bus_bits / 8;
  if (value <= 0) return {};
  return {value, fmt::format("{} bits x 2 x {} / 8", facts.bus_bits, format_si(facts.memory_clock_hz, "Hz"))};
}

// Jia et al., "Dissecting the NVIDIA Volta GPU Architecture via Microbenchmarking" (2018), table 3.1: 64 bytes a clock
// and SM; the ways from L2 are shared beyond that, so that no chip reaches it.
Peak l2_peak(const CudaFacts& facts) { return per_sm(facts, 64, 1, "B"); }

// 32 banks of 4 bytes: CUDA C++ Programming Guide, "Shared Memory".
Peak shared_peak(const CudaFacts& facts) { return per_sm(facts, 128, 1, "B"); }

Peak pcie_peak(int generation, int width) {
  // GT/s a lane and the share of it that is data: 8b/10b, 128b/130b, and FLITs of 242 in 256 bytes (PCI Express 6.0).
  constexpr std::array<double, 7> kBytes = {
      0, 0.25e9, 0.5e9, 1e9 * 128 / 130, 2e9 * 128 / 130, 4e9 * 128 / 130, 8e9 * 242 / 256};
  if (generation < 1 || generation >= static_cast<int>(kBytes.size()) || width < 1) return {};
  const double lane = kBytes.at(static_cast<std::size_t>(generation));
  return {lane * width, fmt::format("gen {}, {} lanes x {}", generation, width, format_si(lane, "B/s"))};
}

}  // namespace gable
