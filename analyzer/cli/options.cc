#include "analyzer/cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"

namespace gable {
namespace {

namespace po = boost::program_options;

std::string unknown_option(const std::string& given, std::span<const OptionRow> rows) {
  std::vector<std::string> names = {"--help"};
  for (const OptionRow& row : rows) names.push_back(fmt::format("--{}", row.name));
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string name = given.substr(0, given.find('='));
  return fmt::format("unknown option {}{}", in_quotes(name), suggestion(name, known));
}

const OptionRow* find_row(std::span<const OptionRow> rows, const std::string& name) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const OptionRow& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

void add(const po::option& option, std::span<const OptionRow> rows, Options& result) {
  if (option.position_key >= 0) {
    result.words.insert(result.words.end(), option.value.begin(), option.value.end());
    return;
  }
  if (option.unregistered) throw InputError(unknown_option(option.original_tokens.front(), rows));
  auto& values = result.values[option.string_key];
  const OptionRow* row = find_row(rows, option.string_key);
  const bool once = row != nullptr && !row->repeats && !row->value.empty();
  if (once && !values.empty()) throw InputError(fmt::format("--{} is given twice", option.string_key));
  for (const std::string& value : option.value) {
    if (value.empty())
      throw InputError(
          fmt::format("--{} is empty; it takes {}", option.string_key, row == nullptr ? "nothing" : row->value));
    values.push_back(value);
  }
}

}  // namespace

std::optional<std::string> Options::get(std::string_view name) const {
  const auto found = values.find(name);
  if (found == values.end() || found->second.empty()) return std::nullopt;
  return found->second.front();
}

Options parse_options(const Args& args, std::span<const OptionRow> rows) {
  po::options_description description;
  description.add_options()("help,h", "");
  for (const OptionRow& row : rows) {
    const std::string name = row.name == "out" ? "out,o" : std::string(row.name);
    if (row.value.empty()) {
      description.add_options()(name.c_str(), "");
    } else {
      description.add_options()(name.c_str(), po::value<std::string>(), "");
    }
  }
  // No guessing: an abbreviation would change its meaning when an option is added.
  const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
  Options result;
  try {
    const po::parsed_options parsed =
        po::command_line_parser(args).options(description).style(style).allow_unregistered().run();
    for (const po::option& option : parsed.options) add(option, rows, result);
  } catch (const po::error_with_option_name& error) {
    const OptionRow* row =
        find_row(rows, error.get_option_name().substr(std::min<std::size_t>(2, error.get_option_name().size())));
    throw InputError(row == nullptr || row->value.empty()
                         ? std::string(error.what())
                         : fmt::format("--{} needs a value: --{} {}", row->name, row->name, row->value));
  } catch (const po::error& error) {
    throw InputError(error.what());
  }
  return result;
}

std::string help_text(std::string_view command, std::span<const OptionRow> rows) {
  const auto table = command_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const Command& c) { return c.name == command; });
  std::string out = fmt::format("usage: {}\n  {}\nexample: {}\n", found->usage, found->summary, found->example);
  if (!rows.empty()) out += "\noptions:\n";
  for (const OptionRow& row : rows) {
    constexpr std::size_t kNames = 25;  // a longer name has its help on the next line
    const std::string name = fmt::format("{}--{} {}", row.name == "out" ? "-o, " : "", row.name, row.value);
    out += name.size() <= kNames ? fmt::format("  {:<25} {}\n", name, row.help)
                                 : fmt::format("  {}\n  {:<25} {}\n", name, "", row.help);
  }
  return out;
}

std::size_t whole_number(std::string_view option, const std::string& text, std::size_t least) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least) {
    throw InputError(fmt::format("--{}: {} is not a whole number of at least {}", option, in_quotes(text), least));
  }
  return value;
}

}  // namespace gable
