// A format that a study is written in: a row of the study's table, a renderer.
#pragma once

#include <string>
#include <string_view>

namespace gable {

template <typename Report>
struct ReportFormat {
  std::string_view name;
  std::string_view extension;
  std::string_view summary;
  std::string (*render)(const Report&);
};

}  // namespace gable
