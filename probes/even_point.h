// Points that fill a box evenly: which sizes are timed.
#pragma once

#include <cstdint>

namespace gable {

/// Coordinate `axis` (0 to 3) of point i of a sequence that fills [0, 1)^4 evenly: Halton (1960), radical inverses in
/// the bases 2, 3, 5, 7, turned by a shift that `seed` chooses (Cranley and Patterson 1976).
double even_point(int axis, int i, std::uint64_t seed);

/// 2^low to 2^high as u goes from 0 to 1, evenly in the logarithm; a multiple of `multiple`, at least one.
std::int64_t size_between(double low, double high, double u, std::int64_t multiple);

}  // namespace gable
