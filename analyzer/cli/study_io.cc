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

std::vector<std::string> wanted_names(const Options& options, std::span<const std::string_view> names) {
  if (const auto given = options.get("format")) return split(*given, ',');
  std::vector<std::string> wanted(names.begin(), names.end());
  if (options.has("out")) {
    wanted.erase(wanted.begin());
  } else {
    wanted.resize(1);
  }
  return wanted;
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

void check_study_formats(const Options& options, std::span<const std::string_view> names) {
  const std::vector<std::string> wanted = wanted_names(options, names);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (std::find(names.begin(), names.end(), wanted[i]) == names.end())
      throw InputError(
          fmt::format("--format: unknown format {}{}", in_quotes(wanted[i]), suggestion(wanted[i], names)));
    const auto end = wanted.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(wanted.begin(), end, wanted[i]) != end)
      throw InputError(fmt::format("--format: '{}' is given twice", wanted[i]));
  }
  if (!options.has("out") && wanted.size() != 1)
    throw InputError("--format: one format goes to standard output; for several add --out DIR");
}

void write_study(const Options& options, std::span<const StudyFormat> formats, const std::string& stem, const Io& io) {
  std::vector<std::string_view> names;
  for (const StudyFormat& format : formats) names.push_back(format.name);
  const auto folder = options.get("out");
  std::vector<std::pair<std::string, std::string>> files;  // everything is rendered before anything is written
  for (const std::string& name : wanted_names(options, names)) {
    const auto found =
        std::find_if(formats.begin(), formats.end(), [&](const StudyFormat& f) { return f.name == name; });
    const std::string text = found->render(io.color && !folder);
    if (!folder) {
      io.out << text;
    } else {
      files.emplace_back(fmt::format("{}/{}.{}", *folder, stem, found->extension), text);
    }
  }
  if (!folder) return;
  make_folder(*folder);
  for (const auto& [path, text] : files) {
    write_file(path, text);
    io.err << "wrote " << path << "\n";
  }
}

}  // namespace gable
