// What ranges of work moved and computed, by the hardware's counters. Collecting takes several passes over the same
// work and makes it slow: times measured meanwhile mean nothing, and a recorder must not be open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/base/dtype.h"
#include "probes/cuda/api.h"
#include "probes/cuda/counter_device.h"
#include "probes/cuda/cupti_api.h"
#include "probes/cuda/metrics.h"

namespace gable {

/// Of all ranges with one id in one run of the work. What the chip cannot count is 0, and CounterPass::note() says so.
struct RangeCounters {
  std::uint64_t id = 0;
  double dram_read_bytes = 0;
  double dram_write_bytes = 0;
  double l2_bytes = 0;  ///< requested of L2 by whoever, reads and writes
  double flop = 0;
};

struct CounterOptions {
  int device = 0;                 ///< ordinal of the current device
  Dtype dtype = Dtype::kFp32;     ///< of the products
  std::size_t most_ranges = 256;  ///< pushes between begin() and end(); more are dropped, and note() says so
};

/// do { begin(); push(id) work pop() ...; } while (end()); results(). Every pass runs the same work in the same order.
class CounterPass {
 public:
  /// @return null where counting cannot be done, and why in one line with what to do
  static std::unique_ptr<CounterPass> open(const CounterOptions& options, std::string& why_not);
  /// The same on other tables, which outlive the object.
  static std::unique_ptr<CounterPass> open(const CuptiApi& cupti, const RuntimeApi& cuda,
                                           CurrentContext current_context, const CounterOptions& options,
                                           std::string& why_not);
  CounterPass(const CounterPass&) = delete;
  CounterPass& operator=(const CounterPass&) = delete;
  ~CounterPass();

  /// @throws CapabilityError where the driver does not permit it after all, DeviceError, as the functions below
  void begin();
  /// What runs until pop() belongs to `id`. Not nested.
  void push(std::uint64_t id);
  void pop();
  /// @return whether the work must be run again
  bool end();
  /// By id, in the order of the first push. After end() said that it was the last pass.
  std::vector<RangeCounters> results();

  /// Planned; end() decides.
  [[nodiscard]] std::size_t passes() const { return host_->passes(); }
  /// What cannot be counted, or was not; "" if all was.
  [[nodiscard]] const std::string& note() const { return note_; }

 private:
  CounterPass(const CuptiRangeApi& range, const RuntimeApi& cuda) : range_(range), cuda_(cuda) {}
  /// @throws CapabilityError, DeviceError
  void configure(CUcontext context, const CounterOptions& options);
  void make_counter_data(std::size_t most_ranges);
  void wait() const { check_cuda(cuda_.device_synchronize(), "cudaDeviceSynchronize"); }

  const CuptiRangeApi& range_;
  const RuntimeApi& cuda_;
  std::unique_ptr<ProfilerHost> host_;
  MetricChoice metrics_;
  std::vector<std::string> names_;
  std::vector<std::uint8_t> counter_data_;
  CUpti_RangeProfiler_Object* profiler_ = nullptr;
  bool initialized_ = false;
  std::vector<std::uint64_t> ids_;  ///< of the pushes of a pass, in order; ranges are named by their place
  std::string note_;
};

}  // namespace gable
