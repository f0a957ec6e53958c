// How cuBLASLt names what this program multiplies.
#pragma once

#include <cublasLt.h>

#include "analyzer/base/dtype.h"

namespace gable {

/// One kind of product: operands, result, arithmetic. CUDA's cuBLAS documentation, "cublasLtMatmul()", lists which go
/// together.
struct LtTypes {
  Dtype dtype;
  Dtype out;
  cudaDataType_t operand_type;
  cudaDataType_t out_type;
  cublasComputeType_t compute;
  cudaDataType_t scale;  ///< of alpha and beta
  bool block_scales;     ///< one scale per 16 elements along k
  int min_capability;    ///< 10 * major + minor of the first chips with such a unit
};

/// Null for a dtype that cuBLASLt does not multiply.
const LtTypes* lt_types(Dtype dtype);

}  // namespace gable
