// Logarithmic axes: range, ticks, tick labels.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gable::svg {

/// Positive and finite ends.
struct Range {
  double low = 1;
  double high = 10;
};

/// Collects what an axis must show. What has no logarithm (zero, negative, not finite) is ignored.
class Extent {
 public:
  void add(double value);
  /// Ends at 1, 2 or 5 x 10^n around all values, one step apart at least. `fallback` if there is no value.
  [[nodiscard]] Range range(Range fallback) const;

 private:
  double low_ = 0;
  double high_ = 0;
};

class LogScale {
 public:
  LogScale(Range range, double low_px, double high_px);
  /// Position of a value; the low end for what has no logarithm.
  [[nodiscard]] double at(double value) const;
  [[nodiscard]] double value(double px) const;  ///< the inverse of at()
  [[nodiscard]] const Range& range() const { return range_; }

 private:
  Range range_;
  double low_px_;
  double high_px_;
};

struct Tick {
  double value = 1;
  bool major = true;
  std::string label;  ///< may be empty
};

/// Ticks at every decade and, over at most 12 decades, at its 2 to 9. Every decade is labelled while they are few; on
/// ranges under two decades 2 and 5 are labelled, too. With `si` labels are "100 G", else "0.01" to "10,000", then
/// "1e5".
std::vector<Tick> log_ticks(const Range& range, bool si);

}  // namespace gable::svg
