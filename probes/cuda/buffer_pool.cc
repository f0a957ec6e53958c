#include "probes/cuda/buffer_pool.h"

#include <new>
#include <utility>

namespace gable {

std::uint8_t* BufferPool::take(bool beyond) {
  const std::lock_guard lock(mutex_);
  if (!beyond && (in_use_.size() + 1) * kBufferBytes > kMostBytes) return nullptr;
  try {
    Words words;
    if (free_.empty()) {
      words.reset(new std::uint64_t[kBufferBytes / sizeof(std::uint64_t)]);  // not zeroed: CUPTI does that
    } else {
      words = std::move(free_.back());
      free_.pop_back();
    }
    auto* const bytes = reinterpret_cast<std::uint8_t*>(words.get());
    in_use_.emplace(bytes, std::move(words));
    return bytes;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void BufferPool::give_back(std::uint8_t* buffer) {
  const std::lock_guard lock(mutex_);
  const auto found = in_use_.find(buffer);
  if (found == in_use_.end()) return;
  free_.push_back(std::move(found->second));
  in_use_.erase(found);
}

std::size_t BufferPool::in_use() const {
  const std::lock_guard lock(mutex_);
  return in_use_.size();
}

}  // namespace gable
