// The parts of a text that PyTorch gives an NVTX range. parse_nvtx_call() in trace.h is the whole of it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/trace/framework_op.h"

namespace gable {

struct NvtxText {
  std::string_view name;   ///< all before what the framework adds; the whole text where it adds nothing
  std::string_view sizes;  ///< "[[2, 3], [3, 4]]"; "" where none are given or the brackets do not close
  bool is_op = false;      ///< of a framework
};
NvtxText split_nvtx_text(std::string_view text);

/// "[[2, 3], [], [[4], [5]]]" as arguments: a tensor, an unknown one, a list of tensors. Nothing for any other text.
std::optional<std::vector<CallArg>> parse_sizes(std::string_view sizes);

}  // namespace gable
