// Easy to break: an op that is counted twice, once for itself and once for the op around it; kernels of a leaf that has
// no formula; dtypes that only kernels tell; the same class of modules nested.
#include "analyzer/trace/owners.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "analyzer/trace/trace_ops.h"

using namespace gable;

namespace {

constexpr std::int64_t kUs = 1000;

CallArg tensor(std::vector<std::int64_t> dims, std::string type = "float") {
  return {CallArg::Kind::kTensor, std::move(dims), std::move(type), "", {}};
}

/// Builds a trace on one thread: ranges by start and end in us, kernels by their launch.
class Builder {
 public:
  Builder& op(const std::string& name, std::int64_t start, std::int64_t end, std::vector<CallArg> args = {}) {
    std::uint32_t call = 0;
    if (!args.empty()) {
      call = static_cast<std::uint32_t>(trace.calls.size());
      trace.calls.push_back({name, std::move(args)});
    }
    trace.ranges.push_back({HostRange::Kind::kOp, trace.texts.add(name), 1, start * kUs, end * kUs, 0, call});
    return *this;
  }
  Builder& module(const std::string& name, std::int64_t start, std::int64_t end) {
    trace.ranges.push_back({HostRange::Kind::kModule, trace.texts.add(name), 1, start * kUs, end * kUs, 0, 0});
    return *this;
  }
  Builder& kernel(const std::string& name, std::int64_t launched, std::int64_t us) {
    const std::uint64_t correlation = trace.launches.size() + 1;
    trace.launches.push_back(
        {trace.texts.add("cudaLaunchKernel"), 1, launched * kUs, (launched + 1) * kUs, correlation});
    DeviceEvent event;
    event.name = trace.texts.add(name);
    event.start_ns = (launched + 10) * kUs;
    event.end_ns = event.start_ns + us * kUs;
    event.correlation = correlation;
    trace.events.push_back(event);
    return *this;
  }

  Trace trace;
};

TraceSums sums_of(const Trace& trace) { return add_up(trace, link_events(trace)); }

const std::vector<CallArg> kMm = {tensor({64, 32}), tensor({32, 128})};
constexpr std::int64_t kMmFlop = 2 * 64 * 128 * 32;

}  // namespace

TEST_CASE("several kernels of one call are one call") {
  Builder built;
  built.op("aten::mm", 0, 50, kMm).kernel("Memset (Device)", 5, 1).kernel("sgemm", 10, 7);
  built.op("aten::mm", 100, 150, kMm).kernel("Memset (Device)", 105, 1).kernel("sgemm", 110, 9);
  const TraceSums sums = sums_of(built.trace);
  REQUIRE(sums.ops.size() == 1);
  const TraceOp& op = sums.ops.front();
  CHECK(op.calls == 2);
  CHECK(op.launches == 4);
  CHECK(op.time_ns == 18 * kUs);
  CHECK(op.call_s.min == 8e-6);
  CHECK(op.call_s.max == 10e-6);
  REQUIRE(op.cost);
  CHECK(op.cost->cost.matrix_flop == kMmFlop);
  REQUIRE(op.kernels.size() == 2);
  CHECK(op.kernels[0].name == "sgemm");
  CHECK(op.kernels[0].launches == 2);
}

TEST_CASE("a leaf without a formula counts with the nearest op around it that has one, once") {
  Builder built;
  built.op("aten::linear", 0, 90).op("aten::mm", 10, 80, kMm).op("custom::pack", 20, 30).kernel("pack", 21, 3);
  built.op("custom::tile", 40, 70).kernel("tile", 41, 5).kernel("tile", 45, 5);
  const TraceSums sums = sums_of(built.trace);
  REQUIRE(sums.ops.size() == 1);
  CHECK(sums.ops.front().name == "aten::mm");
  CHECK(sums.ops.front().calls == 1);
  CHECK(sums.ops.front().launches == 3);
  CHECK(sums.ops.front().time_ns == 13 * kUs);
}

TEST_CASE("where no op has a cost the innermost one is named, with the bytes of its tensors") {
  Builder built;
  built.op("my::layer", 0, 90).op("my::kernel", 10, 80, {tensor({100}), tensor({50})}).kernel("k", 20, 4);
  const TraceSums sums = sums_of(built.trace);
  REQUIRE(sums.ops.size() == 1);
  CHECK(sums.ops.front().name == "my::kernel");
  CHECK(sums.ops.front().family == "other");
  REQUIRE(sums.ops.front().cost);
  CHECK(!sums.ops.front().cost->flop_known);
  CHECK(sums.ops.front().cost->cost.unique == 4 * (100 + 50) + 4 * 100);  // a result as large as the largest
}

TEST_CASE("an op and the same work inside it, both with kernels of their own, are one call") {
  const std::vector<CallArg> image = {tensor({1, 3, 8, 8}),
                                      tensor({4, 3, 3, 3}),
                                      {},
                                      {CallArg::Kind::kScalar, {}, "", "[1, 1]", {}},
                                      {CallArg::Kind::kScalar, {}, "", "[0, 0]", {}},
                                      {CallArg::Kind::kScalar, {}, "", "[1, 1]", {}},
                                      {CallArg::Kind::kScalar, {}, "", "False", {}},
                                      {CallArg::Kind::kScalar, {}, "", "[0, 0]", {}},
                                      {CallArg::Kind::kScalar, {}, "", "1", {}}};
  const std::vector<CallArg> inner = {tensor({1, 3, 8, 8}),
                                      tensor({4, 3, 3, 3}),
                                      {CallArg::Kind::kScalar, {}, "", "[0, 0]", {}},
                                      {CallArg::Kind::kScalar, {}, "", "[1, 1]", {}},
                                      {CallArg::Kind::kScalar, {}, "", "[1, 1]", {}},
                                      {CallArg::Kind::kScalar, {}, "", "1", {}}};
  Builder built;
  built.op("aten::convolution", 0, 90, image).kernel("prepare", 5, 2).op("aten::cudnn_convolution", 20, 80, inner);
  built.kernel("conv", 30, 6);
  const TraceSums sums = sums_of(built.trace);
  REQUIRE(sums.ops.size() == 1);
  CHECK(sums.ops.front().name == "aten::convolution");
  CHECK(sums.ops.front().calls == 1);
  CHECK(sums.ops.front().time_ns == 8 * kUs);
  CHECK(sums.ops.front().cost->cost.matrix_flop == 2 * (4 * 6 * 6) * (3 * 3 * 3));
}

TEST_CASE("kernels without an op are named, and families hold the rest") {
  Builder built;
  built.op("aten::mm", 0, 50, kMm).kernel("sgemm", 10, 7).kernel("stray", 60, 2);
  const TraceSums sums = sums_of(built.trace);
  REQUIRE(sums.unattributed.size() == 1);
  CHECK(sums.unattributed.front().name == "stray");
  CHECK(sums.attributed_ns == 7 * kUs);
  REQUIRE(sums.families.size() == 1);
  CHECK(sums.families.front().name == "GEMM");
  CHECK(sums.op_of_event.back() == kNobody);
}

TEST_CASE("element types that were not recorded are those of the kernel's name") {
  CHECK(guess_type("void gemm<__nv_bfloat16, float>") == TypeGuess::kBf16);
  CHECK(guess_type("sm90_xmma_gemm_f16f16_f16f32_f32_tn") == TypeGuess::kFp16);
  CHECK(guess_type("ampere_sgemm_32x32") == TypeGuess::kFp32);
  CHECK(guess_type("void reduce<c10::Half>") == TypeGuess::kFp16);
  CHECK(guess_type("flash_fwd_kernel") == TypeGuess::kUnknown);
  Builder built;
  built.op("aten::mm", 0, 50, {tensor({64, 32}, ""), tensor({32, 128}, "")}).kernel("gemm_bf16", 10, 7);
  built.op("aten::mm", 100, 150, {tensor({64, 32}, ""), tensor({32, 128}, "")}).kernel("sgemm", 110, 7);
  built.op("aten::mm", 200, 250, {tensor({64, 32}, ""), tensor({32, 128}, "")}).kernel("secret", 210, 7);
  const TraceSums sums = sums_of(built.trace);
  std::vector<std::string> types;
  for (const TraceOp& op : sums.ops)
    types.emplace_back(op.cost && op.cost->flop_known ? row(op.cost->compute).name : "unknown");
  std::sort(types.begin(), types.end());
  CHECK(types == std::vector<std::string>{"bf16", "fp32", "unknown"});
}

TEST_CASE("fp32 products by a TF32 kernel are TF32's") {
  Builder built;
  built.op("aten::mm", 0, 50, kMm).kernel("cutlass_80_tensorop_s1688gemm_128x64", 10, 7);
  CHECK(sums_of(built.trace).ops.front().cost->compute == Dtype::kTf32);
}

TEST_CASE("modules hold what runs inside, by class, each class once an event") {
  Builder built;
  built.module("Net_0", 0, 500).module("Block_0", 10, 200).module("Block_1", 20, 100);
  built.op("aten::mm", 30, 50, kMm).kernel("sgemm", 35, 7);
  built.module("Block_2", 210, 400).op("aten::mm", 220, 250, kMm).kernel("sgemm", 225, 9);
  const TraceSums sums = sums_of(built.trace);
  REQUIRE(sums.modules.size() == 2);
  for (const NamedTime& module : sums.modules) {
    CAPTURE(module.name);
    CHECK(module.time_ns == 16 * kUs);
    CHECK(module.launches == 2);
  }
}
