#include "analyzer/study/gradient_pool.h"

#include <algorithm>

namespace gable {

GradientPool::GradientPool(const Tape& tape)
    : tape_(tape), of_tensor_(tape.tensors.size()), pieces_(tape.tensors.size()), piece_uses_(tape.tensors.size()) {
  for (const TapeStep& step : tape.steps) {
    for (const TapeInput& input : step.inputs) {
      if (input.tensor && input.piece) ++piece_uses_[*input.tensor];
    }
  }
}

Count GradientPool::add(std::uint32_t tensor) {
  const Count bytes = tape_.tensors[tensor].bytes;
  if (of_tensor_[tensor]) {
    Storage& old = storages_[*of_tensor_[tensor]];
    if (old.users == 1) return bytes;  // added in place
    release(*of_tensor_[tensor]);
  }
  of_tensor_[tensor] = storages_.size();
  storages_.push_back({bytes, 1});
  bytes_ += bytes;
  return 0;
}

Count GradientPool::share(std::uint32_t tensor, std::uint32_t output) {
  if (of_tensor_[tensor] || !of_tensor_[output]) {
    const Count bytes = add(tensor);
    return of_tensor_[output] ? Count(0) : bytes;  // the other summand is there already
  }
  of_tensor_[tensor] = of_tensor_[output];
  ++storages_[*of_tensor_[output]].users;
  return 0;
}

void GradientPool::add_piece(std::uint32_t tensor) {
  const Count bytes = tape_.tensors[tensor].bytes.value() / std::max<std::int64_t>(1, piece_uses_[tensor]);
  pieces_[tensor] += bytes;
  bytes_ += bytes;
}

Count GradientPool::join(std::uint32_t tensor) const {
  return pieces_[tensor] > Count(0) ? tape_.tensors[tensor].bytes : Count(0);
}

void GradientPool::drop(std::uint32_t tensor) {
  bytes_ = bytes_ - pieces_[tensor];
  pieces_[tensor] = 0;
  if (of_tensor_[tensor]) release(*of_tensor_[tensor]);
  of_tensor_[tensor].reset();
}

void GradientPool::release(std::size_t storage) {
  if (--storages_[storage].users == 0) bytes_ = bytes_ - storages_[storage].bytes;
}

}  // namespace gable
