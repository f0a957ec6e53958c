// Probes of the vector units, of launches and of the link to the host.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "analyzer/base/units.h"
#include "probes/cuda/probes.h"

namespace gable::cuda {
namespace {

constexpr std::int64_t kFmaRounds = 128;

/// The first, the last and a few threads between. @return "" or what is wrong
std::string check_chains(const Session& session, const FmaLaunch& launch, std::int64_t element_bytes) {
  const std::int64_t threads = std::int64_t{launch.blocks} * launch.threads;
  for (int place = 0; place < 8; ++place) {
    const std::int64_t thread = (threads - 1) * place / 7;
    std::array<char, 8> raw{};
    session.to_host(raw.data(), static_cast<const char*>(launch.out) + thread * element_bytes, element_bytes);
    const double got = decoded(launch.dtype, raw.data(), 0);
    const double right = fma_result(launch.dtype, thread, launch.rounds);
    if (got != right) return fmt::format("thread {} ends with {}, not {}", thread, got, right);
  }
  return "";
}

}  // namespace

std::vector<Figure> fma_probe(Session& session, const ProbeContext& context, Dtype dtype) {
  const std::string probe = fmt::format("fma.{}", row(dtype).name);
  const CudaFacts& facts = session.facts();
  const Deadline deadline(session, context);
  const bool pairs = dtype == Dtype::kFp16;
  const std::int64_t element = dtype == Dtype::kFp64 ? 8 : 4;  // fp16: a pair
  FmaLaunch launch;
  launch.dtype = dtype;
  launch.rounds = kFmaRounds;
  launch.blocks = facts.sms * std::max(facts.threads_per_sm / launch.threads, 1);
  const std::int64_t threads = std::int64_t{launch.blocks} * launch.threads;
  const Memory out = session.allocate(threads * element);
  launch.out = out.data();
  const auto run = [&] { check_cuda(session.kernels().fma(launch, session.stream()), "FMA kernel"); };
  const std::string config = fmt::format("{} x {} threads, {} chains each{}", launch.blocks, launch.threads, kFmaChains,
                                         pairs ? " of pairs" : "");
  run();
  const std::string wrong = check_chains(session, launch, element);
  if (!wrong.empty()) return {refused_figure(probe, config, Unit::kFlopPerSecond, wrong)};
  const Sampled sampled = sample(session, run, memory_plan(context.effort), deadline);
  const double flop = 2.0 * (pairs ? 2 : 1) * kFmaChains * kFmaSteps * static_cast<double>(kFmaRounds * threads);
  Figure figure = rate_figure(probe, config, Unit::kFlopPerSecond, flop, sampled);
  refuse_above(figure, vector_peak(facts, dtype));
  return {figure};
}

std::vector<Figure> launch_probe(Session& session, const ProbeContext& context, bool graph) {
  const std::string_view probe = graph ? "launch.graph" : "launch.stream";
  constexpr std::uint32_t kMark = 0x5eed;
  const Memory out = session.allocate(16);
  const auto launch = [&](std::uint32_t* to) {
    check_cuda(session.kernels().empty(to, kMark, session.stream()), "empty kernel");
  };
  launch(out.as<std::uint32_t>());
  std::uint32_t got = 0;
  session.to_host(&got, out.data(), sizeof got);
  if (got != kMark) {
    return {refused_figure(probe, "", Unit::kSeconds, fmt::format("the kernel wrote {}, not {}", got, kMark))};
  }
  SamplingPlan plan = memory_plan(context.effort);
  plan.through_graph = graph;
  plan.sample_s = 1;  // as many as a batch may have
  const Sampled sampled = sample(
      session, [&] { launch(nullptr); }, plan, Deadline(session, context));
  return {time_figure(
      probe, fmt::format("{} empty kernels {}", sampled.launches, graph ? "in a graph" : "back to back"), sampled)};
}

std::vector<Figure> transfer_probe(Session& session, const ProbeContext& context, bool to_device) {
  const std::string_view probe = to_device ? "link.to-device" : "link.to-host";
  const std::int64_t bytes =
      std::min<std::int64_t>(std::int64_t{256} << 20, session.facts().free_bytes / 4) / 4096 * 4096;
  const Memory host = session.allocate_pinned(bytes);
  const Memory device = session.allocate(bytes);
  const auto words = static_cast<std::size_t>(bytes / 4);
  const int generation = session.monitor().pcie_generation();
  const int width = session.monitor().pcie_width();
  std::string config = fmt::format("{} pinned", format_binary_bytes(static_cast<double>(bytes)));
  if (generation > 0) config += fmt::format(", PCIe gen {} x{}", generation, width);
  const auto run = [&] {
    check_cuda(
        session.runtime().memcpy_async(to_device ? device.data() : host.data(), to_device ? host.data() : device.data(),
                                       static_cast<std::size_t>(bytes),
                                       to_device ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost, session.stream()),
        "cudaMemcpyAsync");
  };
  auto* const on_host = host.as<std::uint32_t>();
  const auto pattern = [](std::int64_t i) { return pattern_word(i, 9); };
  std::string wrong;
  if (to_device) {
    for (std::size_t i = 0; i < words; ++i) on_host[i] = pattern(static_cast<std::int64_t>(i));
    run();
    wrong = check_words(session, device.data(), bytes / 4, pattern);
  } else {
    std::memset(on_host, 0, static_cast<std::size_t>(bytes));
    session.fill({.out = device.data(), .bytes = bytes, .seed = 9});
    run();
    session.synchronize();
    for (std::size_t i = 0; i < words && wrong.empty(); ++i) {
      const std::uint32_t right = pattern(static_cast<std::int64_t>(i));
      if (on_host[i] != right) wrong = fmt::format("word {} is {}, not {}", i, on_host[i], right);
    }
  }
  if (!wrong.empty()) return {refused_figure(probe, config, Unit::kBytesPerSecond, wrong)};
  const Sampled sampled = sample(session, run, memory_plan(context.effort), Deadline(session, context));
  Figure figure = rate_figure(probe, config, Unit::kBytesPerSecond, static_cast<double>(bytes), sampled);
  // The superchips' link to the host is NVLink-C2C, whatever PCIe they report.
  const std::string& name = session.facts().name;
  if (name.find("GH200") != std::string::npos || name.find("GB200") != std::string::npos) return {figure};
  // An idle link may report a lower generation than it runs at: read again after the work.
  refuse_above(figure, pcie_peak(std::max(generation, session.monitor().pcie_generation()), width));
  return {figure};
}

}  // namespace gable::cuda
