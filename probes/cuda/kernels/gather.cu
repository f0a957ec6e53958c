// Rows of a table by index, and rows added into it. An index outside the table reads zeros and adds nothing.
#include "probes/cuda/kernels/storage.cuh"

namespace gable {
namespace {

constexpr std::string_view kWhat = "gather";
constexpr int kThreads = 256;

struct GatherArgs {
  void* table;
  const std::int64_t* index;
  void* rows_data;
  std::int64_t rows, width, table_rows;  ///< width in elements of the kernel
};

/// Blocks of lanes x rows: as many lanes as a row has elements, up to all threads.
dim3 gather_block(std::int64_t width) {
  unsigned lanes = 1;
  while (lanes < width && lanes < kThreads) lanes *= 2;
  return {lanes, kThreads / lanes};
}

/// E is bytes that move together: what they mean does not matter.
template <class E>
__global__ void gather_kernel(GatherArgs args) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.y;
  for (std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y; row < args.rows;
       row += step) {
    const std::int64_t from = args.index[row];
    const bool inside = from >= 0 && from < args.table_rows;
    const E* source = static_cast<const E*>(args.table) + (inside ? from : 0) * args.width;
    E* target = static_cast<E*>(args.rows_data) + row * args.width;
    for (std::int64_t i = threadIdx.x; i < args.width; i += blockDim.x) target[i] = inside ? source[i] : E{};
  }
}

// Two neighbours of 16 bits take one atomic.
struct HalfPair {
  __half2 v;
};
struct Bf16Pair {
  __nv_bfloat162 v;
};
template <class T>
__device__ void add_to(T* to, T v) {
  atomicAdd(to, v);
}
__device__ inline void add_to(HalfPair* to, HalfPair v) { atomicAdd(&to->v, v.v); }
__device__ inline void add_to(Bf16Pair* to, Bf16Pair v) { atomicAdd(&to->v, v.v); }

template <class E>
__global__ void scatter_kernel(GatherArgs args) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.y;
  for (std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y; row < args.rows;
       row += step) {
    const std::int64_t to = args.index[row];
    if (to < 0 || to >= args.table_rows) continue;
    E* target = static_cast<E*>(args.table) + to * args.width;
    const E* source = static_cast<const E*>(args.rows_data) + row * args.width;
    for (std::int64_t i = threadIdx.x; i < args.width; i += blockDim.x) add_to(target + i, source[i]);
  }
}

/// `each` elements of the call are one of the kernel.
template <class E>
Task gather_of(const KernelContext& context, const GatherCall& call, std::int64_t width) {
  const GatherArgs args{
      call.table.data,          data_of<const std::int64_t>(call.index), call.rows_buffer.data, call.rows, width,
      call.table.n / call.width};
  const dim3 block = gather_block(width);
  const unsigned grid = grid_of(blocks_for(call.rows, block.y));
  return [stream = context.stream, args, block, grid, call] {
    gather_kernel<E><<<grid, block, 0, stream>>>(args);
    check_launch(kWhat);
  };
}

template <class E>
Task scatter_of(const KernelContext& context, const GatherCall& call, std::int64_t width) {
  const GatherArgs args{
      call.table.data,          data_of<const std::int64_t>(call.index), call.rows_buffer.data, call.rows, width,
      call.table.n / call.width};
  const dim3 block = gather_block(width);
  const unsigned grid = grid_of(blocks_for(call.rows, block.y));
  return [stream = context.stream, args, block, grid, call] {
    scatter_kernel<E><<<grid, block, 0, stream>>>(args);
    check_launch("scatter");
  };
}

Task scatter_task(const KernelContext& context, const GatherCall& call) {
  const bool pairs = call.width % 2 == 0 && aligned(call.table.data, 4) && aligned(call.rows_buffer.data, 4);
  if (pairs && call.table.dtype == Dtype::kFp16) return scatter_of<HalfPair>(context, call, call.width / 2);
  if (pairs && call.table.dtype == Dtype::kBf16) return scatter_of<Bf16Pair>(context, call, call.width / 2);
  return with_storage(call.table.dtype, "scatter", [&]<class T>() { return scatter_of<T>(context, call, call.width); });
}

}  // namespace

Task gather_task(const KernelContext& context, const GatherCall& call) {
  if (call.rows == 0 || call.width == 0) return [] {};
  need(call.rows_buffer, call.rows * call.width, call.table.dtype, kWhat);
  need(call.table, call.width, call.table.dtype, kWhat);
  need_bytes(call.index, call.rows * 8, kWhat);
  if (call.scatter) return scatter_task(context, call);
  const std::int64_t bytes = call.width * row(call.table.dtype).bits / 8;
  if (row(call.table.dtype).bits < 8) refuse_dtype(kWhat, call.table.dtype);
  const bool vector =
      bytes % kPackBytes == 0 && aligned(call.table.data, kPackBytes) && aligned(call.rows_buffer.data, kPackBytes);
  if (vector) return gather_of<uint4>(context, call, bytes / kPackBytes);
  switch (row(call.table.dtype).bits) {
    case 64:
      return gather_of<std::uint64_t>(context, call, call.width);
    case 32:
      return gather_of<std::uint32_t>(context, call, call.width);
    case 16:
      return gather_of<std::uint16_t>(context, call, call.width);
    default:
      return gather_of<std::uint8_t>(context, call, call.width);
  }
}

}  // namespace gable
