#include "probes/cuda/lt_gemm.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "probes/cuda/lt_types.h"

namespace gable {
namespace {

// Attributes and a scale mode that headers before CUDA 12.8 lack; an older library answers INVALID_VALUE.
constexpr auto kAScaleMode = static_cast<cublasLtMatmulDescAttributes_t>(31);
constexpr auto kBScaleMode = static_cast<cublasLtMatmulDescAttributes_t>(32);
constexpr std::int32_t kScaleVec16Ue4m3 = 1;

std::string describe(const LtGemmSpec& spec) {
  return fmt::format("{} {}x{}x{} batch {}{}{}{}{}", row(spec.dtype).name, spec.m, spec.n, spec.k, spec.batch,
                     spec.a_transposed ? ", a transposed" : "", spec.b_transposed ? ", b transposed" : "",
                     spec.accumulate ? ", accumulating" : "", spec.bias ? ", bias" : "");
}

[[noreturn]] void unsupported(const LtGemmSpec& spec, std::string_view why) {
  throw LtUnsupported(fmt::format("cuBLASLt has no product for {}: {}", describe(spec), why));
}

/// Whether a status means that the library lacks this product, rather than that something broke.
bool means_unsupported(cublasStatus_t status) {
  return status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE ||
         status == CUBLAS_STATUS_ARCH_MISMATCH;
}

/// A cuBLASLt object with the call that frees it.
template <typename Handle>
class Owned {
 public:
  using Destroy = cublasStatus_t (*)(Handle);
  Owned() = default;
  Owned(Handle handle, Destroy destroy) : handle_(handle), destroy_(destroy) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)), destroy_(other.destroy_) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(destroy_, other.destroy_);
    return *this;
  }
  ~Owned() {
    if (handle_ != nullptr) static_cast<void>(destroy_(handle_));
  }
  [[nodiscard]] Handle get() const { return handle_; }

 private:
  Handle handle_ = nullptr;
  Destroy destroy_ = nullptr;
};

using Desc = Owned<cublasLtMatmulDesc_t>;
using Layout = Owned<cublasLtMatrixLayout_t>;
using Preference = Owned<cublasLtMatmulPreference_t>;

/// A matrix that is `rows` x `cols` row-major: column-major, as cuBLASLt reads it, it is cols x rows.
Layout make_layout(const LtApi& lt, cudaDataType_t type, std::int64_t rows, std::int64_t cols, std::int64_t batch) {
  cublasLtMatrixLayout_t raw = nullptr;
  check_lt(lt, lt.layout_create(&raw, type, static_cast<std::uint64_t>(cols), static_cast<std::uint64_t>(rows), cols),
           "cublasLtMatrixLayoutCreate");
  Layout layout(raw, lt.layout_destroy);
  if (batch > 1) {
    const auto count = static_cast<std::int32_t>(batch);
    const std::int64_t stride = rows * cols;
    check_lt(lt, lt.layout_set(raw, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count),
             "cublasLtMatrixLayoutSetAttribute");
    check_lt(lt, lt.layout_set(raw, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof stride),
             "cublasLtMatrixLayoutSetAttribute");
  }
  return layout;
}

/// 0 and 1 in the type of alpha and beta.
const void* scalar(cudaDataType_t type, bool one) {
  static constexpr double kDouble[] = {0, 1};
  static constexpr float kFloat[] = {0, 1};
  static constexpr std::int32_t kInt[] = {0, 1};
  const int i = one ? 1 : 0;
  if (type == CUDA_R_64F) return &kDouble[i];
  if (type == CUDA_R_32I) return &kInt[i];
  return &kFloat[i];
}

}  // namespace

void check_lt(const LtApi& lt, cublasStatus_t status, std::string_view call, const char* file, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const std::string name = lt.get_status_name != nullptr ? lt.get_status_name(status) : fmt::format("{}", int{status});
  throw DeviceError(call, name, file, line);
}

Dtype lt_out_dtype(Dtype dtype) {
  const LtTypes* types = lt_types(dtype);
  return types == nullptr ? dtype : types->out;
}

std::int64_t lt_scale_bytes(Dtype dtype, std::int64_t rows, std::int64_t k) {
  const LtTypes* types = lt_types(dtype);
  if (types == nullptr || !types->block_scales) return 0;
  const auto up = [](std::int64_t value, std::int64_t to) { return (value + to - 1) / to * to; };
  return up(rows, 128) * up((k + 15) / 16, 4);
}

LtContext::LtContext(const CudaApi& api, cudaStream_t stream) : api_(&api), stream_(stream) {
  if (!api.lt.why_not.empty()) throw CapabilityError("no cuBLASLt: " + api.lt.why_not);
  check_lt(api.lt, api.lt.create(&handle_), "cublasLtCreate");
  const cudaError_t status = api.runtime.malloc(&workspace_, kLtWorkspaceBytes);
  if (status != cudaSuccess) {
    static_cast<void>(api.lt.destroy(handle_));
    check_cuda(status, "cudaMalloc");
  }
}

LtContext::~LtContext() {
  static_cast<void>(api_->runtime.free(workspace_));
  static_cast<void>(api_->lt.destroy(handle_));
}

std::string LtContext::version() const {
  const std::size_t v = api_->lt.get_version();  // 130100 is 13.1.0
  return fmt::format("{}.{}.{}", v / 10000, v / 100 % 100, v % 100);
}

/// cuBLASLt is column-major. A row-major out (m x n) is the column-major n x m of its transpose, op(b)^T * op(a)^T: its
/// first operand is b, its second a, and a matrix stored row-major counts as transposed already.
struct LtGemm::Plan {
  const LtContext* context = nullptr;
  LtGemmSpec spec;
  const LtTypes* types = nullptr;
  Desc desc;
  Layout first, second, out;
  std::vector<cublasLtMatmulHeuristicResult_t> found;
  int chosen = 0;

  template <typename Value>
  void set(cublasLtMatmulDescAttributes_t attribute, const Value& value) const {
    const LtApi& lt = context->lt();
    const cublasStatus_t status = lt.desc_set(desc.get(), attribute, &value, sizeof value);
    if (means_unsupported(status)) unsupported(spec, "an attribute is unknown to this version");
    check_lt(lt, status, "cublasLtMatmulDescSetAttribute");
  }

  void describe_product() {
    const LtApi& lt = context->lt();
    cublasLtMatmulDesc_t raw = nullptr;
    check_lt(lt, lt.desc_create(&raw, types->compute, types->scale), "cublasLtMatmulDescCreate");
    desc = Desc(raw, lt.desc_destroy);
    set(CUBLASLT_MATMUL_DESC_TRANSA, spec.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, spec.a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    if (spec.bias) {
      set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
      set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, static_cast<std::int32_t>(types->out_type));
      // The search for algorithms reads the alignment of a pointer that is known only when the product runs.
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(context->workspace()));
    }
    if (types->block_scales) {
      set(kAScaleMode, kScaleVec16Ue4m3);
      set(kBScaleMode, kScaleVec16Ue4m3);
      set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, static_cast<const void*>(context->workspace()));
      set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, static_cast<const void*>(context->workspace()));
    }
    const auto layout = [&](cudaDataType_t type, bool transposed, std::int64_t rows, std::int64_t cols) {
      return make_layout(lt, type, transposed ? cols : rows, transposed ? rows : cols, spec.batch);
    };
    first = layout(types->operand_type, spec.b_transposed, spec.k, spec.n);
    second = layout(types->operand_type, spec.a_transposed, spec.m, spec.k);
    out = layout(types->out_type, false, spec.m, spec.n);
  }

  [[nodiscard]] Preference preference() const {
    const LtApi& lt = context->lt();
    cublasLtMatmulPreference_t raw = nullptr;
    check_lt(lt, lt.preference_create(&raw), "cublasLtMatmulPreferenceCreate");
    Preference made(raw, lt.preference_destroy);
    const auto put = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
      check_lt(lt, lt.preference_set(raw, attribute, &value, sizeof value), "cublasLtMatmulPreferenceSetAttribute");
    };
    put(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kLtWorkspaceBytes);
    for (const auto attribute :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      put(attribute, std::min<std::uint32_t>(spec.alignment, 256));
    }
    return made;
  }

  void search(int algorithms) {
    const Preference wish = preference();
    found.resize(static_cast<std::size_t>(std::max(algorithms, 1)));
    int count = 0;
    const cublasStatus_t status =
        context->lt().get_heuristic(context->handle(), desc.get(), first.get(), second.get(), out.get(), out.get(),
                                    wish.get(), static_cast<int>(found.size()), found.data(), &count);
    if (means_unsupported(status))
      count = 0;
    else
      check_lt(context->lt(), status, "cublasLtMatmulAlgoGetHeuristic");
    found.resize(static_cast<std::size_t>(count));
    std::erase_if(found, [](const auto& result) { return result.state != CUBLAS_STATUS_SUCCESS; });
    if (found.empty()) unsupported(spec, "no algorithm on this device");
  }

  [[nodiscard]] std::uint32_t config(cublasLtMatmulAlgoConfigAttributes_t attribute) const {
    std::uint32_t value = 0;
    std::size_t written = 0;
    const auto& algo = found[static_cast<std::size_t>(chosen)].algo;
    static_cast<void>(context->lt().algo_get(&algo, attribute, &value, sizeof value, &written));
    return value;
  }
};

LtGemm::LtGemm(const LtContext& context, const LtGemmSpec& spec, int algorithms) : plan_(std::make_shared<Plan>()) {
  plan_->context = &context;
  plan_->spec = spec;
  plan_->types = lt_types(spec.dtype);
  if (plan_->types == nullptr) unsupported(spec, "no such operands");
  if (std::min({spec.m, spec.n, spec.k, spec.batch}) < 1) unsupported(spec, "sizes are at least 1");
  if (spec.batch > std::numeric_limits<std::int32_t>::max()) unsupported(spec, "the batch exceeds 2^31 - 1");
  plan_->describe_product();
  plan_->search(algorithms);
}

const LtGemmSpec& LtGemm::spec() const { return plan_->spec; }
int LtGemm::algorithms() const { return static_cast<int>(plan_->found.size()); }
int LtGemm::chosen() const { return plan_->chosen; }
void LtGemm::choose(int algorithm) { plan_->chosen = std::clamp(algorithm, 0, algorithms() - 1); }

std::string LtGemm::choice() const {
  return fmt::format("cublasLt algo {}, tile {}, split-k {}", plan_->config(CUBLASLT_ALGO_CONFIG_ID),
                     plan_->config(CUBLASLT_ALGO_CONFIG_TILE_ID), plan_->config(CUBLASLT_ALGO_CONFIG_SPLITK_NUM));
}

void LtGemm::run(const LtOperands& operands) const {
  const Plan& plan = *plan_;
  if (plan.spec.bias) plan.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, operands.bias);
  if (plan.types->block_scales) {
    plan.set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, operands.b_scales);  // swapped as the operands are
    plan.set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, operands.a_scales);
  }
  const LtContext& context = *plan.context;
  const cublasStatus_t status = context.lt().matmul(
      context.handle(), plan.desc.get(), scalar(plan.types->scale, true), operands.b, plan.first.get(), operands.a,
      plan.second.get(), scalar(plan.types->scale, plan.spec.accumulate), operands.out, plan.out.get(), operands.out,
      plan.out.get(), &plan.found[static_cast<std::size_t>(plan.chosen)].algo, context.workspace(), kLtWorkspaceBytes,
      context.stream());
  check_lt(context.lt(), status, "cublasLtMatmul");
}

std::function<void()> LtGemm::task(const LtOperands& operands) const {
  return [gemm = *this, operands] { gemm.run(operands); };
}

}  // namespace gable
