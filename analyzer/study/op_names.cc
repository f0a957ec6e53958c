#include "analyzer/study/op_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/text.h"

namespace gable {
namespace {

/// Modules that frameworks put around ops which stand in the block itself here.
constexpr std::array<std::string_view, 5> kModules = {"attn", "attention", "self_attn", "mlp", "ffn"};

struct Alias {
  std::string_view alias;
  std::string_view name;
};
/// Attention's products by their operands: Q with the keys, probabilities with the values.
constexpr std::array<Alias, 4> kAliases = {{{"qk", "scores"}, {"qkt", "scores"}, {"pv", "values"}, {"av", "values"}}};

std::vector<std::size_t> matching(const Model& model, const std::string& pattern) {
  std::vector<std::size_t> exact;
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    const std::string full = model.full_path(model.ops[i]);
    if (full == pattern || model.ops[i].path == pattern) exact.push_back(i);
    if (glob_matches(pattern, full) || glob_matches("*/" + pattern, full)) found.push_back(i);
  }
  return exact.empty() ? found : exact;
}

/// "attn/pv" -> "values"
std::string as_named_here(const std::string& path) {
  std::vector<std::string> names = split(path, '/');
  if (names.size() > 1)
    std::erase_if(
        names, [](const std::string& n) { return std::find(kModules.begin(), kModules.end(), n) != kModules.end(); });
  for (std::string& name : names) {
    const auto* alias = std::find_if(kAliases.begin(), kAliases.end(), [&](const Alias& a) { return a.alias == name; });
    if (alias != kAliases.end()) name = alias->name;
  }
  return fmt::format("{}", fmt::join(names, "/"));
}

}  // namespace

bool is_glob(std::string_view name) { return name.find_first_of("*?") != std::string_view::npos; }

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last '*' passed, and where the text behind it was tried from
  std::size_t tried = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      tried = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++tried;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::vector<std::size_t> ops_named(const Model& model, std::string_view name) {
  std::string pattern(name);
  std::vector<std::size_t> found = matching(model, pattern);
  if (!found.empty()) return found;
  std::replace(pattern.begin(), pattern.end(), '.', '/');
  found = matching(model, pattern);
  return found.empty() ? matching(model, as_named_here(pattern)) : found;
}

std::string no_such_op(const Model& model, std::string_view name) {
  std::vector<std::string> names;
  for (const OpSpec& op : model.ops) {
    // The last name of a path is what people type, unless they type a path.
    if (name.find('/') == std::string_view::npos) {
      names.push_back(op.name);
    } else {
      names.push_back(op.path);
      names.push_back(model.full_path(op));
    }
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  return fmt::format("model '{}' has no op {}{}", model.name, in_quotes(name), suggestion(name, known));
}

}  // namespace gable
