#include "analyzer/trace/kineto_event.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace gable {
namespace {

using Category = KinetoEvent::Category;

/// Up to 2022 categories were capitalised words. ROCm's calls (hipLaunchKernel) come as cuda_runtime, too.
constexpr std::array<std::pair<std::string_view, Category>, 22> kCategories = {{
    {"cpu_op", Category::kOp},
    {"kernel", Category::kKernel},
    {"cuda_runtime", Category::kCall},
    {"python_function", Category::kModule},
    {"cuda_driver", Category::kCall},
    {"gpu_memcpy", Category::kMemcpy},
    {"gpu_memset", Category::kMemset},
    {"user_annotation", Category::kAnnotation},
    {"nvtx", Category::kNvtx},
    {"hip_runtime", Category::kCall},
    {"hip_driver", Category::kCall},
    {"xpu_runtime", Category::kCall},
    {"xpu_driver", Category::kCall},
    {"privateuse1_runtime", Category::kCall},
    {"privateuse1_driver", Category::kCall},
    {"Operator", Category::kOp},
    {"Kernel", Category::kKernel},
    {"Memcpy", Category::kMemcpy},
    {"Memset", Category::kMemset},
    {"Runtime", Category::kCall},
    {"Annotation", Category::kAnnotation},
    {"operator", Category::kOp},
}};

constexpr std::int64_t kNsPerMicrosecond = 1000;

using Element = simdjson::dom::element;

std::vector<std::int64_t> dims_of(simdjson::dom::array array) {
  std::vector<std::int64_t> dims;
  for (const Element dim : array) {
    std::int64_t value = 0;
    if (dim.get(value) != simdjson::SUCCESS) return {};
    dims.push_back(value);
  }
  return dims;
}

bool is_list_of_lists(simdjson::dom::array array) { return array.size() > 0 && array.at(0).is_array(); }

/// An argument by its dims: [2, 3] of a tensor, [[2, 3], [4]] of a list of tensors.
CallArg argument(Element dims) {
  CallArg arg;
  simdjson::dom::array array;
  if (dims.get(array) != simdjson::SUCCESS) return arg;
  if (is_list_of_lists(array)) {
    arg.kind = CallArg::Kind::kTensors;
    for (const Element item : array) arg.items.push_back(argument(item));
    return arg;
  }
  arg.dims = dims_of(array);
  if (!arg.dims.empty()) arg.kind = CallArg::Kind::kTensor;
  return arg;
}

/// What the type says beyond the dims: of a scalar, and of a tensor of one element, the dims are empty.
void add_type(Element type, CallArg& arg) {
  std::string_view text;
  if (simdjson::dom::array list; type.get(list) == simdjson::SUCCESS) {
    std::size_t i = 0;
    for (const Element item : list) {
      if (i < arg.items.size()) add_type(item, arg.items[i]);
      ++i;
    }
    return;
  }
  if (type.get(text) != simdjson::SUCCESS) return;
  if (text.empty()) return;
  if (text == "Scalar" || text == "ScalarList" || text == "Int" || text == "Double" || text == "Bool") {
    arg.kind = CallArg::Kind::kScalar;
  } else if (text == "TensorList") {
    arg.kind = CallArg::Kind::kTensors;
  } else {
    arg.type = text;
    if (arg.kind == CallArg::Kind::kNone && element_type(text)) arg.kind = CallArg::Kind::kTensor;
  }
}

void add_concrete(Element value, CallArg& arg) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS || text.empty()) return;
  arg.text = text;
  if (arg.kind == CallArg::Kind::kNone) arg.kind = CallArg::Kind::kScalar;
}

/// The elements of a JSON array; nothing for an empty text or one that is none.
std::vector<Element> elements(simdjson::dom::parser& parser, std::string_view json) {
  std::vector<Element> found;
  simdjson::dom::array array;
  if (json.empty() || parser.parse(json.data(), json.size()).get(array) != simdjson::SUCCESS) return found;
  for (const Element element : array) found.push_back(element);
  return found;
}

}  // namespace

Category kineto_category(std::string_view cat) {
  for (const auto& [name, category] : kCategories) {
    if (name == cat) return category;
  }
  return Category::kOther;
}

std::optional<std::int64_t> nanoseconds_of(std::string_view microseconds) {
  const char* const begin = microseconds.data();
  const char* const end = begin + microseconds.size();
  std::int64_t whole = 0;
  const auto [rest, error] = std::from_chars(begin, end, whole);
  constexpr std::int64_t kMost = INT64_MAX / kNsPerMicrosecond - 1;
  if (error == std::errc() && whole <= kMost && whole >= -kMost && (rest == end || *rest == '.')) {
    const bool negative = *begin == '-';
    std::int64_t ns = whole * kNsPerMicrosecond;
    const char* digit = rest == end ? end : rest + 1;
    for (std::int64_t unit = kNsPerMicrosecond / 10; digit != end && *digit >= '0' && *digit <= '9'; ++digit) {
      ns += (negative ? -unit : unit) * (*digit - '0');
      unit /= 10;
    }
    if (digit == end && (rest == end || rest + 1 != end)) return ns;
  }
  if (microseconds.find_first_of("eE") == std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [stop, bad] = std::from_chars(begin, end, value);
  if (bad != std::errc() || stop != end || !(std::fabs(value) < static_cast<double>(kMost))) return std::nullopt;
  return std::llround(value * static_cast<double>(kNsPerMicrosecond));
}

Call kineto_call(std::string_view name, std::string_view dims, std::string_view types, std::string_view concrete) {
  Call call{std::string(name), {}};
  simdjson::dom::parser dims_parser;
  for (const Element element : elements(dims_parser, dims)) call.args.push_back(argument(element));
  simdjson::dom::parser parser;
  const auto add = [&](std::string_view json, void (*to)(Element, CallArg&)) {
    std::size_t i = 0;
    for (const Element element : elements(parser, json)) {
      if (i == call.args.size()) break;
      to(element, call.args[i++]);
    }
  };
  add(types, add_type);
  add(concrete, add_concrete);
  return call;
}

}  // namespace gable
