// The key/value cache of a model.
#pragma once

#include "analyzer/spec/model.h"

namespace gable {

/// Bytes of the keys and values that the costed phase reads from the cache or puts there: the second operand of
/// products with `kv`, keys and values of `attention`. 0 for a model without.
Count kv_cache_bytes(const Model& model, const CostedModel& costed);

}  // namespace gable
