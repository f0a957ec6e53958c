// Small text functions shared by the readers and the command line.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gable {

/// The first candidate that begins with `word` (of two or more letters), else the one nearest by edit distance (a swap
/// of neighbours counts 1), if it is near enough to be a slip: at most a third of the word's length, at least 1, less
/// than the whole word. Ties go to the first. Empty if none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// ", did you mean 'matmul'?" or "; known: a, b, c" (at most 12 named, then a count).
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

/// `text` in single quotes, control characters and bytes outside ASCII escaped, cut at 60 characters: safe in a
/// message.
std::string in_quotes(std::string_view text);

/// The parts between `separator`s, without surrounding blanks. "" gives no part; "a,,b" gives an empty one.
std::vector<std::string> split(std::string_view text, char separator);

std::string_view trim(std::string_view text);

/// "a, b, c".
std::string join(std::span<const std::string_view> words, std::string_view separator = ", ");

/// The length in bytes of the valid UTF-8 prefix; equal to text.size() if all of it is valid.
std::size_t valid_utf8_prefix(std::string_view text);

/// `text` with each byte that is no UTF-8 replaced by '?': what others named ends up in JSON and on terminals.
std::string as_utf8(std::string_view text);

/// Columns that a UTF-8 text takes on a terminal, one a code point (the project prints no wide characters itself).
std::size_t display_width(std::string_view text);

/// Breaks text at blanks so that lines fit `width` columns; lines after the first are indented. Ends with a line end.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent = 2);

/// Letters, digits, '.', '_', '-', not starting with '.' or '-': usable as a file name and in a path of names.
bool is_plain_name(std::string_view text);

}  // namespace gable
