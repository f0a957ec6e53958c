#include "analyzer/lowering/step.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, kPhaseCount> kPhases = {"forward", "backward", "optimizer",
                                                               "step",    "prefill",  "decode"};
constexpr std::array<std::string_view, 3> kRecomputes = {"none", "block", "attention"};

template <typename Enum, std::size_t N>
Enum parse_word(std::string_view option, std::string_view text, const std::array<std::string_view, N>& words) {
  const auto* found = std::find(words.begin(), words.end(), text);
  if (found == words.end())
    throw InputError(fmt::format("--{}: unknown value {}{}", option, in_quotes(text), suggestion(text, words)));
  return static_cast<Enum>(found - words.begin());
}

}  // namespace

std::string_view phase_name(Phase phase) { return kPhases.at(static_cast<std::size_t>(phase)); }
Phase parse_phase(std::string_view text) { return parse_word<Phase>("phase", text, kPhases); }
bool has_backward(Phase phase) { return phase == Phase::kBackward || phase == Phase::kStep; }
bool has_optimizer(Phase phase) { return phase == Phase::kOptimizer || phase == Phase::kStep; }
bool has_forward(Phase phase) { return phase != Phase::kBackward && phase != Phase::kOptimizer; }

std::string_view recompute_name(Recompute recompute) { return kRecomputes.at(static_cast<std::size_t>(recompute)); }
Recompute parse_recompute(std::string_view text) { return parse_word<Recompute>("recompute", text, kRecomputes); }

}  // namespace gable
