// Which counters of a chip tell what a roofline needs: bytes of DRAM and L2, FLOP. Chips differ in their names, so that
// a fixed list fails; what a chip has is asked of CUPTI's host side, which needs no GPU.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/dtype.h"
#include "probes/cuda/cupti_api.h"

namespace gable {

/// A counter and what each count stands for: an FMA is two FLOP.
struct MetricTerm {
  std::string name;  ///< with its rollup: "dram__bytes_read.sum"
  double weight = 1;
};

/// Each quantity is the sum of its terms; without terms the chip cannot tell it.
struct MetricChoice {
  std::vector<MetricTerm> dram_read, dram_write, l2_bytes, flop;
  std::string missing;  ///< "GB10B has no counter of DRAM bytes, int4 tensor products"; "" if all are there

  /// All names.
  [[nodiscard]] std::vector<std::string> names() const;
};

/// `available`: base names of the chip's counters. FLOP counts tensor products in `dtype` and what its scalar units do
/// (in fp32, which softmax and norms are computed in whatever the dtype, and in fp64 or fp16 where that is the dtype).
MetricChoice choose_metrics(std::string_view chip, std::span<const std::string> available, Dtype dtype);

/// CUPTI's host side for one chip.
class ProfilerHost {
 public:
  /// `availability`: of the counters on this device, empty for a chip that is not here.
  /// @return null, and why
  static std::unique_ptr<ProfilerHost> open(const CuptiHostApi& api, const std::string& chip,
                                            std::span<const std::uint8_t> availability, std::string& why_not);
  ProfilerHost(const ProfilerHost&) = delete;
  ProfilerHost& operator=(const ProfilerHost&) = delete;
  ~ProfilerHost();

  /// Base names of counters, "dram__bytes". @throws CapabilityError, DeviceError, as the functions below
  [[nodiscard]] std::vector<std::string> counters() const;

  /// Plans how to collect the metrics. Once.
  void schedule(const std::vector<std::string>& names);
  [[nodiscard]] const std::vector<std::uint8_t>& config() const { return config_; }
  [[nodiscard]] std::size_t passes() const { return passes_; }

  /// Values of metrics in a range of decoded counter data.
  [[nodiscard]] std::vector<double> evaluate(std::span<const std::uint8_t> counter_data, std::size_t range,
                                             const std::vector<std::string>& names) const;

 private:
  ProfilerHost(const CuptiHostApi& api, CUpti_Profiler_Host_Object* object) : api_(api), object_(object) {}

  const CuptiHostApi& api_;
  CUpti_Profiler_Host_Object* object_;
  std::vector<std::uint8_t> config_;
  std::size_t passes_ = 0;
};

/// As CUPTI takes them.
std::vector<const char*> c_names(const std::vector<std::string>& names);

}  // namespace gable
