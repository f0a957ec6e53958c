// CUPTI's records in its buffers become Activity. Records are packed structs; each CUDA version appends fields to them.
#pragma once

#include <cupti.h>

#include <cstdint>
#include <string>

#include "analyzer/measured/attribution.h"

namespace gable {

/// The kind of external id that tasks are pushed under; ids of others (OpenACC, another tool) are not ours.
inline constexpr CUpti_ExternalCorrelationKind kTaskIds = CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0;

/// Reads a record: false if it is of no use here. Names are the driver's own, and mangled.
using RecordReader = bool (*)(const CUpti_Activity& record, Activity& activity);

/// For the version that cuptiGetVersion() reports at run time, which need not be the one that was compiled with.
/// @return null where the layout is not known, and why in one line
RecordReader record_reader(std::uint32_t cupti_version, std::string& why_not);

}  // namespace gable
