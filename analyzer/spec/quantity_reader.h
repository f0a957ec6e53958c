// A number of a spec with where it comes from: `{value: 1555 GB/s, source: datasheet}`.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "analyzer/spec/hardware.h"

namespace gable {

inline constexpr std::array<std::string_view, 7> kQuantityKeys = {"value",    "source",     "derived", "estimate",
                                                                  "measured", "unverified", "note"};

/// A number with its unit. @throws InputError
double read_number(const YamlNode& node, Unit unit, std::string_view what);

/// `keys` are those allowed, kQuantityKeys among them. The source's key is not checked.
/// @throws InputError: no or several provenances, a unit that is none
Quantity read_quantity(const YamlNode& node, Unit unit, const std::string& what,
                       std::span<const std::string_view> keys = kQuantityKeys);

}  // namespace gable
