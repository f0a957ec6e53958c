// What `analyze measure` runs, from its options.
#pragma once

#include <string>
#include <vector>

#include "analyzer/cli/model_options.h"
#include "probes/device.h"

namespace gable {

/// Those of the report that say what runs, and measuring's own.
const std::vector<OptionRow>& measure_option_rows();

/// The model as it is run: costs and plan under the recipe `ideal`. @throws InputError
Analysis analysis_to_run(const Options& options);

/// "64.1 GiB are needed, 20.2 GiB are free; --set B=1 fits": the largest batch, else context, that does.
std::string out_of_memory_line(const Options& options, std::int64_t needed, const DeviceFacts& facts);

/// The options as words, but for those named.
std::vector<std::string> words_of(const Options& options, const std::vector<std::string>& without);
std::string command_of(const Options& options);

}  // namespace gable
