// Sums over the executions of a shipped model's ops, in the units of the golden integers.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "analyzer/spec/library.h"
#include "analyzer/spec/model.h"

namespace gable {

class ModelSums {
 public:
  using Dims = std::initializer_list<std::pair<std::string, std::string>>;

  explicit ModelSums(const std::string& name, const Dims& dims = {}, const CostOptions& options = {})
      : model_(load_model(name)) {
    for (const auto& [dim, value] : dims) set_dim(model_, dim, value);
    cost_model(model_, options, costed_);
  }

  /// All executions of an op ("top/h/fc"), or of the selected ops below a path with '/' at its end ("top/"; "": the
  /// model).
  [[nodiscard]] Cost all(std::string_view path = "") const {
    return sum(path, [](const OpCost& op) { return op.executions; });
  }
  /// One pass of a block: `all` without the repeats around.
  [[nodiscard]] Cost pass(std::string_view path) const {
    return sum(path, [](const OpCost& op) { return op.count; });
  }
  /// One execution of one op.
  [[nodiscard]] Cost one(std::string_view path) const {
    for (std::size_t i = 0; i < model_.ops.size(); ++i) {
      if (model_.full_path(model_.ops[i]) == path) return costed_.ops[i].one;
    }
    throw std::out_of_range("no op " + std::string(path));
  }
  /// Kernels that the ops of a kind launch.
  [[nodiscard]] std::int64_t launches(std::string_view kind) const {
    Count count;
    for (std::size_t i = 0; i < model_.ops.size(); ++i) {
      const OpCost& op = costed_.ops[i];
      if (op.selected && model_.ops[i].kind->name == kind) count += op.one.launches * Count(op.executions);
    }
    return count.value();
  }

  [[nodiscard]] std::int64_t params(std::string_view path = "") const { return all(path).params.value(); }
  [[nodiscard]] std::int64_t mac(std::string_view path = "") const { return all(path).matrix_flop.value() / 2; }
  [[nodiscard]] std::int64_t mac_of_pass(std::string_view path) const { return pass(path).matrix_flop.value() / 2; }

 private:
  template <class Times>
  Cost sum(std::string_view path, Times times) const {
    const bool below = path.empty() || path.ends_with('/');
    Cost cost;
    bool found = false;
    for (std::size_t i = 0; i < model_.ops.size(); ++i) {
      const OpCost& op = costed_.ops[i];
      const std::string full = model_.full_path(model_.ops[i]);
      if (!op.selected || !(below ? full.starts_with(path) : full == path)) continue;
      cost = cost + op.one * Count(times(op));
      found = true;
    }
    if (!found) throw std::out_of_range("no op " + std::string(path));
    return cost;
  }

  Model model_;
  CostedModel costed_;
};

}  // namespace gable
