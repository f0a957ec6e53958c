#include "probes/cuda/kernels/tasks.h"

#include <fmt/format.h>

#include <bit>
#include <stdexcept>

#include "probes/cuda/api.h"

namespace gable {

std::int64_t bytes_of(const Buffer& buffer) { return tensor_bytes(buffer.n, buffer.dtype).value(); }

void refuse(std::string_view what, std::string_view why) {
  throw std::invalid_argument(fmt::format("{} on CUDA: {}", what, why));
}

void refuse_dtype(std::string_view what, Dtype dtype) {
  refuse(what, fmt::format("no kernel for {}", row(dtype).name));
}

void need(const Buffer& buffer, std::int64_t n, Dtype dtype, std::string_view what) {
  if (!buffer && n > 0) refuse(what, "a buffer is missing");
  if (buffer.n < n) refuse(what, fmt::format("a buffer of {} elements is too small for {}", buffer.n, n));
  if (buffer.dtype != dtype)
    refuse(what, fmt::format("{} and {} in one call", row(buffer.dtype).name, row(dtype).name));
}

void need_bytes(const Buffer& buffer, std::int64_t bytes, std::string_view what) {
  if (!buffer && bytes > 0) refuse(what, "a buffer is missing");
  if (bytes_of(buffer) < bytes)
    refuse(what, fmt::format("a buffer of {} bytes is too small for {}", bytes_of(buffer), bytes));
}

std::uint32_t common_alignment(std::initializer_list<const void*> addresses) {
  std::uintptr_t bits = 256;
  for (const void* address : addresses) bits |= reinterpret_cast<std::uintptr_t>(address);
  return static_cast<std::uint32_t>(std::uintptr_t{1} << std::countr_zero(bits));
}

void check_launch(std::string_view what) { check_cuda(cuda_runtime().get_last_error(), what); }

}  // namespace gable
