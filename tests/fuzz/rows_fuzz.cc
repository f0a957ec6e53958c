// libFuzzer target for files of timed kernels. Nothing but InputError may come out, and what was read must keep the
// promises of struct Timing.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "analyzer/base/error.h"
#include "analyzer/predict/timings.h"

namespace gable {
namespace {

void check(const Timing& timing) {
  const ShapeKindRow& kind = row(timing.shape.kind);
  bool fine = timing.time_s > 0 && std::isfinite(timing.time_s) && timing.where.line > 1;
  for (std::size_t i = 0; i < kind.dims.size(); ++i) fine = fine && timing.shape.dims.at(i) >= kind.dims[i].least;
  const ShapeWork work = work_of(timing.shape);
  fine = fine && std::isfinite(work.flop) && std::isfinite(work.bytes) && !describe(timing.shape).empty();
  if (!fine) std::abort();
}

}  // namespace
}  // namespace gable

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    for (const gable::Timing& timing : gable::read_timings(input, "rows.csv")) gable::check(timing);
  } catch (const gable::InputError&) {  // the one answer to bad input; anything else ends the program
  }
  return 0;
}
