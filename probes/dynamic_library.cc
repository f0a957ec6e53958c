#include "probes/dynamic_library.h"

#include <dlfcn.h>

#include <cstdlib>

namespace gable {
namespace {

constexpr std::string_view kAbsent = ": No such file or directory";

/// The loader's reason, without the words that every missing file has.
std::string reason(const std::string& name) {
  const char* const text = ::dlerror();  // NOLINT(concurrency-mt-unsafe): its state is the thread's own
  std::string line = text == nullptr ? name + ": cannot be loaded" : text;
  if (line.ends_with(kAbsent)) line.resize(line.size() - kAbsent.size());
  return line;
}

}  // namespace

DynamicLibrary::DynamicLibrary(std::span<const std::string> names) {
  why_not_ = names.empty() ? "no name to look for" : "";
  for (const int extra : {RTLD_NOLOAD, 0}) {
    for (const std::string& name : names) {
      handle_ = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | extra);
      if (handle_ != nullptr) {
        name_ = name;
        why_not_.clear();
        return;
      }
      // RTLD_NOLOAD gives no reason worth telling. Of the others a file that is there and does not load says more than
      // one that is not there.
      std::string why = reason(name);
      const bool says_more = why.find("cannot open shared object file") == std::string::npos;
      if (extra == 0 && (why_not_.empty() || says_more)) why_not_ = std::move(why);
    }
  }
}

void* DynamicLibrary::symbol(const char* name) const { return handle_ == nullptr ? nullptr : ::dlsym(handle_, name); }

std::vector<std::string> cuda_library_names(std::string_view stem) {
  const std::string base = "lib" + std::string(stem) + ".so";
  std::vector<std::string> names = {base + ".13", base + ".12", base};
  if (const char* home = std::getenv("CUDA_HOME"); home != nullptr && *home != '\0') {  // NOLINT(concurrency-mt-unsafe)
    const std::vector<std::string> plain = names;
    for (const std::string& name : plain) names.push_back(std::string(home) + "/lib64/" + name);
  }
  return names;
}

}  // namespace gable
