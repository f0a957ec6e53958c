// One op of a model: its kind, fields, form, count and dtype.
#pragma once

#include "analyzer/spec/dim_reader.h"
#include "analyzer/spec/model.h"
#include "analyzer/spec/yaml.h"

namespace gable {

/// `bf16`, or a map of tensor classes. @throws InputError
DtypeChoice read_dtype(const YamlNode& node);

/// An op by itself; its path, part, group, inputs and owner are its reader's to fill in. @throws InputError
OpSpec read_op(const YamlNode& item, const Scope& scope, DimReader& dims);

}  // namespace gable
