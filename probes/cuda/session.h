// A device while probes run on it: a stream, memory, events, cuBLASLt, NVML and a clock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probes/cuda/api.h"
#include "probes/cuda/facts.h"
#include "probes/cuda/lt_gemm.h"
#include "probes/cuda/probe_kernels.h"

namespace gable::cuda {

/// Device or pinned host memory, freed with its owner.
class Memory {
 public:
  Memory() = default;
  Memory(void* data, std::int64_t bytes, cudaError_t (*free)(void*)) : data_(data), bytes_(bytes), free_(free) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  Memory(Memory&& other) noexcept { *this = std::move(other); }
  Memory& operator=(Memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(free_, other.free_);
    return *this;
  }
  ~Memory() {
    if (data_ != nullptr) static_cast<void>(free_(data_));
  }
  [[nodiscard]] void* data() const { return data_; }
  template <typename T>
  [[nodiscard]] T* as() const {
    return static_cast<T*>(data_);
  }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::int64_t bytes_ = 0;
  cudaError_t (*free_)(void*) = nullptr;
};

/// The host's time: a clock that never goes back, and sleep. Seconds.
struct HostClock {
  double (*now)() = nullptr;
  void (*pause)(double seconds) = nullptr;
};
HostClock steady_clock();

class Session {
 public:
  /// On the thread's current device, which is the one that was opened last. @throws DeviceError
  Session(const CudaApi& api, const ProbeKernels& kernels, HostClock clock);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  [[nodiscard]] const CudaApi& api() const { return *api_; }
  [[nodiscard]] const RuntimeApi& runtime() const { return api_->runtime; }
  [[nodiscard]] const ProbeKernels& kernels() const { return *kernels_; }
  [[nodiscard]] const CudaFacts& facts() const { return facts_; }
  [[nodiscard]] const Monitor& monitor() const { return monitor_; }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  [[nodiscard]] double now() const { return clock_.now(); }
  void pause(double seconds) const { clock_.pause(seconds); }

  /// cuBLASLt, opened by the first call. @throws CapabilityError without it
  const LtContext& lt();

  /// @throws DeviceError
  [[nodiscard]] Memory allocate(std::int64_t bytes) const;
  [[nodiscard]] Memory allocate_pinned(std::int64_t bytes) const;
  void fill(const FillLaunch& launch) const;
  void to_host(void* host, const void* device, std::int64_t bytes) const;
  void synchronize() const;
  /// Bytes of device memory that are free now.
  [[nodiscard]] std::int64_t free_bytes() const;

  /// Two marks on the stream, and the time between them.
  void mark_begin() const;
  void mark_end() const;
  /// Waits for the second mark. @return seconds
  [[nodiscard]] double marked_s() const;

 private:
  const CudaApi* api_;
  const ProbeKernels* kernels_;
  HostClock clock_;
  CudaFacts facts_;
  Monitor monitor_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
  std::optional<LtContext> lt_;
};

}  // namespace gable::cuda
