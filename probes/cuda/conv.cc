#include "probes/cuda/conv.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "probes/cuda/kernels/conv_kernels.h"

namespace gable {
namespace {

constexpr std::string_view kWhat = "conv2d";
/// Of the columns of a chunk: far more than fills a device, and little beside its memory.
constexpr std::int64_t kColumnBytes = std::int64_t{256} << 20;
constexpr std::int64_t kScratchAlignment = 256;

using Direction = ConvCall::Direction;

/// All of a convolution but the batch: `images` is set for each chunk.
struct Plan {
  Direction direction = Direction::kForward;
  Dtype dtype = Dtype::kFp32;
  ConvShape shape{};
  std::int64_t groups = 1;
  std::int64_t element_bytes = 4;
  std::uint32_t weights_alignment = 256;  ///< the other operands lie in the scratch memory

  [[nodiscard]] std::int64_t column_bytes(std::int64_t images) const {
    return images * shape.out_plane() * shape.taps() * element_bytes;
  }
  [[nodiscard]] std::int64_t row_bytes(std::int64_t images) const {
    return images * shape.out_plane() * shape.out_channels * element_bytes;
  }
};

struct Chunk {
  std::int64_t first_image;
  ConvShape shape;
  LtGemm gemm;
};

ConvShape shape_of(const ConvCall& call) {
  const auto outputs = [&](std::int64_t in, std::int64_t kernel) {
    const std::int64_t span = in + 2 * call.padding - call.dilation * (kernel - 1) - 1;
    if (span < 0) refuse(kWhat, "the kernel is larger than the padded input");
    return span / call.stride + 1;
  };
  return {call.batch,
          call.in_channels,
          call.height,
          call.width,
          call.out_channels,
          outputs(call.height, call.kernel),
          outputs(call.width, call.kernel_width),
          call.kernel,
          call.kernel_width,
          {call.stride, call.padding, call.dilation}};
}

Plan checked_plan(const ConvCall& call) {
  if (call.groups < 1 || call.in_channels % call.groups != 0 || call.out_channels % call.groups != 0)
    refuse(kWhat, "channels is not a multiple of groups");
  if (call.stride < 1 || call.dilation < 1) refuse(kWhat, "stride and dilation begin at 1");
  Plan plan{call.direction,
            call.weights.dtype,
            shape_of(call),
            call.groups,
            row(call.weights.dtype).bits / 8,
            common_alignment({call.weights.data})};
  const ConvShape& s = plan.shape;
  need(call.weights, call.out_channels * s.taps() / call.groups, plan.dtype, kWhat);
  need(call.x, s.images * s.channels * s.height * s.width, plan.dtype, kWhat);
  need(call.out, s.images * s.out_channels * s.out_plane(), plan.dtype, kWhat);
  if (call.bias && call.direction == Direction::kForward) need(call.bias, call.out_channels, plan.dtype, kWhat);
  return plan;
}

/// Of one group; the groups are the batch. Weights are m x k forward, with (out channels of a group) x (its taps).
LtGemmSpec gemm_spec(const Plan& plan, std::int64_t columns, bool accumulate) {
  LtGemmSpec spec;
  spec.alignment = plan.weights_alignment;
  spec.batch = plan.groups;
  spec.dtype = plan.dtype;
  const std::int64_t outs = plan.shape.out_channels / plan.groups;
  const std::int64_t taps = plan.shape.taps() / plan.groups;
  switch (plan.direction) {
    case Direction::kForward:  // rows = weights * columns
      spec.m = outs, spec.n = columns, spec.k = taps;
      break;
    case Direction::kDgrad:  // columns = weights^T * rows
      spec.m = taps, spec.n = columns, spec.k = outs;
      spec.a_transposed = true;
      break;
    case Direction::kWgrad:  // weights (+)= rows * columns^T
      spec.m = outs, spec.n = taps, spec.k = columns;
      spec.b_transposed = true;
      spec.accumulate = accumulate;
      break;
  }
  return spec;
}

std::vector<Chunk> chunks_of(const Plan& plan, const LtContext& lt, std::int64_t images_a_chunk) {
  std::vector<Chunk> chunks;
  for (std::int64_t first = 0; first < plan.shape.images; first += images_a_chunk) {
    ConvShape shape = plan.shape;
    shape.images = std::min(images_a_chunk, plan.shape.images - first);
    const bool accumulate = plan.direction == Direction::kWgrad && first > 0;
    const LtGemmSpec spec = gemm_spec(plan, shape.columns(), accumulate);
    const bool as_last = !chunks.empty() && chunks.back().shape.images == shape.images &&
                         chunks.back().gemm.spec().accumulate == accumulate;
    chunks.push_back({first, shape, as_last ? chunks.back().gemm : LtGemm(lt, spec)});
  }
  return chunks;
}

void run_chunk(cudaStream_t stream, const Plan& plan, const Chunk& chunk, const ConvCall& call, std::byte* columns,
               std::byte* rows) {
  const ConvShape& s = chunk.shape;
  std::byte* x =
      static_cast<std::byte*>(call.x.data) + chunk.first_image * s.channels * s.height * s.width * plan.element_bytes;
  std::byte* out =
      static_cast<std::byte*>(call.out.data) + chunk.first_image * s.out_channels * s.out_plane() * plan.element_bytes;
  switch (plan.direction) {
    case Direction::kForward:
      launch_to_columns(stream, plan.dtype, s, x, columns);
      chunk.gemm.run({.a = call.weights.data, .b = columns, .out = rows});
      launch_from_rows(stream, plan.dtype, s, rows, call.bias.data, out);
      break;
    case Direction::kDgrad:
      launch_to_rows(stream, plan.dtype, s, out, rows);
      chunk.gemm.run({.a = call.weights.data, .b = rows, .out = columns});
      launch_from_columns(stream, plan.dtype, s, columns, x);
      break;
    case Direction::kWgrad:
      launch_to_rows(stream, plan.dtype, s, out, rows);
      launch_to_columns(stream, plan.dtype, s, x, columns);
      chunk.gemm.run({.a = rows, .b = columns, .out = call.weights.data});
      break;
  }
}

}  // namespace

void Scratch::reserve(std::int64_t bytes) {
  if (buffer_.n >= bytes) return;
  buffer_ = {};  // first: there may be no room for both
  buffer_ = allocate_(bytes);
}

PreparedConv prepare_conv(const KernelContext& context, const LtContext& lt, const std::shared_ptr<Scratch>& scratch,
                          const ConvCall& call) {
  if (call.batch == 0) return {[] {}, ""};
  const Plan plan = checked_plan(call);
  const std::int64_t images =
      std::clamp(kColumnBytes / std::max<std::int64_t>(plan.column_bytes(1), 1), std::int64_t{1}, call.batch);
  const std::int64_t row_start =
      (plan.column_bytes(images) + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
  std::vector<Chunk> chunks = chunks_of(plan, lt, images);
  scratch->reserve(row_start + plan.row_bytes(images));
  Task bias;
  if (plan.direction == Direction::kWgrad && call.bias) bias = conv_bias_task(context, plan.shape, call.out, call.bias);
  std::string choice =
      fmt::format("im2col in chunks of {} of {} images, {}", images, call.batch, chunks.front().gemm.choice());
  Task task = [stream = context.stream, plan, chunks = std::move(chunks), scratch, row_start, call,
               bias = std::move(bias)] {
    for (const Chunk& chunk : chunks)
      run_chunk(stream, plan, chunk, call, scratch->data(), scratch->data() + row_start);
    if (bias) bias();
  };
  return {std::move(task), std::move(choice)};
}

}  // namespace gable
