// Checked access to a call's arguments, and what the cost functions of all families share. What is not as an op needs
// it throws std::invalid_argument: the arguments then do not tell the cost.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/trace/framework_op.h"

namespace gable {

[[noreturn]] void untold(const char* why);

using Shape = std::vector<std::int64_t>;

/// The elements of a tensor with these dims.
Count elements(std::span<const std::int64_t> dims);
/// Bytes of n elements, rounded up to a whole one.
Count bytes_of(Count n, const ElementType& type);

/// A tensor whose element type and dims are known.
struct TensorArg {
  Shape dims;
  ElementType type;
  Count n = 1;
  bool complex = false;  ///< FLOP of complex numbers are not what the table counts

  [[nodiscard]] Count bytes() const { return bytes_of(n, type); }
  [[nodiscard]] std::size_t rank() const { return dims.size(); }
  /// Of a dim, negative from the end as PyTorch has it.
  [[nodiscard]] std::size_t place(std::int64_t index) const;
  [[nodiscard]] std::int64_t dim(std::int64_t index) const { return dims[place(index)]; }
};

TensorArg tensor_at(const Call& call, std::size_t index);
/// Nothing where the argument is not there, is None or no tensor.
std::optional<TensorArg> given_tensor(const Call& call, std::size_t index);
/// Those of a list that are there; a single tensor is a list of one. Lists of lists in one row.
std::vector<TensorArg> tensors_at(const Call& call, std::size_t index);
bool is_list(const Call& call, std::size_t index);

/// Scalars as they were given; nothing where they are None or were not recorded.
std::optional<std::int64_t> int_at(const Call& call, std::size_t index);
std::optional<double> number_at(const Call& call, std::size_t index);
std::optional<bool> flag_at(const Call& call, std::size_t index);
std::optional<std::vector<bool>> flags_at(const Call& call, std::size_t index);
/// A single number is a list of one.
std::optional<Shape> ints_at(const Call& call, std::size_t index);
/// By PyTorch's number of a dtype (c10/core/ScalarType.h): 15 is bfloat16.
std::optional<ElementType> type_at(const Call& call, std::size_t index);

Shape broadcast(std::span<const TensorArg> tensors);
/// The type of a result by PyTorch's rules (documentation of torch.result_type): the highest of boolean, integer and
/// floating point, the widest among the tensors of that; one without dims counts only where it is of a higher one.
ElementType promoted(std::span<const TensorArg> tensors);
bool is_floating(const ElementType& type);

/// The tensors among the first arguments of an op that works element by element, and what they give.
struct Pointwise {
  std::vector<TensorArg> operands;
  Shape dims;
  Count n;
  ElementType result;  ///< of an op in place (its name ends in '_') that of its first operand
};
Pointwise pointwise_at(const Call& call, std::size_t inputs);
/// Beside tensors with dims one without is a number: a parameter of the kernel, no memory.
inline bool is_number(const Pointwise& of, const TensorArg& operand) {
  return operand.dims.empty() && !of.dims.empty();
}
/// Each operand read once, the result written once.
CallCost pointwise_cost(const Pointwise& of, Count flop_per_element);

/// What the elements are computed in. Devices state no rate for integers and booleans: that of fp32 stands for them.
Dtype work_dtype(const ElementType& type);
/// What a product is computed in; there is none of integers that index.
Dtype product_dtype(const TensorArg& tensor);

inline constexpr ElementType kIndexType{std::nullopt, 64};
inline constexpr ElementType kBoolType{std::nullopt, 8};
inline constexpr ElementType kFp32Type{Dtype::kFp32, 32};

/// The cost of an execution of an op of the table, with the values of all its fields.
CallCost of_kind(std::string_view kind, std::initializer_list<Count> values, const Dtypes& dtypes,
                 Mode mode = Mode::kEval);
/// A cost that no kind expresses, on the vector units.
CallCost own_cost(KernelClass kernel, Dtype dtype, Count vector_flop, Count read, Count written);
/// Bytes of the tensors; how many FLOP is not known.
CallCost bytes_only(KernelClass kernel, Dtype dtype, Count read, Count written);
/// A kernel of the backward pass of `kind`, null where there is none; its formula is that of models/recipes/ideal.yaml.
CallCost backward_cost(const OpKind* kind, const OpArgs& args, KernelClass kernel, const Dtypes& dtypes);

void add_read(CallCost& cost, Count bytes);
void add_written(CallCost& cost, Count bytes);
/// The kind took the tensor for one of `counted`; its elements have a width of their own.
void read_as(CallCost& cost, const TensorArg& tensor, Dtype counted);
void written_as(CallCost& cost, Count n, const ElementType& type, Dtype counted);

/// "4x197x768"; "1" for a tensor without dims.
std::string shape_text(std::span<const std::int64_t> dims);

/// The families; each is defined in a file of its own.
std::span<const CallRow> product_calls();
std::span<const CallRow> scaled_product_calls();
std::span<const CallRow> convolution_calls();
std::span<const CallRow> attention_calls();
std::span<const CallRow> norm_calls();
std::span<const CallRow> norm_backward_calls();
std::span<const CallRow> softmax_calls();
std::span<const CallRow> elementwise_calls();
std::span<const CallRow> activation_calls();
std::span<const CallRow> copy_calls();
std::span<const CallRow> reduction_calls();
std::span<const CallRow> indexed_calls();
std::span<const CallRow> pooling_calls();
std::span<const CallRow> optimizer_calls();
std::span<const CallRow> collective_calls();

}  // namespace gable
