// Kernels of many sizes, run as the ops of a model run them, for the calibration of predictions.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include "probes/collected_shapes.h"
#include "probes/cpu/cpu_probes.h"
#include "probes/cpu/engine.h"
#include "probes/cpu/shape_set.h"
#include "probes/sampling.h"

namespace gable {
namespace {

// Samples: many sizes a few times tell more than few sizes many times.
constexpr int kLong = 9;
constexpr int kShort = 25;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

const float* floats(const Buffer& buffer) { return static_cast<const float*>(buffer.data); }

/// "" or "element 3 is 4.5, not 4".
std::string differs(std::string_view what, std::int64_t at, double got, double right, double tolerance) {
  if (std::fabs(got - right) <= tolerance) return "";
  return fmt::format("element {} of a {} is {:.6g}, not {:.6g}", at, what, got, right);
}

/// Random values, which pieces of buffers are taken from: filling takes longer than timing.
class Bench {
 public:
  explicit Bench(const ProbeContext& context)
      : facts_(this_cpu()), engine_(make_cpu_engine(facts_.threads)), context_(context), begin_(Clock::now()) {}

  [[nodiscard]] const CpuFacts& facts() const { return facts_; }
  [[nodiscard]] Engine& engine() { return *engine_; }
  Buffer make(std::int64_t n) {
    Buffer buffer = engine_->allocate(n, Dtype::kFp32);
    engine_->fill(buffer, {Fill::What::kUniform, 1, 1, ++seed_});
    return buffer;
  }
  [[nodiscard]] bool over() const { return seconds_since(begin_) > context_.budget_s; }

  /// Times of a task, each after `before`, in an even part of the time that is left.
  std::vector<double> times(const Task& task, const Task& before, std::size_t kernels_left, int most) const {
    ProbeContext part = context_;
    part.budget_s = std::max(0.0, context_.budget_s - seconds_since(begin_)) /
                    static_cast<double>(std::max<std::size_t>(kernels_left, 1));
    return sample(part, {1, 5, most}, [&] {
      before();
      const auto begin = Clock::now();
      task();
      return seconds_since(begin);
    });
  }

 private:
  CpuFacts facts_;
  std::unique_ptr<Engine> engine_;
  const ProbeContext& context_;
  Clock::time_point begin_;
  std::uint64_t seed_ = 0;
};

std::int64_t most_elements(const std::vector<Shape>& shapes,
                           const std::function<std::int64_t(const Shape&)>& elements) {
  std::int64_t most = 1;
  for (const Shape& shape : shapes) most = std::max(most, elements(shape));
  return most;
}

/// What a model does to the caches between two kernels that use the same tensor: the inner caches are full of others,
/// and a weight's turn comes again only when all other weights have gone through the last cache, too.
class ModelBetween {
 public:
  explicit ModelBetween(Bench& bench)
      : near_(bench.facts().cache_bytes(2)),
        last_(std::min(2 * bench.facts().cache_bytes(bench.facts().last_level()), bench.facts().free_bytes / 8)),
        all_(bench.make(std::max(kTimes * near_, last_) / kBytes)),
        threads_(bench.facts().threads) {}

  /// Before kernels of activations alone: they come from the last cache.
  [[nodiscard]] Task activations() const {
    return [this] { read(kTimes * near_); };
  }
  /// Before a product with weights: those come from DRAM, and its activations have just been written.
  [[nodiscard]] Task weights(Engine& engine, const GemmCall& call) const {
    std::vector<Task> fresh;
    for (const Buffer& buffer : {call.a, call.out}) {
      if (kBytes * buffer.n <= near_) fresh.push_back(engine.prepare(MapCall{MapFn::kScale, buffer, {}, buffer, 1}));
    }
    return [this, fresh] {
      read(last_);
      for (const Task& task : fresh) task();
    };
  }

 private:
  static constexpr std::int64_t kBytes = 4;
  static constexpr std::int64_t kTimes =
      8;  // caches keep some of what was used often; pages, too, must be looked up anew
  static constexpr std::int64_t kMultiple = 256;  // as slice_elements() has it

  void read(std::int64_t bytes) const {
    StreamArgs args;
    args.x = floats(all_);
    args.n = args.stride = bytes / kBytes / threads_ / kMultiple * kMultiple;
    args.threads = threads_;
    cpu_kernels().stream(args);
  }

  std::int64_t near_;
  std::int64_t last_;
  Buffer all_;
  int threads_;
};

/// Some results against sums in double. The weights are stored n x k, activations k x n.
std::string check_product(const GemmCall& call) {
  const std::int64_t last = call.batch * call.m * call.n - 1;
  for (const std::int64_t at : {std::int64_t{0}, last / 3, last / 2, last}) {
    const std::int64_t batch = at / (call.m * call.n);
    const std::int64_t i = at / call.n % call.m;
    const std::int64_t j = at % call.n;
    const float* const a = floats(call.a) + (batch * call.m + i) * call.k;
    const float* const b = floats(call.b) + batch * call.k * call.n;
    double sum = 0;
    for (std::int64_t k = 0; k < call.k; ++k)
      sum += static_cast<double>(a[k]) * static_cast<double>(call.b_transposed ? b[j * call.k + k] : b[k * call.n + j]);
    std::string wrong = differs("product", at, static_cast<double>(floats(call.out)[at]), sum,
                                1e-5 * std::sqrt(static_cast<double>(call.k)) + 1e-6 * std::fabs(sum));
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::vector<Figure> probe_products(const ProbeContext& context, std::string_view name, bool with_weights) {
  Bench bench(context);
  const double peak = best_before(context, "fma.fp32");
  const std::vector<Shape> shapes = with_weights ? product_shapes(bench.facts(), context.effort, peak)
                                                 : batched_shapes(bench.facts(), context.effort, peak);
  const auto elements = [&](std::size_t rows, std::size_t columns) {
    return most_elements(shapes, [&](const Shape& s) { return s.dims[0] * s.dims.at(rows) * s.dims.at(columns); });
  };
  const Buffer a = bench.make(elements(1, 3));
  const Buffer b = bench.make(elements(2, 3));
  const Buffer out = bench.make(elements(1, 2));
  const ModelBetween between(bench);
  CollectedShapes collected(context);
  for (std::size_t i = 0; i < shapes.size() && !bench.over(); ++i) {
    const auto& dims = shapes[i].dims;
    GemmCall call;
    call.batch = dims[0];
    call.m = dims[1];
    call.n = dims[2];
    call.k = dims[3];
    call.a = a.piece(0, call.batch * call.m * call.k);
    call.b = b.piece(0, call.batch * call.n * call.k);
    call.out = out.piece(0, call.batch * call.m * call.n);
    call.b_transposed = call.b_constant = with_weights;
    const Task task = bench.engine().prepare(call);
    task();
    if (std::string wrong = check_product(call); !wrong.empty()) {
      collected.wrong(std::move(wrong));
      continue;
    }
    const Task before = with_weights ? between.weights(bench.engine(), call) : between.activations();
    collected.add(shapes[i], bench.times(task, before, shapes.size() - i, with_weights ? kLong : kShort));
  }
  return {collected.figure(name, shapes.size())};
}

/// The first and the last row of a softmax add up to 1; those of a layer norm with neither gain nor shift have the
/// variance 1.
std::string check_rows(const RowsCall& call) {
  const bool softmax = call.fn == RowsFn::kSoftmax;
  for (const std::int64_t r : {std::int64_t{0}, call.rows - 1}) {
    double sum = 0;
    for (std::int64_t i = r * call.width; i < (r + 1) * call.width; ++i) {
      const auto value = static_cast<double>(floats(call.out)[i]);
      sum += softmax ? value : value * value / static_cast<double>(call.width);
    }
    std::string wrong = differs(softmax ? "softmax's sum over row" : "layer norm's variance over row", r, sum, 1, 1e-3);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace

std::vector<Figure> probe_gemm_shapes(const ProbeContext& context) {
  return probe_products(context, "shapes.gemm", true);
}

std::vector<Figure> probe_bmm_shapes(const ProbeContext& context) {
  return probe_products(context, "shapes.bmm", false);
}

std::vector<Figure> probe_stream_shapes(const ProbeContext& context) {
  Bench bench(context);
  const std::vector<Shape> shapes = stream_shapes(bench.facts(), context.effort);
  const std::int64_t most = most_elements(shapes, [](const Shape& s) { return s.dims[2]; });
  const Buffer x = bench.make(most);
  const Buffer y = bench.make(most);
  const Buffer out = bench.make(most);
  const ModelBetween between(bench);
  CollectedShapes collected(context);
  for (std::size_t i = 0; i < shapes.size() && !bench.over(); ++i) {
    const bool sums = shapes[i].dims[0] == 2;
    const std::int64_t n = shapes[i].dims[2];
    MapCall call{sums ? MapFn::kAdd : MapFn::kCopy, x.piece(0, n), {}, out.piece(0, n), 1};
    if (sums) call.y = y.piece(0, n);
    const Task task = bench.engine().prepare(call);
    task();
    std::string wrong;
    for (const std::int64_t at : {std::int64_t{0}, n / 2, n - 1}) {
      const double right = static_cast<double>(floats(x)[at]) + (sums ? static_cast<double>(floats(y)[at]) : 0);
      if (wrong.empty()) wrong = differs("stream", at, static_cast<double>(floats(out)[at]), right, 1e-6);
    }
    if (!wrong.empty()) {
      collected.wrong(std::move(wrong));
      continue;
    }
    collected.add(shapes[i], bench.times(task, between.activations(), shapes.size() - i, kShort));
  }
  return {collected.figure("shapes.stream", shapes.size())};
}

std::vector<Figure> probe_rows_shapes(const ProbeContext& context) {
  Bench bench(context);
  const std::vector<Shape> shapes = rows_shapes(bench.facts(), context.effort);
  const std::int64_t most = most_elements(shapes, [](const Shape& s) { return s.dims[0] * s.dims[1]; });
  const Buffer x = bench.make(most);
  const Buffer out = bench.make(most);
  const Buffer stats = bench.make(2 * most_elements(shapes, [](const Shape& s) { return s.dims[0]; }));
  const ModelBetween between(bench);
  CollectedShapes collected(context);
  for (std::size_t i = 0; i < shapes.size() && !bench.over(); ++i) {
    RowsCall call;
    call.fn = shapes[i].kind == ShapeKind::kSoftmax ? RowsFn::kSoftmax : RowsFn::kLayernorm;
    call.rows = shapes[i].dims[0];
    call.width = shapes[i].dims[1];
    call.x = x.piece(0, call.rows * call.width);
    call.out = out.piece(0, call.rows * call.width);
    if (call.fn == RowsFn::kLayernorm) call.stats = stats.piece(0, 2 * call.rows);
    const Task task = bench.engine().prepare(call);
    task();
    if (std::string wrong = check_rows(call); !wrong.empty()) {
      collected.wrong(std::move(wrong));
      continue;
    }
    collected.add(shapes[i], bench.times(task, between.activations(), shapes.size() - i, kShort));
  }
  return {collected.figure("shapes.rows", shapes.size())};
}

}  // namespace gable
