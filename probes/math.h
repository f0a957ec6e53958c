// What an element-by-element op computes: one definition for every engine, checked in double without a device.
// T is float, or double in buffers of fp64 and in the tests.
#pragma once

#include <cmath>

#include "probes/engine.h"
#include "probes/host_device.h"

namespace gable {

template <class T>
GABLE_HD inline T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}

/// The normal distribution's probability of a value below x.
template <class T>
GABLE_HD inline T normal_cdf(T x) {
  return T(0.5) * (T(1) + std::erf(x * T(0.70710678118654752440)));  // 1 / sqrt(2)
}

template <class T>
GABLE_HD inline T normal_density(T x) {
  return T(0.39894228040143267794) * std::exp(T(-0.5) * x * x);  // 1 / sqrt(2 pi)
}

/// tanh of the inner polynomial of the approximation of gelu. Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2.
template <class T>
GABLE_HD inline T gelu_inner(T x) {
  return std::tanh(T(0.79788456080286535588) * (x + T(0.044715) * x * x * x));  // sqrt(2 / pi)
}

template <class T>
GABLE_HD inline T gelu(T x) {
  return x * normal_cdf(x);
}

template <class T>
GABLE_HD inline T gelu_slope(T x) {
  return normal_cdf(x) + x * normal_density(x);
}

template <class T>
GABLE_HD inline T gelu_tanh(T x) {
  return T(0.5) * x * (T(1) + gelu_inner(x));
}

template <class T>
GABLE_HD inline T gelu_tanh_slope(T x) {
  const T t = gelu_inner(x);
  const T inner_slope = T(0.79788456080286535588) * (T(1) + T(3 * 0.044715) * x * x);
  return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * inner_slope;
}

template <class T>
GABLE_HD inline T silu(T x) {
  return x * sigmoid(x);
}

template <class T>
GABLE_HD inline T silu_slope(T x) {
  const T s = sigmoid(x);
  return s * (T(1) + x * (T(1) - s));
}

/// Whether the op reads y at all, and whether as bytes.
enum class MapOperand : std::uint8_t { kNone, kValue, kByte };

GABLE_HD constexpr MapOperand second_operand(MapFn fn) {
  if (fn == MapFn::kMask || fn == MapFn::kDropout) return MapOperand::kByte;
  const bool binary = fn == MapFn::kAdd || fn == MapFn::kMul || fn >= MapFn::kGeluGrad;
  return binary ? MapOperand::kValue : MapOperand::kNone;
}

/// One element of a MapCall. y is what second_operand() says, 0 where there is none: bytes as 0 or not 0.
template <MapFn kFn, class T>
GABLE_HD inline T map_value(T x, T y, T scalar) {
  using enum MapFn;
  if constexpr (kFn == kCopy) return x;
  if constexpr (kFn == kAdd) return x + y;
  if constexpr (kFn == kMul) return x * y;
  if constexpr (kFn == kScale) return x * scalar;
  if constexpr (kFn == kMask) return y != T(0) ? x : scalar;
  if constexpr (kFn == kDropout) return y != T(0) ? x * scalar : T(0);
  if constexpr (kFn == kGelu) return gelu(x);
  if constexpr (kFn == kGeluTanh) return gelu_tanh(x);
  if constexpr (kFn == kSilu) return silu(x);
  if constexpr (kFn == kRelu) return x > T(0) ? x : T(0);
  if constexpr (kFn == kTanh) return std::tanh(x);
  if constexpr (kFn == kSigmoid) return sigmoid(x);
  if constexpr (kFn == kGeluGrad) return y * gelu_slope(x);
  if constexpr (kFn == kGeluTanhGrad) return y * gelu_tanh_slope(x);
  if constexpr (kFn == kSiluGrad) return y * silu_slope(x);
  if constexpr (kFn == kReluGrad) return x > T(0) ? y : T(0);
  if constexpr (kFn == kTanhGrad) return y * (T(1) - x * x);
  if constexpr (kFn == kSigmoidGrad) return y * x * (T(1) - x);
}

inline constexpr int kMapFnCount = 18;

/// body.template operator()<fn>() for the value that fn has: the loop over elements stands inside, not this choice.
template <class Body>
void with_map_fn(MapFn fn, const Body& body) {
  using enum MapFn;
  switch (fn) {
    case kCopy:
      return body.template operator()<kCopy>();
    case kAdd:
      return body.template operator()<kAdd>();
    case kMul:
      return body.template operator()<kMul>();
    case kScale:
      return body.template operator()<kScale>();
    case kMask:
      return body.template operator()<kMask>();
    case kDropout:
      return body.template operator()<kDropout>();
    case kGelu:
      return body.template operator()<kGelu>();
    case kGeluTanh:
      return body.template operator()<kGeluTanh>();
    case kSilu:
      return body.template operator()<kSilu>();
    case kRelu:
      return body.template operator()<kRelu>();
    case kTanh:
      return body.template operator()<kTanh>();
    case kSigmoid:
      return body.template operator()<kSigmoid>();
    case kGeluGrad:
      return body.template operator()<kGeluGrad>();
    case kGeluTanhGrad:
      return body.template operator()<kGeluTanhGrad>();
    case kSiluGrad:
      return body.template operator()<kSiluGrad>();
    case kReluGrad:
      return body.template operator()<kReluGrad>();
    case kTanhGrad:
      return body.template operator()<kTanhGrad>();
    case kSigmoidGrad:
      return body.template operator()<kSigmoidGrad>();
  }
}

}  // namespace gable
