// The command line of one command: the only user of Boost.Program_options.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/cli/command.h"

namespace gable {

struct OptionRow {
  std::string_view name;   ///< without "--"
  std::string_view value;  ///< "M", "DIM=EXPR"; "" for a switch
  std::string_view help;
  bool repeats = false;
};

struct Options {
  std::map<std::string, std::vector<std::string>, std::less<>> values;  ///< of the options given; a switch has none
  std::vector<std::string> words;                                       ///< what is no option

  [[nodiscard]] bool has(std::string_view name) const { return values.find(name) != values.end(); }
  /// The value given, or nothing.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
};

/// Parses and refuses what `rows` does not list. `--help` is always known.
/// @throws InputError with did-you-mean
Options parse_options(const Args& args, std::span<const OptionRow> rows);

/// Usage, example and options of a command.
std::string help_text(std::string_view command, std::span<const OptionRow> rows);

/// "--top x" as a whole number of at least `least`. @throws InputError
std::size_t whole_number(std::string_view option, const std::string& text, std::size_t least);

}  // namespace gable
