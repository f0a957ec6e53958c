// Gradients of activations while the backward pass runs. Several tensors can have one gradient: a sum hands on what it
// got to both operands.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/study/tape.h"

namespace gable {

class GradientPool {
 public:
  explicit GradientPool(const Tape& tape);

  /// A gradient of the tensor's own. Where it has one already, the two are added up.
  /// @return bytes needed for the moment to add them
  Count add(std::uint32_t tensor);

  /// The gradient of `output` is that of the tensor, too. @return as add()
  Count share(std::uint32_t tensor, std::uint32_t output);

  /// The gradient of one piece, of `uses` in all.
  void add_piece(std::uint32_t tensor);

  /// @return bytes needed to join the pieces' gradients
  [[nodiscard]] Count join(std::uint32_t tensor) const;

  /// After the backward pass of the op that made the tensor.
  void drop(std::uint32_t tensor);

  [[nodiscard]] Count bytes() const { return bytes_; }

 private:
  struct Storage {
    Count bytes;
    int users = 0;
  };
  void release(std::size_t storage);

  const Tape& tape_;
  std::vector<Storage> storages_;
  std::vector<std::optional<std::size_t>> of_tensor_;
  std::vector<Count> pieces_;  ///< bytes of pieces' gradients
  std::vector<std::int64_t> piece_uses_;
  Count bytes_;
};

}  // namespace gable
