// Easy to break here: half bytes of 4-bit formats, which format holds which exactly, an accumulator that forgets to
// follow.
#include "analyzer/base/dtype.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>

#include "analyzer/base/dtype_choice.h"

using namespace gable;
using enum Dtype;

namespace {

TEST_CASE("the table is indexed by the enum and names are unique") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kDtypeCount; ++i) {
    const DtypeRow& r = dtype_table()[i];
    CAPTURE(r.name);
    CHECK(static_cast<std::size_t>(r.id) == i);
    CHECK(&row(r.id) == &r);
    CHECK(find_dtype(r.name) == r.id);
    CHECK_FALSE(r.summary.empty());
    names.insert(r.name);
  }
  CHECK(names.size() == kDtypeCount);
  CHECK_FALSE(find_dtype("FP32").has_value());
  CHECK_FALSE(find_dtype("").has_value());
}

TEST_CASE("tensor_bytes rounds odd 4-bit counts up") {
  CHECK(tensor_bytes(3, kFp64) == Count(3 * 8));
  CHECK(tensor_bytes(3, kFp32) == Count(3 * 4));
  CHECK(tensor_bytes(3, kTf32) == Count(3 * 4));  // 32 bits in memory
  CHECK(tensor_bytes(3, kBf16) == Count(3 * 2));
  CHECK(tensor_bytes(3, kFp8E4m3) == Count(3));
  CHECK(tensor_bytes(0, kInt4) == Count(0));
  CHECK(tensor_bytes(1, kInt4) == Count(1));
  CHECK(tensor_bytes(2, kFp4) == Count(1));
  CHECK(tensor_bytes(3, kFp4) == Count(2));
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  CHECK(tensor_bytes(kMost, kInt4) == Count(kMost / 2 + 1));
  CHECK_THROWS_AS(tensor_bytes(kMost, kBf16), CountOverflow);
}

/// Bits of exponent and of significand (with the hidden one) of the floating formats; IEEE 754, OCP MX 1.0.
struct Format {
  Dtype dtype;
  int exponent, significand;
};
constexpr std::array<Format, 8> kFloats = {{{kFp64, 11, 53},
                                            {kFp32, 8, 24},
                                            {kTf32, 8, 11},
                                            {kBf16, 8, 8},
                                            {kFp16, 5, 11},
                                            {kFp8E4m3, 4, 4},
                                            {kFp8E5m2, 5, 3},
                                            {kFp4, 2, 2}}};

TEST_CASE("exact_in of a float: exponent and significand both fit, itself first, narrowest next") {
  for (const Format& from : kFloats) {
    CAPTURE(row(from.dtype).name);
    const auto targets = exact_in(from.dtype);
    CHECK(targets[0] == from.dtype);
    for (std::size_t i = 1; i + 1 < targets.size(); ++i) CHECK(row(targets[i]).bits <= row(targets[i + 1]).bits);
    for (const Format& to : kFloats) {
      if (to.dtype == kFp64 && from.dtype != kFp64) continue;  // never a fallback, see dtype.h
      CAPTURE(row(to.dtype).name);
      const bool fits = to.exponent >= from.exponent && to.significand >= from.significand;
      CHECK((std::find(targets.begin(), targets.end(), to.dtype) != targets.end()) == fits);
    }
  }
}

TEST_CASE("exact_in of an integer: the significand holds all its values") {
  for (const Dtype target : exact_in(kInt8))
    CHECK((target == kInt8 || target == kFp16 || target == kBf16 || target == kTf32 || target == kFp32));
  CHECK(exact_in(kInt4)[1] == kInt8);
  CHECK(exact_in(kInt32).size() == 1);  // fp32 has 24 bits
}

TEST_CASE("wider takes the first on a tie") {
  CHECK(wider(kInt8, kBf16) == kBf16);
  CHECK(wider(kBf16, kInt8) == kBf16);
  CHECK(wider(kBf16, kFp16) == kBf16);
  CHECK(wider(kFp16, kBf16) == kFp16);
}

TEST_CASE("parse_dtype_choice: one for all, or by tensor") {
  const Dtypes base = uniform(kFp32);
  CHECK(parse_dtype_choice("bf16").applied_to(base) == Dtypes{kBf16, kBf16, kFp32, kBf16});
  CHECK(parse_dtype_choice(" int8 ").applied_to(base) == Dtypes{kInt8, kInt8, kInt32, kInt8});
  CHECK(parse_dtype_choice("weights=int8, act = bf16").applied_to(base) == Dtypes{kInt8, kBf16, kFp32, kFp32});
  CHECK(parse_dtype_choice("kv=fp8_e4m3").applied_to(uniform(kInt8)) == Dtypes{kInt8, kInt8, kInt32, kFp8E4m3});
  CHECK(parse_dtype_choice("act=bf16,weights=bf16,accum=fp16").applied_to(base) == Dtypes{kBf16, kBf16, kFp16, kFp32});
}

TEST_CASE("an accumulator that is not chosen follows the operands, and only them") {
  CHECK(DtypeChoice{}.applied_to({kInt8, kInt8, kInt32, kInt8}).accum == kInt32);
  DtypeChoice act;
  act.act = kFp64;
  CHECK(act.applied_to(uniform(kFp32)).accum == kFp64);
  DtypeChoice kv;
  kv.kv = kFp64;
  CHECK(kv.applied_to(uniform(kFp32)).accum == kFp32);
}

TEST_CASE("wrong dtypes: exact texts") {
  const auto error_of = [](std::string_view text) -> std::string {
    try {
      parse_dtype_choice(text);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK(error_of("bf61") == "unknown dtype 'bf61', did you mean 'bf16'?");
  CHECK(error_of("") ==
        "unknown dtype ''; known: fp64, fp32, tf32, bf16, fp16, fp8_e4m3, fp8_e5m2, int32, int8, fp4, int4");
  CHECK(error_of("weights=bf16,fp16") == "'fp16' is not TENSOR=DTYPE; write for example 'weights=int8,act=bf16'");
  CHECK(error_of("wieghts=bf16") == "unknown tensor class 'wieghts', did you mean 'weights'?");
  CHECK(error_of("act=") ==
        "unknown dtype ''; known: fp64, fp32, tf32, bf16, fp16, fp8_e4m3, fp8_e5m2, int32, int8, fp4, int4");
}

TEST_CASE("describe is short where all tensors agree") {
  CHECK(describe(uniform(kBf16)) == "bf16");
  CHECK(describe({kInt8, kBf16, kFp32, kBf16}) == "weights int8, act bf16, kv bf16, accumulate fp32");
}

}  // namespace
