// What runs kernels: a CPU, a CUDA device, a recorder in tests. The runner composes the ops of a model from these
// calls.
//
// A call is prepared once (a library chooses its algorithm, weights may be packed) and its task is run in every step.
// Buffers are dense and row-major. Element types: fp32 everywhere; fp64, bf16, fp16 where the engine says so.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "analyzer/base/dtype.h"

namespace gable {

/// Memory on the device, freed with the last copy.
struct Buffer {
  std::shared_ptr<void> memory;
  void* data = nullptr;  ///< of element 0; inside `memory`, so that a piece of a buffer is a buffer
  std::int64_t n = 0;    ///< elements
  Dtype dtype = Dtype::kFp32;

  /// Elements [first, first + count).
  [[nodiscard]] Buffer piece(std::int64_t first, std::int64_t count) const;
  explicit operator bool() const { return data != nullptr; }
};

/// The device has no room for a buffer.
class OutOfMemory : public std::runtime_error {
 public:
  OutOfMemory(std::int64_t needed_bytes, std::int64_t free_bytes);
  std::int64_t needed_bytes;
  std::int64_t free_bytes;
};

/// out[b] = op(a[b]) * op(b[b]) (+ out[b]) (+ bias), for each of `batch` products; op(a) is m x k, op(b) k x n.
struct GemmCall {
  std::int64_t m = 1, n = 1, k = 1, batch = 1;
  bool a_transposed = false;  ///< a is stored k x m
  bool b_transposed = false;  ///< b is stored n x k, as torch.nn.Linear keeps its weights
  bool accumulate = false;    ///< adds to what is in out
  bool b_constant = false;    ///< b does not change between runs: the engine may keep a packed copy
  Buffer a, b, out;
  Buffer bias;  ///< n elements, or none
};

/// Element by element; `x`, `y`, `z` are the inputs in this order.
enum class MapFn : std::uint8_t {
  kCopy,
  kAdd,      ///< x + y
  kMul,      ///< x * y
  kScale,    ///< x * scalar
  kMask,     ///< y != 0 ? x : scalar, y of bytes; of the gradient with scalar 0
  kDropout,  ///< y != 0 ? x * scalar : 0, y of bytes, drawn when the buffer was filled
  kGelu,
  kGeluTanh,
  kSilu,
  kRelu,
  kTanh,
  kSigmoid,
  kGeluGrad,  ///< of x at the gradient y, as the five below
  kGeluTanhGrad,
  kSiluGrad,
  kReluGrad,  ///< from the output x, as the two below
  kTanhGrad,
  kSigmoidGrad,
};
struct MapCall {
  MapFn fn = MapFn::kCopy;
  Buffer x, y, out;  ///< x and out of out.n elements; element i of y is y[i % y.n]
  double scalar = 1;
};

/// Over rows of `width` elements.
enum class RowsFn : std::uint8_t {
  kSoftmax,           ///< x -> out
  kSoftmaxGrad,       ///< x: the output, dy -> out
  kLayernorm,         ///< x, gain, shift -> out, stats (mean and 1/std a row, fp32)
  kLayernormGrad,     ///< x, dy, gain, stats -> out, gain_grad, shift_grad
  kRmsnorm,           ///< x, gain -> out, stats (1/rms a row)
  kRmsnormGrad,       ///< x, dy, gain, stats -> out, gain_grad
  kCrossEntropy,      ///< x, index (class a row, int64) -> out (loss a row), stats (logarithm of the sum a row)
  kCrossEntropyGrad,  ///< x, index, stats -> out (gradient of the mean loss)
};
struct RowsCall {
  RowsFn fn = RowsFn::kSoftmax;
  std::int64_t rows = 1, width = 1;
  Buffer x, dy, gain, shift, stats, index, out, gain_grad, shift_grad;  ///< gain and shift may be absent
};

/// Normalisation over `channels`: groups of channels of each image (groupnorm), or each channel over the batch
/// (batchnorm, groups = 0). x is batch x channels x spatial.
struct ChannelNormCall {
  bool backward = false;  ///< x, dy, gain, stats -> out, gain_grad, shift_grad
  std::int64_t batch = 1, channels = 1, spatial = 1, groups = 0;
  bool use_stats = false;  ///< batchnorm in evaluation: stats are given, not computed
  Buffer x, dy, gain, shift, stats, out, gain_grad, shift_grad;
};

/// Sums over the first axis: x is rows x width, out has width elements.
struct ReduceCall {
  std::int64_t rows = 1, width = 1;
  Buffer x, out;
};

/// out[i] = table[index[i]] over rows of `width` (int64 indices); scatter: table[index[i]] += x[i], any order.
struct GatherCall {
  bool scatter = false;
  std::int64_t rows = 1, width = 1;
  Buffer table, index, rows_buffer;  ///< rows_buffer is the output of a gather, the input of a scatter
};

/// x * cos + rotate(x) * sin, table: cos and sin interleaved, repeated over x; backward with -sin.
struct RopeCall {
  bool backward = false;
  Buffer x, table, out;
};

struct ConvCall {
  enum class Direction : std::uint8_t { kForward, kDgrad, kWgrad };
  Direction direction = Direction::kForward;
  std::int64_t batch = 1, in_channels = 1, out_channels = 1, height = 1, width = 1, kernel = 1, kernel_width = 1;
  std::int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
  Buffer x, weights, out,
      bias;  ///< x of the input (gradient in dgrad), out of the output (gradient in both backward directions)
};

struct PoolCall {
  bool backward = false, average = false;
  std::int64_t batch = 1, channels = 1, height = 1, width = 1, kernel = 1, stride = 1, padding = 0;
  Buffer x, dy, out;
};

/// Optimizer updates over one buffer, and the square of its norm.
enum class UpdateFn : std::uint8_t { kZero, kSgd, kMomentum, kAdamw, kSquareSum, kClipGradient };
struct UpdateCall {
  UpdateFn fn = UpdateFn::kSgd;
  Buffer parameters, gradient, first, second;  ///< first and second moment where the optimizer keeps them
  Buffer norm;                                 ///< one element: kSquareSum adds to it, kClipGradient scales the gradient by it
};

/// How a buffer is filled; from `seed`, the same on every engine.
struct Fill {
  enum class What : std::uint8_t { kZero, kOne, kUniform, kIndex, kBernoulli };
  What what = What::kUniform;
  double scale = 1;        ///< kUniform: in [-scale, scale]; kBernoulli: probability of 1
  std::int64_t limit = 1;  ///< kIndex: 0 <= i < limit
  std::uint64_t seed = 0;
};

using Task = std::function<void()>;

class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  /// @throws OutOfMemory
  virtual Buffer allocate(std::int64_t n, Dtype dtype) = 0;
  /// int64 indices and byte masks, which no Dtype names. @throws OutOfMemory
  virtual Buffer allocate_bytes(std::int64_t bytes) = 0;
  virtual void fill(const Buffer& buffer, const Fill& how) = 0;
  virtual void to_host(const Buffer& buffer, void* host) = 0;
  virtual void from_host(const void* host, const Buffer& buffer) = 0;

  /// What the engine cannot do throws std::invalid_argument when it is prepared, never when the task runs.
  virtual Task prepare(const GemmCall& call) = 0;
  virtual Task prepare(const MapCall& call) = 0;
  virtual Task prepare(const RowsCall& call) = 0;
  virtual Task prepare(const ChannelNormCall& call) = 0;
  virtual Task prepare(const ReduceCall& call) = 0;
  virtual Task prepare(const GatherCall& call) = 0;
  virtual Task prepare(const RopeCall& call) = 0;
  virtual Task prepare(const ConvCall& call) = 0;
  virtual Task prepare(const PoolCall& call) = 0;
  virtual Task prepare(const UpdateCall& call) = 0;
  /// What the last prepared task runs, for people: "oneDNN, weights packed", "cublasLt algo 21".
  [[nodiscard]] virtual std::string last_choice() const = 0;

  /// Waits until all tasks have run.
  virtual void synchronize() = 0;
};

}  // namespace gable
