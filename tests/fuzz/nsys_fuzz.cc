// libFuzzer target for SQLite files of Nsight Systems. Nothing but InputError may come out, and what was read must keep
// the promises of struct Trace.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "analyzer/base/error.h"
#include "analyzer/trace/trace.h"

namespace gable {
namespace {

void check(const Trace& trace) {
  bool fine = !trace.events.empty();
  for (const DeviceEvent& event : trace.events)
    fine = fine && event.start_ns >= 0 && event.end_ns >= event.start_ns && event.name < trace.texts.size();
  for (const HostRange& range : trace.ranges)
    fine = fine && range.end_ns >= range.start_ns && range.name < trace.texts.size() && range.call < trace.calls.size();
  for (const HostCall& call : trace.launches) fine = fine && call.end_ns >= call.start_ns && call.correlation != 0;
  if (!fine) std::abort();
}

}  // namespace
}  // namespace gable

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(gable::parse_nvtx_call(input));
  try {
    gable::check(gable::read_nsys_bytes(input, "report.sqlite"));
  } catch (const gable::InputError&) {  // the one answer to bad input; anything else ends the program
  }
  return 0;
}
