#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "probes/cpu/cpu_probes.h"
#include "probes/cpu/engine.h"
#include "probes/cpu/onednn.h"
#include "probes/random.h"
#include "probes/sampling.h"

namespace gable {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::string threads_and_width(int threads) {
  return fmt::format("{}, {} ({} bits)", counted(threads, "thread"), cpu_kernels().isa, cpu_kernels().simd_bits);
}

/// FLOP a cycle of one core that no x86 core exceeds: two multiply-add units as wide as the registers.
double most_flop_per_cycle(int element_bits) { return 2.0 * 2 * cpu_kernels().simd_bits / element_bits; }

constexpr double kClockSeconds = 0.02;
constexpr int kClockLooks = 20;
constexpr double kTurbo = 0.1;  // the clock may rise between two measurements: a tenth is what turbo steps amount to

using FmaKernel = double (*)(std::int64_t, int, double&);

std::vector<Figure> probe_fma(const ProbeContext& context, const char* name, FmaKernel kernel, int element_bits) {
  constexpr std::int64_t kRounds = 1 << 22;  // the result, rounds + 1, is exact in fp32
  double clock = measure_clock(kClockSeconds);
  std::vector<Figure> figures;
  const std::set<int> counts = {1, this_cpu().threads};
  ProbeContext part = context;
  part.budget_s = context.budget_s / static_cast<double>(counts.size());
  for (const int threads : counts) {
    double flop = 0;
    double result = 0;
    const std::vector<double> times = sample(part, sample_plan(context.effort), [&] {
      const auto begin = Clock::now();
      flop = kernel(kRounds, threads, result);
      return seconds_since(begin);
    });
    Figure figure = rate_figure(name, threads_and_width(threads), Unit::kFlopPerSecond, flop, times);
    const double most = most_flop_per_cycle(element_bits) * threads;
    // Another program on the core makes the clock look slow: none is refused on the word of one look at it.
    for (int again = 0; again < kClockLooks && figure.best > (1 + kTurbo) * most * clock; ++again)
      clock = std::max(clock, measure_clock(kClockSeconds));
    figure.clock_hz = clock;
    if (result != static_cast<double>(kRounds + 1)) figure.refused = fmt::format("adds up to {}", result);
    refuse_above(figure, most * clock, kTurbo,
                 fmt::format("{} x 2 multiply-add units x {} lanes x 2 FLOP x {}", counted(threads, "core"),
                             cpu_kernels().simd_bits / element_bits, format_si(clock, "Hz", 3)));
    figures.push_back(figure);
  }
  return figures;
}

/// Operands of a square product, filled with random values, and its result.
template <typename Element>
struct SquareProduct {
  explicit SquareProduct(std::int64_t size) : n(size), a(area()), b(area()), out(area()) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] = random_symmetric(1, i, 1.0F);
      b[i] = random_symmetric(2, i, 1.0F);
    }
  }
  [[nodiscard]] std::size_t area() const { return static_cast<std::size_t>(n * n); }
  [[nodiscard]] double flop() const { return 2.0 * std::pow(static_cast<double>(n), 3); }

  /// Elements along the diagonal against sums in double: products of values below 1 differ by rounding alone.
  [[nodiscard]] std::string verify(double tolerance) const {
    for (std::int64_t i = 0; i < n; i += std::max<std::int64_t>(1, n / 16)) {
      double sum = 0;
      for (std::int64_t k = 0; k < n; ++k)
        sum += static_cast<double>(a[static_cast<std::size_t>(i * n + k)]) *
               static_cast<double>(b[static_cast<std::size_t>(k * n + i)]);
      const auto got = static_cast<double>(out[static_cast<std::size_t>(i * n + i)]);
      if (std::fabs(got - sum) > tolerance * static_cast<double>(n))
        return fmt::format("element ({0}, {0}) is {1}, not {2}", i, got, sum);
    }
    return "";
  }

  std::int64_t n;
  std::vector<Element> a, b, out;
};

std::vector<std::int64_t> gemm_sizes(Effort effort) {
  if (effort == Effort::kQuick) return {1024};
  if (effort == Effort::kFull) return {512, 1024, 2048, 4096};
  return {1024, 2048};
}

/// `product(problem, threads)` returns what runs it once.
template <typename Element, typename MakeProduct>
std::vector<Figure> probe_gemm(const ProbeContext& context, const char* name, const char* fma, double tolerance,
                               MakeProduct make) {
  const int threads = this_cpu().threads;
  std::vector<Figure> figures;
  const std::vector<std::int64_t> sizes = gemm_sizes(context.effort);
  ProbeContext part = context;
  part.budget_s = context.budget_s / static_cast<double>(sizes.size());
  for (const std::int64_t n : sizes) {
    SquareProduct<Element> problem(n);
    const std::function<void()> run = make(problem, threads);
    if (!run) return figures;
    const std::vector<double> times = sample(part, sample_plan(context.effort), [&] {
      const auto begin = Clock::now();
      run();
      return seconds_since(begin);
    });
    Figure figure = rate_figure(name, fmt::format("{0} x {0} x {0}, {1}", n, threads_and_width(threads)),
                                Unit::kFlopPerSecond, problem.flop(), times);
    figure.refused = problem.verify(tolerance);
    refuse_above(figure, best_before(context, fma), 0.02,
                 "the multiply-add peak measured here, and 2 % for its spread");
    figures.push_back(figure);
  }
  return figures;
}

template <typename Element>
MatrixArgs matrix_args(SquareProduct<Element>& problem, int threads) {
  return {problem.n,        problem.n,        problem.n,          false,  false, false,
          problem.a.data(), problem.b.data(), problem.out.data(), threads};
}

}  // namespace

double best_before(const ProbeContext& context, std::string_view probe) {
  double best = 0;
  if (context.before == nullptr) return best;
  for (const Figure& figure : *context.before) {
    if (figure.probe == probe && figure.refused.empty()) best = std::max(best, figure.best);
  }
  return best;
}

std::vector<Figure> probe_clock(const ProbeContext& context) {
  constexpr std::uint64_t kCycles = 1U << 22U;
  const std::vector<double> times = sample(context, sample_plan(context.effort), [&] {
    const auto begin = Clock::now();
    cpu_kernels().count_cycles(kCycles);
    return seconds_since(begin);
  });
  Figure figure = rate_figure("clock", "1 thread", Unit::kHertz, static_cast<double>(kCycles), times);
  constexpr std::uint64_t kFew = 1000;  // 0 + 1 + ... + 999
  if (cpu_kernels().count_cycles(kFew) != kFew * (kFew - 1) / 2) figure.refused = "the chain adds up wrong";
  return {figure};
}

std::vector<Figure> probe_fma_fp32(const ProbeContext& context) {
  return probe_fma(context, "fma.fp32", cpu_kernels().fma_fp32, 32);
}

std::vector<Figure> probe_fma_fp64(const ProbeContext& context) {
  return probe_fma(context, "fma.fp64", cpu_kernels().fma_fp64, 64);
}

std::vector<Figure> probe_gemm_onednn(const ProbeContext& context) {
  std::string why_not;
  OneDnn* const onednn = find_onednn(why_not);
  if (onednn == nullptr) {
    Figure missing = rate_figure("gemm.fp32.onednn", "", Unit::kFlopPerSecond, 0, {1.0});
    missing.samples = 0;
    missing.refused = "oneDNN is missing: " + why_not;
    return {missing};
  }
  return probe_gemm<float>(context, "gemm.fp32.onednn", "fma.fp32", 1e-6, [&](auto& problem, int /*threads*/) {
    DnnProduct product;
    product.m = product.n = product.k = problem.n;
    product.a = problem.a.data();
    product.b = problem.b.data();
    product.out = problem.out.data();
    return onednn->product(product).run;
  });
}

std::vector<Figure> probe_gemm_eigen_fp32(const ProbeContext& context) {
  return probe_gemm<float>(context, "gemm.fp32.eigen", "fma.fp32", 1e-6, [](auto& problem, int threads) {
    return std::function<void()>([args = matrix_args(problem, threads)] { cpu_kernels().matrix_fp32(args); });
  });
}

std::vector<Figure> probe_gemm_eigen_fp64(const ProbeContext& context) {
  return probe_gemm<double>(context, "gemm.fp64.eigen", "fma.fp64", 1e-13, [](auto& problem, int threads) {
    return std::function<void()>([args = matrix_args(problem, threads)] { cpu_kernels().matrix_fp64(args); });
  });
}

std::vector<Figure> probe_dispatch(const ProbeContext& context) {
  constexpr int kCalls = 1000;
  constexpr std::int64_t kElements = 16;
  const auto engine = make_cpu_engine(this_cpu().threads);
  const Buffer x = engine->allocate(kElements, Dtype::kFp32);
  const Buffer y = engine->allocate(kElements, Dtype::kFp32);
  engine->fill(x, {Fill::What::kUniform, 1, 1, 1});
  const Task task = engine->prepare(MapCall{MapFn::kRelu, x, {}, y, 1});
  const std::string how = engine->last_choice();
  const std::vector<double> times = sample(context, sample_plan(context.effort), [&] {
    const auto begin = Clock::now();
    for (int i = 0; i < kCalls; ++i) task();
    return seconds_since(begin) / kCalls;
  });
  Figure figure = time_figure("dispatch", fmt::format("relu of {} elements, {}", kElements, how), times);
  for (std::int64_t i = 0; i < kElements; ++i) {
    const float in = static_cast<const float*>(x.data)[i];
    if (static_cast<const float*>(y.data)[i] != std::max(in, 0.0F)) figure.refused = "relu is wrong";
  }
  return {figure};
}

}  // namespace gable
