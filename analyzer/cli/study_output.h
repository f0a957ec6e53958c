// Where a study's report goes and in which format; shared by commands whose formats are rows with name and extension.
#pragma once

#include <fmt/format.h>

#include <ostream>
#include <span>
#include <string>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"

namespace gable {

/// --format, else what the ending of --out says, else the first; checks --out. @throws InputError
template <typename Format>
const Format& format_of(std::span<const Format> formats, const Options& options,
                        const Format& (*find)(std::string_view)) {
  const auto file = options.get("out");
  if (file) check_out_file(*file);
  if (const auto given = options.get("format")) return find(*given);
  if (!file) return formats.front();
  for (const Format& format : formats) {
    if (file->ends_with(fmt::format(".{}", format.extension))) return format;
  }
  throw InputError(
      fmt::format("--out: the ending of {} names no format; add --format table, csv, json or svg", in_quotes(*file)));
}

/// To the file of --out, else to standard output. @throws OutputError
inline void write_study(const std::string& text, const Options& options, const Io& io) {
  const auto file = options.get("out");
  if (!file) {
    io.out << text;
    return;
  }
  const OutputFile whole = {*file, text};
  write_files({&whole, 1}, io.err);
}

}  // namespace gable
