// What a device says of itself. What is easy to break here: kHz and MHz, milliwatts, NVML functions that are missing.
#include <doctest/doctest.h>

#include "probes/cuda/facts.h"
#include "tests/approx.h"
#include "tests/cuda_fake.h"

namespace gable {
namespace fake = cuda::fake;

TEST_CASE("facts in base units") {
  fake::reset();
  const CudaFacts facts = cuda_facts(fake::api().runtime, 0);
  CHECK(facts.name == "NVIDIA Test");
  CHECK(facts.capability == 90);
  CHECK(facts.sms == 2);
  CHECK(facts.clock_hz == 1e9);
  CHECK(facts.memory_clock_hz == 1e9);
  CHECK(facts.bus_bits == 64);
  CHECK(facts.l2_bytes == 65536);
  CHECK(facts.free_bytes == 256 << 10);
  CHECK(facts.pci_bus_id == "0000:01:00.0");
  CHECK(facts.driver == 13020);
}

TEST_CASE("a device that is not there") {
  try {
    cuda_facts(fake::api().runtime, 7);
    FAIL("no error");
  } catch (const DeviceError& error) {
    CHECK(error.call() == "cudaSetDevice");
    CHECK(error.name() == "cudaErrorInvalidDevice");
    CHECK(std::string(error.what()).starts_with("cudaSetDevice: cudaErrorInvalidDevice (probes/cuda/facts.cc:"));
  }
}

TEST_CASE("NVML's readings in base units; what is missing is 0") {
  const Monitor monitor(fake::api().nvml, "0000:01:00.0");
  const Reading reading = monitor.read();
  CHECK(reading.clock_hz == 990e6);
  CHECK(reading.memory_clock_hz == 1000e6);
  CHECK(reading.power_w == rel(350.5));
  CHECK(reading.temperature_c == 61);
  CHECK(reading.clocks_event_reasons == 0);  // the fake has no such function
  CHECK(monitor.power_limit_w() == 0);
  CHECK(!monitor.mig());
  CHECK(monitor.driver_version() == "580.65.06");

  const Monitor another(fake::api().nvml, "0000:02:00.0");
  CHECK(another.read().clock_hz == 0);
  const NvmlApi none;
  CHECK(Monitor(none, "0000:01:00.0").read().power_w == 0);
}

TEST_CASE("what slows a clock, in words") {
  CHECK(clocks_event_text(0) == "");
  CHECK(clocks_event_text(0x1) == "");  // idle
  CHECK(clocks_event_text(0x4 | 0x20) == "power cap, thermal slowdown");
}

TEST_CASE("the environment, in order") {
  fake::reset();
  const CudaFacts facts = cuda_facts(fake::api().runtime, 0);
  const DeviceFacts out = describe(facts, Monitor(fake::api().nvml, facts.pci_bus_id), fake::api().lt);
  CHECK(out.backend == "cuda");
  CHECK(out.name == "NVIDIA Test");
  CHECK(out.vendor == "NVIDIA");
  CHECK(out.architecture == "Hopper");
  CHECK(out.compute_capability == "9.0");
  CHECK(out.units == 2);
  CHECK(out.cache_label == "L2");
  CHECK(out.cache_bytes == 65536);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"driver", "580.65.06, CUDA 13.2"}, {"runtime", "CUDA 13.0"},      {"cuBLASLt", "13.1.0, libcublasLt.so.13"},

      {"clock", "up to 1.000 GHz"},       {"memory clock", "1.000 GHz"}, {"PCIe", "gen 3 x8"}};
  CHECK(out.environment == expected);
}

}  // namespace gable
