// A device: rates per dtype and unit, memory levels, and where each number comes from. docs/hardware.md is the schema.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/dtype.h"
#include "analyzer/base/units.h"
#include "analyzer/spec/profile.h"
#include "analyzer/spec/yaml.h"

namespace gable {

enum class Provenance : std::uint8_t { kSource, kDerived, kEstimate, kMeasured, kUnverified };
std::string_view provenance_name(Provenance provenance);

/// A number in base units with where it comes from.
struct Quantity {
  double value = 0;
  Unit unit = Unit::kCount;
  std::string text;  ///< as written: "1555 GB/s"
  Provenance provenance = Provenance::kUnverified;
  std::string origin;  ///< key of the source, or the reason / arithmetic / method
  std::string note;
  Where where;
};

/// Rates of one unit for one dtype.
struct DtypeRate {
  Dtype dtype = Dtype::kFp32;
  Quantity dense;
  std::optional<double> sparse;           ///< with structured sparsity
  std::optional<double> fp16_accumulate;  ///< dense, where it is faster than accumulating in fp32
};

struct Source {
  std::string key;
  std::string title;
  std::string url;
  std::string read;  ///< date
};

struct Link {
  std::string name;
  Quantity bandwidth;
  bool both_ways = true;  ///< bandwidth is the sum of the two directions
};

struct Hardware {
  std::string name;
  std::string title;
  std::string kind;  ///< gpu or cpu
  std::string vendor;
  std::string architecture;
  std::string compute_capability;
  std::vector<std::string> detect;  ///< product names as drivers report them
  std::vector<Source> sources;
  std::vector<DtypeRate> vector;
  std::vector<DtypeRate> matrix;
  Quantity dram_capacity;
  std::optional<Quantity> dram_usable;  ///< as the driver reports it
  Quantity dram_bandwidth;
  std::string l2_label = "L2";
  Quantity l2_capacity;
  Quantity l2_bandwidth;
  Quantity sm_count;
  Quantity launch_latency;
  std::optional<Quantity> clock_base;
  std::optional<Quantity> clock_boost;
  std::optional<Quantity> shared_memory_per_sm;
  std::optional<Quantity> threads_per_sm;
  std::optional<Quantity> tdp;
  std::optional<Quantity> price;  ///< of an hour of one device
  std::vector<Link> links;
  std::optional<Profile> profile;  ///< where probes measured it
};

/// The scalar quantities of a device: YAML section and key, unit, whether a spec must have it. Readers, `show hardware`
/// and lint read this table.
struct QuantityRow {
  std::string_view section;  ///< "" for keys of the top level
  std::string_view key;
  Unit unit;
  Quantity Hardware::*required;  ///< one of these two is set
  std::optional<Quantity> Hardware::*optional;
};
inline constexpr std::size_t kQuantityRows = 13;
const std::array<QuantityRow, kQuantityRows>& quantity_table();

/// @throws InputError with the place
Hardware read_hardware(const YamlNode& root);

/// Every number of the device with its name ("matrix.fp16", "dram.bandwidth"), in the order of the schema.
std::vector<std::pair<std::string, const Quantity*>> all_quantities(const Hardware& hw);

}  // namespace gable
