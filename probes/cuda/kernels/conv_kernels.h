// What turns a convolution into a matrix product and back. `columns` is (channels * kernel * kernel_width) x
// (images * out_height * out_width): per group of channels it is an operand as it stands. `rows` is an output with the
// channel as the first axis: out_channels x (images * out_height * out_width).
#pragma once

#include "probes/cuda/kernels/tasks.h"
#include "probes/row_math.h"

namespace gable {

struct ConvShape {
  std::int64_t images, channels, height, width, out_channels, out_height, out_width, kernel, kernel_width;
  Window window;

  [[nodiscard]] GABLE_HD std::int64_t out_plane() const { return out_height * out_width; }
  [[nodiscard]] GABLE_HD std::int64_t columns() const { return images * out_plane(); }
  [[nodiscard]] GABLE_HD std::int64_t taps() const { return channels * kernel * kernel_width; }
};

void launch_to_columns(cudaStream_t stream, Dtype dtype, const ConvShape& shape, const void* x, void* columns);
/// Adds up what the taps of each element of x have.
void launch_from_columns(cudaStream_t stream, Dtype dtype, const ConvShape& shape, const void* columns, void* x);
void launch_to_rows(cudaStream_t stream, Dtype dtype, const ConvShape& shape, const void* out, void* rows);
/// `bias` (a channel) may be null.
void launch_from_rows(cudaStream_t stream, Dtype dtype, const ConvShape& shape, const void* rows, const void* bias,
                      void* out);

/// The gradient of the bias: sums over images and positions.
Task conv_bias_task(const KernelContext& context, const ConvShape& shape, const Buffer& out, const Buffer& bias);

}  // namespace gable
