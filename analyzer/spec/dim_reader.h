// Dims of a model and parameters of its blocks: names to slots, in order of evaluation.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/spec/model.h"
#include "analyzer/spec/yaml.h"

namespace gable {

/// The names visible at one level: dims of the model, or parameters and dims of one use of a block.
struct Scope {
  std::string path;  ///< of the block, "" for the model
  std::map<std::string, std::size_t, std::less<>> slots;
  std::map<std::string, Where, std::less<>> later;  ///< dims of this level that are not defined yet
};

/// Collects the slots of a model while it is read, and which of them something uses.
class DimReader {
 public:
  DimReader();

  /// Reads a `dims:` map into the scope. @throws InputError: bad name or value, used before defined, a cycle
  void read(const YamlNode& dims, Scope& scope);

  /// Adds one name, which `key` spells, to the scope. @throws InputError: not a name, defined twice
  void define(const YamlNode& key, Scope& scope, Slot slot);

  /// Compiles an expression over the names of the scope; `custom` adds act_bits and weight_bits. `what` names the value
  /// in messages. @throws InputError
  Expr compile(const YamlNode& node, const Scope& scope, std::string_view what, bool custom = false);

  /// @throws InputError at the first dim that nothing uses
  void check_all_used() const;

  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  std::vector<Slot> take() { return std::move(slots_); }

 private:
  std::size_t add(Slot slot, const Where& where);
  [[noreturn]] void refuse_later(std::string_view name, const Where& where, const Where& defined) const;

  std::vector<Slot> slots_;
  std::vector<bool> used_;          // parallel to slots_
  std::vector<Where> where_;        // likewise: of the name
  const YamlNode* dims_ = nullptr;  // being read,
  std::string dim_;                 // and which of them
};

}  // namespace gable
