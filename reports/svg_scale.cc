#include "reports/svg_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analyzer/base/units.h"

namespace gable::svg {
namespace {

constexpr int kMinorDecades = 12;  ///< more decades than this, and minor ticks would be a grey band
constexpr int kLabelledDecades = 9;
constexpr double kSlack = 1e-9;    ///< of a decade: ends that are ticks stay ticks in spite of rounding
constexpr double kLeast = 1e-200;  ///< ends of what an axis shows, well within what a double holds
constexpr double kMost = 1e200;
constexpr std::array<double, 4> kSteps = {1, 2, 5, 10};

bool has_log(double value) { return value > 0 && std::isfinite(value); }

/// The largest 1, 2 or 5 x 10^n that is not above the value, or the smallest that is not below.
double snap(double value, bool down) {
  const double power = std::pow(10.0, std::floor(std::log10(value) + kSlack));
  const double mantissa = value / power;
  if (down) {
    const auto* above = std::upper_bound(kSteps.begin(), kSteps.end(), mantissa * (1 + kSlack));
    return power * (above == kSteps.begin() ? kSteps.front() : *(above - 1));
  }
  const auto* at = std::lower_bound(kSteps.begin(), kSteps.end(), mantissa * (1 - kSlack));
  return power * (at == kSteps.end() ? kSteps.back() : *at);
}

std::string label_of(int mantissa, int exponent, bool si) {
  constexpr std::string_view kPrefixes = " kMGTPE";
  if (si && exponent >= 0 && exponent < 21) {
    const int scaled = mantissa * static_cast<int>(std::lround(std::pow(10.0, exponent % 3)));
    const char prefix = kPrefixes[static_cast<std::size_t>(exponent / 3)];
    return prefix == ' ' ? fmt::format("{}", scaled) : fmt::format("{} {}", scaled, prefix);
  }
  if (!si && exponent >= 0 && exponent <= 4) {
    return format_grouped(std::lround(mantissa * std::pow(10.0, exponent)));
  }
  if (exponent < 0 && exponent >= -4) return fmt::format("{:.{}f}", mantissa * std::pow(10.0, exponent), -exponent);
  return fmt::format("{}e{}", mantissa, exponent);
}

}  // namespace

void Extent::add(double value) {
  if (!has_log(value)) return;
  low_ = low_ > 0 ? std::min(low_, value) : value;
  high_ = std::max(high_, value);
}

Range Extent::range(Range fallback) const {
  if (low_ == 0) return fallback;
  const double low = snap(std::max(low_, kLeast), true);
  return {low, std::max(snap(std::min(high_, kMost), false), snap(low * 2, false))};
}

LogScale::LogScale(Range range, double low_px, double high_px) : range_(range), low_px_(low_px), high_px_(high_px) {}

double LogScale::at(double value) const {
  if (!has_log(value)) return low_px_;
  return low_px_ + (high_px_ - low_px_) * std::log(value / range_.low) / std::log(range_.high / range_.low);
}

double LogScale::value(double px) const {
  return range_.low * std::pow(range_.high / range_.low, (px - low_px_) / (high_px_ - low_px_));
}

std::vector<Tick> log_ticks(const Range& range, bool si) {
  const int first = static_cast<int>(std::floor(std::log10(range.low) + kSlack));
  const int last = static_cast<int>(std::floor(std::log10(range.high) + kSlack));
  const double decades = std::log10(range.high / range.low);
  const int stride = 1 + last - first > kLabelledDecades ? (last - first) / kLabelledDecades + 1 : 1;
  std::vector<Tick> ticks;
  for (int exponent = first; exponent <= last; ++exponent) {
    for (int mantissa = 1; mantissa < 10; ++mantissa) {
      const double value = mantissa * std::pow(10.0, exponent);
      if (value < range.low * (1 - kSlack) || value > range.high * (1 + kSlack)) continue;
      const bool major = mantissa == 1;
      if (!major && decades > kMinorDecades) continue;
      const bool labelled = major ? exponent % stride == 0 : decades < 2 && (mantissa == 2 || mantissa == 5);
      ticks.push_back({value, major, labelled ? label_of(mantissa, exponent, si) : ""});
    }
  }
  return ticks;
}

}  // namespace gable::svg
