// Kernels of a recipe: `{name: scores, kernel: gemm, m: q_len, n: kv_len, k: head_dim, batch: batch*heads}`.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/spec/recipe.h"
#include "analyzer/spec/yaml.h"

namespace gable {

/// The names that the expressions of one entry of a recipe may use; a name's index is that of its value.
class RecipeNames {
 public:
  /// Fields of the kind, then `train`.
  static RecipeNames of_op(const OpKind& kind);
  explicit RecipeNames(std::vector<std::string> names) : names_(std::move(names)) {}

  /// Adds names that an earlier entry has checked.
  void add(const std::vector<std::string>& names) { names_.insert(names_.end(), names.begin(), names.end()); }
  /// Adds a name. @throws InputError if it is taken or no name
  void add(const YamlNode& key);

  /// @throws InputError at the offending character
  [[nodiscard]] Expr compile(const YamlNode& node, std::string_view what) const;
  /// For texts put together from several nodes, which are valid by themselves.
  [[nodiscard]] Expr compile(const std::string& text, const Where& where) const;

 private:
  RecipeNames() = default;
  std::vector<std::string> names_;
};

/// `read: {act: n, weights: width}` and the like. @throws InputError
std::vector<Operand> read_operands(const YamlNode& node, const RecipeNames& names, std::string_view what);

/// One kernel; `passes` are those that `pass:` may name, the first is the default. @throws InputError
KernelSpec read_kernel(const YamlNode& node, const RecipeNames& names, std::span<const Pass> passes);
/// A list of them, which may be empty. @throws InputError
std::vector<KernelSpec> read_kernels(const YamlNode& list, const RecipeNames& names, std::span<const Pass> passes);
/// The op itself as its only kernel.
KernelSpec kernel_as_op();
/// "gemm", "stream", ... @throws InputError
KernelClass read_kernel_class(const YamlNode& node);

}  // namespace gable
