#include "analyzer/trace/owners.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

namespace gable {
namespace {

/// Words of kernel names, the more telling ones first: "bf16" holds "f16", and products of halves name float, too.
constexpr std::array<std::pair<std::string_view, TypeGuess>, 20> kTypeWords = {{
    {"e4m3", TypeGuess::kFp8},
    {"e5m2", TypeGuess::kFp8},
    {"fp8", TypeGuess::kFp8},
    {"bfloat16", TypeGuess::kBf16},
    {"bf16", TypeGuess::kBf16},
    {"half", TypeGuess::kFp16},
    {"fp16", TypeGuess::kFp16},
    {"f16", TypeGuess::kFp16},
    {"hgemm", TypeGuess::kFp16},
    {"double", TypeGuess::kFp64},
    {"dgemm", TypeGuess::kFp64},
    {"float", TypeGuess::kFp32},
    {"f32", TypeGuess::kFp32},
    {"sgemm", TypeGuess::kFp32},
    {"nvjet_tst", TypeGuess::kBf16},
    {"nvjet_hsh", TypeGuess::kFp16},
    // Copies that look at the width of an element only.
    {"opaquetype<1u>", TypeGuess::kFp8},
    {"opaquetype<2u>", TypeGuess::kBf16},
    {"opaquetype<4u>", TypeGuess::kFp32},
    {"opaquetype<8u>", TypeGuess::kFp64},
}};

std::string_view type_of(TypeGuess guess) {
  constexpr std::array<std::string_view, 7> kTypes = {"",       "c10::BFloat16",      "c10::Half", "float",
                                                      "double", "c10::Float8_e4m3fn", ""};
  return kTypes.at(static_cast<std::size_t>(guess));
}

bool has_untyped(const std::vector<CallArg>& args) {
  return std::any_of(args.begin(), args.end(), [](const CallArg& arg) {
    return arg.kind == CallArg::Kind::kTensors ? has_untyped(arg.items)
                                               : arg.kind == CallArg::Kind::kTensor && arg.type.empty();
  });
}

void add_type(std::vector<CallArg>& args, std::string_view type) {
  for (CallArg& arg : args) {
    add_type(arg.items, type);
    if (arg.kind == CallArg::Kind::kTensor && arg.type.empty()) arg.type = type;
  }
}

/// What the range adds up with: itself if it has a cost, else what the range around it adds up with, else the op
/// itself.
struct Owner {
  std::uint32_t range = kNobody;
  bool costed = false;
};

class Owners {
 public:
  Owners(const Trace& trace, const Links& links, CallCosts& costs) : trace_(trace), links_(links), costs_(costs) {
    owners_.resize(trace.ranges.size());
    for (const std::uint32_t range : links.order) owners_[range] = owner_of(range);
  }

  std::vector<std::uint32_t> of_events() {
    std::vector<bool> direct(trace_.ranges.size());
    for (const std::uint32_t range : links_.innermost) {
      if (range != kNobody && owners_[range].range != kNobody) direct[owners_[range].range] = true;
    }
    std::vector<std::uint32_t> merged(trace_.ranges.size());
    for (const std::uint32_t range : links_.order) merged[range] = merged_into(range, direct, merged);
    std::vector<std::uint32_t> owners;
    owners.reserve(links_.innermost.size());
    for (const std::uint32_t range : links_.innermost) {
      const std::uint32_t owner = range == kNobody ? kNobody : owners_[range].range;
      owners.push_back(owner == kNobody ? kNobody : merged[owner]);
    }
    return owners;
  }

 private:
  /// Which types a call without them has does not matter to whether its shapes tell a cost.
  const CallCost* cost_of(std::uint32_t range) {
    const std::uint32_t call = trace_.ranges[range].call;
    return costs_.find(call, costs_.lacks_types(call) ? TypeGuess::kFp32 : TypeGuess::kRecorded);
  }

  Owner owner_of(std::uint32_t index) {
    const HostRange& range = trace_.ranges[index];
    const std::uint32_t parent = links_.parent[index];
    const Owner around = parent == kNobody ? Owner{} : owners_[parent];
    // Views launch nothing: what runs inside one is the work of the op around it.
    const bool view = is_view_call(trace_.texts.at(range.name)) && around.range != kNobody;
    if (range.kind != HostRange::Kind::kOp || view) return around;
    // Without shapes the names alone tell which op would have had the cost.
    const bool costed = range.call == 0 ? is_costed_call(trace_.texts.at(range.name)) : cost_of(index) != nullptr;
    if (costed) return {index, true};
    return around.costed ? around : Owner{index, false};
  }

  std::uint32_t merged_into(std::uint32_t range, const std::vector<bool>& direct,
                            const std::vector<std::uint32_t>& merged) {
    const std::uint32_t parent = links_.parent[range];
    if (parent == kNobody || owners_[range].range != range || !owners_[range].costed) return range;
    const Owner around = owners_[parent];
    if (!around.costed || !direct[around.range]) return range;
    const CallCost* const outer = cost_of(around.range);
    const CallCost* const inner = cost_of(range);
    const bool same = outer != nullptr && inner != nullptr && outer->kind != nullptr && outer->kind == inner->kind &&
                      outer->cost.matrix_flop == inner->cost.matrix_flop && outer->cost.matrix_flop > Count(0);
    return same ? merged[around.range] : range;
  }

  const Trace& trace_;
  const Links& links_;
  CallCosts& costs_;
  std::vector<Owner> owners_;
};

}  // namespace

TypeGuess guess_type(std::string_view kernel) {
  std::string lower(kernel);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  for (const auto& [word, guess] : kTypeWords) {
    if (lower.find(word) != std::string::npos) return guess;
  }
  return TypeGuess::kUnknown;
}

bool CallCosts::lacks_types(std::uint32_t call) {
  const auto found = lacks_.find(call);
  if (found != lacks_.end()) return found->second;
  return lacks_.emplace(call, has_untyped(trace_.calls[call].args)).first->second;
}

const CallCost* CallCosts::find(std::uint32_t call, TypeGuess guess) {
  constexpr unsigned kGuessBits = 8;
  const std::uint64_t key = (std::uint64_t{call} << kGuessBits) | static_cast<std::uint64_t>(guess);
  auto found = costs_.find(key);
  if (found == costs_.end()) {
    std::optional<CallCost> cost;
    if (call != 0 && guess == TypeGuess::kRecorded) {
      cost = call_cost(trace_.calls[call]);
    } else if (call != 0 && guess != TypeGuess::kUnknown) {
      Call typed = trace_.calls[call];
      add_type(typed.args, type_of(guess));
      cost = call_cost(typed);
    }
    found = costs_.emplace(key, std::move(cost)).first;
  }
  return found->second ? &*found->second : nullptr;
}

std::vector<std::uint32_t> owners_of(const Trace& trace, const Links& links, CallCosts& costs) {
  return Owners(trace, links, costs).of_events();
}

}  // namespace gable
