// libFuzzer target for Chrome traces and all that is made of them: links, owners, costs of ops, timeline. Nothing but
// InputError may come out, and every event must be accounted for.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "analyzer/base/error.h"
#include "analyzer/trace/device_time.h"
#include "analyzer/trace/trace_ops.h"
#include "analyzer/trace/trace_study.h"

namespace gable {
namespace {

void run(std::string_view input) {
  const Trace trace = read_kineto_text(input, "trace");
  check_times(trace);
  const Links links = link_events(trace);
  const TraceSums sums = add_up(trace, links);
  const DeviceTimeline timeline = make_timeline(trace, links);
  std::int64_t kernels_ns = 0;
  for (const NamedTime& kernel : sums.kernels) kernels_ns += kernel.time_ns;
  std::int64_t alone_ns = 0;
  for (const NamedTime& kernel : sums.unattributed) alone_ns += kernel.time_ns;
  if (kernels_ns != sums.attributed_ns + alone_ns) std::abort();
  const DeviceTime all = all_devices(timeline);
  if (all.busy_ns + all.overlapped_ns != kernels_ns || all.busy_ns + all.idle_ns != all.wall_ns) std::abort();
}

}  // namespace
}  // namespace gable

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    gable::run(input);
  } catch (const gable::InputError&) {  // the one answer to bad input; anything else ends the program
  }
  return 0;
}
