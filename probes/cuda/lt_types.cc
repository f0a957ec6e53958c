#include "probes/cuda/lt_types.h"

#include <array>

namespace gable {
namespace {

/// CUDA_R_4F_E2M1, which headers before CUDA 12.8 lack.
constexpr auto kFp4Type = static_cast<cudaDataType_t>(33);

constexpr std::array<LtTypes, 9> kTypes = {{
    {Dtype::kFp64, Dtype::kFp64, CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F, CUDA_R_64F, false, 0},
    {Dtype::kFp32, Dtype::kFp32, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F, CUDA_R_32F, false, 0},
    {Dtype::kTf32, Dtype::kFp32, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F, false, 80},
    {Dtype::kBf16, Dtype::kBf16, CUDA_R_16BF, CUDA_R_16BF, CUBLAS_COMPUTE_32F, CUDA_R_32F, false, 80},
    {Dtype::kFp16, Dtype::kFp16, CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F, CUDA_R_32F, false, 70},
    {Dtype::kFp8E4m3, Dtype::kBf16, CUDA_R_8F_E4M3, CUDA_R_16BF, CUBLAS_COMPUTE_32F, CUDA_R_32F, false, 89},
    {Dtype::kInt8, Dtype::kInt32, CUDA_R_8I, CUDA_R_32I, CUBLAS_COMPUTE_32I, CUDA_R_32I, false, 75},
    {Dtype::kFp4, Dtype::kBf16, kFp4Type, CUDA_R_16BF, CUBLAS_COMPUTE_32F, CUDA_R_32F, true, 100},
    // e5m2 multiplies only with e4m3, which no op of a model asks for; its row lets it be named in a refusal.
    {Dtype::kFp8E5m2, Dtype::kBf16, CUDA_R_8F_E5M2, CUDA_R_16BF, CUBLAS_COMPUTE_32F, CUDA_R_32F, false, 89},
}};

}  // namespace

const LtTypes* lt_types(Dtype dtype) {
  for (const LtTypes& row : kTypes) {
    if (row.dtype == dtype) return &row;
  }
  return nullptr;
}

}  // namespace gable
