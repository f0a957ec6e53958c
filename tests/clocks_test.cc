// Two clocks. Easy to break here: a wait counted twice, a repeated block run once, copies that nobody dispatches.
#include "analyzer/roofline/clocks.h"

#include <doctest/doctest.h>

#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "tests/approx.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

// On the tiny device (1 TB/s) each copy moves 8 MB: 8 us without launch latency.
constexpr const char* kModel =
    "name: m\ndims: {L: 3}\nops:\n  - {name: first, op: copy, n: 1000000}\n  - {name: h, block: b, repeat: L}\n";
constexpr const char* kBlock = "name: b\nparams: [L]\nops:\n  - {op: copy, n: 1000000*L/L}\n";

Analysis copies() {
  const BlockSource blocks = [](const std::string&, const Where&) { return parse_yaml(kBlock, "b.yaml"); };
  return analyze(read_model(parse_yaml(kModel, "m.yaml"), blocks), tiny_hardware(), {});
}

Host host_with(double dispatch_s, double latency_s) {
  Host host;
  host.name = "test";
  host.forward.value = dispatch_s;
  host.backward.value = dispatch_s;
  host.optimizer.value = dispatch_s;
  host.latency.value = latency_s;
  return host;
}

TEST_CASE("clocks: a fast CPU runs ahead, the GPU waits for the first kernel only") {
  // cpu 1, 2, 3, 4 us; the first kernel starts at 1 + 5 us, the others follow it: 6 + 4 * 8 us.
  const Clocks clocks = run_clocks(copies(), host_with(1e-6, 5e-6), false);
  CHECK(clocks.step_s == rel(6e-6 + 4 * 8e-6));
  CHECK(clocks.idle_s == rel(6e-6));
  CHECK(clocks.cpu_s == rel(4e-6));
  CHECK(clocks.gpu_s == rel(32e-6));
  CHECK_FALSE(clocks.cpu_bound());
}

TEST_CASE("clocks: with a slow CPU each kernel waits for its dispatch") {
  // cpu 20, 40, 60, 80 us; kernels start at 25, 45, 65, 85 and end 8 us later.
  const Clocks clocks = run_clocks(copies(), host_with(20e-6, 5e-6), false);
  CHECK(clocks.step_s == rel(93e-6));
  CHECK(clocks.idle_s == rel(93e-6 - 32e-6));
  CHECK(clocks.cpu_bound());
  REQUIRE(clocks.spans.size() == 2);
  CHECK(clocks.spans[0].name == "model");
  CHECK(clocks.spans[0].launches == 1);
  CHECK(clocks.spans[1].name == "h");
  CHECK(clocks.spans[1].launches == 3);
  CHECK(clocks.spans[1].cpu_s == rel(60e-6));
  CHECK(clocks.spans[1].idle_s == rel(3 * 12e-6));  // 45 - 33 us, and so on
}

TEST_CASE("clocks: a CUDA graph is dispatched once") {
  const Clocks clocks = run_clocks(copies(), host_with(20e-6, 5e-6), true);
  CHECK(clocks.step_s == rel(25e-6 + 32e-6));
  CHECK(clocks.cpu_s == rel(20e-6));
  CHECK_FALSE(clocks.cpu_bound());
}

TEST_CASE("clocks: the shipped hosts say where their constants come from") {
  for (const std::string& name : list_specs(SpecKind::kHost)) {
    CAPTURE(name);
    const Host host = load_host(name);
    CHECK(host.name == name);
    for (const Quantity* quantity : {&host.forward, &host.backward, &host.optimizer, &host.latency}) {
      CHECK(quantity->value > 0);
      CHECK_FALSE(quantity->origin.empty());
    }
  }
  CHECK(load_host("python-modules").forward.value == rel(25e-6));
  CHECK(load_host("python-modules").backward.value == rel(14e-6));
}

}  // namespace
}  // namespace gable
