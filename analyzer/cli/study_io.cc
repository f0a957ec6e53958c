#include "analyzer/cli/study_io.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/output.h"

namespace gable {
namespace {

/// The format whose extension --out ends in; null for a folder, or none.
const StudyFormat* format_of_file(const Options& options, std::span<const StudyFormat> formats) {
  const std::string out = options.get("out").value_or("");
  for (const StudyFormat& format : formats) {
    if (out.ends_with(fmt::format(".{}", format.extension))) return &format;
  }
  return nullptr;
}

const StudyFormat& find_format(std::span<const StudyFormat> formats, const std::string& name) {
  std::vector<std::string_view> known;
  for (const StudyFormat& format : formats) {
    if (format.name == name) return format;
    known.push_back(format.name);
  }
  throw InputError(fmt::format("--format: unknown format {}{}", in_quotes(name), suggestion(name, known)));
}

std::vector<const StudyFormat*> wanted(const Options& options, std::span<const StudyFormat> formats) {
  std::vector<const StudyFormat*> found;
  if (const auto given = options.get("format")) {
    for (const std::string& name : split(*given, ',')) {
      const StudyFormat* format = &find_format(formats, name);
      if (std::find(found.begin(), found.end(), format) != found.end())
        throw InputError(fmt::format("--format: '{}' is given twice", name));
      found.push_back(format);
    }
  } else if (const StudyFormat* format = format_of_file(options, formats)) {
    found.push_back(format);
  } else if (options.has("out")) {
    for (const StudyFormat& other : formats.subspan(1)) found.push_back(&other);
  } else {
    found.push_back(&formats.front());
  }
  return found;
}

bool to_folder(const Options& options, std::span<const StudyFormat> formats) {
  return options.has("out") && format_of_file(options, formats) == nullptr;
}

}  // namespace

StudyInput study_input(const Options& options, const Io& io) {
  const auto name = options.get("model");
  if (!name) throw InputError("--model is missing; `analyze list models` names the shipped ones");
  StudyInput input;
  input.base.model = configured_model(*name, options);
  input.base.options = analysis_options(input.base.model, options);
  input.hw = choose_hardware(options.get("hw").value_or(""), io.machine);
  return input;
}

void refuse_words(const Options& options, std::string_view command) {
  if (options.words.empty()) return;
  throw InputError(fmt::format("unexpected {}; every input is an option, see analyze {} --help",
                               in_quotes(options.words.front()), command));
}

void check_formats(const Options& options, std::span<const StudyFormat> formats) {
  const std::vector<const StudyFormat*> all = wanted(options, formats);
  if (const auto out = options.get("out")) to_folder(options, formats) ? check_out_folder(*out) : check_out_file(*out);
  if (to_folder(options, formats)) return;
  if (all.size() != 1) throw InputError("--format: one format goes to standard output; for several add --out DIR");
  const StudyFormat* file = format_of_file(options, formats);
  if (file != nullptr && file != all.front())
    throw InputError(fmt::format("--format {} contradicts --out {}", all.front()->name, *options.get("out")));
}

void write_formats(const Options& options, std::span<const StudyFormat> formats, const std::string& stem,
                   const Io& io) {
  const auto out = options.get("out");
  const bool folder = to_folder(options, formats);
  std::vector<OutputFile> files;  // everything is rendered before anything is written
  for (const StudyFormat* format : wanted(options, formats)) {
    const std::string text = format->render(io.color && !out);
    if (!out) {
      io.out << text;
    } else {
      files.push_back({folder ? fmt::format("{}/{}.{}", *out, stem, format->extension) : *out, text});
    }
  }
  if (folder) {
    write_files(*out, files, io.err);
  } else {
    write_files(files, io.err);
  }
}

}  // namespace gable
