// A line on a terminal that is written over.
#pragma once

#include <string_view>

#include "analyzer/cli/command.h"

namespace gable {

class ProgressLine {
 public:
  explicit ProgressLine(const Io& io) : io_(io) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();  ///< wipes it

  /// Nothing where nobody watches.
  void show(std::string_view text);

 private:
  const Io& io_;
  bool shown_ = false;
};

}  // namespace gable
