// Chooses among the modules with kernels for CPUs.
#include <array>

#include "analyzer/base/error.h"
#include "probes/cpu/kernels.h"
#include "probes/cpu/onednn.h"
#include "probes/dynamic_library.h"
#include "probes/module_path.h"

namespace gable {
namespace {

struct Width {
  std::string_view module;
  bool (*runs)();
};

bool runs_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512bw") != 0;
#else
  return false;
#endif
}

bool runs_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
#else
  return false;
#endif
}

/// Widest first; the last runs everywhere.
constexpr std::array<Width, 3> kWidths = {
    {{"cpu_avx512", runs_avx512}, {"cpu_avx2", runs_avx2}, {"cpu_base", [] { return true; }}}};

const CpuKernels* load_kernels(std::string& why_not) {
  for (const Width& width : kWidths) {
    if (!width.runs()) continue;
    const std::array<std::string, 1> path = {module_path(width.module)};
    const DynamicLibrary library(path);
    std::remove_pointer_t<CpuKernelsEntry>* entry = nullptr;
    if (library.bind(entry, kCpuKernelsSymbol)) return entry();
    why_not = library.why_not();
  }
  return nullptr;
}

}  // namespace

const CpuKernels& cpu_kernels() {
  static std::string why_not;
  static const CpuKernels* const kKernels = load_kernels(why_not);
  if (kKernels == nullptr) throw CapabilityError("--device cpu: no module with kernels could be loaded: " + why_not);
  return *kKernels;
}

OneDnn* find_onednn(std::string& why_not) {
  static const std::array<std::string, 1> kPath = {module_path("onednn")};
  static const DynamicLibrary kLibrary(kPath);
  std::remove_pointer_t<OneDnnEntry>* entry = nullptr;
  if (kLibrary.bind(entry, kOneDnnSymbol)) return entry();
  why_not = kLibrary.why_not();
  return nullptr;
}

}  // namespace gable
