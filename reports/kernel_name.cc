#include "reports/kernel_name.h"

#include <fmt/format.h>

#include <array>

namespace gable {
namespace {

/// What the elementwise kernels of PyTorch do stands in their arguments only.
constexpr std::array<std::string_view, 16> kElementwise = {
    "CUDAFunctor_add", "MulFunctor", "DivFunctor", "FillFunctor", "copy_kernel", "Gelu",  "silu",
    "sigmoid",         "tanh",       "relu",       "clamp",       "exp",         "rsqrt", "pow",
    "CompareEq",       "where"};

/// The first template argument, where that is the kernel's real name.
std::string_view first_argument(std::string_view text, std::size_t open) {
  const std::string_view arguments = text.substr(open + 1);
  return arguments.substr(0, arguments.find_first_of(",<>"));
}

}  // namespace

std::string short_kernel_name(std::string_view name) {
  constexpr std::string_view kVoid = "void ";
  std::string text(name.starts_with(kVoid) ? name.substr(kVoid.size()) : name);
  // As demanglers of several compilers and of Nsight Systems write it.
  for (const std::string_view anonymous :
       {"(anonymous namespace)::", "<unnamed>::", "{anonymous}::", "_GLOBAL__N__::"}) {
    for (std::size_t at = text.find(anonymous); at != std::string::npos; at = text.find(anonymous, at))
      text.erase(at, anonymous.size());
  }
  const std::size_t end = text.find_first_of("<(");
  // "Memcpy HtoD (Pinned -> Device)" is a name as it stands.
  if (end == std::string::npos || end == 0 || text[end - 1] == ' ') return text;
  const std::string_view head = std::string_view(text).substr(0, end);
  if (head.starts_with("cutlass") && text[end] == '<') return std::string(first_argument(text, end));
  if (head.find("elementwise_kernel") == std::string::npos) return std::string(head);
  for (const std::string_view word : kElementwise) {
    if (text.find(word, end) != std::string::npos) return fmt::format("{}<{}>", head, word);
  }
  return std::string(head);
}

}  // namespace gable
