// Convolution as matrix products of cuBLASLt over chunks of images, with scratch memory that all of them share.
#pragma once

#include <memory>
#include <string>

#include "probes/cuda/kernels/tasks.h"
#include "probes/cuda/lt_gemm.h"

namespace gable {

/// Memory that one task at a time uses. It grows while tasks are prepared, never while they run; tasks ask for its
/// address when they run, because a later task may have made it grow.
class Scratch {
 public:
  explicit Scratch(std::function<Buffer(std::int64_t bytes)> allocate) : allocate_(std::move(allocate)) {}
  /// @throws OutOfMemory
  void reserve(std::int64_t bytes);
  [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(buffer_.data); }

 private:
  std::function<Buffer(std::int64_t)> allocate_;
  Buffer buffer_;
};

struct PreparedConv {
  Task task;
  std::string choice;
};

PreparedConv prepare_conv(const KernelContext& context, const LtContext& lt, const std::shared_ptr<Scratch>& scratch,
                          const ConvCall& call);

}  // namespace gable
