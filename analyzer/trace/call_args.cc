#include "analyzer/trace/call_args.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "analyzer/base/text.h"

namespace gable {
namespace {

template <typename Number>
std::optional<Number> parsed(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view scalar_text(const Call& call, std::size_t index) {
  if (index >= call.args.size() || call.args[index].kind != CallArg::Kind::kScalar) return {};
  return trim(call.args[index].text);
}

std::string_view without_brackets(std::string_view text) {
  const bool list = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  return list ? text.substr(1, text.size() - 2) : text;
}

std::optional<bool> as_flag(std::string_view text) {
  if (text == "True" || text == "true" || text == "1") return true;
  if (text == "False" || text == "false" || text == "0") return false;
  return std::nullopt;
}

TensorArg checked(const CallArg& arg) {
  if (arg.kind != CallArg::Kind::kTensor) untold("not a tensor");
  const auto type = element_type(arg.type);
  if (!type) untold("an element type that is not known");
  const bool complex = arg.type.find("complex") != std::string::npos;
  return {arg.dims, *type, elements(arg.dims), complex};
}

void collect(const CallArg& arg, std::vector<TensorArg>& out) {
  if (arg.kind == CallArg::Kind::kTensor) out.push_back(checked(arg));
  for (const CallArg& item : arg.items) collect(item, out);
}

/// Boolean (and bytes, which are as wide), integer, floating point.
int category(const ElementType& type) {
  if (is_floating(type)) return 2;
  return type.bits == kBoolType.bits && !type.dtype ? 0 : 1;
}

std::optional<ElementType> widest(std::span<const TensorArg> tensors, bool with_dims) {
  std::optional<ElementType> best;
  for (const TensorArg& tensor : tensors) {
    if (tensor.dims.empty() == with_dims) continue;
    const bool halves = best && best->dtype && tensor.type.dtype && best->bits == 16 && tensor.type.bits == 16;
    if (halves && best->dtype != tensor.type.dtype) {
      best = kFp32Type;  // neither of bf16 and fp16 holds the other
    } else if (!best || category(tensor.type) > category(*best) ||
               (category(tensor.type) == category(*best) && tensor.type.bits > best->bits)) {
      best = tensor.type;
    }
  }
  return best;
}

}  // namespace

void untold(const char* why) { throw std::invalid_argument(why); }

Count elements(std::span<const std::int64_t> dims) {
  Count n = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 0) untold("a negative dim");
    n = n * dim;
  }
  return n;
}

Count bytes_of(Count n, const ElementType& type) {
  return type.bits % 8 == 0 ? n * Count(type.bits / 8) : ceil_div(n * type.bits, 8);
}

std::size_t TensorArg::place(std::int64_t index) const {
  const auto rank = static_cast<std::int64_t>(dims.size());
  if (index < -rank || index >= rank) untold("a dim that the tensor lacks");
  return static_cast<std::size_t>(index < 0 ? index + rank : index);
}

TensorArg tensor_at(const Call& call, std::size_t index) {
  if (index >= call.args.size()) untold("an argument is missing");
  return checked(call.args[index]);
}

std::optional<TensorArg> given_tensor(const Call& call, std::size_t index) {
  if (index >= call.args.size() || call.args[index].kind != CallArg::Kind::kTensor) return std::nullopt;
  return checked(call.args[index]);
}

std::vector<TensorArg> tensors_at(const Call& call, std::size_t index) {
  if (index >= call.args.size()) untold("an argument is missing");
  std::vector<TensorArg> tensors;
  collect(call.args[index], tensors);
  if (tensors.empty()) untold("no tensor in a list");
  return tensors;
}

bool is_list(const Call& call, std::size_t index) {
  return index < call.args.size() && call.args[index].kind == CallArg::Kind::kTensors;
}

std::optional<std::int64_t> int_at(const Call& call, std::size_t index) {
  return parsed<std::int64_t>(scalar_text(call, index));
}

std::optional<double> number_at(const Call& call, std::size_t index) {
  return parsed<double>(scalar_text(call, index));
}

std::optional<bool> flag_at(const Call& call, std::size_t index) { return as_flag(scalar_text(call, index)); }

std::optional<std::vector<bool>> flags_at(const Call& call, std::size_t index) {
  std::vector<bool> values;
  for (const std::string& part : split(without_brackets(scalar_text(call, index)), ',')) {
    const auto value = as_flag(part);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

std::optional<Shape> ints_at(const Call& call, std::size_t index) {
  const std::string_view text = scalar_text(call, index);
  if (text.empty()) return std::nullopt;
  Shape values;
  for (const std::string& part : split(without_brackets(text), ',')) {
    const auto value = parsed<std::int64_t>(part);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

std::optional<ElementType> type_at(const Call& call, std::size_t index) {
  // c10/core/ScalarType.h; complex and quantised ones are left out.
  constexpr std::array<std::string_view, 27> kNames = {"uint8",
                                                       "int8",
                                                       "int16",
                                                       "int32",
                                                       "int64",
                                                       "half",
                                                       "float",
                                                       "double",
                                                       "",
                                                       "",
                                                       "",
                                                       "bool",
                                                       "",
                                                       "",
                                                       "",
                                                       "bf16",
                                                       "",
                                                       "",
                                                       "",
                                                       "",
                                                       "",
                                                       "",
                                                       "",
                                                       "float8_e5m2",
                                                       "float8_e4m3fn",
                                                       "float8_e5m2fnuz",
                                                       "float8_e4m3fnuz"};
  const auto code = int_at(call, index);
  if (!code) return std::nullopt;
  if (*code < 0 || *code >= static_cast<std::int64_t>(kNames.size())) untold("a dtype that is not known");
  const auto type = element_type(kNames.at(static_cast<std::size_t>(*code)));
  if (!type) untold("a dtype that is not known");
  return type;
}

Shape broadcast(std::span<const TensorArg> tensors) {
  Shape out;
  for (const TensorArg& tensor : tensors) {
    if (tensor.rank() > out.size()) out.insert(out.begin(), tensor.rank() - out.size(), 1);
    const std::size_t skipped = out.size() - tensor.rank();
    for (std::size_t i = 0; i < tensor.rank(); ++i) {
      std::int64_t& dim = out[skipped + i];
      if (dim != tensor.dims[i] && dim != 1 && tensor.dims[i] != 1) untold("shapes that do not broadcast");
      if (dim == 1) dim = tensor.dims[i];
    }
  }
  return out;
}

ElementType promoted(std::span<const TensorArg> tensors) {
  const auto most = widest(tensors, true);
  const auto numbers = widest(tensors, false);
  if (!most && !numbers) untold("no tensor among the operands");
  if (!most) return *numbers;
  if (!numbers || category(*numbers) <= category(*most)) return *most;
  // A number of Python arrives as a double; with integers it gives the default dtype.
  return numbers->dtype == Dtype::kFp64 ? kFp32Type : *numbers;
}

Pointwise pointwise_at(const Call& call, std::size_t inputs) {
  Pointwise found;
  for (std::size_t i = 0; i < inputs; ++i) {
    if (auto tensor = given_tensor(call, i)) found.operands.push_back(*std::move(tensor));
  }
  if (found.operands.empty()) untold("no tensor among the operands");
  found.dims = call.name.ends_with('_') ? found.operands.front().dims : broadcast(found.operands);
  found.n = elements(found.dims);
  found.result = call.name.ends_with('_') ? found.operands.front().type : promoted(found.operands);
  return found;
}

CallCost pointwise_cost(const Pointwise& of, Count flop_per_element) {
  Count read = 0;
  for (const TensorArg& operand : of.operands) {
    if (operand.complex && flop_per_element > Count(0)) untold("complex numbers");
    if (!is_number(of, operand)) read += operand.bytes();
  }
  CallCost cost = own_cost(KernelClass::kStream, work_dtype(promoted(of.operands)), flop_per_element * of.n, read,
                           bytes_of(of.n, of.result));
  cost.cost.output = of.n;
  cost.shape = shape_text(of.dims);
  return cost;
}

bool is_floating(const ElementType& type) { return type.dtype && !is_integer(*type.dtype); }

Dtype work_dtype(const ElementType& type) { return is_floating(type) ? *type.dtype : Dtype::kFp32; }

Dtype product_dtype(const TensorArg& tensor) {
  if (!tensor.type.dtype) untold("a product of what is no number");
  return *tensor.type.dtype;
}

std::string shape_text(std::span<const std::int64_t> dims) {
  return dims.empty() ? "1" : fmt::format("{}", fmt::join(dims, "x"));
}

}  // namespace gable
