// Timings of many sizes, for the calibration of predictions.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "probes/collected_shapes.h"
#include "probes/cuda/probes.h"
#include "probes/cuda/shape_set.h"

namespace gable::cuda {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr double kGraphBelowS =
    1e-4;  ///< kernels shorter than this are replayed as a graph: launches take microseconds

/// Some launches in a graph where they are short. Quick ones take 5 samples, others 10.
Sampled sample_shape(const Session& session, const std::function<void()>& launch, const ProbeContext& context,
                     const Deadline& deadline) {
  SamplingPlan plan = trial_plan();
  plan.warmup_s = 1e-3;
  const double about = sample(session, launch, plan, deadline).summary().median;
  plan.samples = context.effort == Effort::kQuick ? 5 : 10;
  plan.sample_s = 5e-4;
  plan.most_launches = 100;
  plan.through_graph = about < kGraphBelowS;
  return sample(session, launch, plan, deadline);
}

/// The first and the last row against the host, in fp64. @return "" or what is wrong
std::string check_rows(const Session& session, const RowsLaunch& launch) {
  std::vector<float> x(static_cast<std::size_t>(launch.width));
  std::vector<float> out(x.size());
  const std::int64_t bytes = 4 * launch.width;
  for (const std::int64_t r : {std::int64_t{0}, launch.rows - 1}) {
    session.to_host(x.data(), launch.x + r * launch.width, bytes);
    session.to_host(out.data(), launch.out + r * launch.width, bytes);
    double shift = launch.softmax ? -std::numeric_limits<double>::infinity() : 0;
    for (const float v : x) {
      const auto value = static_cast<double>(v);
      shift = launch.softmax ? std::max(shift, value) : shift + value / static_cast<double>(launch.width);
    }
    double sum = 0;
    for (const float v : x) {
      const double d = static_cast<double>(v) - shift;
      sum += launch.softmax ? std::exp(d) : d * d;
    }
    const double scale = launch.softmax ? 1 / sum : 1 / std::sqrt(sum / static_cast<double>(launch.width) + 1e-5);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double d = static_cast<double>(x[i]) - shift;
      const double right = (launch.softmax ? std::exp(d) : d) * scale;
      if (!(std::abs(static_cast<double>(out[i]) - right) <= 1e-4 * std::max(std::abs(right), scale))) {
        return fmt::format("element ({}, {}) of {} is {:.6g}, not {:.6g}", r, i,
                           launch.softmax ? "softmax" : "layernorm", out[i], right);
      }
    }
  }
  return "";
}

}  // namespace

std::vector<Figure> gemm_shapes_probe(Session& session, const ProbeContext& context) {
  const Deadline deadline(session, context);
  const std::vector<LtGemmSpec> shapes = calibration_shapes(session.facts(), context.effort, kSeed);
  CollectedShapes collected(context);
  for (const LtGemmSpec& spec : shapes) {
    if (deadline.over()) break;
    try {
      const LtGemm gemm(session.lt(), spec);
      const GemmMemory memory = gemm_memory(session, spec);
      gemm.run(memory.operands());
      const std::string wrong = check_gemm(session, spec, memory.operands(), 4);
      if (!wrong.empty()) {
        collected.wrong(wrong);
        continue;
      }
      collected.add(product_shape(spec.dtype, spec.batch, spec.m, spec.n, spec.k),
                    sample_shape(session, gemm.task(memory.operands()), context, deadline).seconds);
    } catch (const LtUnsupported& error) {
      collected.wrong(error.what());
    }
  }
  return {collected.figure("shapes.gemm", shapes.size())};
}

std::vector<Figure> stream_shapes_probe(Session& session, const ProbeContext& context) {
  const Deadline deadline(session, context);
  const std::vector<std::int64_t> sizes = stream_sizes(session.facts(), context.effort);
  CollectedShapes collected(context);
  const std::int64_t most = sizes.empty() ? 0 : 4 * *std::max_element(sizes.begin(), sizes.end());
  const std::array<Memory, 3> buffers = {session.allocate(most + 16), session.allocate(most + 16),
                                         session.allocate(most + 16)};
  constexpr std::array<std::pair<StreamFn, std::int64_t>, 2> kKinds = {
      {{StreamFn::kCopy, 1}, {StreamFn::kTriad, 2}}};  // with how many inputs
  for (const auto& kind : kKinds) {
    const StreamFn fn = kind.first;
    for (const std::int64_t n : sizes) {
      if (deadline.over()) break;
      for (std::uint32_t i = 0; i < 3; ++i) {
        session.fill({FillKind::kSmall, Dtype::kFp32, buffers.at(i).data(), 4 * n, i});
      }
      StreamLaunch launch;
      launch.fn = fn;
      launch.x = buffers[1].data();
      launch.y = buffers[2].data();
      launch.out = buffers[0].data();
      launch.bytes = 4 * n;
      const std::int64_t tiles = (n / 4 + 1023) / 1024;
      launch.blocks = static_cast<int>(std::clamp<std::int64_t>(tiles, 1, std::int64_t{32} * session.facts().sms));
      const auto run = [&] { check_cuda(session.kernels().stream(launch, session.stream()), "stream kernel"); };
      run();
      const auto right = [&](std::int64_t i) {
        return fn == StreamFn::kCopy ? small_word(i, 1) : stream_word(fn, i, 1, 2);
      };
      const std::string wrong = check_words(session, launch.out, n, right);
      if (!wrong.empty()) {
        collected.wrong(wrong);
        continue;
      }
      collected.add({ShapeKind::kStream, Dtype::kFp32, {kind.second, 1, n}},
                    sample_shape(session, run, context, deadline).seconds);
    }
  }
  return {collected.figure("shapes.stream", 2 * sizes.size())};
}

std::vector<Figure> rows_shapes_probe(Session& session, const ProbeContext& context) {
  const Deadline deadline(session, context);
  const std::vector<RowsSize> sizes = rows_sizes(session.facts(), context.effort);
  CollectedShapes collected(context);
  for (const RowsSize& size : sizes) {
    const std::int64_t bytes = 4 * size.rows * size.width;
    const Memory x = session.allocate(bytes);
    const Memory out = session.allocate(bytes);
    session.fill({FillKind::kRandom, Dtype::kFp32, x.data(), bytes, 3});
    for (const bool softmax : {true, false}) {
      if (deadline.over()) break;
      const RowsLaunch launch = {softmax, x.as<float>(), out.as<float>(), size.rows, size.width};
      const auto run = [&] { check_cuda(session.kernels().rows(launch, session.stream()), "rows kernel"); };
      run();
      const std::string wrong = check_rows(session, launch);
      if (!wrong.empty()) {
        collected.wrong(wrong);
        continue;
      }
      collected.add({softmax ? ShapeKind::kSoftmax : ShapeKind::kLayerNorm, Dtype::kFp32, {size.rows, size.width}},
                    sample_shape(session, run, context, deadline).seconds);
    }
  }
  return {collected.figure("shapes.rows", 2 * sizes.size())};
}

}  // namespace gable::cuda
