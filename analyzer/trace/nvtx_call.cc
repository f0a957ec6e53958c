#include "analyzer/trace/nvtx_call.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "analyzer/trace/trace.h"

namespace gable {
namespace {

// In the order in which torch/csrc/profiler/util.cpp (getNvtxStr) writes them; each may be left out.
constexpr std::array<std::string_view, 4> kFields = {", seq = ", ", op_id = ", ", sizes = ", ", input_op_ids = "};

/// The list that `text` begins with, brackets and all; "" if it does not close.
std::string_view leading_list(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[') ++depth;
    if (text[i] == ']') --depth;
    if (depth == 0) return text.substr(0, text[i] == ']' ? i + 1 : 0);
    if (text[i] == '=') return {};  // of the next field: this one was cut
  }
  return {};
}

/// A text without fields is an op only if it looks like nothing else: people name their ranges "step 3::warmup", too.
bool is_identifier(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':' ||
           c == '.';
  });
}

class SizesParser {
 public:
  explicit SizesParser(std::string_view text) : text_(text) {}

  std::optional<std::vector<CallArg>> read() {
    std::vector<CallArg> args;
    if (!list([&] { return arg(args); }) || !text_.empty()) return std::nullopt;
    return args;
  }

 private:
  void skip_blanks() {
    while (!text_.empty() && text_.front() == ' ') text_.remove_prefix(1);
  }
  bool take(char c) {
    skip_blanks();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool next_is(char c) {
    skip_blanks();
    return !text_.empty() && text_.front() == c;
  }

  template <typename Item>
  bool list(const Item& item) {
    if (!take('[')) return false;
    if (take(']')) return true;
    do {
      if (!item()) return false;
    } while (take(','));
    return take(']');
  }

  bool dim(std::vector<std::int64_t>& dims) {
    skip_blanks();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) return false;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    dims.push_back(value);
    return true;
  }

  bool tensor(CallArg& arg) {
    if (!list([&] { return dim(arg.dims); })) return false;
    // "[]" is a tensor of one element, a scalar, or nothing at all: PyTorch writes all of them so.
    if (!arg.dims.empty()) arg.kind = CallArg::Kind::kTensor;
    return true;
  }

  bool arg(std::vector<CallArg>& args) {
    CallArg& added = args.emplace_back();
    skip_blanks();
    SizesParser ahead = *this;
    const bool has_items = ahead.take('[') && ahead.next_is('[');
    if (!has_items) return tensor(added);
    added.kind = CallArg::Kind::kTensors;
    return list([&] { return tensor(added.items.emplace_back()); });
  }

  std::string_view text_;
};

}  // namespace

NvtxText split_nvtx_text(std::string_view text) {
  NvtxText parts{.name = text, .sizes = {}};
  std::size_t name_ends = text.size();
  for (const std::string_view field : kFields) name_ends = std::min(name_ends, text.find(field));
  parts.name = text.substr(0, name_ends);
  const bool has_fields = name_ends < text.size();
  const std::string_view first = text.substr(0, text.find(", "));
  const std::size_t colons = first.find("::");
  const bool scoped = colons != std::string_view::npos && colons > 0 && colons + 2 < first.size();
  parts.is_op = scoped && (has_fields || is_identifier(parts.name));
  const std::string_view fields = text.substr(name_ends);
  if (const std::size_t at = fields.find(kFields[2]); at != std::string_view::npos)
    parts.sizes = leading_list(fields.substr(at + kFields[2].size()));
  return parts;
}

std::optional<std::vector<CallArg>> parse_sizes(std::string_view sizes) { return SizesParser(sizes).read(); }

std::optional<Call> parse_nvtx_call(std::string_view text) {
  const NvtxText parts = split_nvtx_text(text);
  if (!parts.is_op) return std::nullopt;
  Call call{.name = std::string(parts.name), .args = {}};
  if (auto args = parse_sizes(parts.sizes)) call.args = std::move(*args);
  return call;
}

}  // namespace gable
