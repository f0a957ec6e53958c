// Matrix products through cuBLASLt: prepared once (operands described, algorithms asked for), run many times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "analyzer/base/dtype.h"
#include "probes/cuda/api.h"

namespace gable {

/// The workspace that every product may use; cuBLAS itself takes 32 MiB on Hopper and later, as frameworks give it.
inline constexpr std::size_t kLtWorkspaceBytes = std::size_t{32} << 20;

/// out[b] = op(a[b]) * op(b[b]) (+ out[b]) (+ bias); op(a) is m x k, op(b) k x n; all row-major and dense, batches one
/// after the other.
struct LtGemmSpec {
  std::int64_t m = 1, n = 1, k = 1, batch = 1;
  bool a_transposed = false;  ///< a is stored k x m
  bool b_transposed = false;  ///< b is stored n x k; the only layout of fp8 and fp4 (cuBLASLt's "TN")
  bool accumulate = false;    ///< adds to what is in out
  bool bias = false;          ///< n elements in the dtype of out, added to each row
  /// Of a and b: fp64, fp32, tf32 (fp32 in memory, rounded by the tensor cores), bf16, fp16, fp8e4m3, int8, fp4.
  /// out is bf16 for the fp8s and fp4, int32 for int8, else the same.
  Dtype dtype = Dtype::kFp32;
  /// That every operand of every run has, in bytes: a power of 2. cuBLASLt chooses kernels by it; a piece of a buffer
  /// may have less than the 256 of an allocation.
  std::uint32_t alignment = 256;
};

/// Device memory of one run. The scales belong to fp4, one byte per 16 elements along k, see lt_scale_bytes().
struct LtOperands {
  const void* a = nullptr;
  const void* b = nullptr;
  void* out = nullptr;
  const void* bias = nullptr;
  const void* a_scales = nullptr;
  const void* b_scales = nullptr;
};

/// The dtype of out for operands of `dtype`.
Dtype lt_out_dtype(Dtype dtype);
/// Bytes of the block scales of a rows x k operand (ue4m3, tiles of 128 rows x 4 scales), 0 for all but fp4. Filled
/// with 0x38 they are all 1, whatever the order in the tile.
std::int64_t lt_scale_bytes(Dtype dtype, std::int64_t rows, std::int64_t k);

/// A handle of cuBLASLt with its workspace, for one stream of the current device. Shared by all products on it.
class LtContext {
 public:
  /// @throws CapabilityError without cuBLASLt, DeviceError
  LtContext(const CudaApi& api, cudaStream_t stream);
  LtContext(const LtContext&) = delete;
  LtContext& operator=(const LtContext&) = delete;
  ~LtContext();

  [[nodiscard]] const LtApi& lt() const { return api_->lt; }
  [[nodiscard]] cublasLtHandle_t handle() const { return handle_; }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  [[nodiscard]] void* workspace() const { return workspace_; }
  /// "13.1.0"
  [[nodiscard]] std::string version() const;

 private:
  const CudaApi* api_;
  cudaStream_t stream_;
  cublasLtHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
};

/// cuBLASLt has no algorithm for a product; `what()` says for which. Whoever prepares an engine's call gets the
/// std::invalid_argument that it is.
class LtUnsupported : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A prepared product. Copies share what was prepared; they may outlive the context's other users, not the context.
class LtGemm {
 public:
  /// Asks for the `algorithms` that cuBLASLt thinks best, best first, and chooses the first.
  /// @throws LtUnsupported if there is none, also for sizes below 1; DeviceError
  LtGemm(const LtContext& context, const LtGemmSpec& spec, int algorithms = 1);

  [[nodiscard]] const LtGemmSpec& spec() const;
  /// How many were found, at least 1.
  [[nodiscard]] int algorithms() const;
  [[nodiscard]] int chosen() const;
  /// Which of them run() uses.
  void choose(int algorithm);
  /// "cublasLt algo 66, tile 20, split-k 1"
  [[nodiscard]] std::string choice() const;

  /// Enqueues it on the context's stream. @throws DeviceError
  void run(const LtOperands& operands) const;
  /// run() with these operands; memory is the caller's to keep.
  [[nodiscard]] std::function<void()> task(const LtOperands& operands) const;

 private:
  struct Plan;
  std::shared_ptr<Plan> plan_;
};

}  // namespace gable
