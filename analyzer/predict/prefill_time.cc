// Prefill: blocks of queries x one head walk over tiles of keys (Dao 2023, FlashAttention-2, section 3), after a kernel
// that rotates queries and writes keys and values to the cache.
#include <algorithm>
#include <array>
#include <cmath>

#include "analyzer/predict/attention_shape.h"
#include "analyzer/predict/attention_time.h"

namespace gable {
namespace {

enum Constant : std::size_t {
  kStart,
  kPeak,
  kDram,
  kExp,
  kBlock,
  kL2,
  kOne,
  kPacked,
  kQueries,
  kCache,
  kToken,
  kRegroup,
  kLone,
  kTail,
  kWide,
  kHuge,
  kOdd,
  kEmpty,
  kSplits,
  kColumns
};
constexpr std::array<ConstantRow, 20> kPrefill = {{
    {"start", "seconds before the first block runs", 8e-6, 0.5},
    {"peak", "share of the datasheet's FLOP/s of its products", 0.75, 0.2},
    {"dram", "share of the datasheet's DRAM bandwidth", 0.85, 0.1, 1},
    {"exp", "FLOP of the products in the time of one exponential", 150, 0.6},
    {"block", "SM-seconds of a block beside its products", 1e-6, 0.8},
    {"l2", "bandwidth of L2 over that of DRAM", 3, 0.4},
    {"one", "how far the query heads of a group share a block where each has one position: 0 not, 1 wholly", 0.5, 1.0,
     1},
    {"packed", "the same where they have more", 0.05, 1.5, 1},
    {"queries", "how often the kernel before reads and writes the queries", 0.5, 1.0},
    {"cache", "how often it reads or writes the new keys and values", 2, 0.6},
    {"token", "its SM-seconds for each token of 512 elements of keys or more", 0.5e-6, 1.5},
    {"regroup", "seconds of two copies that gather the query heads of groups", 0.5e-6, 1.5},
    {"lone", "speed of a block alone on its SM, over that of an SM", 1, 0.5},
    {"tail", "share of a block's time for which the last wave is not full", 0.2, 1.0, 1},
    {"wide", "time of products of heads wider than 128 elements, over others", 1.1, 0.3},
    {"huge", "the same beyond 256 elements", 2, 0.7},
    {"odd", "the same of heads whose width is no power of two", 1.15, 0.3},
    {"empty", "seconds of the splits without keys of a sequence's head", 1e-10, 4, kNoLimit, 2e-6},
    {"splits", "blocks beside the first that share the keys of a tile where SMs are free", 0.3, 1.5},
    {"columns", "share of a block's seconds beside its products that goes with the width of heads, at 128 elements",
     0.2, 1.0, 1},
}};
constexpr double kQueryTile = 128;
constexpr double kLeastTile = 64;
constexpr double kKeyTile = 64;
constexpr double kStays = 0.5;  // share of L2 that still holds what the kernel before wrote

double tile_of(double queries) { return queries <= kLeastTile ? kLeastTile : kQueryTile; }

double blocks_of(const AttentionShape& s, std::span<const double> c) {
  const double apart = s.heads * std::ceil(s.queries / tile_of(s.queries));
  const double rows = s.queries * s.group();
  const double together = s.kv_heads * std::ceil(rows / tile_of(rows));
  return s.batch * apart * std::pow(together / apart, std::min(s.queries > 1 ? c[kPacked] : c[kOne], 1.0));
}

/// Keys that a block meets on average: whole tiles, those at the diagonal half of their queries'.
double keys_of(const AttentionShape& s) {
  const double tile = std::min(s.queries, tile_of(s.queries));
  return kKeyTile * std::ceil((s.past + (s.queries + tile) / 2) / kKeyTile);
}

double compute_seconds(const AttentionShape& s, const ChipFacts& device, std::span<const double> c) {
  const double tile = tile_of(s.queries);
  const double longest = kKeyTile * std::ceil(s.keys() / kKeyTile);
  const double flop = 4 * s.width * width_factor(s.width, c[kWide], c[kHuge], c[kOdd]) + c[kExp];
  const double pair = flop * device.sms / (device.flop_per_s * c[kPeak]);
  const double blocks = blocks_of(s, c);
  const double splits = std::clamp(device.sms / blocks, 1.0, 1 + c[kSplits]);
  const double fixed = c[kBlock] * (1 + std::min(c[kColumns], 1.0) * (s.width / 128 - 1));
  return in_waves(blocks / device.sms * (fixed + tile * keys_of(s) * pair),
                  fixed + tile * longest * pair / (c[kLone] * splits), c[kTail]);
}

}  // namespace

std::span<const ConstantRow> prefill_constants() { return kPrefill; }

KernelTime prefill_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  const AttentionShape s(shape);
  const double l2 = c[kL2] * device.bytes_per_s;
  const auto moved = [&](double bytes) {
    const double far = std::max(0.0, bytes - kStays * device.l2_bytes);
    return far / (device.bytes_per_s * std::min(c[kDram], 1.0)) + (bytes - far) / l2;
  };
  const double before = moved(2 * c[kQueries] * s.query_bytes() + c[kCache] * s.new_bytes()) +
                        c[kToken] * s.batch * s.queries * s.cache_threads() / device.sms;
  KernelTime time;
  time.start_s =
      c[kStart] + before + (s.regroups() ? c[kRegroup] : 0) + (s.queries > 1 ? 0 : unused_splits_seconds(s, c[kEmpty]));
  time.compute_s = compute_seconds(s, device, c);
  time.l2_s = blocks_of(s, c) * keys_of(s) * s.width * 2 * s.element / l2;
  time.dram_s = moved(2 * s.query_bytes() + s.cache_bytes());
  time.total_s = time.start_s + overlapped(time.compute_s, time.dram_s, time.l2_s);
  return time;
}

Features attention_features(const Shape& shape, const KernelTime& /*time*/) {
  const AttentionShape s(shape);
  return {std::log2(s.batch * s.kv_heads), std::log2(s.keys()), std::log2(s.group()), 2 * std::log2(s.width)};
}

}  // namespace gable
