// libFuzzer target for files of measurements. Nothing but InputError may come out, and what could be read must be
// written as a text that reads as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "analyzer/measured/measurement.h"

namespace gable {
namespace {

void run(std::string_view input) {
  const std::string text = write_measurement(read_measurement(parse_yaml(input, "measurement")));
  if (write_measurement(read_measurement(parse_yaml(text, "written"))) != text) std::abort();
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
