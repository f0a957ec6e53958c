#include "tests/cuda_fake_lt.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "probes/cuda/host_check.h"
#include "tests/cuda_fake.h"

namespace gable::cuda::fake {
namespace {

struct Desc {
  cudaDataType_t scale = CUDA_R_32F;
  std::map<int, std::vector<char>> attributes;

  template <typename T>
  [[nodiscard]] T get(cublasLtMatmulDescAttributes_t which, T otherwise) const {
    const auto found = attributes.find(which);
    if (found != attributes.end()) std::memcpy(&otherwise, found->second.data(), sizeof otherwise);
    return otherwise;
  }
};

struct Layout {
  cudaDataType_t type = CUDA_R_32F;
  std::int64_t rows = 0, cols = 0, ld = 0, stride = 0;
  std::int32_t batch = 1;
};

/// Which element type a layout means.
Dtype dtype_of(cudaDataType_t type) {
  switch (type) {
    case CUDA_R_64F:
      return Dtype::kFp64;
    case CUDA_R_16BF:
      return Dtype::kBf16;
    case CUDA_R_16F:
      return Dtype::kFp16;
    case CUDA_R_8F_E4M3:
      return Dtype::kFp8E4m3;
    case CUDA_R_8I:
      return Dtype::kInt8;
    case CUDA_R_32I:
      return Dtype::kInt32;
    default:
      return type == 33 ? Dtype::kFp4 : Dtype::kFp32;
  }
}

std::uint16_t fp16_bits(double value) {
  const double rounded = rounded_to_fp16(std::abs(value));
  const int sign = value < 0 ? 0x8000 : 0;
  if (rounded < 0x1p-14) return static_cast<std::uint16_t>(sign | std::lround(rounded * 0x1p24));
  const int exponent = std::ilogb(rounded);
  const long mantissa = std::lround(std::ldexp(rounded, 10 - exponent)) - 1024;
  return static_cast<std::uint16_t>(sign | ((exponent + 15) << 10) | mantissa);
}

void store(Dtype dtype, void* out, std::int64_t i, double value) {
  const auto single = static_cast<float>(value);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &single, sizeof bits);
  if (dtype == Dtype::kFp64) static_cast<double*>(out)[i] = value;
  if (dtype == Dtype::kFp32) static_cast<float*>(out)[i] = single;
  if (dtype == Dtype::kInt32) static_cast<std::int32_t*>(out)[i] = static_cast<std::int32_t>(value);
  if (dtype == Dtype::kBf16) static_cast<std::uint16_t*>(out)[i] = static_cast<std::uint16_t>((bits + 0x8000) >> 16);
  if (dtype == Dtype::kFp16) static_cast<std::uint16_t*>(out)[i] = fp16_bits(value);
}

double factor(const Desc& desc, const void* scalar) {
  if (desc.scale == CUDA_R_64F) return *static_cast<const double*>(scalar);
  if (desc.scale == CUDA_R_32I) return *static_cast<const std::int32_t*>(scalar);
  return static_cast<double>(*static_cast<const float*>(scalar));
}

struct Product {
  const Desc& desc;
  const void *a, *b;
  void* d;
  const Layout &a_layout, &b_layout, &d_layout;
  double alpha, beta;

  /// Element (i, j) of op(x), column-major.
  static double at(const void* x, const Layout& l, bool transposed, std::int64_t batch, std::int64_t i,
                   std::int64_t j) {
    return decoded(dtype_of(l.type), x, batch * l.stride + (transposed ? j + i * l.ld : i + j * l.ld));
  }

  void compute() const {
    const bool ta = desc.get<std::int32_t>(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_N) == CUBLAS_OP_T;
    const bool tb = desc.get<std::int32_t>(CUBLASLT_MATMUL_DESC_TRANSB, CUBLAS_OP_N) == CUBLAS_OP_T;
    const bool bias = desc.get<std::int32_t>(CUBLASLT_MATMUL_DESC_EPILOGUE, 0) == CUBLASLT_EPILOGUE_BIAS;
    const auto* bias_data = desc.get<const void*>(CUBLASLT_MATMUL_DESC_BIAS_POINTER, nullptr);
    const Dtype out = dtype_of(d_layout.type);
    const std::int64_t k = ta ? a_layout.rows : a_layout.cols;
    for (std::int64_t batch = 0; batch < d_layout.batch; ++batch) {
      for (std::int64_t j = 0; j < d_layout.cols; ++j) {
        for (std::int64_t i = 0; i < d_layout.rows; ++i) {
          double sum = 0;
          for (std::int64_t l = 0; l < k; ++l)
            sum += at(a, a_layout, ta, batch, i, l) * at(b, b_layout, tb, batch, l, j);
          const std::int64_t place = batch * d_layout.stride + i + j * d_layout.ld;
          if (beta != 0) sum = alpha * sum + beta * decoded(out, d, place);
          store(out, d, place, sum + (bias ? decoded(out, bias_data, i) : 0));
        }
      }
    }
    if (state().corrupt) store(out, d, (d_layout.rows * d_layout.cols) * d_layout.batch - 1, 1e6);
  }
};

Desc& of(cublasLtMatmulDesc_t desc) { return *reinterpret_cast<Desc*>(desc); }
Layout& of(cublasLtMatrixLayout_t layout) { return *reinterpret_cast<Layout*>(layout); }

cublasStatus_t matmul(cublasLtHandle_t /*handle*/, cublasLtMatmulDesc_t desc, const void* alpha, const void* a,
                      cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
                      const void* c, cublasLtMatrixLayout_t /*c_layout*/, void* d, cublasLtMatrixLayout_t d_layout,
                      const cublasLtMatmulAlgo_t* algo, void* workspace, std::size_t bytes, cudaStream_t /*stream*/) {
  if (c != d || workspace == nullptr || bytes == 0) return CUBLAS_STATUS_INVALID_VALUE;
  State& s = state();
  const auto algorithm = static_cast<int>(algo->data[0]);
  s.algorithms.push_back(algorithm);
  ++s.launches["gemm"];
  const double seconds = s.gemm_s.at(static_cast<std::size_t>(algorithm));
  if (s.capturing) {
    s.captured_s += seconds;
    return CUBLAS_STATUS_SUCCESS;
  }
  s.clock_s += seconds;
  const Product product = {
      of(desc), a, b, d, of(a_layout), of(b_layout), of(d_layout), factor(of(desc), alpha), factor(of(desc), beta)};
  if (s.fresh) product.compute();
  s.fresh = false;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t heuristic(cublasLtHandle_t /*handle*/, cublasLtMatmulDesc_t /*desc*/, cublasLtMatrixLayout_t a,
                         cublasLtMatrixLayout_t /*b*/, cublasLtMatrixLayout_t /*c*/, cublasLtMatrixLayout_t /*d*/,
                         cublasLtMatmulPreference_t /*preference*/, int wanted, cublasLtMatmulHeuristicResult_t* out,
                         int* found) {
  if (state().unsupported.count(of(a).type) > 0) return CUBLAS_STATUS_NOT_SUPPORTED;
  *found = std::min(wanted, static_cast<int>(state().gemm_s.size()));
  for (int i = 0; i < *found; ++i) {
    out[i].state = CUBLAS_STATUS_SUCCESS;
    out[i].algo.data[0] = static_cast<std::uint64_t>(i);
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t layout_set(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t which, const void* value,
                          std::size_t bytes) {
  if (which == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) std::memcpy(&of(layout).batch, value, bytes);
  if (which == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET) std::memcpy(&of(layout).stride, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

void set_objects(LtApi& api) {
  api.desc_create = [](cublasLtMatmulDesc_t* out, cublasComputeType_t /*compute*/, cudaDataType_t scale) {
    *out = reinterpret_cast<cublasLtMatmulDesc_t>(new Desc{scale, {}});
    return CUBLAS_STATUS_SUCCESS;
  };
  api.desc_destroy = [](cublasLtMatmulDesc_t desc) {
    delete &of(desc);
    return CUBLAS_STATUS_SUCCESS;
  };
  api.desc_set = [](cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t which, const void* value,
                    std::size_t bytes) {
    const auto* first = static_cast<const char*>(value);
    of(desc).attributes[which] = std::vector<char>(first, first + bytes);
    return CUBLAS_STATUS_SUCCESS;
  };
  api.layout_create = [](cublasLtMatrixLayout_t* out, cudaDataType type, std::uint64_t rows, std::uint64_t cols,
                         std::int64_t ld) {
    *out = reinterpret_cast<cublasLtMatrixLayout_t>(
        new Layout{type, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(cols), ld});
    return CUBLAS_STATUS_SUCCESS;
  };
  api.layout_destroy = [](cublasLtMatrixLayout_t layout) {
    delete &of(layout);
    return CUBLAS_STATUS_SUCCESS;
  };
  api.layout_set = layout_set;
  api.preference_create = [](cublasLtMatmulPreference_t* out) {
    *out = new cublasLtMatmulPreferenceOpaque_t{};
    return CUBLAS_STATUS_SUCCESS;
  };
  api.preference_destroy = [](cublasLtMatmulPreference_t preference) {
    delete preference;
    return CUBLAS_STATUS_SUCCESS;
  };
  api.preference_set = [](cublasLtMatmulPreference_t /*preference*/, cublasLtMatmulPreferenceAttributes_t /*which*/,
                          const void* /*value*/, std::size_t /*bytes*/) { return CUBLAS_STATUS_SUCCESS; };
}

}  // namespace

LtApi make_lt() {
  LtApi api;
  api.library = "libcublasLt.so.13";
  api.why_not = "";
  api.get_version = []() -> std::size_t { return 130100; };
  api.get_status_name = [](cublasStatus_t status) { return status == 15 ? "NOT_SUPPORTED" : "STATUS"; };
  api.create = [](cublasLtHandle_t* handle) {
    *handle = nullptr;
    return CUBLAS_STATUS_SUCCESS;
  };
  api.destroy = [](cublasLtHandle_t /*handle*/) { return CUBLAS_STATUS_SUCCESS; };
  set_objects(api);
  api.get_heuristic = heuristic;
  api.algo_get = [](const cublasLtMatmulAlgo_t* algo, cublasLtMatmulAlgoConfigAttributes_t which, void* value,
                    std::size_t /*bytes*/, std::size_t* written) {
    const auto number = static_cast<std::uint32_t>(which == CUBLASLT_ALGO_CONFIG_ID ? 100 + algo->data[0] : 1);
    std::memcpy(value, &number, sizeof number);
    *written = sizeof number;
    return CUBLAS_STATUS_SUCCESS;
  };
  api.matmul = matmul;
  return api;
}

}  // namespace gable::cuda::fake
