// Kernels whose counters come one by one, as events and counts of a trace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/base/error.h"
#include "analyzer/trace/ncu_metrics.h"
#include "analyzer/trace/trace.h"

namespace gable {

inline constexpr double kMostNcuAmount = 1e21;  ///< bytes, FLOP, seconds: a kernel with more is of a damaged file

/// The metrics of a kernel, as far as they are used.
class NcuCounts {
 public:
  /// `metric` must outlive it. The first of several values of one metric stays: sections repeat it.
  void add(const NcuMetric& metric, double value);
  [[nodiscard]] CountedKernel counted() const;
  /// Nothing where it was not measured.
  [[nodiscard]] std::optional<double> time_s() const;
  [[nodiscard]] bool has_tensor() const;
  [[nodiscard]] std::size_t size() const { return values_.size(); }

 private:
  struct Value {
    const NcuMetric* metric;
    double value;
  };
  /// All of it, over the kernel's time or cycles where it is a rate; nothing where those are not known.
  [[nodiscard]] std::optional<double> total(const Value& value) const;
  /// Of the most direct of the quantity's metrics, of `counter` where one is given.
  [[nodiscard]] std::optional<double> best(NcuQuantity quantity, std::string_view counter = {}) const;
  [[nodiscard]] std::optional<double> flop() const;

  std::vector<Value> values_;
};

struct NcuKernel {
  TextId name = 0;
  std::int32_t device = 0;
  std::uint32_t stream = 0;
  Where where;
  NcuCounts counts;
};

/// Their events and counts, one after the other: what counters are read of has no time on a clock.
/// @throws InputError for sums that no kernels have
void lay_out(const std::vector<NcuKernel>& kernels, Trace& trace);
/// Into Trace::missing.
void say_what_counts_lack(const std::vector<NcuKernel>& kernels, Trace& trace);

}  // namespace gable
