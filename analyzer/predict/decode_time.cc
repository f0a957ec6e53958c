// Decode: a block reads the keys and values of one head for all query heads of its group. Blocks share the keys of a
// head so that few sequences fill the device, and another kernel joins what they found (Flash-Decoding).
#include <algorithm>
#include <array>
#include <cmath>

#include "analyzer/predict/attention_shape.h"
#include "analyzer/predict/attention_time.h"

namespace gable {
namespace {

enum Constant : std::size_t {
  kStart,
  kDram,
  kCached,
  kBlock,
  kHead,
  kLoad,
  kWaves,
  kSplits,
  kAlone,
  kGroup,
  kCombine,
  kJoin,
  kWide,
  kHuge,
  kOdd,
  kLone,
  kTail,
  kToken,
  kRegroup,
  kEmpty,
  kL2,
  kLean,
  kPace,
  kPart,
  kColumns
};
constexpr std::array<ConstantRow, 25> kDecode = {{
    {"start", "seconds before the first block runs", 8e-6, 0.4},
    {"dram", "share of the datasheet's DRAM bandwidth", 0.85, 0.1, 1},
    {"cached", "bytes that L2 still holds from the call before, over its size", 0.6, 0.4},
    {"block", "SM-seconds of a block beside its keys", 1.5e-6, 0.6},
    {"head", "SM-seconds of a query head", 0.03e-6, 0.8},
    {"load", "bytes/s of keys and values into one SM, over its share of DRAM bandwidth", 2.5, 0.4},
    {"waves", "blocks for each SM that splitting aims at", 1.8, 0.4},
    {"splits", "blocks at most that share 16384 keys; goes with the root of keys", 40, 0.6},
    {"alone", "share of these where a query head has keys of its own", 0.5, 2.0, 1, 0.02},
    {"group", "query heads at most that share a block", 90, 0.5, kNoLimit, 36},
    {"combine", "seconds of the kernel that joins what blocks of one head found", 3e-6, 0.6},
    {"join", "its seconds for each of them", 0.1e-6, 0.8},
    {"wide", "time of keys of heads wider than 128 elements, over their bytes'", 1.2, 0.4},
    {"huge", "time of a block beside its keys where heads are wider than 256 elements, over others", 2, 1.2},
    {"odd", "the same of heads whose width is no power of two", 1.1, 0.3},
    {"lone", "speed of a block alone on its SM, over that of an SM", 0.9, 0.4},
    {"tail", "share of a block's time for which the last wave is not full", 0.2, 1.0, 1},
    {"token", "SM-seconds for each token whose 512 elements of keys or more go to the cache", 0.3e-6, 0.7},
    {"regroup", "seconds of two copies that gather the query heads of groups", 1e-6, 1.3},
    {"empty", "seconds of the splits without keys of a sequence's head", 1e-10, 4, kNoLimit, 2e-6},
    {"l2", "bandwidth of L2 over that of DRAM", 3, 0.4},
    {"lean", "time of a block for one query head beside its keys, over others", 0.6, 0.7},
    {"pace", "time of keys in a block for one query head, over others", 0.8, 0.4},
    {"part", "how far such a block stops within a tile of keys: 0 not, 1 wholly", 0.4, 1.0, 1},
    {"columns", "share of a block's seconds beside its keys that goes with the width of heads, at 128 elements", 0.2,
     1.0, 1},
}};
constexpr double kGroupEdge = 12;        // how sharply a group that is too large is taken apart
constexpr double kCacheEdge = 8;         // how sharply what L2 does not hold is read again
constexpr double kTileElements = 16384;  // of a tile of keys
constexpr double kCopyKernels = 1e-6;    // seconds beyond which regrouping is taken to copy
constexpr double kSplitKeys = 16384;     // that the constant is for

/// How the kernel divides its work.
struct Division {
  double blocks = 1;  ///< before the keys are split
  double splits = 1;
  double tiles = 1;  ///< of keys
  double tile = 128;
  double single = 0;  ///< share of blocks for one query head
};

Division division_of(const AttentionShape& s, const ChipFacts& device, std::span<const double> c) {
  Division d;
  const double group = s.group();
  const double over = 1 - 1 / (1 + std::pow(group / c[kGroup], kGroupEdge));
  d.single = group > 1 ? over : 1;
  d.blocks = s.batch * s.kv_heads * std::pow(group, over);
  d.tile = std::clamp(kTileElements / s.width, 64.0, 256.0);
  d.tiles = std::ceil(s.keys() / d.tile);
  // TensorRT-LLM splits by the root of the keys' tiles, to at most 8 waves (computeMultiBlockCount); FlashAttention
  // to what fills its SMs, heads without a group not at all (set_params_splitkv).
  const double most =
      c[kSplits] * std::sqrt(d.tiles * d.tile / kSplitKeys) * (group > 1 ? 1 : std::min(c[kAlone], 1.0));
  const double wanted = c[kWaves] * device.sms / d.blocks;
  d.splits = std::min(std::max(1.0, 1 / std::hypot(1 / wanted, 1 / most)), d.tiles);
  return d;
}

double compute_seconds(const AttentionShape& s, const Division& d, const ChipFacts& device, std::span<const double> c) {
  const double load = c[kLoad] * device.bytes_per_s / device.sms;
  const double tile = d.tile * s.width * 2 * s.element / load * width_factor(s.width, c[kWide], 1, c[kOdd]) *
                      std::pow(c[kPace], d.single);
  const double columns = 1 + std::min(c[kColumns], 1.0) * (s.width / 128 - 1);
  const double fixed = c[kBlock] * columns * std::pow(c[kLean], d.single) * (s.width > 256 ? c[kHuge] : 1);
  const double spared = (d.tiles - s.keys() / d.tile) * d.single * std::min(c[kPart], 1.0);
  const double each = (d.tiles - spared) / d.splits;
  const double one = fixed + each * tile / c[kLone];
  const double average = d.blocks * d.splits / device.sms * (fixed + each * tile);
  return in_waves(average, one, c[kTail]) + s.batch * s.heads * c[kHead] / device.sms;
}

}  // namespace

std::span<const ConstantRow> decode_constants() { return kDecode; }

KernelTime decode_time(const Shape& shape, const ChipFacts& device, std::span<const double> c) {
  const AttentionShape s(shape);
  const double bandwidth = device.bytes_per_s * std::min(c[kDram], 1.0);
  const auto moved = [&](double bytes) {
    const double kept = std::pow(c[kCached] * device.l2_bytes / bytes, kCacheEdge);
    return bytes * (1 / bandwidth + kept / (c[kL2] * device.bytes_per_s)) / (1 + kept);
  };
  const Division d = division_of(s, device, c);
  KernelTime time;
  time.start_s = c[kStart] + std::min(d.splits - 1, 1.0) * (c[kCombine] + d.splits * c[kJoin]) +
                 c[kToken] * s.batch * s.cache_threads() / device.sms + unused_splits_seconds(s, c[kEmpty]);
  // Small constants stand for libraries without these copies.
  if (s.regroups()) time.start_s += c[kRegroup] * (1 + moved(4 * s.query_bytes()) / (c[kRegroup] + kCopyKernels));
  time.compute_s = compute_seconds(s, d, device, c);
  time.dram_s = moved(s.cache_bytes() + 2 * s.query_bytes());
  time.total_s = time.start_s + overlapped(time.compute_s, time.dram_s);
  return time;
}

}  // namespace gable
