// Where time can be recovered: for every op the best that a recipe, fusion, dtype or batch that exists would make of
// it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/study/change.h"

namespace gable {

struct HeadroomOptions {
  std::vector<Dtype> dtypes;          ///< tried where the device has a rate for them
  std::vector<std::int64_t> batches;  ///< factors of dim B
};

/// Something that exists and could be used instead.
struct Candidate {
  enum class Kind : std::uint8_t { kFusion, kRecipe, kDtype, kBatch };
  Kind kind = Kind::kRecipe;
  std::string text;  ///< "fuse=qkv", "recipe=flash", "dtype=bf16", "B=16"
  double work = 1;   ///< samples for each one before: time and counts are divided by it
  Totals total;      ///< of the model, for `work` times the samples
};

struct HeadroomRow {
  std::string name;  ///< ops that run together before or under a candidate
  Totals before;
  std::size_t candidate = 0;  ///< index into candidates
  Totals after;               ///< with it, for `work` times the samples
  double recoverable_s = 0;   ///< of the time before
};

struct Headroom {
  Analysis before;
  std::vector<Candidate> candidates;
  std::vector<HeadroomRow> rows;  ///< most recoverable first; ops that nothing helps are left out
  double at_best_s = 0;           ///< of the time: in ops that no candidate makes faster
};

/// Candidates that the model, the device or the phase does not allow are left out.
/// @throws InputError: what analyze() throws for the configuration itself
Headroom find_headroom(const Configuration& base, const Hardware& hw, const HeadroomOptions& options);

}  // namespace gable
