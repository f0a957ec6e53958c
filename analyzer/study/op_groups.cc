#include "analyzer/study/op_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace gable {
namespace {

std::size_t root_of(std::vector<std::size_t>& parent, std::size_t op) {
  while (parent[op] != op) op = parent[op] = parent[parent[op]];
  return op;
}

/// The first op of its group, for every op.
std::vector<std::size_t> leaders(std::span<const Analysis* const> analyses) {
  std::vector<std::size_t> parent(analyses.front()->model.ops.size());
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  for (const Analysis* analysis : analyses) {
    for (std::size_t op = 0; op < parent.size(); ++op) {
      if (!analysis->plan.ops[op].merged_into) continue;
      const std::size_t a = root_of(parent, op);
      const std::size_t b = root_of(parent, *analysis->plan.ops[op].merged_into);
      parent[std::max(a, b)] = std::min(a, b);
    }
  }
  for (std::size_t op = 0; op < parent.size(); ++op) parent[op] = root_of(parent, op);
  return parent;
}

std::string name_of(const Analysis& analysis, const std::vector<std::size_t>& ops) {
  const Model& model = analysis.model;
  const OpSpec& first = model.ops[ops.front()];
  const std::string start = analysis.parts.size() > 1 ? model.full_path(first) : first.path;
  return ops.size() == 1 ? start : fmt::format("{}..{}", start, model.ops[ops.back()].path);
}

}  // namespace

std::vector<OpGroup> op_groups(std::span<const Analysis* const> analyses) {
  const Analysis& any = *analyses.front();
  const std::vector<std::size_t> leader = leaders(analyses);
  std::map<std::size_t, OpGroup> by_leader;
  for (const OpRow& row : any.rows) by_leader[leader[row.op]].ops.push_back(row.op);
  std::vector<OpGroup> groups;
  for (auto& [first, group] : by_leader) {
    group.name = name_of(any, group.ops);
    groups.push_back(std::move(group));
  }
  return groups;
}

Totals totals_of(const Analysis& analysis, const OpGroup& group) {
  Totals totals;
  for (const OpRow& row : analysis.rows) {
    if (std::binary_search(group.ops.begin(), group.ops.end(), row.op)) totals += row.totals;
  }
  return totals;
}

}  // namespace gable
