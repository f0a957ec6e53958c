// The exact text of an error, for tests of what the user reads.
#pragma once

#include <string>

#include "analyzer/base/error.h"

namespace gable {

/// What the InputError thrown by `function` says; "no error" if it throws none.
template <typename Function>
std::string input_error(const Function& function) {
  try {
    static_cast<void>(function());
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace gable
