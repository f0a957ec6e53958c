// Libraries that are loaded when they are needed, so that one program starts on machines with and without them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gable {

/// A loaded library, or why there is none. It stays loaded until the program ends: libraries of drivers keep threads
/// and handlers that outlive whoever opened them.
class DynamicLibrary {
 public:
  DynamicLibrary() = default;
  /// The first of `names` that is in the process already (a second copy beside it would fail in strange ways), else
  /// the first that opens.
  explicit DynamicLibrary(std::span<const std::string> names);

  explicit operator bool() const { return handle_ != nullptr; }
  /// The name that opened: "libcublasLt.so.13".
  [[nodiscard]] const std::string& name() const { return name_; }
  /// One line: "libcublasLt.so.13: cannot open shared object file"; "" if it is open.
  [[nodiscard]] const std::string& why_not() const { return why_not_; }

  /// Null where the library has no such symbol, or is not open.
  [[nodiscard]] void* symbol(const char* name) const;

  /// Sets `function` to the symbol. @return whether there is one
  template <typename Function>
  bool bind(Function*& function, const char* name) const {
    function = reinterpret_cast<Function*>(symbol(name));
    return function != nullptr;
  }

 private:
  void* handle_ = nullptr;
  std::string name_;
  std::string why_not_ = "not loaded";
};

/// Where a library of the CUDA toolkit is looked for: versions 13 and 12 by the loader's rules (so LD_LIBRARY_PATH
/// finds those of Python wheels), the unversioned name, then $CUDA_HOME/lib64. `stem`: "cublasLt".
std::vector<std::string> cuda_library_names(std::string_view stem);

}  // namespace gable
