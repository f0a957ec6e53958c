#include "tests/cuda_fake.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "probes/cuda/host_check.h"

namespace gable::cuda::fake {
namespace {

/// A kernel of this duration; `compute` is what it leaves in memory.
cudaError_t launch(const std::string& name, double seconds, const std::function<void()>& compute) {
  State& s = state();
  ++s.launches[name];
  if (s.capturing) {
    s.captured_s += s.graph_launch_s > seconds ? s.graph_launch_s : seconds;
    return cudaSuccess;
  }
  s.clock_s += seconds;
  if (s.fresh) {
    compute();
    s.fresh = false;
  }
  return cudaSuccess;
}

float float_of(std::uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

void compute_stream(const StreamLaunch& l) {
  const auto* x = static_cast<const std::uint32_t*>(l.x);
  const auto* y = static_cast<const std::uint32_t*>(l.y);
  auto* out = static_cast<std::uint32_t*>(l.out);
  for (std::int64_t i = 0; i < l.bytes / 4; ++i) {
    if (l.fn == StreamFn::kRead) *l.sum += x[i];
    if (l.fn == StreamFn::kWrite) out[i] = pattern_word(i, l.seed);
    if (l.fn == StreamFn::kCopy) out[i] = x[i];
    if (l.fn == StreamFn::kTriad) {
      const float value = float_of(x[i]) + 3 * float_of(y[i]);
      std::memcpy(out + i, &value, sizeof value);
    }
  }
  if (state().corrupt) ++*(l.fn == StreamFn::kRead ? l.sum : out);
}

cudaError_t stream(const StreamLaunch& l, cudaStream_t /*stream*/) {
  const int arrays = l.fn == StreamFn::kTriad ? 3 : l.fn == StreamFn::kCopy ? 2 : 1;
  return launch("stream", arrays * static_cast<double>(l.bytes) / state().dram_bytes_per_s, [&] { compute_stream(l); });
}

cudaError_t cache(const CacheLaunch& l, cudaStream_t /*stream*/) {
  const std::int64_t bytes = l.level == CacheLevel::kL2 ? l.bytes : l.bytes * l.blocks;
  return launch("cache", static_cast<double>(bytes * l.passes) / state().cache_bytes_per_s, [&] {
    std::uint32_t once = state().corrupt ? 1 : 0;
    for (std::int64_t i = 0; i < bytes / 4; ++i) once += static_cast<const std::uint32_t*>(l.x)[i];
    *l.sum += once * static_cast<std::uint32_t>(l.passes);
  });
}

cudaError_t fma(const FmaLaunch& l, cudaStream_t /*stream*/) {
  const std::int64_t threads = std::int64_t{l.blocks} * l.threads;
  const double flop =
      2.0 * (l.dtype == Dtype::kFp16 ? 2 : 1) * kFmaChains * kFmaSteps * static_cast<double>(l.rounds * threads);
  state().fresh = state().launches["fma"] == 0;
  return launch("fma", flop / state().fma_flop_per_s, [&] {
    for (int place = 0; place < 8; ++place) {  // those that a check may look at
      const std::int64_t thread = (threads - 1) * place / 7;
      const double value = fma_result(l.dtype, thread, l.rounds + (state().corrupt ? 1 : 0));
      if (l.dtype == Dtype::kFp64) {
        static_cast<double*>(l.out)[thread] = value;
      } else {
        static_cast<float*>(l.out)[thread] = static_cast<float>(value);
      }
    }
  });
}

void fill_random(const FillLaunch& l) {
  const auto random = [&](std::int64_t i) { return pattern_word(i * 7919, l.seed) ^ (pattern_word(i, l.seed) >> 7); };
  auto* words = static_cast<std::uint32_t*>(l.out);
  for (std::int64_t i = 0; i < l.bytes / 4; ++i) {
    const std::uint32_t r = random(i);
    const auto value = static_cast<float>(r >> 8) / 8388608.0F - 1;
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    if (l.dtype == Dtype::kFp64) bits = i % 2 == 0 ? 0 : (r & 0x800fffffU) | 0x3fe00000U;
    if (l.dtype == Dtype::kBf16) bits = (bits >> 16) | (bits & 0xffff0000U);
    if (l.dtype == Dtype::kFp16) bits = r & 0xbbffbbffU;     // below 2
    if (l.dtype == Dtype::kFp8E4m3) bits = r & 0xbfbfbfbfU;  // below 2
    if (l.dtype == Dtype::kInt8 || l.dtype == Dtype::kFp4) bits = r;
    words[i] = bits;
  }
}

cudaError_t fill(const FillLaunch& l, cudaStream_t /*stream*/) {
  auto* words = static_cast<std::uint32_t*>(l.out);
  for (std::int64_t i = 0; i < l.bytes / 4; ++i) {
    if (l.kind == FillKind::kPattern) words[i] = pattern_word(i, l.seed);
    if (l.kind == FillKind::kSmall) words[i] = small_word(i, l.seed);
    if (l.kind == FillKind::kByte) words[i] = (l.seed & 0xff) * 0x01010101U;
  }
  if (l.kind == FillKind::kRandom) fill_random(l);
  state().fresh = true;
  return cudaSuccess;
}

void compute_rows(const RowsLaunch& l) {
  for (std::int64_t r = 0; r < l.rows; ++r) {
    const float* x = l.x + r * l.width;
    float* out = l.out + r * l.width;
    double first = 0;
    double second = 0;
    for (std::int64_t i = 0; i < l.width; ++i)
      first += l.softmax ? 0 : static_cast<double>(x[i]) / static_cast<double>(l.width);
    for (std::int64_t i = 0; i < l.width; ++i) {
      const double d = static_cast<double>(x[i]) - first;
      second += l.softmax ? std::exp(d) : d * d;
    }
    for (std::int64_t i = 0; i < l.width; ++i) {
      const double d = static_cast<double>(x[i]) - first;
      out[i] = static_cast<float>(l.softmax ? std::exp(d) / second
                                            : d / std::sqrt(second / static_cast<double>(l.width) + 1e-5));
    }
  }
}

cudaError_t rows(const RowsLaunch& l, cudaStream_t /*stream*/) {
  state().fresh = true;
  return launch("rows", 8 * static_cast<double>(l.rows * l.width) / state().dram_bytes_per_s, [&] { compute_rows(l); });
}

cudaError_t empty(std::uint32_t* out, std::uint32_t value, cudaStream_t /*stream*/) {
  if (out != nullptr) *out = state().corrupt ? 0 : value;
  return launch("empty", state().capturing ? 0 : state().launch_s, [] {});
}

}  // namespace

State& state() {
  static State s;
  return s;
}

State& reset() { return state() = State(); }

const ProbeKernels& kernels() {
  static const ProbeKernels table = {stream, cache, fma, fill, rows, empty};
  return table;
}

HostClock clock() {
  return {[] { return state().clock_s; },
          [](double seconds) {
            state().clock_s += seconds;
            state().paused_s += seconds;
          }};
}

}  // namespace gable::cuda::fake
