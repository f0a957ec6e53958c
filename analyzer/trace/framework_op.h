// What a call of a framework's op costs, from its name and the shapes and dtypes of its inputs. One table maps such ops
// to the kinds of the op table, so that FLOP and bytes come from the same cost functions as a model's.
//
// Adding an op: its row in the file of its family (product_calls.cc, ...), a test in tests/<family>_calls_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/ops/op_table.h"
#include "analyzer/spec/recipe.h"

namespace gable {

/// One argument of a call, as a profiler records it.
struct CallArg {
  enum class Kind : std::uint8_t {
    kNone,    ///< an optional tensor that is not given, or nothing is known of it
    kTensor,  ///< `dims`, `type`; a tensor of one element has no dims
    kScalar,  ///< `text`
    kTensors,
  };
  Kind kind = Kind::kNone;
  std::vector<std::int64_t> dims;
  std::string type;            ///< as PyTorch spells it: "c10::BFloat16", "long int", "float"; "" where unknown
  std::string text;            ///< a scalar or list as it was given: "[16, 16]", "True", "0.125"; "" where unknown
  std::vector<CallArg> items;  ///< of kTensors

  friend bool operator==(const CallArg&, const CallArg&) = default;
};

/// A call of an op: "aten::addmm", "flash_attn::_flash_attn_forward", "vllm::moe_forward".
struct Call {
  std::string name;
  std::vector<CallArg> args;

  friend bool operator==(const Call&, const Call&) = default;
};

/// What a profiler's element type is in memory.
struct ElementType {
  std::optional<Dtype> dtype;  ///< nothing for integers that index and for booleans
  std::int64_t bits = 0;
};
/// "c10::BFloat16", "float", "at::Half", "BFloat16", "bf16"; nothing for a type that is not known.
std::optional<ElementType> element_type(std::string_view type);

struct CallCost {
  const OpKind* kind = nullptr;  ///< null: no kind of the op table, the cost stands for itself
  OpArgs args;                   ///< of `kind`
  Pass pass = Pass::kForward;    ///< kDgrad for an op of a backward pass
  KernelClass kernel = KernelClass::kStream;
  Dtypes dtypes;                 ///< what the bytes were counted in
  Dtype compute = Dtype::kFp32;  ///< of the products, or of the elements
  Cost cost;                     ///< of the call, all its kernels together; `launches` is 1
  bool flop_known = true;        ///< false: bytes of the tensors only
  std::string shape;             ///< for people: "788x768x768", "4x3x224x224 * 768x3x16x16"
};

/// Whether the table has the op, whatever its arguments.
bool is_costed_call(std::string_view name);

/// The family of the op's row; "other" for an op that is not in the table.
std::string_view family_of_call(std::string_view name);

/// Ops that make no kernel of their own: views, allocations, bookkeeping.
bool is_view_call(std::string_view name);

/// Nothing if the table has no such op, or if its arguments do not tell the cost (shapes were not recorded, an overload
/// that is not known): who asks then takes tensors_moved() or an op around it.
std::optional<CallCost> call_cost(const Call& call);

/// The bytes of all tensors of the call, read once, and of a result as large as the largest of them (but of none for a
/// kernel of Inductor, which is given its results, too); FLOP unknown.
/// All zeros where no shape was recorded.
CallCost tensors_moved(const Call& call);

/// A row of the table. `cost` throws std::invalid_argument or InputError where the arguments do not tell.
struct CallRow {
  /// "aten::addmm"; a name that ends in '*' stands for all that begin so, and one of aten for the op in place, too:
  /// "aten::add_" is found as "aten::add" where it has no row of its own.
  std::string_view name;
  std::string_view family;  ///< "GEMM", "attention", ... as reports group them
  CallCost (*cost)(const Call&);
};
/// All rows, for `analyze list` and the "every row has a test" test.
std::span<const CallRow> call_table();

}  // namespace gable
