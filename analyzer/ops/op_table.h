// THE op table: every op kind is one row with its fields, its formulas as text, and its cost function.
// YAML keys, `analyze list ops`, `analyze show op`, did-you-mean and the "every row has a test" test read it.
//
// Adding an op: a cost function in the file of its family, its row in that file's array, a test in
// tests/op_table_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "analyzer/base/dtype.h"
#include "analyzer/ops/cost.h"

namespace gable {

inline constexpr std::size_t kMaxFields = 12;

enum class Mode : std::uint8_t { kEval, kTrain };

/// A field of an op: a YAML key whose value is an integer expression, or a flag (true/false, 1/0 here).
struct Field {
  std::string_view name;
  std::string_view doc;
  std::string_view fallback = {};  ///< a whole number, or the name of an earlier field; "" = required
  std::int64_t least = 1;          ///< smallest allowed value
  bool flag = false;
};

/// An op with its fields evaluated, in the order of its row.
struct OpArgs {
  std::array<std::int64_t, kMaxFields> values{};
  Dtypes dtypes;
  Mode mode = Mode::kEval;

  /// The first N fields as counts: `const auto [tokens, in, out, bias] = args.take<4>();`
  template <std::size_t N>
  [[nodiscard]] std::array<Count, N> take() const {
    std::array<Count, N> taken;
    for (std::size_t i = 0; i < N; ++i) taken.at(i) = values.at(i);
    return taken;
  }
};

/// What a kernel does; under the recipe `ideal` an op runs as one kernel of its row's class.
enum class KernelClass : std::uint8_t { kGemm, kConv, kAttention, kStream, kReduce, kGather, kCopy, kMemcpy };
inline constexpr std::size_t kKernelClassCount = 8;
std::string_view kernel_class_name(KernelClass kernel);

/// Which tensors meet in an op's products; it decides the dtype that is computed in.
enum class Operands : std::uint8_t { kActivations, kWeights, kKvCache };

/// What `torch.autocast` does with an op: the narrow dtype, FP32, or whatever its inputs have.
enum class Autocast : std::uint8_t { kAsInputs, kNarrow, kFull };

struct OpKind {
  std::string_view name;
  std::string_view summary;
  std::span<const Field> fields;
  Operands operands;
  KernelClass kernel;
  Cost (*forward)(const OpArgs&);
  std::string_view matrix_flop;  ///< formulas as text, "0" where there is none
  std::string_view vector_flop;
  std::string_view read;
  std::string_view written;
  std::string_view params;
  std::string_view note;    ///< conventions; may be empty
  std::string_view source;  ///< of the formula
  /// The field that grows where instances of the op become one batched kernel; "" where parameters forbid it.
  std::string_view batched_by = {};
  bool takes_input = true;  ///< consumes an activation; an embedding starts from token ids
  bool pieces = false;      ///< its consumers take pieces of the output, not all of it
  Autocast autocast = Autocast::kAsInputs;
};

/// All rows, in the order of `list ops`.
std::span<const OpKind* const> op_table();
const OpKind* find_op(std::string_view name);

/// Index of a field in the row; nothing if the row has no such field.
std::optional<std::size_t> find_field(const OpKind& kind, std::string_view name);

/// The dtype an op's products are computed in.
Dtype compute_dtype(const OpKind& kind, const Dtypes& dtypes);

/// Forward cost of one execution.
/// @throws InputError (without a place) where fields contradict each other; CountOverflow beyond 64 bits
inline Cost forward_cost(const OpKind& kind, const OpArgs& args) { return kind.forward(args); }

/// Elements of the matrix that ops can share: all parameters but the bias.
Count shared_weights(const OpKind& kind, OpArgs args);

/// Completes the cost of a kernel that writes its output once in the activation dtype and moves each tensor once.
Cost moved_once(const OpArgs& args, Cost cost);

/// The families; each is defined in a file of its own.
std::span<const OpKind> matrix_ops();
std::span<const OpKind> attention_ops();
std::span<const OpKind> norm_ops();
std::span<const OpKind> elementwise_ops();
std::span<const OpKind> indexed_ops();
std::span<const OpKind> window_ops();
std::span<const OpKind> custom_ops();

/// The op whose fields are its cost.
inline constexpr std::string_view kCustomOp = "custom";

/// Index tensors (token ids, gather indices) are 64-bit, as PyTorch has them.
inline constexpr std::int64_t kIndexBytes = 8;

}  // namespace gable
