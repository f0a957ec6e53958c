// Compiled once a SIMD width, each into a module of its own: GABLE_SIMD_BYTES and GABLE_ISA come from the build.
#include <omp.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "probes/cpu/kernels.h"
#include "probes/cpu/simd_images.h"
#include "probes/cpu/simd_rows.h"
#include "probes/cpu/simd_streams.h"

namespace gable::simd {
namespace {

using Array = Eigen::Array<float, Eigen::Dynamic, 1>;
using View = Eigen::Map<const Array>;
using Sink = Eigen::Map<Array>;

/// The piece of [0, n) of this thread, in whole cache lines.
struct Piece {
  std::int64_t first, count;
};
Piece piece_of(std::int64_t n) {
  constexpr std::int64_t kLine = 16;
  const std::int64_t threads = omp_get_num_threads();
  const std::int64_t each = (n / threads + kLine - 1) / kLine * kLine;
  const std::int64_t first = std::min(n, each * omp_get_thread_num());
  return {first, omp_get_thread_num() + 1 == threads ? n - first : std::min(each, n - first)};
}

/// Below this many elements a thread costs more than it does.
constexpr std::int64_t kWorthThreads = 16384;
int threads_for(std::int64_t n, int threads) { return n < kWorthThreads ? 1 : threads; }

constexpr float kInvSqrt2 = 0.70710678F;
constexpr float kInvSqrt2Pi = 0.39894228F;
constexpr float kSqrt2OverPi = 0.79788456F;
constexpr float kCubic = 0.044715F;

void gelu_grad(const View& x, const View& dy, Sink& out) {
  const auto cdf = 0.5F * (1 + (x * kInvSqrt2).unaryExpr([](float v) { return std::erf(v); }));
  out = dy * (cdf + x * kInvSqrt2Pi * (-0.5F * x * x).exp());
}

void gelu_tanh_grad(const View& x, const View& dy, Sink& out) {
  const Array t = (kSqrt2OverPi * (x + kCubic * x * x * x)).tanh();
  out = dy * (0.5F * (1 + t) + 0.5F * x * (1 - t * t) * kSqrt2OverPi * (1 + 3 * kCubic * x * x));
}

void silu_grad(const View& x, const View& dy, Sink& out) {
  const Array s = (1 + (-x).exp()).inverse();
  out = dy * s * (1 + x * (1 - s));
}

/// Functions of x alone, and gradients of x (or the output) and y, over a piece that shares its index.
void map_aligned(MapFn fn, const View& x, const View& y, Sink& out, float scalar) {
  switch (fn) {
    case MapFn::kCopy:
      out = x;
      break;
    case MapFn::kAdd:
      out = x + y;
      break;
    case MapFn::kMul:
      out = x * y;
      break;
    case MapFn::kScale:
      out = x * scalar;
      break;
    case MapFn::kGelu:
      out = 0.5F * x * (1 + (x * kInvSqrt2).unaryExpr([](float v) { return std::erf(v); }));
      break;
    case MapFn::kGeluTanh:
      out = 0.5F * x * (1 + (kSqrt2OverPi * (x + kCubic * x * x * x)).tanh());
      break;
    case MapFn::kSilu:
      out = x / (1 + (-x).exp());
      break;
    case MapFn::kRelu:
      out = x.max(0.0F);
      break;
    case MapFn::kTanh:
      out = x.tanh();
      break;
    case MapFn::kSigmoid:
      out = (1 + (-x).exp()).inverse();
      break;
    case MapFn::kGeluGrad:
      gelu_grad(x, y, out);
      break;
    case MapFn::kGeluTanhGrad:
      gelu_tanh_grad(x, y, out);
      break;
    case MapFn::kSiluGrad:
      silu_grad(x, y, out);
      break;
    case MapFn::kReluGrad:
      out = (x > 0).select(y, 0.0F);
      break;
    case MapFn::kTanhGrad:
      out = y * (1 - x * x);
      break;
    case MapFn::kSigmoidGrad:
      out = y * x * (1 - x);
      break;
    case MapFn::kMask:
    case MapFn::kDropout:
      break;
  }
}

bool takes_bytes(MapFn fn) { return fn == MapFn::kMask || fn == MapFn::kDropout; }

void map_bytes(const MapArgs& args, std::int64_t first, std::int64_t count) {
  const float factor = args.fn == MapFn::kMask ? 1.0F : args.scalar;
  const float other = args.fn == MapFn::kMask ? args.scalar : 0.0F;
  for (std::int64_t i = first; i < first + count;) {
    const unsigned char* const y = args.bytes + i % args.y_n;
    const float* const x = args.x + i;
    float* const out = args.out + i;
    const std::int64_t run = std::min(first + count - i, args.y_n - i % args.y_n);
    for (std::int64_t k = 0; k < run; ++k) out[k] = y[k] != 0 ? x[k] * factor : other;
    i += run;
  }
}

/// Where y is shorter than out, runs of it at a time. Blocks keep temporaries in L1.
void map(const MapArgs& args) {
  constexpr std::int64_t kBlock = 2048;
#pragma omp parallel num_threads(threads_for(args.n, args.threads))
  {
    const Piece piece = piece_of(args.n);
    if (takes_bytes(args.fn)) map_bytes(args, piece.first, piece.count);
    for (std::int64_t i = piece.first; !takes_bytes(args.fn) && i < piece.first + piece.count;) {
      const std::int64_t y_first = args.y == nullptr ? 0 : i % args.y_n;
      const std::int64_t left = piece.first + piece.count - i;
      const std::int64_t run = std::min({kBlock, left, args.y == nullptr ? left : args.y_n - y_first});
      Sink out(args.out + i, run);
      map_aligned(args.fn, View(args.x + i, run), View(args.y == nullptr ? args.x + i : args.y + y_first, run), out,
                  args.scalar);
      i += run;
    }
  }
}

template <typename Element>
using Matrix = Eigen::Matrix<Element, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <typename Element>
using View2 = Eigen::Map<const Matrix<Element>>;

template <typename A, typename B>
void matrix_add(const A& a, const B& b, const MatrixArgs& args) {
  Eigen::setNbThreads(args.threads);
  Eigen::Map<Matrix<typename A::Scalar>> out(static_cast<typename A::Scalar*>(args.out), args.m, args.n);
  if (!args.accumulate) out.setZero();
  out.noalias() += a * b;
}

void matrix_fp32(const MatrixArgs& args) {
  using View32 = View2<float>;
  const View32 a(static_cast<const float*>(args.a), args.a_transposed ? args.k : args.m,
                 args.a_transposed ? args.m : args.k);
  const View32 b(static_cast<const float*>(args.b), args.b_transposed ? args.n : args.k,
                 args.b_transposed ? args.k : args.n);
  if (args.a_transposed && args.b_transposed) return matrix_add(a.transpose(), b.transpose(), args);
  if (args.a_transposed) return matrix_add(a.transpose(), b, args);
  if (args.b_transposed) return matrix_add(a, b.transpose(), args);
  matrix_add(a, b, args);
}

/// Only as stored: nothing but the probe multiplies doubles.
void matrix_fp64(const MatrixArgs& args) {
  matrix_add(View2<double>(static_cast<const double*>(args.a), args.m, args.k),
             View2<double>(static_cast<const double*>(args.b), args.k, args.n), args);
}

void column_sums(const float* x, std::int64_t rows, std::int64_t width, float* out, int threads) {
#pragma omp parallel num_threads(threads_for(rows* width, threads))
  {
    const Piece piece = piece_of(width);
    Sink sums(out + piece.first, piece.count);
    sums.setZero();
    for (std::int64_t row = 0; row < rows; ++row) sums += View(x + row * width + piece.first, piece.count);
  }
}

void gather(const float* table, const std::int64_t* index, std::int64_t rows, std::int64_t width, float* out,
            int threads) {
#pragma omp parallel for num_threads(threads_for(rows* width, threads)) schedule(static)
  for (std::int64_t row = 0; row < rows; ++row) std::copy_n(table + index[row] * width, width, out + row * width);
}

void scatter(float* table, const std::int64_t* index, std::int64_t rows, std::int64_t width, const float* x) {
  for (std::int64_t row = 0; row < rows; ++row) Sink(table + index[row] * width, width) += View(x + row * width, width);
}

void rope(const float* x, const float* table, std::int64_t table_n, std::int64_t n, bool backward, float* out,
          int threads) {
  const float sign = backward ? -1.0F : 1.0F;
#pragma omp parallel num_threads(threads_for(n, threads))
  {
    const Piece piece = piece_of(n);
    for (std::int64_t i = piece.first; i < piece.first + piece.count;) {
      const float* const turn = table + i % table_n;
      const std::int64_t run = std::min(piece.first + piece.count - i, table_n - i % table_n);
      for (std::int64_t k = 0; k + 1 < run; k += 2) {
        const float even = x[i + k];
        const float odd = x[i + k + 1];
        out[i + k] = even * turn[k] - odd * sign * turn[k + 1];
        out[i + k + 1] = odd * turn[k] + even * sign * turn[k + 1];
      }
      i += run;
    }
  }
}

constexpr float kRate = 1e-3F;
constexpr float kMomentum = 0.9F;
constexpr float kBeta2 = 0.999F;
constexpr float kDecay = 0.01F;
constexpr float kEpsilon = 1e-8F;
constexpr float kMaxNorm = 1.0F;

/// AdamW at its first step, where both bias corrections are 1 - beta (Loshchilov and Hutter 2019, algorithm 2).
void adamw(Sink& p, const Sink& g, Sink& m, Sink& v) {
  m = kMomentum * m + (1 - kMomentum) * g;
  v = kBeta2 * v + (1 - kBeta2) * g.square();
  p = p * (1 - kRate * kDecay) - kRate * (m / (1 - kMomentum)) / ((v / (1 - kBeta2)).sqrt() + kEpsilon);
}

void update_piece(const UpdateArgs& args, std::int64_t first, std::int64_t count) {
  Sink g(args.gradient + first, count);
  if (args.fn == UpdateFn::kZero) g.setZero();
  if (args.fn == UpdateFn::kClipGradient) g *= std::min(1.0F, kMaxNorm / (std::sqrt(*args.norm) + 1e-6F));
  if (args.parameters == nullptr) return;
  Sink p(args.parameters + first, count);
  if (args.fn == UpdateFn::kSgd) p -= kRate * g;
  if (args.fn == UpdateFn::kMomentum) {
    Sink m(args.first + first, count);
    m = kMomentum * m + g;
    p -= kRate * m;
  }
  if (args.fn == UpdateFn::kAdamw) {
    Sink m(args.first + first, count);
    Sink v(args.second + first, count);
    adamw(p, g, m, v);
  }
}

void update(const UpdateArgs& args) {
  constexpr std::int64_t kBlock = 4096;
  float squares = 0;
#pragma omp parallel num_threads(threads_for(args.n, args.threads)) reduction(+ : squares)
  {
    const Piece piece = piece_of(args.n);
    for (std::int64_t i = piece.first; i < piece.first + piece.count; i += kBlock) {
      const std::int64_t run = std::min(kBlock, piece.first + piece.count - i);
      if (args.fn == UpdateFn::kSquareSum) {
        squares += View(args.gradient + i, run).square().sum();
      } else {
        update_piece(args, i, run);
      }
    }
  }
  if (args.fn == UpdateFn::kSquareSum) *args.norm += squares;
}

const CpuKernels kKernels = {GABLE_ISA,
                             GABLE_SIMD_BYTES * 8,
                             stream,
                             touch,
                             fill,
                             multiply_add<Floats, float>,
                             multiply_add<Doubles, double>,
                             matrix_fp32,
                             matrix_fp64,
                             map,
                             rows,
                             column_sums,
                             gather,
                             scatter,
                             rope,
                             channel_norm,
                             pool,
                             update,
                             count_cycles};

}  // namespace
}  // namespace gable::simd

extern "C" __attribute__((visibility("default"))) const gable::CpuKernels* gable_cpu_kernels() {
  return &gable::simd::kKernels;
}
