// Element types as profilers spell them.
#include <algorithm>
#include <array>
#include <cctype>

#include "analyzer/trace/framework_op.h"

namespace gable {
namespace {

struct TypeRow {
  std::string_view name;  ///< lower case, without "c10::", "at::", "torch."
  ElementType type;
};
// Booleans have a byte each. A pair of FP4 values is one element to PyTorch.
constexpr std::array<TypeRow, 46> kTypes = {{
    {"float", {Dtype::kFp32, 32}},
    {"float32", {Dtype::kFp32, 32}},
    {"fp32", {Dtype::kFp32, 32}},
    {"double", {Dtype::kFp64, 64}},
    {"float64", {Dtype::kFp64, 64}},
    {"fp64", {Dtype::kFp64, 64}},
    {"half", {Dtype::kFp16, 16}},
    {"float16", {Dtype::kFp16, 16}},
    {"fp16", {Dtype::kFp16, 16}},
    {"bfloat16", {Dtype::kBf16, 16}},
    {"bf16", {Dtype::kBf16, 16}},
    {"float8_e4m3fn", {Dtype::kFp8E4m3, 8}},
    {"float8_e4m3fnuz", {Dtype::kFp8E4m3, 8}},
    {"fp8_e4m3", {Dtype::kFp8E4m3, 8}},
    {"float8_e5m2", {Dtype::kFp8E5m2, 8}},
    {"float8_e5m2fnuz", {Dtype::kFp8E5m2, 8}},
    {"fp8_e5m2", {Dtype::kFp8E5m2, 8}},
    {"float8_e8m0fnu", {std::nullopt, 8}},
    {"float4_e2m1fn_x2", {Dtype::kFp4, 8}},
    {"signed char", {Dtype::kInt8, 8}},
    {"char", {Dtype::kInt8, 8}},
    {"int8", {Dtype::kInt8, 8}},
    {"qint8", {Dtype::kInt8, 8}},
    {"int", {Dtype::kInt32, 32}},
    {"int32", {Dtype::kInt32, 32}},
    {"unsigned char", {std::nullopt, 8}},
    {"byte", {std::nullopt, 8}},
    {"uint8", {std::nullopt, 8}},
    {"quint8", {std::nullopt, 8}},
    {"bool", {std::nullopt, 8}},
    {"short", {std::nullopt, 16}},
    {"short int", {std::nullopt, 16}},
    {"int16", {std::nullopt, 16}},
    {"unsigned short", {std::nullopt, 16}},
    {"uint16", {std::nullopt, 16}},
    {"unsigned int", {std::nullopt, 32}},
    {"uint32", {std::nullopt, 32}},
    {"long int", {std::nullopt, 64}},
    {"long", {std::nullopt, 64}},
    {"long long", {std::nullopt, 64}},
    {"int64", {std::nullopt, 64}},
    {"unsigned long", {std::nullopt, 64}},
    {"uint64", {std::nullopt, 64}},
    {"complex<float>", {std::nullopt, 64}},
    {"complex<double>", {std::nullopt, 128}},
    {"complex<c10::half>", {std::nullopt, 32}},
}};

}  // namespace

std::optional<ElementType> element_type(std::string_view type) {
  for (const std::string_view prefix : {"c10::", "at::", "torch."}) {
    if (type.starts_with(prefix)) type.remove_prefix(prefix.size());
  }
  const auto same = [&](const TypeRow& row) {
    return std::equal(type.begin(), type.end(), row.name.begin(), row.name.end(),
                      [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
  };
  const auto* it = std::find_if(kTypes.begin(), kTypes.end(), same);
  if (it == kTypes.end()) return std::nullopt;
  return it->type;
}

}  // namespace gable
