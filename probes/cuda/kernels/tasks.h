// The kernels of the CUDA engine, behind functions that check a call, choose a kernel for it and return the task that
// launches it. All throw std::invalid_argument for what they cannot do, tasks DeviceError where a launch fails.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <initializer_list>
#include <string_view>

#include "probes/engine.h"

namespace gable {

/// Where tasks are launched. Their device is the current one of the thread that prepares and runs them.
struct KernelContext {
  cudaStream_t stream = nullptr;
  int processors = 1;                                   ///< SMs of the device
  std::function<Buffer(std::int64_t, Dtype)> allocate;  ///< scratch of one task, when it is prepared
};

/// Tasks keep the buffers of their call alive.
Task map_task(const KernelContext& context, const MapCall& call);
Task softmax_task(const KernelContext& context, const RowsCall& call);
Task cross_entropy_task(const KernelContext& context, const RowsCall& call);
Task norm_task(const KernelContext& context, const RowsCall& call);
Task channel_norm_task(const KernelContext& context, const ChannelNormCall& call);
Task reduce_task(const KernelContext& context, const ReduceCall& call);
Task gather_task(const KernelContext& context, const GatherCall& call);
Task rope_task(const KernelContext& context, const RopeCall& call);
Task pool_task(const KernelContext& context, const PoolCall& call);
Task update_task(const KernelContext& context, const UpdateCall& call);

/// Byte for byte, whatever the dtype; `bytes` of each.
Task copy_bytes_task(const KernelContext& context, const Buffer& from, const Buffer& to, std::int64_t bytes);
Task zero_task(const KernelContext& context, const Buffer& buffer);
/// Enqueued at once.
void launch_fill(const KernelContext& context, const Buffer& buffer, const Fill& how);

/// Bytes of a buffer.
std::int64_t bytes_of(const Buffer& buffer);
/// @throws std::invalid_argument "WHAT: WHY"
[[noreturn]] void refuse(std::string_view what, std::string_view why);
/// @throws std::invalid_argument "WHAT: no kernel for DTYPE"
[[noreturn]] void refuse_dtype(std::string_view what, Dtype dtype);
/// Checks that a buffer is there, with at least `n` elements, and of this dtype.
void need(const Buffer& buffer, std::int64_t n, Dtype dtype, std::string_view what);
/// The same of int64 indices and byte masks, whose dtype no Dtype names.
void need_bytes(const Buffer& buffer, std::int64_t bytes, std::string_view what);
/// The largest power of 2, at most 256 (an allocation's), that divides all addresses.
std::uint32_t common_alignment(std::initializer_list<const void*> addresses);
/// @throws DeviceError if the last launch failed
void check_launch(std::string_view what);

}  // namespace gable
