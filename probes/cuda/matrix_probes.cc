// Probes of matrix products.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "probes/cuda/lt_types.h"
#include "probes/cuda/probes.h"
#include "probes/cuda/shape_set.h"

namespace gable::cuda {
namespace {

constexpr int kAlgorithms = 16;
constexpr int kPlaces = 16;                 ///< of a product that are checked
constexpr double kTrialShare = 0.3;         ///< of the budget
constexpr std::uint32_t kUnitScale = 0x38;  ///< 1 in ue4m3: exponent 7 with bias 7

std::int64_t bytes_of(Dtype dtype, std::int64_t elements) {
  return (tensor_bytes(elements, dtype).value() + 255) / 256 * 256;
}

double flop_of(const LtGemmSpec& spec) {
  return 2.0 * static_cast<double>(spec.m) * static_cast<double>(spec.n) * static_cast<double>(spec.k) *
         static_cast<double>(spec.batch);
}

/// The fastest shape and algorithm that a trial found.
struct Best {
  LtGemmSpec spec;
  int algorithm = 0;
  double flop_per_s = 0;
  std::string why_none = "no shape was tried in time";
};

Best fastest(Session& session, const ProbeContext& context, Dtype dtype) {
  ProbeContext trial = context;
  trial.budget_s *= kTrialShare;
  const Deadline deadline(session, trial);
  Best best;
  for (const LtGemmSpec& spec : peak_shapes(session.facts(), dtype)) {
    if (deadline.over() && best.flop_per_s > 0) break;
    try {
      LtGemm gemm(session.lt(), spec, kAlgorithms);
      const GemmMemory memory = gemm_memory(session, spec);
      const std::function<void()> launch = gemm.task(memory.operands());
      for (int algorithm = 0; algorithm < gemm.algorithms(); ++algorithm) {
        if (algorithm > 0 && deadline.over()) break;
        gemm.choose(algorithm);
        const double s = sample(session, launch, trial_plan(), deadline).summary().median;
        if (s > 0 && flop_of(spec) / s > best.flop_per_s) best = {spec, algorithm, flop_of(spec) / s, ""};
      }
    } catch (const LtUnsupported& error) {
      best.why_none = error.what();
    }
  }
  return best;
}

std::string config_of(const LtGemm& gemm) {
  const LtGemmSpec& spec = gemm.spec();
  return fmt::format("{}x{}x{} TN, {}", spec.m, spec.n, spec.k, gemm.choice());
}

}  // namespace

LtOperands GemmMemory::operands() const {
  return {a.data(), b.data(), out.data(), nullptr, a_scales.data(), b_scales.data()};
}

std::int64_t gemm_memory_bytes(const LtGemmSpec& spec) {
  return bytes_of(spec.dtype, spec.batch * spec.m * spec.k) + bytes_of(spec.dtype, spec.batch * spec.k * spec.n) +
         bytes_of(lt_out_dtype(spec.dtype), spec.batch * spec.m * spec.n) + lt_scale_bytes(spec.dtype, spec.m, spec.k) +
         lt_scale_bytes(spec.dtype, spec.n, spec.k);
}

GemmMemory gemm_memory(const Session& session, const LtGemmSpec& spec) {
  GemmMemory memory;
  const auto operand = [&](std::int64_t elements, std::uint32_t seed) {
    Memory made = session.allocate(bytes_of(spec.dtype, elements));
    session.fill({FillKind::kRandom, spec.dtype, made.data(), made.bytes(), seed});
    return made;
  };
  const auto scales = [&](std::int64_t rows) {
    const std::int64_t bytes = lt_scale_bytes(spec.dtype, rows, spec.k);
    if (bytes == 0) return Memory();
    Memory made = session.allocate(bytes);
    session.fill({FillKind::kByte, spec.dtype, made.data(), made.bytes(), kUnitScale});
    return made;
  };
  memory.a = operand(spec.batch * spec.m * spec.k, 11);
  memory.b = operand(spec.batch * spec.k * spec.n, 12);
  memory.a_scales = scales(spec.m);
  memory.b_scales = scales(spec.n);
  const Dtype out = lt_out_dtype(spec.dtype);
  memory.out = session.allocate(bytes_of(out, spec.batch * spec.m * spec.n));
  // Nothing that a product could mistake for a result.
  session.fill({FillKind::kByte, out, memory.out.data(), memory.out.bytes(), 0xff});
  return memory;
}

std::string check_gemm(const Session& session, const LtGemmSpec& spec, const LtOperands& operands, int places) {
  const Dtype out = lt_out_dtype(spec.dtype);
  const std::int64_t line = tensor_bytes(spec.k, spec.dtype).value();
  const std::int64_t element = tensor_bytes(1, out).value();
  std::vector<char> a(static_cast<std::size_t>(line));
  std::vector<char> b(static_cast<std::size_t>(line));
  for (int place = 0; place < places; ++place) {
    // The last corner first: what a cut-off tile would miss.
    const std::int64_t i = place == 0 ? spec.batch * spec.m - 1 : pattern_word(place, 1) % (spec.batch * spec.m);
    const std::int64_t j = place == 0 ? spec.n - 1 : pattern_word(place, 2) % spec.n;
    session.to_host(a.data(), static_cast<const char*>(operands.a) + i * line, line);
    const std::int64_t of_b = i / spec.m * spec.n + j;
    session.to_host(b.data(), static_cast<const char*>(operands.b) + of_b * line, line);
    char raw[8] = {};
    session.to_host(raw, static_cast<const char*>(operands.out) + (i * spec.n + j) * element, element);
    const Dot exact = dot(spec.dtype, a.data(), b.data(), spec.k);
    const double got = decoded(out, raw, 0);
    // Written so that NaN fails.
    if (!(std::abs(got - exact.value) <= gemm_tolerance(spec.dtype, out, exact))) {
      return fmt::format("element ({}, {}) is {:.6g}, not {:.6g}", i, j, got, exact.value);
    }
  }
  return "";
}

std::vector<Figure> matrix_probe(Session& session, const ProbeContext& context, Dtype dtype) {
  const std::string probe = fmt::format("matrix.{}", row(dtype).name);
  const LtTypes* types = lt_types(dtype);
  if (session.facts().capability < types->min_capability) {
    return {refused_figure(probe, "", Unit::kFlopPerSecond,
                           fmt::format("compute capability {}.{} has no units for it", session.facts().capability / 10,
                                       session.facts().capability % 10))};
  }
  const Deadline deadline(session, context);
  const Best best = fastest(session, context, dtype);
  if (best.flop_per_s <= 0) return {refused_figure(probe, "", Unit::kFlopPerSecond, best.why_none)};

  LtGemm gemm(session.lt(), best.spec, kAlgorithms);
  gemm.choose(best.algorithm);
  const GemmMemory memory = gemm_memory(session, best.spec);
  const std::function<void()> launch = gemm.task(memory.operands());
  launch();
  const std::string wrong = check_gemm(session, best.spec, memory.operands(), kPlaces);
  if (!wrong.empty()) return {refused_figure(probe, config_of(gemm), Unit::kFlopPerSecond, wrong)};

  std::vector<Figure> figures;
  const auto measure = [&](std::string_view how, const SamplingPlan& plan) {
    Figure figure = rate_figure(fmt::format("{}.{}", probe, how), config_of(gemm), Unit::kFlopPerSecond,
                                flop_of(best.spec), sample(session, launch, plan, deadline));
    refuse_above(figure, matrix_peak(session.facts(), dtype));
    figures.push_back(std::move(figure));
  };
  measure("burst", burst_plan(context.effort));
  measure("sustained", sustained_plan(context.effort));
  return figures;
}

}  // namespace gable::cuda
