// The shipped devices. Easy to break here: a sparse figure in the place of a dense one, FP16-accumulate rates on
// consumer boards, GB for GiB, a file that is renamed without its name, a device that goes missing.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "analyzer/spec/library.h"
#include "tests/approx.h"

namespace gable {
namespace {

const std::vector<Hardware>& shipped() {
  static const std::vector<Hardware> kAll = [] {
    std::vector<Hardware> all;
    for (const std::string& name : list_specs(SpecKind::kHardware)) all.push_back(load_hardware(name));
    return all;
  }();
  return kAll;
}

const DtypeRate* find_rate(const std::vector<DtypeRate>& rates, Dtype dtype) {
  const auto it = std::find_if(rates.begin(), rates.end(), [&](const DtypeRate& r) { return r.dtype == dtype; });
  return it == rates.end() ? nullptr : &*it;
}

/// Not a product but the machine that a document timed, as far as its times tell: no datasheet is read.
bool is_of_document(const Hardware& hw) { return hw.name.starts_with("doc"); }

/// The dense rate; 0 where the device has none.
double dense(const std::vector<DtypeRate>& rates, Dtype dtype) {
  const DtypeRate* rate = find_rate(rates, dtype);
  return rate == nullptr ? 0 : rate->dense.value;
}

TEST_CASE("hwspecs: the devices of issue 2 are shipped") {
  const std::vector<std::string> names = list_specs(SpecKind::kHardware);
  for (const std::string name :
       {"p4",       "p100-pcie-16", "v100-pcie-32", "v100-sxm-16",  "t4",          "a10",          "a30",
        "a40",      "rtx-a6000",    "a100-pcie-40", "a100-pcie-80", "a100-sxm-40", "a100-sxm-80",  "l4",
        "l40s",     "rtx-3090",     "rtx-4090",     "rtx-4090d",    "rtx-5090",    "rtx-pro-6000", "h100-pcie",
        "h100-sxm", "h100-nvl",     "h20",          "h200",         "gh200",       "b200",         "b300",
        "gb200",    "mi100",        "mi210",        "mi250",        "mi300x",      "mi325x",       "cpu-x86"}) {
    CAPTURE(name);
    CHECK(std::find(names.begin(), names.end(), name) != names.end());
  }
  const auto apple = [](const std::string& name) { return name.starts_with("apple-m"); };
  CHECK(std::any_of(names.begin(), names.end(), apple));
}

TEST_CASE("hwspecs: each is named as its file, and no two claim one product") {
  const std::vector<std::string> names = list_specs(SpecKind::kHardware);
  std::set<std::string> titles;
  std::set<std::string> products;
  for (std::size_t i = 0; i < names.size(); ++i) {
    CAPTURE(names[i]);
    const Hardware& hw = shipped()[i];
    CHECK(hw.name == names[i]);
    CHECK(titles.insert(hw.title).second);
    CHECK((hw.kind == "gpu") == (hw.kind != "cpu"));
    if (hw.kind == "gpu") CHECK_FALSE(hw.detect.empty());
    if (hw.vendor == "NVIDIA") CHECK_FALSE(hw.compute_capability.empty());
    for (const std::string& product : hw.detect) {
      CAPTURE(product);
      CHECK(products.insert(product).second);
    }
  }
}

TEST_CASE("hwspecs: sources have a title, an address and a date; estimates and derivations say how") {
  for (const Hardware& hw : shipped()) {
    CAPTURE(hw.name);
    for (const Source& source : hw.sources) {
      CAPTURE(source.key);
      CHECK_FALSE(source.title.empty());
      CHECK(source.url.starts_with("http"));
      CHECK(source.read.size() == 10);  // 2026-11-20
    }
    std::size_t sourced = 0;
    for (const auto& named : all_quantities(hw)) {
      CAPTURE(named.first);
      const Quantity* quantity = named.second;
      CHECK(quantity->value > 0);
      if (quantity->provenance == Provenance::kSource) ++sourced;
      if (quantity->provenance == Provenance::kEstimate || quantity->provenance == Provenance::kDerived) {
        CHECK(quantity->origin.size() > 20);
      }
    }
    if (!is_of_document(hw)) CHECK(sourced >= 1);
  }
}

TEST_CASE("hwspecs: rates lie in the order that the units have") {
  for (const Hardware& hw : shipped()) {
    CAPTURE(hw.name);
    const double fp32 = dense(hw.vector, Dtype::kFp32);
    const double tf32 = dense(hw.matrix, Dtype::kTf32);
    const double fp16 = dense(hw.matrix, Dtype::kFp16);
    const double fp8 = dense(hw.matrix, Dtype::kFp8E4m3);
    const double fp4 = dense(hw.matrix, Dtype::kFp4);
    CHECK(dense(hw.vector, Dtype::kFp64) <= fp32);
    if (tf32 > 0) CHECK(fp32 <= tf32 * 1.001);  // GeForce Ada: equal
    if (fp16 > 0) CHECK(fp32 < fp16);
    if (tf32 > 0) CHECK(fp16 == rel(2 * tf32, 0.03));  // roundings of the sheets
    if (fp8 > 0) CHECK(fp8 == rel(2 * fp16, 0.01));
    if (fp4 > 0) CHECK(fp4 >= 1.9 * fp8);
    if (find_rate(hw.matrix, Dtype::kBf16) != nullptr && hw.name != "mi100") {
      CHECK(dense(hw.matrix, Dtype::kBf16) == rel(fp16, 0.01));  // the MI100 has half
    }
    CHECK(dense(hw.matrix, Dtype::kFp8E5m2) == fp8);
    for (const DtypeRate& rate : hw.matrix) {
      CAPTURE(row(rate.dtype).name);
      if (rate.sparse) CHECK(*rate.sparse == rel(2 * rate.dense.value, 0.01));
      if (rate.fp16_accumulate) CHECK(*rate.fp16_accumulate >= rate.dense.value);
    }
  }
}

TEST_CASE("hwspecs: memory and clocks are plausible") {
  for (const Hardware& hw : shipped()) {
    CAPTURE(hw.name);
    CHECK(hw.l2_bandwidth.value > hw.dram_bandwidth.value);
    CHECK(hw.l2_capacity.value < hw.dram_capacity.value / 50);
    CHECK(hw.l2_capacity.value >= 1e6);
    CHECK(hw.dram_bandwidth.value >= (is_of_document(hw) ? 10e9 : 40e9));
    CHECK(hw.dram_bandwidth.value <= 10e12);
    CHECK(hw.dram_capacity.value >= 8e9);
    if (hw.dram_usable) CHECK(hw.dram_usable->value <= hw.dram_capacity.value * 1.074);  // GiB written as GB
    if (hw.clock_base && hw.clock_boost) CHECK(hw.clock_base->value <= hw.clock_boost->value);
    CHECK(hw.launch_latency.value >= (is_of_document(hw) ? 0.05e-6 : 0.5e-6));
    CHECK(hw.launch_latency.value <= 20e-6);
    // A vector unit cannot do more than 2 FLOP x 128 or 256 lanes a clock in an SM or CU (CPU: 32 a core).
    if (hw.clock_boost) {
      CHECK(dense(hw.vector, Dtype::kFp32) <= 512 * hw.sm_count.value * hw.clock_boost->value);
    }
  }
}

TEST_CASE("hwspecs: the numbers that claims.md computes with") {
  struct Row {
    std::string name;
    double fp32;
    double bandwidth;
    double tolerance;  ///< claims.md rounds to three digits
  };
  for (const Row& row : {
           Row{"a100-pcie-40", 19.5e12, 1555e9, 1e-12},
           Row{"a100-sxm-80", 19.5e12, 2039e9, 1e-12},
           Row{"a40", 37.4e12, 696e9, 1e-12},
           Row{"rtx-a6000", 38.7e12, 768e9, 1e-3},
           Row{"rtx-4090d", 73.5e12, 1008e9, 1e-3},
           Row{"h200", 67e12, 4.8e12, 1e-2},
           Row{"v100-sxm-16", 15.7e12, 900e9, 1e-12},
       }) {
    CAPTURE(row.name);
    const Hardware hw = load_hardware(row.name);
    CHECK(dense(hw.vector, Dtype::kFp32) == rel(row.fp32, row.tolerance));
    CHECK(hw.dram_bandwidth.value == rel(row.bandwidth, 1e-12));
  }
}

TEST_CASE("hwspecs: consumer boards accumulate in FP32 at half the rate") {
  for (const std::string name : {"rtx-3090", "rtx-4090", "rtx-4090d", "rtx-5090"}) {
    CAPTURE(name);
    const Hardware hw = load_hardware(name);
    const DtypeRate* fp16 = find_rate(hw.matrix, Dtype::kFp16);
    REQUIRE(fp16 != nullptr);
    REQUIRE(fp16->fp16_accumulate.has_value());
    CHECK(fp16->dense.value == rel(*fp16->fp16_accumulate / 2, 0.001));
  }
  // 128 SM x 4 tensor cores x 64 FMA x 2 FLOP x 2.52 GHz with FP32 accumulation, twice that with FP16.
  const Hardware rtx4090 = load_hardware("rtx-4090");
  constexpr double kRate = 128 * 4 * 64 * 2 * 2.52e9;
  CHECK(dense(rtx4090.matrix, Dtype::kFp16) == rel(kRate, 1e-3));
  CHECK(find_rate(rtx4090.matrix, Dtype::kFp16)->fp16_accumulate.value() == rel(2 * kRate, 1e-3));
}

}  // namespace
}  // namespace gable
