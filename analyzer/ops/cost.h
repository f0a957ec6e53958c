// What an op costs, free of hardware: exact counts that add up.
#pragma once

#include "analyzer/base/count.h"

namespace gable {

struct Cost {
  Count matrix_flop;    ///< 2 x multiply-adds of linear, matmul, conv and attention products
  Count vector_flop;    ///< the rest: bias adds, norms, softmax, activations; per element as the op's row states
  Count read;           ///< bytes read, every access counted
  Count written;        ///< bytes written
  Count unique;         ///< compulsory bytes: each distinct byte once, reads and writes
  Count param_bytes;    ///< of `unique`: bytes of parameters
  Count params;         ///< parameters, in elements
  Count lookup_params;  ///< of `params`: tables that are looked up, not multiplied
  Count output;         ///< elements produced
  Count launches;       ///< kernels launched; 0 for an op that does nothing in this mode
  Count memcpys{};      ///< device-to-device copies, which are no kernels: counted apart from launches
  Count tensors{};      ///< parameter tensors: an optimizer walks over them
  Count recomputed{};   ///< of `matrix_flop`: forward work done a second time in the backward pass
  Count masked{};       ///< of `matrix_flop`: the half of causal attention whose results are masked away

  [[nodiscard]] Count flop() const { return matrix_flop + vector_flop; }
  [[nodiscard]] Count touched() const { return read + written; }

  friend Cost operator+(const Cost& a, const Cost& b);
  /// The cost of doing it n times.
  friend Cost operator*(const Cost& a, Count n);
  friend bool operator==(const Cost&, const Cost&) = default;
};

}  // namespace gable
