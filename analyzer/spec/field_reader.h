// Reading maps of a spec: every key known, every value of the right kind, every complaint with its place.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "analyzer/spec/yaml.h"

namespace gable {

/// @throws InputError if `node` is no map or has a key that is not in `allowed`. `what` names the map in messages.
void check_keys(const YamlNode& node, std::string_view what, std::span<const std::string_view> allowed);

/// The value of `key`. @throws InputError if it is missing.
const YamlNode& require(const YamlNode& map, std::string_view key, std::string_view what);

/// The text of a scalar that is not empty. @throws InputError. `what` names the value in messages.
const std::string& read_text(const YamlNode& node, std::string_view what);

/// A plain name: letters, digits, '.', '_', '-'. @throws InputError
const std::string& read_name(const YamlNode& node, std::string_view what);

/// `true` or `false`. @throws InputError
bool read_flag(const YamlNode& node, std::string_view what);

/// The entries of a map whose keys are names of the file's own. @throws InputError if `node` is no map
const std::vector<YamlEntry>& read_entries(const YamlNode& node, std::string_view what);

/// @throws InputError if `node` is no list, or an empty one
void check_list(const YamlNode& node, std::string_view what);

/// "a map", "a list", "a value", "nothing"
std::string_view kind_name(const YamlNode& node);

}  // namespace gable
