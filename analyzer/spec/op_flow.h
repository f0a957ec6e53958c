// Which activations the ops of a list consume: `from:` names to tensors.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/spec/model.h"
#include "analyzer/spec/yaml.h"

namespace gable {

/// `from: input`
inline constexpr std::string_view kInputName = "input";

/// The name of an op or of a use of a block as it is written: its `name:`, else the block or the op's kind.
std::string_view item_name(const YamlNode& item);

/// The names that a list's next op can consume, while the list is read.
class OpFlow {
 public:
  using Outputs = std::map<std::string, TensorRef, std::less<>>;

  /// @param first  what the first op consumes if it says nothing
  /// @param input  what `input` stands for
  /// @param outside  further names that can be consumed; may be null
  OpFlow(const YamlNode& list, TensorRef first, TensorRef input, const Outputs* outside);

  /// The list goes on with an item whose result is that of op `output`. @throws InputError: its name is taken
  void add(const YamlNode& item, std::size_t output);

  /// The result of the item before, or what the first op consumes.
  [[nodiscard]] TensorRef last() const { return last_; }

  /// The results of the list's items, by name.
  [[nodiscard]] const Outputs& added() const { return added_; }

  /// What the item, an op of this kind, consumes. @throws InputError
  [[nodiscard]] std::vector<TensorRef> inputs(const YamlNode& item, const OpKind& kind) const;

  /// What enters the block that the item uses. @throws InputError
  [[nodiscard]] TensorRef entering(const YamlNode& item) const;

 private:
  [[nodiscard]] TensorRef find(const YamlNode& name, std::string_view consumer) const;

  const YamlNode& list_;
  TensorRef last_;
  TensorRef input_;
  const Outputs* outside_;
  Outputs added_;
};

}  // namespace gable
