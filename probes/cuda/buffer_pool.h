// Buffers that CUPTI fills with records: reused, since a step asks for them again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace gable {

class BufferPool {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{4} << 20;  ///< CUPTI recommends 1 to 10 MB
  static constexpr std::size_t kMostBytes = std::size_t{128} << 20;  ///< in use at once; as libkineto

  /// A buffer of kBufferBytes, aligned to 8 bytes; null where there is no memory. Beyond kMostBytes in use null too,
  /// unless `beyond`.
  std::uint8_t* take(bool beyond);
  void give_back(std::uint8_t* buffer);

  [[nodiscard]] std::size_t in_use() const;

 private:
  using Words = std::unique_ptr<std::uint64_t[]>;  // aligned to 8 bytes

  mutable std::mutex mutex_;
  std::unordered_map<std::uint8_t*, Words> in_use_;
  std::vector<Words> free_;
};

}  // namespace gable
