// What must hold for every shipped model on every shipped device, whatever the numbers. Easy to break here: a total
// that forgets a row, a prediction below its own roof, more bandwidth that slows something down.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/library.h"
#include "tests/approx.h"
#include "tests/shipped.h"
#include "tests/time_of.h"

namespace gable {
namespace {

/// Calls `check` for every model on every device, named in a failure's message.
template <typename Check>
void for_all(const Check& check) {
  for (const Model& model : models()) {
    CAPTURE(model.name);
    for (const Hardware& hw : devices()) {
      CAPTURE(hw.name);
      check(model, hw);
    }
  }
}

AnalysisOptions with_dtype(std::string_view dtype) {
  AnalysisOptions options;
  options.cost.dtype = parse_dtype_choice(dtype);
  return options;
}

CostedModel costed(const Model& model, const CostOptions& options = {}) {
  CostedModel out;
  cost_model(model, options, out);
  return out;
}

/// The cost of all executions of the selected ops.
Cost total_cost(const CostedModel& costed) {
  Cost total;
  for (const OpCost& op : costed.ops) {
    if (op.selected) total = total + op.one * Count(op.executions);
  }
  return total;
}

bool at_least(const Cost& a, const Cost& b) {
  return a.matrix_flop >= b.matrix_flop && a.vector_flop >= b.vector_flop && a.read >= b.read &&
         a.written >= b.written && a.unique >= b.unique && a.param_bytes >= b.param_bytes;
}

template <std::size_t N>
double sum(const std::array<double, N>& values) {
  double all = 0;
  for (const double value : values) all += value;
  return all;
}

/// The model with dim B doubled; nothing if it has no B.
std::optional<Model> doubled_batch(const Model& model) {
  const CostedModel once = costed(model);
  for (std::size_t i = kFirstDim; i < kFirstDim + model.dim_count; ++i) {
    if (model.slots[i].name != "B") continue;
    Model twice = model;
    set_dim(twice, "B", std::to_string(2 * once.values[i]));
    return twice;
  }
  return std::nullopt;
}

TEST_CASE("invariants: there is something to check") {
  CHECK(models().size() >= 17);
  CHECK(devices().size() >= 35);
}

TEST_CASE("invariants: totals are the sums of their rows and of their parts") {
  for_all([](const Model& model, const Hardware& hw) {
    AnalysisOptions options;
    options.cost.parts = {"all"};
    const Analysis result = analyze(model, hw, options);
    Totals rows;
    for (const OpRow& row : result.rows) rows += row.totals;
    Totals parts;
    for (const PartRow& part : result.parts) {
      parts += part.totals;
      Totals inside;
      for (std::size_t i = part.first; i < part.last; ++i) inside += result.rows[i].totals;
      CHECK(inside.cost == part.totals.cost);
      CHECK(inside.time_s == rel(part.totals.time_s));
    }
    for (const Totals& total : {rows, parts}) {
      CHECK(total.cost == result.total.cost);
      CHECK(total.dram_bytes == result.total.dram_bytes);
      CHECK(total.time_s == rel(result.total.time_s));
    }
    Cost apart = total_cost(result.costed);
    apart.masked = result.total.cost.masked;  // what is masked away is known of kernels, not of ops
    CHECK(result.total.cost == apart);
    CHECK(result.total.dram_bytes == result.total.cost.unique);
    CHECK(sum(result.total.bound_s) == rel(result.total.time_s));
    CHECK(sum(result.total.roof_s) == rel(result.total.time_s));
    CHECK(time_of(model, hw, options) == rel(result.total.time_s));
  });
}

TEST_CASE("invariants: no time is below a roof, and each is launch latency plus the highest of the others") {
  for_all([](const Model& model, const Hardware& hw) {
    for (const std::string_view dtype : {"fp32", "bf16"}) {
      const Analysis result = analyze(model, hw, with_dtype(dtype));
      bool above = true;
      bool exact = true;
      for (const OpRow& row : result.rows) {
        const auto& roofs = row.time.by_roof;
        const double launch = roofs.at(static_cast<std::size_t>(Roof::kLaunch));
        const double work = *std::max_element(roofs.begin(), roofs.begin() + static_cast<int>(Roof::kLaunch));
        above = above && row.time.total_s >= launch && row.time.total_s >= work && row.time.total_s >= 0;
        exact = exact && row.time.total_s == launch + work;
      }
      CHECK(above);
      CHECK(exact);
      const Totals& total = result.total;
      CHECK(total.time_s >= total.compute_s);
      CHECK(total.time_s >= total.dram_bytes.real() / hw.dram_bandwidth.value * (1 - 1e-12));
      CHECK(total.time_s >= total.cost.touched().real() / hw.l2_bandwidth.value * (1 - 1e-12));
      CHECK(total.time_s >= total.cost.launches.real() * hw.launch_latency.value * (1 - 1e-12));
    }
  });
}

TEST_CASE("invariants: a faster device is never slower, nor is a cache that holds more") {
  for_all([](const Model& model, const Hardware& hw) {
    const double before = time_of(model, hw);
    Hardware faster = hw;
    faster.dram_bandwidth.value *= 2;
    CHECK(time_of(model, faster) <= before);
    faster = hw;
    for (DtypeRate& rate : faster.vector) rate.dense.value *= 2;
    for (DtypeRate& rate : faster.matrix) rate.dense.value *= 2;
    CHECK(time_of(model, faster) <= before);
    faster = hw;
    faster.launch_latency.value /= 2;
    CHECK(time_of(model, faster) <= before);

    AnalysisOptions resident;
    resident.resident_l2 = true;
    const double kept = time_of(model, hw, resident);
    CHECK(kept <= before);
    faster = hw;
    faster.l2_capacity.value *= 2;
    CHECK(time_of(model, faster, resident) <= kept);
    // Nor is a roof less slower.
    for (const std::string_view roofs : {"compute,dram", "dram,l2,launch", "compute,dram,launch"}) {
      CAPTURE(roofs);
      AnalysisOptions fewer;
      fewer.roofs = parse_roofs(roofs);
      CHECK(time_of(model, hw, fewer) <= before);
    }
  });
}

TEST_CASE("invariants: fp32 is never faster than tf32, nor tf32 than bf16") {
  for_all([](const Model& model, const Hardware& hw) {
    double wider = time_of(model, hw, with_dtype("fp32"));
    for (const std::string_view dtype : {"tf32", "bf16"}) {
      CAPTURE(dtype);
      const double time = time_of(model, hw, with_dtype(dtype));
      CHECK(time <= wider);
      wider = time;
    }
  });
}

TEST_CASE("invariants: a larger batch has no fewer FLOP and bytes, and the same parameters") {
  std::size_t with_batch = 0;
  for (const Model& model : models()) {
    CAPTURE(model.name);
    const std::optional<Model> twice = doubled_batch(model);
    if (!twice) continue;
    ++with_batch;
    const Cost one = total_cost(costed(model));
    const Cost two = total_cost(costed(*twice));
    CHECK(at_least(two, one));
    CHECK(two.matrix_flop == one.matrix_flop * Count(2));
    CHECK(two.params == one.params);
    CHECK(two.lookup_params == one.lookup_params);
    CHECK(two.unique <= one.unique * Count(2));  // weights are shared by the batch
    CHECK(two.launches == one.launches);
    for (const Hardware& hw : devices()) {
      CAPTURE(hw.name);
      const double time = time_of(model, hw);
      CHECK(time_of(*twice, hw) >= time);
      CHECK(time_of(*twice, hw) <= 2 * time * (1 + 1e-12));
    }
  }
  CHECK(with_batch >= 15);
}

TEST_CASE("invariants: cost is additive over parts") {
  for (const Model& model : models()) {
    CAPTURE(model.name);
    CostOptions all;
    all.parts = {"all"};
    Cost sum_of_parts;
    for (const Part& part : model.parts) {
      CostOptions one;
      one.parts = {part.name};
      sum_of_parts = sum_of_parts + total_cost(costed(model, one));
    }
    Cost whole = total_cost(costed(model, all));
    // A matrix that a part borrows from another counts as its own where the other is left out.
    CHECK(sum_of_parts.params >= whole.params);
    sum_of_parts.params = whole.params;
    sum_of_parts.lookup_params = whole.lookup_params;
    CHECK(sum_of_parts == whole);
  }
}

TEST_CASE("invariants: distinct bytes are among the touched, parameters among the distinct") {
  for (const Model& model : models()) {
    CAPTURE(model.name);
    for (const std::string_view dtype : {"fp32", "weights=int4,act=bf16", "fp4"}) {
      CAPTURE(dtype);
      for (const Mode mode : {Mode::kEval, Mode::kTrain}) {
        CostOptions options = with_dtype(dtype).cost;
        options.mode = mode;
        options.parts = {"all"};
        const CostedModel costs = costed(model, options);
        for (std::size_t i = 0; i < costs.ops.size(); ++i) {
          const Cost& one = costs.ops[i].one;
          CAPTURE(model.full_path(model.ops[i]));
          CHECK(one.unique <= one.touched());
          CHECK(one.param_bytes + one.written <= one.unique);
          CHECK(one.lookup_params <= one.params);
          CHECK(one.matrix_flop.value() % 2 == 0);  // whole multiply-adds
          CHECK(one.launches <= 1);
          CHECK((one.launches == 1 || one.touched() == 0));
        }
      }
    }
  }
}

TEST_CASE("invariants: a wider dtype never moves fewer bytes, and changes no FLOP") {
  for (const Model& model : models()) {
    CAPTURE(model.name);
    std::optional<Cost> narrower;
    for (const std::string_view dtype : {"fp4", "int8", "bf16", "fp32", "fp64"}) {
      CAPTURE(dtype);
      const Cost cost = total_cost(costed(model, with_dtype(dtype).cost));
      if (narrower) {
        CHECK(at_least(cost, *narrower));
        CHECK(cost.flop() == narrower->flop());
        CHECK(cost.params == narrower->params);
      }
      narrower = cost;
    }
  }
}

}  // namespace
}  // namespace gable
