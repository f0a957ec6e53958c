// Weights that two ops share.
#pragma once

#include <string>
#include <vector>

#include "analyzer/spec/model.h"

namespace gable {

/// `tied: OWNER` of an op.
struct Tie {
  std::size_t op;
  std::string owner;  ///< an op of the same part, or "part/op"
  Where where;
};

/// Fills in OpSpec::tied_to. @throws InputError
void resolve_ties(Model& model, const std::vector<Tie>& ties);

}  // namespace gable
