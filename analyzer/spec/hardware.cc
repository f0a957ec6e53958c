#include "analyzer/spec/hardware.h"

#include <fmt/format.h>

namespace gable {

const std::array<QuantityRow, kQuantityRows>& quantity_table() {
  static constexpr std::array<QuantityRow, kQuantityRows> kTable = {{
      {"dram", "capacity", Unit::kBytes, &Hardware::dram_capacity, nullptr},
      {"dram", "usable", Unit::kBytes, nullptr, &Hardware::dram_usable},
      {"dram", "bandwidth", Unit::kBytesPerSecond, &Hardware::dram_bandwidth, nullptr},
      {"l2", "capacity", Unit::kBytes, &Hardware::l2_capacity, nullptr},
      {"l2", "bandwidth", Unit::kBytesPerSecond, &Hardware::l2_bandwidth, nullptr},
      {"", "sm_count", Unit::kCount, &Hardware::sm_count, nullptr},
      {"", "clock_base", Unit::kHertz, nullptr, &Hardware::clock_base},
      {"", "clock_boost", Unit::kHertz, nullptr, &Hardware::clock_boost},
      {"", "shared_memory_per_sm", Unit::kBytes, nullptr, &Hardware::shared_memory_per_sm},
      {"", "threads_per_sm", Unit::kCount, nullptr, &Hardware::threads_per_sm},
      {"", "launch_latency", Unit::kSeconds, &Hardware::launch_latency, nullptr},
      {"", "tdp", Unit::kWatts, nullptr, &Hardware::tdp},
      {"", "price", Unit::kDollarsPerHour, nullptr, &Hardware::price},
  }};
  return kTable;
}

std::string_view provenance_name(Provenance provenance) {
  switch (provenance) {
    case Provenance::kSource:
      return "source";
    case Provenance::kDerived:
      return "derived";
    case Provenance::kEstimate:
      return "estimate";
    case Provenance::kMeasured:
      return "measured";
    case Provenance::kUnverified:
      break;
  }
  return "unverified";
}

std::vector<std::pair<std::string, const Quantity*>> all_quantities(const Hardware& hw) {
  std::vector<std::pair<std::string, const Quantity*>> all;
  for (const DtypeRate& rate : hw.vector) all.emplace_back(fmt::format("vector.{}", row(rate.dtype).name), &rate.dense);
  for (const DtypeRate& rate : hw.matrix) all.emplace_back(fmt::format("matrix.{}", row(rate.dtype).name), &rate.dense);
  for (const QuantityRow& entry : quantity_table()) {
    const std::string name =
        entry.section.empty() ? std::string(entry.key) : fmt::format("{}.{}", entry.section, entry.key);
    if (entry.required != nullptr) {
      all.emplace_back(name, &(hw.*entry.required));
    } else if (const auto& quantity = hw.*entry.optional) {
      all.emplace_back(name, &*quantity);
    }
  }
  for (const Link& link : hw.links) {
    all.emplace_back(fmt::format("link {}, {}", link.name, link.both_ways ? "both ways" : "each way"), &link.bandwidth);
  }
  return all;
}

}  // namespace gable
