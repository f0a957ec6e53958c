#include "probes/cuda/kernel_name.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string_view>

namespace gable {

std::string readable_name(const char* name) {
  if (name == nullptr) return "";
  if (std::string_view(name).starts_with("_Z")) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> plain(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                            &std::free);
    if (status == 0 && plain) return plain.get();
  }
  return name;
}

}  // namespace gable
