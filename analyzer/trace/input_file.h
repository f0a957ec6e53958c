// Files of traces, as the readers get at them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analyzer/trace/trace.h"

namespace gable {

/// The size of a regular file that can be read. A folder or a pipe is refused before anyone waits for it.
/// @throws InputError
std::int64_t input_size(const std::string& path);

/// @throws InputError if it cannot be read or has more than `most_bytes`
std::string read_input(const std::string& path, std::int64_t most_bytes, const ReadProgress& progress);

/// `text` with each byte that is no UTF-8 replaced by '?': names end up in JSON and on terminals.
std::string as_utf8(std::string_view text);

}  // namespace gable
