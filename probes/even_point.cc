#include "probes/even_point.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace gable {

double even_point(int axis, int i, std::uint64_t seed) {
  constexpr std::array<int, 4> kBases = {2, 3, 5, 7};
  const int base = kBases.at(static_cast<std::size_t>(axis));
  double place = 1;
  double point = 0;
  for (int rest = i + 1; rest > 0; rest /= base) {
    place /= base;
    point += place * (rest % base);
  }
  constexpr double kGolden = 0.6180339887498949;  // its multiples lie apart, so that seeds do
  const double shift = kGolden * static_cast<double>((seed % 1000003) * static_cast<std::uint64_t>(axis + 1));
  return std::fmod(point + shift, 1.0);
}

std::int64_t size_between(double low, double high, double u, std::int64_t multiple) {
  const double size = std::exp2(low + (high - low) * u);
  return std::max<std::int64_t>(std::llround(size / static_cast<double>(multiple)), 1) * multiple;
}

}  // namespace gable
