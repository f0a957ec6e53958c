// Probes of DRAM and of the caches.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/units.h"
#include "probes/cuda/probes.h"

namespace gable::cuda {
namespace {

constexpr int kBuffers = 3;  ///< rotated: what a launch touches was not touched by the one before
constexpr std::int64_t kLeastBytes = std::int64_t{1} << 30;

struct StreamRow {
  StreamFn fn;
  std::string_view probe;
  int arrays;  ///< read + written
};
constexpr std::array<StreamRow, 4> kStreams = {{
    {StreamFn::kRead, "dram.read", 1},
    {StreamFn::kWrite, "dram.write", 1},
    {StreamFn::kCopy, "dram.copy", 2},
    {StreamFn::kTriad, "dram.triad", 3},
}};

struct CacheRow {
  CacheLevel level;
  std::string_view probe;
  int threads;
};
constexpr std::array<CacheRow, 3> kCaches = {{
    {CacheLevel::kL2, "l2.read", 512},
    {CacheLevel::kL1, "l1.read", 1024},
    {CacheLevel::kShared, "shared.read", 1024},
}};

/// Of one buffer: 8 times L2 and 1 GiB where a quarter of the free memory allows it, whole tiles.
std::int64_t buffer_bytes(const CudaFacts& facts) {
  const std::int64_t wanted = std::max(kLeastBytes, 8 * facts.l2_bytes);
  return std::min(wanted, facts.free_bytes / (kBuffers + 1)) / 4096 * 4096;
}

class Streams {
 public:
  Streams(const Session& session, const StreamRow& row) : session_(&session), row_(&row) {
    for (Memory& buffer : buffers_) buffer = session.allocate(buffer_bytes(session.facts()));
    sum_ = session.allocate(16);
    refill();
  }

  [[nodiscard]] std::int64_t bytes() const { return buffers_[0].bytes(); }

  void launch(StreamLaunch shape) {
    const auto at = [&](int offset) {
      return buffers_.at(static_cast<std::size_t>((turn_ + offset) % kBuffers)).data();
    };
    shape.fn = row_->fn;
    shape.x = at(1);
    shape.y = at(2);
    shape.out = at(0);
    shape.bytes = bytes();
    shape.sum = sum_.as<std::uint32_t>();
    shape.seed = kWriteSeed;
    turn_ = (turn_ + 1) % kBuffers;
    check_cuda(session_->kernels().stream(shape, session_->stream()), "stream kernel");
  }

  /// Runs it once on fresh buffers. @return "" or what is wrong
  std::string check(const StreamLaunch& shape) {
    refill();
    launch(shape);
    const std::int64_t words = bytes() / 4;
    if (row_->fn == StreamFn::kRead) {
      std::uint32_t sum = 0;
      session_->to_host(&sum, sum_.data(), sizeof sum);
      const std::uint32_t right = pattern_sum(words, 1);
      return sum == right ? "" : fmt::format("the sum of what was read is {}, not {}", sum, right);
    }
    const std::uint32_t seed = row_->fn == StreamFn::kWrite ? kWriteSeed : 1;
    return check_words(*session_, buffers_[0].data(), words,
                       [&](std::int64_t i) { return stream_word(row_->fn, i, seed, 2); });
  }

 private:
  static constexpr std::uint32_t kWriteSeed = 77;

  /// Buffer i begins with seed i; the next launch writes to buffer 0 from 1 and 2.
  void refill() {
    FillLaunch fill;
    fill.kind = row_->fn == StreamFn::kTriad ? FillKind::kSmall : FillKind::kPattern;
    for (std::uint32_t i = 0; i < kBuffers; ++i) {
      fill.out = buffers_.at(i).data();
      fill.bytes = bytes();
      fill.seed = i;
      session_->fill(fill);
    }
    FillLaunch zero;
    zero.kind = FillKind::kByte;
    zero.out = sum_.data();
    zero.bytes = sum_.bytes();
    session_->fill(zero);
    turn_ = 0;
  }

  const Session* session_;
  const StreamRow* row_;
  std::array<Memory, kBuffers> buffers_;
  Memory sum_;
  int turn_ = 0;
};

/// Bytes in flight differ between chips: a few ways to cut the work are tried, the fastest is kept.
std::vector<StreamLaunch> stream_variants(const CudaFacts& facts, std::int64_t bytes) {
  std::vector<StreamLaunch> variants;
  for (const int threads : {256, 512, 1024}) {
    for (const int unroll : {4, 8}) {
      const std::int64_t resident = facts.sms * std::int64_t{std::max(facts.threads_per_sm / threads, 1)};
      const std::int64_t tile = std::int64_t{threads} * unroll;
      const std::int64_t tiles = (bytes / 16 + tile - 1) / tile;
      for (const std::int64_t blocks : {resident, 8 * resident}) {
        StreamLaunch variant;
        variant.threads = threads;
        variant.unroll = unroll;
        variant.blocks = static_cast<int>(std::clamp<std::int64_t>(blocks, 1, tiles));
        variants.push_back(variant);
      }
    }
  }
  return variants;
}

}  // namespace

std::string check_words(const Session& session, const void* data, std::int64_t words,
                        const std::function<std::uint32_t(std::int64_t)>& expected) {
  constexpr std::int64_t kPieces = 64;
  std::vector<std::uint32_t> piece(static_cast<std::size_t>(std::min<std::int64_t>(1024, words)));
  const auto length = static_cast<std::int64_t>(piece.size());
  for (std::int64_t p = 0; p < kPieces; ++p) {
    const std::int64_t first =
        (words - length) / (kPieces - 1) * p + (p == kPieces - 1 ? (words - length) % (kPieces - 1) : 0);
    session.to_host(piece.data(), static_cast<const std::uint32_t*>(data) + first, 4 * length);
    for (std::int64_t i = 0; i < length; ++i) {
      const std::uint32_t got = piece[static_cast<std::size_t>(i)];
      const std::uint32_t right = expected(first + i);
      if (got != right) return fmt::format("word {} is {}, not {}", first + i, got, right);
    }
  }
  return "";
}

std::vector<Figure> dram_probe(Session& session, const ProbeContext& context, StreamFn fn) {
  const StreamRow& row = *std::find_if(kStreams.begin(), kStreams.end(), [&](const auto& r) { return r.fn == fn; });
  const Deadline deadline(session, context);
  Streams streams(session, row);
  std::vector<StreamLaunch> variants = stream_variants(session.facts(), streams.bytes());
  StreamLaunch best = variants.front();
  double least = 0;
  for (const StreamLaunch& variant : variants) {
    if (deadline.over()) break;
    const double s = sample(
                         session, [&] { streams.launch(variant); }, trial_plan(), deadline)
                         .summary()
                         .median;
    if (s > 0 && (least == 0 || s < least)) {
      least = s;
      best = variant;
    }
  }
  const std::string config =
      fmt::format("{} buffers of {}, {} x {} threads, {} loads of 16 bytes each", kBuffers,
                  format_binary_bytes(static_cast<double>(streams.bytes())), best.blocks, best.threads, best.unroll);
  const std::string wrong = streams.check(best);
  if (!wrong.empty()) return {refused_figure(row.probe, config, Unit::kBytesPerSecond, wrong)};
  const Sampled sampled = sample(
      session, [&] { streams.launch(best); }, memory_plan(context.effort), deadline);
  Figure figure =
      rate_figure(row.probe, config, Unit::kBytesPerSecond, static_cast<double>(streams.bytes()) * row.arrays, sampled);
  refuse_above(figure, dram_peak(session.facts()));
  return {figure};
}

std::vector<Figure> cache_probe(Session& session, const ProbeContext& context, CacheLevel level) {
  const CacheRow& row = *std::find_if(kCaches.begin(), kCaches.end(), [&](const auto& r) { return r.level == level; });
  const CudaFacts& facts = session.facts();
  const Deadline deadline(session, context);
  CacheLaunch launch;
  launch.level = level;
  launch.threads = row.threads;
  launch.blocks = facts.sms * std::max(facts.threads_per_sm / launch.threads, 1);
  // A quarter of L2: a chip of two partitions answers from the near one. Of L1 and shared memory what every chip has.
  const bool l2 = level == CacheLevel::kL2;
  launch.bytes = l2 ? facts.l2_bytes / 4 / 16384 * 16384 : level == CacheLevel::kL1 ? 16384 : 32768;
  launch.passes = l2 ? 16 : 4096;
  const std::int64_t all = l2 ? launch.bytes : launch.bytes * launch.blocks;
  if (launch.bytes <= 0) return {refused_figure(row.probe, "", Unit::kBytesPerSecond, "the driver reports no L2")};
  const Memory data = session.allocate(all);
  const Memory sum = session.allocate(16);
  launch.x = data.data();
  launch.sum = sum.as<std::uint32_t>();
  session.fill({.out = data.data(), .bytes = all, .seed = 5});
  session.fill({.kind = FillKind::kByte, .out = sum.data(), .bytes = sum.bytes()});
  const auto run = [&] { check_cuda(session.kernels().cache(launch, session.stream()), "cache kernel"); };
  run();
  const std::string config =
      fmt::format("{}{}, {} x {} threads", format_binary_bytes(static_cast<double>(launch.bytes)), l2 ? "" : " a block",
                  launch.blocks, launch.threads);
  std::uint32_t got = 0;
  session.to_host(&got, sum.data(), sizeof got);
  const std::uint32_t right = pattern_sum(all / 4, 5) * static_cast<std::uint32_t>(launch.passes);
  if (got != right) {
    return {refused_figure(row.probe, config, Unit::kBytesPerSecond,
                           fmt::format("the sum of what was read is {}, not {}", got, right))};
  }
  const Sampled sampled = sample(session, run, memory_plan(context.effort), deadline);
  Figure figure = rate_figure(row.probe, config, Unit::kBytesPerSecond,
                              static_cast<double>(all) * static_cast<double>(launch.passes), sampled);
  refuse_above(figure, l2 ? l2_peak(facts) : shared_peak(facts));
  return {figure};
}

}  // namespace gable::cuda
