#include "analyzer/spec/quantity_reader.h"

#include <fmt/format.h>

#include "analyzer/spec/field_reader.h"

namespace gable {

double read_number(const YamlNode& node, Unit unit, std::string_view what) {
  try {
    return parse_quantity(read_text(node, what), unit);
  } catch (const QuantityError& error) {
    throw InputError(node.where, fmt::format("{}: {}", what, error.what()));
  }
}

Quantity read_quantity(const YamlNode& node, Unit unit, const std::string& what,
                       std::span<const std::string_view> keys) {
  check_keys(node, what, keys);
  const YamlNode& value = require(node, "value", what);
  Quantity quantity;
  quantity.value = read_number(value, unit, what);
  quantity.unit = unit;
  quantity.text = value.text;
  quantity.where = node.where;
  if (const YamlNode* note = node.find("note")) quantity.note = read_text(*note, "note");
  int stated = 0;
  for (const Provenance p : {Provenance::kSource, Provenance::kDerived, Provenance::kEstimate, Provenance::kMeasured,
                             Provenance::kUnverified}) {
    const YamlNode* origin = node.find(provenance_name(p));
    if (origin == nullptr) continue;
    ++stated;
    quantity.provenance = p;
    quantity.origin = read_text(*origin, provenance_name(p));
    if (p == Provenance::kUnverified && !read_flag(*origin, "unverified")) {
      throw InputError(origin->where, "unverified can only be true; a verified number names its source");
    }
  }
  if (stated != 1) {
    throw InputError(node.where,
                     fmt::format("{} needs exactly one of source, derived, estimate, measured, unverified; it has {}",
                                 what, stated));
  }
  return quantity;
}

}  // namespace gable
