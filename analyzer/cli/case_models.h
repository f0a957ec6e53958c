// From a case of a table to the analyses of its passes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "analyzer/predict/cases.h"
#include "analyzer/roofline/analysis.h"

namespace gable {

/// What models/aliases.yaml says of a name.
struct ModelAlias {
  std::string model;
  std::map<std::string, std::string> parts;  ///< by mode
};

/// @throws InputError
std::map<std::string, ModelAlias> load_aliases();

/// The passes of a case, which run one after the other: forward; for training then backward. In eager PyTorch, FP32.
/// @throws InputError: an unknown model or mode
std::vector<Analysis> analyses_of(const MeasuredCase& one, const std::map<std::string, ModelAlias>& aliases,
                                  const Hardware& hw);

}  // namespace gable
