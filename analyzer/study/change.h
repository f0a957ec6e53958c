// One change to what is analysed, as `--change` states it: a dim, a recipe, a fusion, or a field of ops.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/roofline/analysis.h"

namespace gable {

/// What is analysed, and how; a device makes an analysis of it.
struct Configuration {
  Model model;
  AnalysisOptions options;
};

struct Change {
  enum class Kind : std::uint8_t {
    kDim,     ///< "V=25128"
    kRecipe,  ///< "recipe=flash"
    kFuse,    ///< "fuse=qkv", "fuse=h/scale..h/softmax"
    kField,   ///< "lm_head.dtype=int8", "*/fc.out=3*D", "lm_head.tokens=1"
  };
  Kind kind = Kind::kDim;
  std::string text;    ///< as given
  std::string target;  ///< the dim, or the path or glob of ops
  std::string field;   ///< of ops: a field of their kind, "dtype", or "tokens"
  std::string value;
};

/// @throws InputError naming --change
Change parse_change(std::string_view text);

/// Applies changes that hold together: dims first, then recipe, fusions and fields of ops, so that their order does not
/// matter. A dtype without further word is that of what an op keeps in memory: its weights, attention's key/value
/// cache, else its activations.
/// @throws InputError naming --change: what does not exist, and two changes that contradict each other
Configuration changed(Configuration base, std::span<const Change> changes);

}  // namespace gable
