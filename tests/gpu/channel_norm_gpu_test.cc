// Easy to break here: which elements share a statistic, chunks of images of which the last is shorter, planes that are
// no multiple of a pack, statistics that are given.
#include <cmath>

#include "probes/row_math.h"
#include "tests/gpu/tensor.h"

using namespace gable;
using namespace gable::gpu;

namespace {

struct Shape {
  std::int64_t batch, channels, spatial, groups;

  [[nodiscard]] std::int64_t n() const { return batch * channels * spatial; }
  [[nodiscard]] std::int64_t channel(std::int64_t i) const { return i / spatial % channels; }
  [[nodiscard]] std::int64_t statistic(std::int64_t i) const {
    if (groups == 0) return channel(i);
    return i / (spatial * channels) * groups + channel(i) / (channels / groups);
  }
  [[nodiscard]] std::int64_t statistics() const { return groups == 0 ? channels : batch * groups; }
};

// Batchnorm of many and of few images, of vectors (spatial 1); groupnorm with one group, some, and as many as channels.
constexpr std::array kShapes = {
    Shape{2, 3, 5, 0},  Shape{64, 4, 49, 0}, Shape{300, 7, 1, 0},  Shape{5, 64, 256, 0}, Shape{33, 16, 1000, 0},
    Shape{1, 8, 64, 2}, Shape{3, 6, 31, 1},  Shape{2, 12, 64, 12}, Shape{70, 32, 16, 8}, Shape{4, 64, 1024, 32}};

/// All results in double.
struct Reference {
  Reals stats, y, dx, gain_grad, shift_grad;
};

Reference reference(const Shape& s, const Tensor& x, const Tensor& dy, const Tensor& gain, const Tensor& shift,
                    bool affine) {
  const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
  const auto statistics = at(s.statistics());
  const double size = static_cast<double>(s.n()) / static_cast<double>(s.statistics());
  const auto gain_of = [&](std::int64_t i) { return affine ? gain[s.channel(i)] : 1; };
  Reals mean(statistics, 0), square(statistics, 0), dyg(statistics, 0), dyg_unit(statistics, 0);
  Reference r;
  r.gain_grad = r.shift_grad = Reals(at(s.channels), 0);
  for (std::int64_t i = 0; i < s.n(); ++i) mean[at(s.statistic(i))] += x[i] / size;
  for (std::int64_t i = 0; i < s.n(); ++i) square[at(s.statistic(i))] += std::pow(x[i] - mean[at(s.statistic(i))], 2);
  for (std::size_t k = 0; k < statistics; ++k) {
    r.stats.push_back(mean[k]);
    r.stats.push_back(1 / std::sqrt(square[k] / size + kNormEps));
  }
  const auto inverse = [&](std::int64_t i) { return r.stats[2 * at(s.statistic(i)) + 1]; };
  const auto unit = [&](std::int64_t i) { return (x[i] - mean[at(s.statistic(i))]) * inverse(i); };
  for (std::int64_t i = 0; i < s.n(); ++i) {
    r.y.push_back(unit(i) * gain_of(i) + (affine ? shift[s.channel(i)] : 0));
    r.gain_grad[at(s.channel(i))] += dy[i] * unit(i);
    r.shift_grad[at(s.channel(i))] += dy[i];
    dyg[at(s.statistic(i))] += dy[i] * gain_of(i) / size;
    dyg_unit[at(s.statistic(i))] += dy[i] * gain_of(i) * unit(i) / size;
  }
  for (std::int64_t i = 0; i < s.n(); ++i) {
    const std::size_t k = at(s.statistic(i));
    r.dx.push_back(inverse(i) * (dy[i] * gain_of(i) - dyg[k] - unit(i) * dyg_unit[k]));
  }
  return r;
}

void check_shape(const Shape& s, Dtype dtype, Dtype parameter, bool affine, std::int64_t offset) {
  CAPTURE(row(dtype).name);
  CAPTURE(row(parameter).name);
  CAPTURE(s.batch);
  CAPTURE(s.channels);
  CAPTURE(s.spatial);
  CAPTURE(s.groups);
  CAPTURE(affine);
  const Tensor x = Tensor::random(s.n(), dtype, 1, 2, offset);
  const Tensor dy = Tensor::random(s.n(), dtype, 2, 1, offset);
  const Tensor gain = Tensor::random(s.channels, parameter, 3);
  const Tensor shift = Tensor::random(s.channels, parameter, 4);
  const Tensor stats = Tensor::result(2 * s.statistics(), Dtype::kFp32);
  const Tensor out = Tensor::result(s.n(), dtype, offset);
  const Tensor gain_grad = Tensor::result(s.channels, parameter);
  const Tensor shift_grad = Tensor::result(s.channels, parameter);
  const Reference expected = reference(s, x, dy, gain, shift, affine);

  ChannelNormCall call;
  call.batch = s.batch;
  call.channels = s.channels;
  call.spatial = s.spatial;
  call.groups = s.groups;
  call.x = x.buffer();
  call.stats = stats.buffer();
  call.out = out.buffer();
  if (affine) {
    call.gain = gain.buffer();
    call.shift = shift.buffer();
  }
  run(call);
  stats.check(expected.stats, 4);
  out.check(expected.y, 4);

  call.backward = true;
  call.dy = dy.buffer();
  if (affine) {
    call.gain_grad = gain_grad.buffer();
    call.shift_grad = shift_grad.buffer();
  }
  run(call);
  out.check(expected.dx, 8);
  const double factor = 4 + std::sqrt(static_cast<double>(s.batch * s.spatial)) / 4;
  if (affine) gain_grad.check(expected.gain_grad, factor);
  if (affine) shift_grad.check(expected.shift_grad, factor);
}

TEST_CASE("batchnorm and groupnorm, forward and backward") {
  for (const Shape& shape : kShapes) {
    for (const Dtype dtype : kFloats) {
      check_shape(shape, dtype, dtype, true, 0);
      check_shape(shape, dtype, dtype, false, 1);
      if (dtype == Dtype::kBf16 || dtype == Dtype::kFp16) check_shape(shape, dtype, Dtype::kFp32, true, 0);
    }
  }
}

TEST_CASE("batchnorm in evaluation takes the statistics that it is given, and leaves them") {
  for (const Dtype dtype : kFloats) {
    const Tensor x = Tensor::random(2 * 3 * 8, dtype, 1);
    const Tensor stats({1, 0.5, -2, 4, 0, 1}, Dtype::kFp32);
    const Tensor out = Tensor::result(x.size(), dtype);
    ChannelNormCall call;
    call.batch = 2;
    call.channels = 3;
    call.spatial = 8;
    call.use_stats = true;
    call.x = x.buffer();
    call.stats = stats.buffer();
    call.out = out.buffer();
    run(call);
    Reals expected;
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const std::int64_t channel = i / 8 % 3;
      expected.push_back((x[i] - stats[2 * channel]) * stats[2 * channel + 1]);
    }
    out.check(expected, 2);
    CHECK(stats.read() == stats.values());
  }
}

}  // namespace
