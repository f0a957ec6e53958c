#include "analyzer/trace/json_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "analyzer/base/text.h"

namespace gable {
namespace {

constexpr std::size_t kWindow = std::size_t{512} << 10U;  // stays in a core's cache
constexpr std::size_t kLargest = std::size_t{64} << 20U;

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// Whether the quote at `at` is escaped: an odd number of backslashes precedes it. `data` is where to stop looking.
bool is_escaped(const char* data, const char* at) {
  const char* first = at;
  while (first > data && first[-1] == '\\') --first;
  return (at - first) % 2 == 1;
}

/// The bytes that brackets and strings are made of.
constexpr std::array<bool, 256> kStructure = [] {
  std::array<bool, 256> structure{};
  for (const char c : {'"', '{', '}', '[', ']'}) structure.at(static_cast<unsigned char>(c)) = true;
  return structure;
}();

}  // namespace

JsonStream::JsonStream(ByteSource& source, const std::string& name, std::string_view events)
    : source_(source), name_(std::make_shared<const std::string>(name)), events_(events) {
  data_.resize(2 + kWindow + kPadding);
}

void JsonStream::restore() {
  if (first_changed_ == 0) return;
  data_[first_changed_ - 1] = first_char_;
  data_[last_changed_] = last_char_;
  first_changed_ = 0;
}

void JsonStream::grow() {
  if (end_ - begin_ >= kLargest)
    fail(begin_, fmt::format("a value of more than {} MiB; no profiler writes such", kLargest >> 20U));
  data_.resize(std::min(2 * data_.size(), kLargest + kWindow + kPadding));
}

/// Drops what is consumed and reads more. False at the end.
bool JsonStream::fill() {
  if (begin_ > 1) {
    const auto from = data_.begin() + 1;
    const auto to = data_.begin() + static_cast<std::ptrdiff_t>(begin_);
    const std::int64_t lines = std::count(from, to, '\n');
    lines_ += lines;
    columns_ = lines > 0 ? std::find(std::make_reverse_iterator(to), std::make_reverse_iterator(from), '\n') -
                               std::make_reverse_iterator(to)
                         : columns_ + (to - from);
    const std::size_t moved = begin_ - 1;
    std::memmove(data_.data() + 1, data_.data() + begin_, end_ - begin_);
    begin_ = 1;
    end_ -= moved;
    followed_ -= std::min(followed_ - 1, moved);
    complete_ -= std::min(complete_, moved);
  }
  if (end_ + kPadding + 1 >= data_.size()) grow();
  // One byte more than the padding: the bracket that an array of elements may end with.
  const std::size_t got = source_.read(data_.data() + end_, data_.size() - kPadding - 1 - end_);
  end_ += got;
  return got > 0;
}

Where JsonStream::where(const char* at) const {
  const auto place =
      static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(at - data_.data(), 1, static_cast<std::ptrdiff_t>(end_)));
  std::int64_t lines = lines_;
  std::int64_t column = columns_;
  for (std::size_t i = 1; i < place; ++i) {
    const bool changed =
        first_changed_ != 0 && i == first_changed_ - 1;  // a line's end may be what the parser's bracket hides
    const bool ends_line = (changed ? first_char_ : data_[i]) == '\n';
    lines += ends_line ? 1 : 0;
    column = ends_line ? 0 : column + 1;
  }
  const auto bounded = [](std::int64_t value) { return static_cast<int>(std::min<std::int64_t>(value, INT32_MAX)); };
  return {name_, bounded(lines + 1), bounded(column + 1)};
}

void JsonStream::fail(std::size_t at, const std::string& what) const {
  throw InputError(where(data_.data() + at), what);
}

void JsonStream::fail_cut_short() const {
  fail(end_, state_ == State::kStart
                 ? "no JSON: the file is empty"
                 : "the JSON is cut short here: the profiler did not finish it, or it was not copied whole");
}

/// The next byte that is no blank; 0 at the end.
char JsonStream::peek() {
  for (;;) {
    while (begin_ < end_ && is_blank(data_[begin_])) ++begin_;
    if (begin_ < end_) break;
    followed_ = begin_;
    if (!fill()) return 0;
  }
  followed_ = begin_;
  return data_[begin_];
}

void JsonStream::expect(char wanted, std::string_view what) {
  const char got = peek();
  if (got == 0) fail_cut_short();
  if (got != wanted)
    fail(begin_, fmt::format("{} is expected here, not {}", what, in_quotes(std::string_view(&got, 1))));
  ++begin_;
}

/// Follows brackets and strings from `place` to the end of the buffer, or of the first complete value. False at the
/// bracket that closes the array or object around.
bool JsonStream::follow(std::size_t& place, bool stop_at_complete) {
  const char* const data = data_.data();
  const char* const end = data + end_;
  const char* at = data + place;
  bool around = true;  // nothing of what is around is closed
  while (at < end) {
    if (in_string_) {
      const void* const quote = std::memchr(at, '"', static_cast<std::size_t>(end - at));
      at = quote == nullptr ? end : static_cast<const char*>(quote);
      if (at == end) break;
      in_string_ = is_escaped(data, at++);
      if (in_string_ || depth_ != 0) continue;
      complete_ = static_cast<std::size_t>(at - data);
      if (stop_at_complete) break;
      continue;
    }
    while (at < end && !kStructure.at(static_cast<unsigned char>(*at))) ++at;
    if (at == end) break;
    const char c = *at;
    if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      if (++depth_ > kMostDepth)
        fail(static_cast<std::size_t>(at - data),
             fmt::format("nested deeper than {} levels; no profiler writes such", kMostDepth));
    } else if (depth_ == 0) {
      around = false;
      break;
    } else if (--depth_ == 0) {
      complete_ = static_cast<std::size_t>(++at - data);
      if (stop_at_complete) break;
      continue;
    }
    ++at;
  }
  place = static_cast<std::size_t>(at - data);
  return around;
}

/// Of the value at begin_, all of which is in the buffer then.
std::size_t JsonStream::end_of_value() {
  const char first = peek();
  depth_ = 0;
  in_string_ = false;
  complete_ = 0;
  const bool scalar = first != '"' && first != '{' && first != '[';
  for (;;) {
    if (scalar) {
      while (followed_ < end_ && data_[followed_] != ',' && data_[followed_] != '}' && data_[followed_] != ']')
        ++followed_;
      if (followed_ < end_) return followed_;
    } else {
      follow(followed_, true);
      if (complete_ != 0) return complete_;
    }
    if (!fill()) fail_cut_short();
  }
}

JsonStream::Piece JsonStream::next() {
  restore();
  switch (state_) {
    case State::kStart:
      return start();
    case State::kMembers:
      return member();
    case State::kElements:
      return elements();
    case State::kAfterElements:
      return finish();
    case State::kDone:
      break;
  }
  return {};
}

JsonStream::Piece JsonStream::start() {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const char first = peek();
  if (first == kByteOrderMark.front() &&
      std::string_view(data_.data() + begin_, end_ - begin_).starts_with(kByteOrderMark))
    begin_ += kByteOrderMark.size();
  const char open = peek();
  if (open == 0) fail_cut_short();
  if (open != '{' && open != '[')
    fail(begin_,
         fmt::format("a trace is a JSON object or array; this starts with {}", in_quotes(std::string_view(&open, 1))));
  ++begin_;
  array_ = open == '[';
  state_ = array_ ? State::kElements : State::kMembers;
  had_events_ = array_;
  followed_ = begin_;
  return next();
}

JsonStream::Piece JsonStream::member() {
  char c = peek();
  if (c == 0) fail_cut_short();
  if (c == '}') {
    ++begin_;
    return finish();
  }
  if (!first_member_) expect(',', "',' or '}'");
  first_member_ = false;
  if (peek() != '"') {
    if (peek() == 0) fail_cut_short();
    fail(begin_, "the key of a member is expected here, in double quotes");
  }
  const std::size_t key_end = end_of_value();
  Piece piece{Piece::Kind::kMember, std::string(data_.data() + begin_ + 1, key_end - begin_ - 2), {}};
  begin_ = key_end;
  expect(':', "':'");
  c = peek();
  if (c == 0) fail_cut_short();
  if (piece.key == events_) {
    if (c != '[') fail(begin_, fmt::format("{} is no array of events", events_));
    if (had_events_) fail(begin_, fmt::format("{} is given twice", events_));
    had_events_ = true;
    ++begin_;
    followed_ = begin_;
    state_ = State::kElements;
    depth_ = 0;
    in_string_ = false;
    return elements();
  }
  const std::size_t end = end_of_value();
  piece.json = std::string_view(data_.data() + begin_, end - begin_);
  begin_ = end;
  followed_ = end;
  return piece;
}

/// Elements [from, to) as an array: brackets stand in place of the bytes around them until next().
JsonStream::Piece JsonStream::piece_of_elements(std::size_t from, std::size_t to) {
  begin_ = to;
  const auto between = [&](std::size_t at) { return is_blank(data_[at]) || data_[at] == ','; };
  while (from < to && between(from)) ++from;
  while (from < to && between(to - 1)) --to;
  first_changed_ = from;
  last_changed_ = to;
  first_char_ = data_[from - 1];
  last_char_ = data_[to];
  data_[from - 1] = '[';
  data_[to] = ']';
  return {Piece::Kind::kElements, {}, std::string_view(data_.data() + from - 1, to - from + 2)};
}

JsonStream::Piece JsonStream::elements() {
  complete_ = 0;
  for (;;) {
    closed_ = !follow(followed_, false);
    if (closed_) {
      const std::size_t from = begin_;
      const std::size_t to = followed_;
      if (data_[to] != ']') fail(to, "']' is expected here, the end of the events");
      state_ = array_ ? State::kAfterElements : State::kMembers;
      Piece piece = piece_of_elements(from, to);
      begin_ = to + 1;
      return piece;
    }
    if (complete_ != 0) return piece_of_elements(begin_, complete_);
    if (!fill()) fail_cut_short();
  }
}

JsonStream::Piece JsonStream::finish() {
  state_ = State::kDone;
  if (peek() != 0) fail(begin_, "the JSON ends here, and more follows");
  return {};
}

}  // namespace gable
