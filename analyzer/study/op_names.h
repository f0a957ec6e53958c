// The ops that a word on the command line stands for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/spec/model.h"

namespace gable {

/// Indices into Model::ops: of a path within a part ("h/softmax": in every part) or a full one ("top/h/softmax"); else
/// of the end of a path ("softmax"), or of a pattern for any of these with `*` and `?`. Where that finds nothing '.'
/// stands for '/', and names that are usual elsewhere are known: "attn.qk" for the scores, "attn.pv" for the product
/// with the values. Empty if there is none.
std::vector<std::size_t> ops_named(const Model& model, std::string_view name);

/// "model 'gpt2' has no op 'lm_haed', did you mean 'lm_head'?"
std::string no_such_op(const Model& model, std::string_view name);

/// Whether `text` is `pattern`, in which '*' stands for any run of characters and '?' for one.
bool glob_matches(std::string_view pattern, std::string_view text);

/// Whether the name is a pattern.
bool is_glob(std::string_view name);

}  // namespace gable
