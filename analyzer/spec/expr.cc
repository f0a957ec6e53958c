#include "analyzer/spec/expr.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <numeric>

#include "analyzer/base/count.h"
#include "analyzer/base/text.h"

namespace gable {
namespace {

constexpr int kMaxNesting = 64;
constexpr std::size_t kMaxText = 1000;
constexpr int kMaxStack = 24;  // pending operands; parentheses alone need none

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// An exact fraction in lowest terms, den > 0.
struct Fraction {
  Count num;
  Count den = 1;
};

Fraction reduced(Count num, Count den) {
  if (den == Count(1)) return {num, den};
  constexpr Count kLowest = std::numeric_limits<std::int64_t>::min();  // has no absolute value
  if (num == kLowest || den == kLowest) throw CountOverflow();
  const std::int64_t divisor = std::gcd(num.value(), den.value());
  const std::int64_t sign = den < Count(0) ? -1 : 1;
  return {Count(sign) * (num.value() / divisor), Count(sign) * (den.value() / divisor)};
}

Fraction add(Fraction a, Fraction b) {
  if (a.den == b.den) return reduced(a.num + b.num, a.den);
  return reduced(a.num * b.den + b.num * a.den, a.den * b.den);
}

Fraction multiply(Fraction a, Fraction b) {
  // Reducing crosswise first keeps the products small.
  const Fraction left = reduced(a.num, b.den);
  const Fraction right = reduced(b.num, a.den);
  return {left.num * right.num, left.den * right.den};
}

std::int64_t floor_of(Fraction a) {
  const std::int64_t quotient = a.num.value() / a.den.value();
  return a.num.value() % a.den.value() < 0 ? quotient - 1 : quotient;
}

bool less(Fraction a, Fraction b) { return a.num * b.den < b.num * a.den; }

struct Function {
  std::string_view name;
  bool many;  // takes two or more arguments
};
constexpr std::array<Function, 4> kFunctions = {{{"ceil", false}, {"floor", false}, {"min", true}, {"max", true}}};

}  // namespace

bool is_reserved_name(std::string_view name) {
  return std::any_of(kFunctions.begin(), kFunctions.end(), [&](const Function& f) { return f.name == name; });
}

bool is_dim_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

class ExprParser {
 public:
  ExprParser(std::string_view text, const Where& where, const NameResolver& resolve,
             std::span<const std::string_view> known)
      : text_(text), where_(where), resolve_(resolve), known_(known) {}

  std::vector<Expr::Instruction> parse() {
    if (text_.size() > kMaxText) fail(0, fmt::format("an expression is at most {} characters long", kMaxText));
    sum();
    if (at_ < text_.size())
      fail(at_, fmt::format("unexpected {} in expression {}", in_quotes(text_.substr(at_, 1)), in_quotes(text_)));
    if (deepest_ > kMaxStack) fail(0, fmt::format("expression {} has too many pending operands", in_quotes(text_)));
    return std::move(code_);
  }

 private:
  using Op = Expr::Op;

  [[noreturn]] void fail(std::size_t at, const std::string& message) const {
    throw InputError(where_.shifted(static_cast<int>(at)), message);
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  bool accept(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail(at_, fmt::format("expected '{}' in expression {}", c, in_quotes(text_)));
  }

  void emit(Op op, std::int64_t operand = 0) {
    const bool pushes = op == Op::kNumber || op == Op::kName;
    const bool unary = op == Op::kNegate || op == Op::kCeil || op == Op::kFloor;
    if (!unary) depth_ += pushes ? 1 : -1;
    deepest_ = std::max(deepest_, depth_);
    code_.push_back({op, operand});
  }

  void sum() {
    if (++nesting_ > kMaxNesting) fail(at_, fmt::format("nested deeper than {} levels", kMaxNesting));
    term();
    for (;;) {
      if (accept('+')) {
        term();
        emit(Op::kAdd);
      } else if (accept('-')) {
        term();
        emit(Op::kSub);
      } else {
        break;
      }
    }
    skip_blanks();
    --nesting_;
  }

  void term() {
    factor();
    for (;;) {
      if (accept('*')) {
        factor();
        emit(Op::kMul);
      } else if (accept('/')) {
        factor();
        emit(Op::kDiv);
      } else {
        break;
      }
    }
  }

  void factor() {
    // A run of signs is a loop, not a recursion: "----...D" must not grow the stack.
    bool negative = false;
    while (accept('-')) negative = !negative;
    skip_blanks();
    if (at_ >= text_.size())
      fail(at_, fmt::format("expression {} ends where a number or a dim is expected", in_quotes(text_)));
    if (is_digit(text_[at_])) {
      number();
    } else if (is_letter(text_[at_])) {
      name();
    } else if (accept('(')) {
      sum();
      expect(')');
    } else {
      fail(at_, fmt::format("unexpected {} in expression {}", in_quotes(text_.substr(at_, 1)), in_quotes(text_)));
    }
    if (negative) emit(Op::kNegate);
  }

  void number() {
    const std::size_t start = at_;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    at_ = static_cast<std::size_t>(end - text_.data());
    if (error != std::errc()) fail(start, "the number exceeds 9.2e18 (64-bit integer)");
    if (at_ < text_.size() && (text_[at_] == '.' || is_letter(text_[at_]))) {
      std::size_t stop = at_ + 1;
      while (stop < text_.size() && (is_letter(text_[stop]) || is_digit(text_[stop]))) ++stop;
      fail(start, fmt::format("{} is not a whole number", in_quotes(text_.substr(start, stop - start))));
    }
    emit(Op::kNumber, value);
  }

  void name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string_view word = text_.substr(start, at_ - start);
    const auto* function =
        std::find_if(kFunctions.begin(), kFunctions.end(), [&](const Function& f) { return f.name == word; });
    if (function != kFunctions.end()) return call(*function);
    const Where place = where_.shifted(static_cast<int>(start));
    const std::optional<std::size_t> index = resolve_(word, place);
    if (!index) throw InputError(place, fmt::format("unknown dim {}{}", in_quotes(word), suggestion(word, known_)));
    emit(Op::kName, static_cast<std::int64_t>(*index));
  }

  void call(const Function& function) {
    expect('(');
    sum();
    const bool minimum = function.name == "min";
    const bool is_ceil = function.name == "ceil";
    int arguments = 1;
    while (function.many && accept(',')) {
      sum();
      emit(minimum ? Op::kMin : Op::kMax);
      ++arguments;
    }
    expect(')');
    if (function.many && arguments < 2) fail(at_ - 1, fmt::format("{} takes two or more values", function.name));
    if (!function.many) emit(is_ceil ? Op::kCeil : Op::kFloor);
  }

  std::string_view text_;
  const Where& where_;
  const NameResolver& resolve_;
  std::span<const std::string_view> known_;
  std::vector<Expr::Instruction> code_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  int depth_ = 0;  // operands on the stack
  int deepest_ = 0;
};

Expr Expr::compile(std::string_view text, const Where& where, const NameResolver& resolve,
                   std::span<const std::string_view> known) {
  Expr expr;
  expr.code_ = ExprParser(text, where, resolve, known).parse();
  expr.text_ = std::string(text);
  expr.where_ = where;
  expr.shape_ = Shape::kCode;
  if (expr.code_.size() == 1 && expr.code_[0].op == Op::kName) {
    expr.shape_ = Shape::kName;
    expr.name_ = static_cast<std::size_t>(expr.code_[0].operand);
  } else if (expr.code_.size() == 1) {
    expr.shape_ = Shape::kConstant;
    expr.constant_ = expr.code_[0].operand;
  }
  return expr;
}

Expr Expr::constant(std::int64_t value) {
  Expr expr;
  expr.constant_ = value;
  expr.text_ = fmt::format("{}", value);
  return expr;
}

std::int64_t Expr::run(std::span<const std::int64_t> values) const {
  std::array<Fraction, kMaxStack> stack;
  std::size_t top = 0;
  try {
    for (const Instruction& step : code_) {
      const auto binary = [&] { return std::pair(stack[top - 2], stack[top - 1]); };
      switch (step.op) {
        case Op::kNumber:
          stack[top++] = {step.operand};
          continue;
        case Op::kName:
          stack[top++] = {values[static_cast<std::size_t>(step.operand)]};
          continue;
        case Op::kNegate:
          stack[top - 1].num = Count(0) - stack[top - 1].num;
          continue;
        case Op::kCeil:
          stack[top - 1] = {Count(0) - floor_of({Count(0) - stack[top - 1].num, stack[top - 1].den})};
          continue;
        case Op::kFloor:
          stack[top - 1] = {floor_of(stack[top - 1])};
          continue;
        default:
          break;
      }
      const auto [a, b] = binary();
      Fraction& result = stack[top - 2];
      --top;
      switch (step.op) {
        case Op::kAdd:
          result = add(a, b);
          break;
        case Op::kSub:
          result = add(a, {Count(0) - b.num, b.den});
          break;
        case Op::kMul:
          result = multiply(a, b);
          break;
        case Op::kDiv:
          if (b.num == Count(0)) throw InputError(where_, fmt::format("{} divides by zero", in_quotes(text_)));
          result = multiply(a, reduced(b.den, b.num));
          break;
        case Op::kMin:
          result = less(b, a) ? b : a;
          break;
        default:
          result = less(a, b) ? b : a;
          break;  // kMax, the last one
      }
    }
  } catch (const CountOverflow&) {
    throw InputError(where_, fmt::format("{} exceeds 9.2e18 (64-bit integer)", in_quotes(text_)));
  }
  const Fraction result = stack[0];
  if (result.den != Count(1)) {
    throw InputError(where_, fmt::format("{} is {}/{}, not a whole number; use ceil() or floor() if rounding is meant",
                                         in_quotes(text_), result.num.value(), result.den.value()));
  }
  return result.num.value();
}

}  // namespace gable
