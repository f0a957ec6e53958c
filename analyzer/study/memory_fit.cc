#include "analyzer/study/memory_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "analyzer/base/error.h"
#include "analyzer/base/units.h"

namespace gable {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 40U;  ///< a dim that costs no memory ends the search here

class Search {
 public:
  Search(Prepared prepared, std::size_t slot, Count capacity)
      : prepared_(std::move(prepared)), slot_(slot), capacity_(capacity) {
    most_memory(prepared_);  // an error with the dims as given is not one of the search
  }

  MemoryFit run() {
    std::int64_t fitting = 0;
    std::int64_t beyond = 1;
    while (beyond <= kMost && fits(beyond)) {
      fitting = beyond;
      beyond *= 2;
    }
    while (beyond - fitting > 1) {
      const std::int64_t middle = fitting + (beyond - fitting) / 2;
      (fits(middle) ? fitting : beyond) = middle;
    }
    MemoryFit fit;
    fit.dim = prepared_.model.slots[slot_].name;
    fit.largest = fitting;
    const HeldBytes most = needed(fitting).value_or(HeldBytes{});
    fit.needed = most.total();
    fit.cache = most[Held::kCache];
    fit.beyond = needed(beyond).value_or(HeldBytes{}).total();
    fit.refusal = fit.beyond == Count(0) ? refusal_ : "";
    return fit;
  }

 private:
  /// Nothing where the model does not allow the value; refusal_ says why.
  std::optional<HeldBytes> needed(std::int64_t value) {
    if (value < 1) return std::nullopt;
    prepared_.model.slots[slot_].value = Expr::constant(value);
    try {
      return most_memory(prepared_);
    } catch (const InputError& error) {
      refusal_ = error.what();
      return std::nullopt;
    }
  }

  bool fits(std::int64_t value) {
    const auto held = needed(value);
    return held && held->total() <= capacity_;
  }

  Prepared prepared_;
  std::size_t slot_;
  Count capacity_;
  std::string refusal_;
};

}  // namespace

std::vector<MemoryFit> fit_memory(const Prepared& prepared, Count capacity) {
  const bool decodes = prepared.plan.options.phase == Phase::kDecode;
  const std::array<std::pair<std::string_view, std::string_view>, 2> searched = {
      {{"B", "batch"}, decodes ? std::pair{"past", "cache"} : std::pair{"T", "context"}}};
  CostedModel costed;
  cost_model(prepared.model, prepared.options.cost, costed);
  std::vector<MemoryFit> fits;
  for (const auto& [dim, what] : searched) {
    const auto slot = find_dim(prepared.model, dim);
    if (!slot) continue;
    fits.push_back(Search(prepared, *slot, capacity).run());
    fits.back().what = what;
    const std::string_view other = searched[dim == "B" ? 1 : 0].first;
    if (const auto at = find_dim(prepared.model, other))
      fits.back().others = fmt::format("{} = {}", other, format_grouped(costed.values[*at]));
  }
  return fits;
}

}  // namespace gable
