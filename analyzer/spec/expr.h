// Integer expressions over dims: `4*D`, `D/H`, `ceil(8*D/3/64)*64`, `max(T, 128)`.
//
// Own code instead of an expression library: those compute in double, and a dim or a byte count here must be exact to
// 64 bits, say where it is not an integer, and cost well under a microsecond for sweeps of millions of configurations.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/error.h"

namespace gable {

/// Turns a name into the index of its value among the values given to evaluate(). May throw InputError for a name that
/// exists but must not be used at this place.
using NameResolver = std::function<std::optional<std::size_t>(std::string_view name, const Where& where)>;

/// A compiled expression. Values in between are exact fractions (`T/2*2` is T for any T), the result is an integer.
///
///     sum    = term {('+' | '-') term}
///     term   = factor {('*' | '/') factor}
///     factor = number | name | '-' factor | '(' sum ')' | ('ceil' | 'floor') '(' sum ')' | ('min' | 'max') '(' sum
///     {',' sum} ')'
class Expr {
 public:
  Expr() = default;

  /// `where` is the place of the first character. `known` are the names for did-you-mean.
  /// @throws InputError with the column of the offending character
  static Expr compile(std::string_view text, const Where& where, const NameResolver& resolve,
                      std::span<const std::string_view> known = {});
  static Expr constant(std::int64_t value);

  /// @throws InputError: not an integer, division by zero, beyond 64 bits
  [[nodiscard]] std::int64_t evaluate(std::span<const std::int64_t> values) const {
    if (shape_ == Shape::kConstant) return constant_;
    if (shape_ == Shape::kName) return values[name_];
    return run(values);
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const Where& where() const { return where_; }

 private:
  friend class ExprParser;
  enum class Op : std::uint8_t { kNumber, kName, kAdd, kSub, kMul, kDiv, kNegate, kCeil, kFloor, kMin, kMax };
  enum class Shape : std::uint8_t { kConstant, kName, kCode };
  struct Instruction {
    Op op;
    std::int64_t operand;  // of kNumber: the value; of kName: the index
  };

  [[nodiscard]] std::int64_t run(std::span<const std::int64_t> values) const;

  std::vector<Instruction> code_;  // postfix
  Shape shape_ = Shape::kConstant;
  std::size_t name_ = 0;
  std::int64_t constant_ = 0;
  std::string text_;
  Where where_;
};

/// Names an expression may not define: the functions.
bool is_reserved_name(std::string_view name);

/// A letter or '_', then letters, digits, '_'.
bool is_dim_name(std::string_view name);

}  // namespace gable
