// Files are written whole or not at all.
#pragma once

#include <string>

namespace gable {

/// Creates the folder if it is missing. @throws OutputError
void make_folder(const std::string& folder);

/// Writes to a temporary name beside `path`, then renames: an existing file is replaced only by a whole new one, and
/// nothing is left behind on failure. @throws OutputError
void write_file(const std::string& path, const std::string& text);

}  // namespace gable
