#include "analyzer/spec/ties.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"

namespace gable {

void resolve_ties(Model& model, const std::vector<Tie>& ties) {
  std::vector<std::string> names;
  for (const OpSpec& op : model.ops) names.push_back(model.full_path(op));
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const Tie& tie : ties) {
    OpSpec& op = model.ops[tie.op];
    const std::string same_part = model.parts[op.part].name + "/" + tie.owner;
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const auto& n) { return n == same_part || n == tie.owner; });
    if (found == names.end()) {
      throw InputError(tie.where,
                       fmt::format("no op {} to tie to{}", in_quotes(tie.owner), suggestion(same_part, known)));
    }
    const auto owner = static_cast<std::size_t>(found - names.begin());
    if (owner == tie.op) throw InputError(tie.where, "an op cannot be tied to itself");
    if (model.ops[owner].tied_to)
      throw InputError(tie.where, fmt::format("'{}' is tied itself; tie to its owner", tie.owner));
    op.tied_to = owner;
  }
}

}  // namespace gable
