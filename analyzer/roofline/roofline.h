// The roofline: from a cost and a device to a time, the roof that bounds it, and how near the next roof is.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/ops/op_table.h"
#include "analyzer/spec/hardware.h"

namespace gable {

enum class Roof : std::uint8_t { kTensor, kVector, kDram, kL2, kLaunch };
inline constexpr std::size_t kRoofCount = 5;
std::string_view roof_name(Roof roof);

enum class Bound : std::uint8_t { kCompute, kMemory, kLaunch };
inline constexpr std::size_t kBoundCount = 3;
std::string_view bound_name(Bound bound);

/// The terms that enter the time.
struct RoofSet {
  bool compute = true;
  bool dram = true;
  bool l2 = true;
  bool launch = true;
};

/// "compute,dram". @throws InputError naming --roofs
RoofSet parse_roofs(std::string_view text);
std::string describe(const RoofSet& roofs);

/// What a device does with one compute dtype.
struct Rates {
  double matrix_flop_per_s = 0;
  double vector_flop_per_s = 0;
  bool shared = false;                ///< no matrix unit for it: matrix and vector FLOP share the vector peak
  Dtype matrix_dtype = Dtype::kFp32;  ///< the dtype whose rate was taken: the fastest that holds all values exactly
  Dtype vector_dtype = Dtype::kFp32;
};

/// @throws InputError if the device has no rate for the dtype, nor for one that holds its values
Rates rates_for(const Hardware& hw, Dtype compute, Dtype accumulate);

/// Time of one execution by each roof, in seconds.
struct RoofTime {
  std::array<double, kRoofCount> by_roof{};  ///< indexed by Roof; 0 where the term is off
  double total_s = 0;                        ///< launch + max of the others
  [[nodiscard]] double at_roofs_s() const { return total_s - by_roof.at(static_cast<std::size_t>(Roof::kLaunch)); }
  Roof roof = Roof::kDram;
  Bound bound = Bound::kMemory;
  bool near_ridge =
      false;  ///< compute and memory time differ by at most 10 % of the larger, and neither is hidden by the launch
};

/// `dram_bytes`: those of the execution that cross DRAM (residency.h).
/// time = launch latency + max(matrix FLOP/matrix peak, vector FLOP/vector peak, dram bytes/DRAM bandwidth,
/// touched bytes/L2 bandwidth); where matrix and vector share a unit their FLOP add up, but for fused attention: there
/// the softmax of one tile runs beside the products of another, its exponentials on the special function units
/// (Shah et al. 2024, FlashAttention-3, section 3.2), so that each kind of FLOP is a bound by itself.
/// Williams, Waterman, Patterson 2009 (doi 10.1145/1498765.1498785), with a latency term and one roof per level.
RoofTime roofline_time(const Cost& cost, Count dram_bytes, const Rates& rates, const Hardware& hw, const RoofSet& roofs,
                       KernelClass kernel = KernelClass::kGemm);

/// Time of one execution at the compute roofs alone.
double compute_time(const Cost& cost, const Rates& rates, KernelClass kernel);

/// A ridge point: the FLOP/byte above which a dtype's unit, not DRAM, is the bound.
struct Ridge {
  Dtype dtype;
  Roof roof;  ///< kTensor or kVector
  double flop_per_s;
  double flop_per_byte;
};
std::vector<Ridge> ridges(const Hardware& hw);

}  // namespace gable
