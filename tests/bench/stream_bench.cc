// The probe's triad against STREAM's own loop (McCalpin 1995), compiled with the same flags, the best of 20 each,
// taking turns. Exit code 1 where they differ by more than 5 %.
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>

#include "probes/cpu/facts.h"
#include "probes/cpu/kernels.h"

namespace {

using Clock = std::chrono::steady_clock;
using Floats = std::unique_ptr<float[], void (*)(void*)>;

Floats make(std::int64_t n) {
  auto* data = static_cast<float*>(std::aligned_alloc(4096, static_cast<std::size_t>(n) * sizeof(float)));
  if (data == nullptr) throw std::bad_alloc();
  return {data, std::free};
}

/// As in stream.c: one loop over global arrays, shared out by OpenMP.
void stream_triad(const float* __restrict b, const float* __restrict c, float* __restrict a, std::int64_t n) {
#pragma omp parallel for
  for (std::int64_t j = 0; j < n; ++j) a[j] = b[j] + 3.0F * c[j];
}

template <typename Run>
double seconds(Run run) {
  const auto begin = Clock::now();
  run();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

int main() {
  const gable::CpuFacts cpu = gable::this_cpu();
  omp_set_num_threads(cpu.threads);
  const std::int64_t each =
      std::max<std::int64_t>(cpu.cache_bytes(cpu.last_level()), 1 << 25) / cpu.threads / 256 * 256;
  const std::int64_t n = each * cpu.threads;  // four times the last cache in bytes
  const Floats a = make(n);
  const Floats b = make(n);
  const Floats c = make(n);
#pragma omp parallel for
  for (std::int64_t j = 0; j < n; ++j) {
    a[j] = 0;
    b[j] = 1;
    c[j] = 2;
  }
  gable::StreamArgs args;
  args.fn = gable::StreamFn::kTriad;
  args.x = b.get();
  args.y = c.get();
  args.out = a.get();
  args.n = args.stride = each;
  args.threads = cpu.threads;
  double ours = 1e9;
  double theirs = 1e9;
  for (int i = 0; i < 20; ++i) {
    theirs = std::min(theirs, seconds([&] { stream_triad(b.get(), c.get(), a.get(), n); }));
    ours = std::min(ours, seconds([&] { gable::cpu_kernels().stream(args); }));
  }
  const double bytes = 12.0 * static_cast<double>(n);
  const double ratio = theirs / ours;
  fmt::print("triad, {} threads, best of 20: STREAM's loop {:.2f} GB/s, the probe {:.2f} GB/s, {:.3f} of it\n",
             cpu.threads, bytes / theirs / 1e9, bytes / ours / 1e9, ratio);
  return ratio > 0.95 && ratio < 1.05 ? 0 : 1;
}
