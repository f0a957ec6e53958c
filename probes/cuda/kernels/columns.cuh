// Sums over the rows of a matrix, a column a lane: each block takes a tile of columns and a chunk of rows, and where
// there are several chunks a second kernel adds their partial sums. No atomics: the same sums in every run.
#pragma once

#include <array>

#include "probes/cuda/kernels/storage.cuh"

namespace gable {

inline constexpr int kColumnLanes = 32;
inline constexpr int kColumnRows = 8;  ///< rows of a tile that are summed at the same time
inline constexpr int kColumnThreads = kColumnLanes * kColumnRows;

/// Where a sum goes: to its result, or with several chunks to partial[(chunk * sums + s) * width + column].
template <class C, int kSums>
struct ColumnSums {
  std::int64_t rows, width, chunk_rows;
  C* partial;
  AnyOut out[kSums];
};

template <class C, int kSums>
__device__ void put_sum(const ColumnSums<C, kSums>& sums, int s, std::int64_t column, C total) {
  if (sums.partial == nullptr) {
    sums.out[s].set(column, total);
  } else {
    sums.partial[(static_cast<std::int64_t>(blockIdx.y) * kSums + s) * sums.width + column] = total;
  }
}

/// Source::add<kN>(row, column, sums): adds what row `row` has in kN columns to the kN values of each sum.
template <class Source, int kN>
__global__ void column_kernel(Source source, ColumnSums<typename Source::C, Source::kSums> sums) {
  using C = typename Source::C;
  constexpr int kTile = kColumnLanes * kN;
  __shared__ C parts[kColumnRows][kTile];
  const std::int64_t tile = static_cast<std::int64_t>(blockIdx.x) * kTile;
  const std::int64_t column = tile + static_cast<std::int64_t>(threadIdx.x) * kN;
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.y) * sums.chunk_rows;
  const std::int64_t end = begin + sums.chunk_rows < sums.rows ? begin + sums.chunk_rows : sums.rows;
  Values<C, kN> total[Source::kSums] = {};
  if (column < sums.width) {
#pragma unroll 4
    for (std::int64_t row = begin + threadIdx.y; row < end; row += kColumnRows)
      source.template add<kN>(row, column, total);
  }
  const int thread = static_cast<int>(threadIdx.y * kColumnLanes + threadIdx.x);
#pragma unroll
  for (int s = 0; s < Source::kSums; ++s) {
#pragma unroll
    for (int k = 0; k < kN; ++k) parts[threadIdx.y][threadIdx.x * kN + k] = total[s].v[k];
    __syncthreads();
    if (thread < kTile && tile + thread < sums.width) {
      C all = 0;
      for (int r = 0; r < kColumnRows; ++r) all += parts[r][thread];
      put_sum(sums, s, tile + thread, all);
    }
    __syncthreads();
  }
}

template <class C, int kSums>
__global__ void column_finish_kernel(ColumnSums<C, kSums> sums, int chunks) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * kColumnThreads + threadIdx.x;
  if (column >= sums.width) return;
  for (int s = 0; s < kSums; ++s) {
    C total = 0;
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk)
      total += sums.partial[(chunk * kSums + s) * sums.width + column];
    sums.out[s].set(column, total);
  }
}

/// The launches for a source; `keep` is held as long as the task.
template <int kN, class Source, class Keep>
Task column_task(const KernelContext& context, const Source& source, std::int64_t rows, std::int64_t width,
                 const std::array<AnyOut, Source::kSums>& out, const Keep& keep) {
  using C = typename Source::C;
  constexpr std::int64_t kChunkRows = 8 * kColumnRows;  // at least, so that the partial sums are few against the input
  constexpr std::int64_t kBlocksAnSm = 2048 / kColumnThreads;
  const std::int64_t tiles = blocks_for(width, kColumnLanes * kN);
  std::int64_t chunks = kBlocksAnSm * context.processors / tiles;
  if (chunks > blocks_for(rows, kChunkRows)) chunks = blocks_for(rows, kChunkRows);
  if (chunks < 1) chunks = 1;
  ColumnSums<C, Source::kSums> sums{rows, width, blocks_for(rows, chunks), nullptr, {}};
  for (int s = 0; s < Source::kSums; ++s) sums.out[s] = out[static_cast<std::size_t>(s)];
  Buffer partial;
  if (chunks > 1) {
    partial = context.allocate(chunks * Source::kSums * width, sizeof(C) == 8 ? Dtype::kFp64 : Dtype::kFp32);
    sums.partial = data_of<C>(partial);
  }
  const dim3 grid(grid_of(tiles), static_cast<unsigned>(chunks));
  return [stream = context.stream, source, sums, grid, chunks, partial, keep] {
    column_kernel<Source, kN><<<grid, dim3(kColumnLanes, kColumnRows), 0, stream>>>(source, sums);
    check_launch("column sums");
    if (chunks == 1) return;
    const unsigned finish = grid_of(blocks_for(sums.width, kColumnThreads));
    column_finish_kernel<<<finish, kColumnThreads, 0, stream>>>(sums, static_cast<int>(chunks));
    check_launch("column sums");
  };
}

}  // namespace gable
