#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>

#include "probes/cpu/cpu_probes.h"
#include "probes/cpu/engine.h"
#include "probes/sampling.h"

namespace gable {
namespace {

constexpr std::int64_t kMultiple = 256;  // elements, a multiple of every kernel's unrolling

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct StreamShape {
  int arrays;
  double bytes;  ///< that an element's pass moves
};
StreamShape shape_of(StreamFn fn) {
  constexpr std::array<StreamShape, 4> kShapes = {{{1, 4}, {2, 8}, {3, 12}, {1, 8}}};
  return kShapes.at(static_cast<std::size_t>(fn));
}

/// Arrays of floats with a slice for each thread, on pages of their own.
struct StreamBuffers {
  StreamBuffers(StreamFn fn, std::int64_t n, int threads) : engine(make_cpu_engine(threads)) {
    args.fn = fn;
    args.n = n;
    args.stride = n;
    args.threads = threads;
    float* const first = make();
    args.x = first;
    set(first, 1.0F);
    if (fn == StreamFn::kUpdate) args.out = first;
    if (shape_of(fn).arrays == 1) return;
    args.out = make();
    if (fn == StreamFn::kCopy) return;
    float* const second = make();
    args.y = second;
    set(second, 2.0F);
  }

  float* make() {
    held.push_back(engine->allocate(args.n * args.threads, Dtype::kFp32));
    auto* data = static_cast<float*>(held.back().data);
    cpu_kernels().touch(data, args.n, args.stride, args.threads);
    return data;
  }
  void set(float* data, float value) const { std::fill_n(data, args.n * args.threads, value); }

  std::unique_ptr<Engine> engine;
  std::vector<Buffer> held;
  StreamArgs args;
};

/// Ones are read, copied, negated in place, and 1 + 3 x 2 is 7.
std::string verify(const StreamBuffers& buffers, double sum) {
  const StreamArgs& a = buffers.args;
  const std::int64_t n = a.n * a.threads;
  if (a.fn == StreamFn::kRead) return sum == static_cast<double>(n) ? "" : fmt::format("read {} ones as {}", n, sum);
  const float wanted = a.fn == StreamFn::kCopy ? 1.0F : a.fn == StreamFn::kUpdate ? -1.0F : 7.0F;
  const auto wrong = std::count_if(a.out, a.out + n, [&](float value) { return value != wanted; });
  return wrong == 0 ? "" : fmt::format("{} of {} elements are not {}", wrong, n, wanted);
}

Figure measure(const ProbeContext& context, std::string_view name, StreamFn fn, std::int64_t n, int threads) {
  constexpr double kSampleSeconds = 2e-3;  // long enough for a parallel region not to count
  constexpr double kBytes = 4;
  StreamBuffers buffers(fn, n, threads);
  StreamArgs& args = buffers.args;
  const auto timed = [&] {
    const auto begin = std::chrono::steady_clock::now();
    cpu_kernels().stream(args);
    return seconds_since(begin);
  };
  const std::string wrong = verify(buffers, cpu_kernels().stream(args));
  args.rounds = std::max<std::int64_t>(1, static_cast<std::int64_t>(kSampleSeconds / std::max(timed(), 1e-7)));
  const std::vector<double> times = sample(context, sample_plan(context.effort), timed);
  const double bytes = shape_of(fn).bytes * static_cast<double>(n * threads * args.rounds);
  Figure figure = rate_figure(std::string(name),
                              fmt::format("{}, {} x {}", counted(threads, "thread"), shape_of(fn).arrays,
                                          format_binary_bytes(kBytes * static_cast<double>(n * threads), 3)),
                              Unit::kBytesPerSecond, bytes, times);
  figure.refused = wrong;
  return figure;
}

}  // namespace

std::int64_t slice_elements(const CpuFacts& facts, int level, int arrays, int threads, Effort effort) {
  constexpr std::int64_t kBytes = 4;
  const auto whole = [&](std::int64_t elements) { return std::max(elements / kMultiple, std::int64_t{1}) * kMultiple; };
  if (level != kDramLevel) {
    const auto found = std::find_if(facts.caches.begin(), facts.caches.end(),
                                    [&](const CacheLevel& cache) { return cache.level == level; });
    if (found == facts.caches.end()) return 0;
    const int sharing = std::min(found->sharing, threads);
    return whole(found->bytes / 2 / sharing / arrays / kBytes);
  }
  const std::int64_t times = effort == Effort::kQuick ? 2 : 4;
  const std::int64_t last = std::max(facts.cache_bytes(facts.last_level()), std::int64_t{32} << 20U);
  const std::int64_t array = std::min(times * last, facts.free_bytes / 8);
  return whole(array / threads / kBytes);
}

std::vector<Figure> probe_stream(const ProbeContext& context, std::string_view name, int level, StreamFn fn) {
  const CpuFacts facts = this_cpu();
  std::vector<Figure> figures;
  ProbeContext part = context;
  const std::set<int> counts = {1, facts.threads};
  part.budget_s = context.budget_s / static_cast<double>(counts.size());
  for (const int threads : counts) {
    const std::int64_t n = slice_elements(facts, level, shape_of(fn).arrays, threads, context.effort);
    if (n > 0) figures.push_back(measure(part, name, fn, n, threads));
  }
  return figures;
}

}  // namespace gable
