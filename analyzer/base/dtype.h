// Number formats: width, what they accumulate in, and which wider formats hold all their values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "analyzer/base/count.h"

namespace gable {

enum class Dtype : std::uint8_t { kFp64, kFp32, kTf32, kBf16, kFp16, kFp8E4m3, kFp8E5m2, kInt32, kInt8, kFp4, kInt4 };
inline constexpr std::size_t kDtypeCount = 11;

struct DtypeRow {
  Dtype id;
  std::string_view name;
  int bits;          ///< in memory: tf32 is stored in 32 bits and rounded inside the tensor core
  Dtype accumulate;  ///< the accumulator of a matrix product unless the model says otherwise
  std::string_view summary;
};

std::span<const DtypeRow, kDtypeCount> dtype_table();
const DtypeRow& row(Dtype dtype);
std::optional<Dtype> find_dtype(std::string_view name);

bool is_integer(Dtype dtype);

/// The dtypes that represent every value of `dtype` exactly, itself first, narrowest next; fp64 only for itself,
/// because its units are slow and nothing in deep learning falls back to it.
std::span<const Dtype> exact_in(Dtype dtype);

/// Bytes of a tensor of n elements: n * bits / 8, rounded up to a whole byte (matters for odd counts of 4-bit values).
Count tensor_bytes(Count n, Dtype dtype);

/// What an op's tensors are stored in. `kv` is the key/value cache of attention.
struct Dtypes {
  Dtype weights = Dtype::kFp32;
  Dtype act = Dtype::kFp32;
  Dtype accum = Dtype::kFp32;
  Dtype kv = Dtype::kFp32;

  friend bool operator==(const Dtypes&, const Dtypes&) = default;
};

/// All tensors in one dtype, accumulating in its default.
Dtypes uniform(Dtype dtype);

/// The dtype that a product of two operands is computed in: the wider one; on a tie the first.
Dtype wider(Dtype a, Dtype b);

}  // namespace gable
