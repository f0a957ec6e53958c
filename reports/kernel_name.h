// Names of kernels for people.
#pragma once

#include <string>
#include <string_view>

namespace gable {

/// A kernel's name without namespaces' noise, template arguments and parameters, but for what tells it from others:
/// "at::native::vectorized_elementwise_kernel<Gelu>",
/// "cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_128x64_64x6_tn_align8".
std::string short_kernel_name(std::string_view name);

}  // namespace gable
