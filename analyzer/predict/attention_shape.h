// What the time models of prefill and decode share: the sizes of an attention kernel and the costs around it.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "analyzer/predict/time_model.h"

namespace gable {

/// Of constants that may take any value.
inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

struct AttentionShape {
  double batch = 1;
  double queries = 1;
  double past = 0;
  double heads = 1;
  double kv_heads = 1;
  double width = 1;    ///< elements of a head
  double element = 2;  ///< bytes

  explicit AttentionShape(const Shape& shape)
      : batch(shape.dim(0)),
        queries(shape.dim(1)),
        past(shape.dim(2)),
        heads(shape.dim(3)),
        kv_heads(shape.dim(4)),
        width(shape.dim(5)),
        element(row(shape.dtype).bits / 8.0) {}

  [[nodiscard]] double keys() const { return past + queries; }
  [[nodiscard]] double group() const { return heads / kv_heads; }
  [[nodiscard]] double query_bytes() const { return batch * queries * heads * width * element; }
  /// Keys and values that the queries' tokens bring.
  [[nodiscard]] double new_bytes() const { return 2 * batch * queries * kv_heads * width * element; }
  /// Keys and values that the queries attend to.
  [[nodiscard]] double cache_bytes() const { return 2 * batch * keys() * kv_heads * width * element; }
  /// Of a thread block for each token that writes its keys and values to the cache: its share of 512 threads
  /// (vLLM, reshape_and_cache_flash).
  [[nodiscard]] double cache_threads() const { return std::min(kv_heads * width, 512.0) / 512; }
  /// With one query in each sequence, kernels that gather the query heads of a group take them as queries of one head.
  /// Two copies reorder queries and result, unless batch, group or key heads are one (FlashAttention, mha_varlen_fwd:
  /// seqlenq_ngroups_swapped).
  [[nodiscard]] bool regroups() const { return queries == 1 && batch > 1 && kv_heads > 1 && heads > kv_heads; }
};

/// Products of a head, over those of one of 128 elements or less: tiles of wide heads fill the registers, and a width
/// that is no power of two leaves a part of them empty.
inline double width_factor(double width, double wide, double huge, double odd) {
  const double log = std::log2(width);
  return (width > 128 ? wide : 1) * (width > 256 ? huge : 1) * (log > std::floor(log) ? odd : 1);
}

/// A library that plans the splits of up to 992 sequences (FlashAttention, flash_prepare_scheduler: 31 sequences for
/// each of 32 warps) may launch as many for each, those without keys too.
inline double unused_splits_seconds(const AttentionShape& s, double each) {
  constexpr double kPlanned = 992;
  return s.batch <= kPlanned ? each * s.batch * s.kv_heads : 0;
}

/// The slowest of what runs at the same time, a little more where they are alike.
inline double overlapped(double a, double b, double c = 0) {
  constexpr double kNorm = 3.5;
  const double most = std::max({a, b, c});
  return most * std::pow(std::pow(a / most, kNorm) + std::pow(b / most, kNorm) + std::pow(c / most, kNorm), 1 / kNorm);
}

/// Seconds of thread blocks of which each takes `one`, and which all together would fill the device for `average`: the
/// last wave is not full.
inline double in_waves(double average, double one, double tail) {
  return std::max(one, average + std::min(tail, 1.0) * one);
}

}  // namespace gable
