#include "analyzer/base/dtype.h"

#include <algorithm>

namespace gable {
namespace {

using enum Dtype;

constexpr std::array<DtypeRow, kDtypeCount> kTable = {{
    {kFp64, "fp64", 64, kFp64, "IEEE double"},
    {kFp32, "fp32", 32, kFp32, "IEEE single"},
    {kTf32, "tf32", 32, kFp32, "fp32 in memory, 10-bit mantissa inside the tensor core"},
    {kBf16, "bf16", 16, kFp32, "8-bit exponent, 7-bit mantissa"},
    {kFp16, "fp16", 16, kFp32, "IEEE half"},
    {kFp8E4m3, "fp8_e4m3", 8, kFp32, "OCP FP8, 4-bit exponent, 3-bit mantissa"},
    {kFp8E5m2, "fp8_e5m2", 8, kFp32, "OCP FP8, 5-bit exponent, 2-bit mantissa"},
    {kInt32, "int32", 32, kInt32, "accumulator of integer products"},
    {kInt8, "int8", 8, kInt32, "8-bit integer"},
    {kFp4, "fp4", 4, kFp32, "OCP FP4 e2m1, two values a byte"},
    {kInt4, "int4", 4, kInt32, "4-bit integer, two values a byte"},
}};

// Exactness by exponent range and significand: int8 needs 8 significant bits, which fp16 (11) and bf16 (8) have;
// e4m3 and e5m2 fit both 16-bit formats; fp16 and bf16 fit tf32 (8-bit exponent, 11-bit significand).
constexpr std::array kInFp64 = {kFp64};
constexpr std::array kInFp32 = {kFp32};
constexpr std::array kInTf32 = {kTf32, kFp32};
constexpr std::array kInBf16 = {kBf16, kTf32, kFp32};
constexpr std::array kInFp16 = {kFp16, kTf32, kFp32};
constexpr std::array kInE4m3 = {kFp8E4m3, kFp16, kBf16, kTf32, kFp32};
constexpr std::array kInE5m2 = {kFp8E5m2, kFp16, kBf16, kTf32, kFp32};
constexpr std::array kInInt32 = {kInt32};
constexpr std::array kInInt8 = {kInt8, kFp16, kBf16, kTf32, kFp32};
constexpr std::array kInFp4 = {kFp4, kFp8E4m3, kFp8E5m2, kFp16, kBf16, kTf32, kFp32};
constexpr std::array kInInt4 = {kInt4, kInt8, kFp8E4m3, kFp16, kBf16, kTf32, kFp32};

constexpr std::array<std::span<const Dtype>, kDtypeCount> kExactIn = {
    kInFp64, kInFp32, kInTf32, kInBf16, kInFp16, kInE4m3, kInE5m2, kInInt32, kInInt8, kInFp4, kInInt4};

}  // namespace

std::span<const DtypeRow, kDtypeCount> dtype_table() { return kTable; }

const DtypeRow& row(Dtype dtype) { return kTable.at(static_cast<std::size_t>(dtype)); }

std::optional<Dtype> find_dtype(std::string_view name) {
  const auto* it = std::find_if(kTable.begin(), kTable.end(), [&](const DtypeRow& r) { return r.name == name; });
  if (it == kTable.end()) return std::nullopt;
  return it->id;
}

bool is_integer(Dtype dtype) { return dtype == Dtype::kInt32 || dtype == Dtype::kInt8 || dtype == Dtype::kInt4; }

std::span<const Dtype> exact_in(Dtype dtype) { return kExactIn.at(static_cast<std::size_t>(dtype)); }

Count tensor_bytes(Count n, Dtype dtype) {
  const int bits = row(dtype).bits;
  return bits >= 8 ? n * Count(bits / 8) : ceil_div(n, 8 / bits);
}

Dtypes uniform(Dtype dtype) { return {dtype, dtype, row(dtype).accumulate, dtype}; }

Dtype wider(Dtype a, Dtype b) { return row(b).bits > row(a).bits ? b : a; }

}  // namespace gable
