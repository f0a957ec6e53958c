// The output length of a sliding window, shared by convolution and pooling.
#pragma once

#include "analyzer/base/count.h"
#include "analyzer/base/error.h"

namespace gable {

/// floor((in + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, the output size of torch.nn.Conv2d and MaxPool2d.
/// @throws InputError (without a place) if the window is larger than the padded input
inline Count window_count(Count in, Count kernel, Count stride, Count padding, Count dilation) {
  const Count span = in + 2 * padding - dilation * (kernel - 1) - 1;
  if (span < Count(0)) throw InputError("the kernel is larger than the padded input");
  return span.value() / stride.value() + 1;
}

}  // namespace gable
