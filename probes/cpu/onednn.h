// oneDNN, the engine of PyTorch on CPUs: in a module of its own, loaded when a CPU is measured, for its relocations
// cost milliseconds at every start of a program that is linked to it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace gable {

/// A product as in GemmCall, over host memory. With `packed`, b is copied once into the layout that oneDNN likes best.
struct DnnProduct {
  std::int64_t m = 1, n = 1, k = 1, batch = 1;
  bool a_transposed = false, b_transposed = false, accumulate = false, packed = false;
  const void *a = nullptr, *b = nullptr, *bias = nullptr;
  void* out = nullptr;
};

enum class DnnRows : std::uint8_t { kSoftmax, kSoftmaxGrad };
struct DnnRowsCall {
  DnnRows fn = DnnRows::kSoftmax;
  std::int64_t rows = 1, width = 1;
  const float *x = nullptr, *dy = nullptr;
  float* out = nullptr;
};

enum class DnnMap : std::uint8_t { kGelu, kGeluTanh, kSilu, kRelu, kTanh, kSigmoid };
struct DnnMapCall {
  DnnMap fn = DnnMap::kGelu;
  bool backward = false;  ///< of x at the gradient dy; relu, tanh and sigmoid from the output x
  std::int64_t n = 1;
  const float *x = nullptr, *dy = nullptr;
  float* out = nullptr;
};

struct DnnConv {
  enum class Direction : std::uint8_t { kForward, kDgrad, kWgrad };
  Direction direction = Direction::kForward;
  std::int64_t batch = 1, in_channels = 1, out_channels = 1, height = 1, width = 1, kernel = 1, kernel_width = 1;
  std::int64_t out_height = 1, out_width = 1, stride = 1, padding = 0, dilation = 1, groups = 1;
  void *x = nullptr, *weights = nullptr, *out = nullptr;
  void* bias = nullptr;  ///< its gradient in wgrad; may be absent
};

/// What the library prepared, and the name it gives its kernel.
struct DnnTask {
  std::function<void()> run;
  std::string implementation;
};

/// Each throws std::runtime_error with the library's words where it has no such kernel.
class OneDnn {
 public:
  OneDnn() = default;
  OneDnn(const OneDnn&) = delete;
  OneDnn& operator=(const OneDnn&) = delete;
  virtual ~OneDnn() = default;

  [[nodiscard]] virtual std::string version() const = 0;
  virtual DnnTask product(const DnnProduct& call) = 0;
  virtual DnnTask rows(const DnnRowsCall& call) = 0;
  virtual DnnTask map(const DnnMapCall& call) = 0;
  virtual DnnTask conv(const DnnConv& call) = 0;
};

using OneDnnEntry = OneDnn* (*)();
inline constexpr const char* kOneDnnSymbol = "gable_onednn";

/// Null where it cannot be loaded; `why_not` then says what is missing.
OneDnn* find_onednn(std::string& why_not);

}  // namespace gable
