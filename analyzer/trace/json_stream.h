// A JSON document of any length, cut into pieces that fit a small buffer: members of the top-level object one by one,
// and the elements of its array of events some thousand at a time. Only brackets and strings are followed here; whoever
// gets a piece parses it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/error.h"
#include "analyzer/trace/byte_source.h"

namespace gable {

class JsonStream {
 public:
  struct Piece {
    enum class Kind : std::uint8_t { kMember, kElements, kEnd };
    Kind kind = Kind::kEnd;
    std::string key;        ///< of a member, as written
    std::string_view json;  ///< a value; of elements, an array of them. At least kPadding readable bytes follow
  };

  static constexpr std::size_t kPadding = 64;  ///< what parsers may read beyond a piece
  static constexpr int kMostDepth = 1000;

  /// `events`: the member whose elements come in pieces. A document that is an array is taken for its value.
  JsonStream(ByteSource& source, const std::string& name, std::string_view events);

  /// What came before is invalid then.
  /// @throws InputError: no JSON object or array, cut short, nested too deep, an element larger than 64 MiB
  Piece next();

  /// Of a byte of the last piece.
  [[nodiscard]] Where where(const char* at) const;

 private:
  enum class State : std::uint8_t { kStart, kMembers, kElements, kAfterElements, kDone };

  bool fill();
  void grow();
  void restore();
  [[noreturn]] void fail(std::size_t at, const std::string& what) const;
  [[noreturn]] void fail_cut_short() const;
  char peek();
  void expect(char wanted, std::string_view what);
  std::size_t end_of_value();
  bool follow(std::size_t& at, bool stop_at_complete);
  Piece start();
  Piece member();
  Piece elements();
  Piece piece_of_elements(std::size_t from, std::size_t to);
  Piece finish();

  ByteSource& source_;
  std::shared_ptr<const std::string> name_;
  std::string events_;
  State state_ = State::kStart;
  bool array_ = false;  ///< the document is an array
  bool first_member_ = true;
  bool had_events_ = false;
  std::vector<char> data_;  ///< one spare byte in front; kPadding behind
  std::size_t begin_ = 1;   ///< of what is not consumed
  std::size_t end_ = 1;
  // The nesting of what was followed since begin_.
  std::size_t followed_ = 1;
  std::size_t complete_ = 0;  ///< end of the last complete value; 0 for none
  bool closed_ = false;       ///< followed_ is at the bracket that closes the array
  int depth_ = 0;
  bool in_string_ = false;
  std::int64_t lines_ = 0;         ///< before data_[1]
  std::int64_t columns_ = 0;       ///< of the last of them
  std::size_t first_changed_ = 0;  ///< places that hold a bracket for the parser; 0 for none
  std::size_t last_changed_ = 0;
  char first_char_ = 0;
  char last_char_ = 0;
};

}  // namespace gable
