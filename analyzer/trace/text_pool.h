// Texts that occur again and again (names of kernels and ops), each kept once.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gable {

using TextId = std::uint32_t;  ///< index into the pool; 0 is ""

class TextPool {
 public:
  TextPool() { static_cast<void>(add("")); }
  TextPool(const TextPool&) = delete;
  TextPool& operator=(const TextPool&) = delete;
  TextPool(TextPool&&) = default;
  TextPool& operator=(TextPool&&) = default;
  ~TextPool() = default;

  TextId add(std::string_view text) {
    const auto found = ids_.find(text);
    if (found != ids_.end()) return found->second;
    const auto id = static_cast<TextId>(texts_.size());
    texts_.emplace_back(text);
    ids_.emplace(texts_.back(), id);
    return id;
  }
  /// Valid as long as the pool, also when it is moved.
  [[nodiscard]] std::string_view at(TextId id) const { return texts_[id]; }
  [[nodiscard]] std::size_t size() const { return texts_.size(); }

 private:
  std::deque<std::string> texts_;  ///< a deque leaves its elements where they are
  std::unordered_map<std::string_view, TextId> ids_;
};

}  // namespace gable
