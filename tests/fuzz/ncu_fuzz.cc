// libFuzzer target for CSV of Nsight Compute. Nothing but InputError may come out, and what was read must keep the
// promises of struct Trace.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "analyzer/base/error.h"
#include "analyzer/trace/trace.h"

namespace gable {
namespace {

void check(const Trace& trace) {
  bool fine = !trace.events.empty() && trace.events.size() == trace.counted.size();
  std::int64_t at = 0;
  for (const DeviceEvent& event : trace.events) {
    fine = fine && event.start_ns == at && event.end_ns >= at && event.name < trace.texts.size();
    at = event.end_ns;
  }
  for (const CountedKernel& kernel : trace.counted) {
    const Counters& counters = kernel.counters;
    for (const double value : {counters.dram_read_bytes, counters.dram_write_bytes, counters.l2_bytes, counters.flop})
      fine = fine && std::isfinite(value) && value >= 0;
  }
  if (!fine) std::abort();
}

}  // namespace
}  // namespace gable

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    gable::check(gable::read_ncu_text(input, "counters.csv"));
  } catch (const gable::InputError&) {  // the one answer to bad input; anything else ends the program
  }
  return 0;
}
