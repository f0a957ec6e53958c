#include "analyzer/cli/progress.h"

#include <ostream>

namespace gable {

ProgressLine::~ProgressLine() {
  if (shown_) io_.err << "\r\x1b[K" << std::flush;
}

void ProgressLine::show(std::string_view text) {
  if (!io_.progress) return;
  shown_ = true;
  io_.err << "\r" << text << "\x1b[K" << std::flush;
}

}  // namespace gable
