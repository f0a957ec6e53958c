#include "analyzer/roofline/roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, kRoofCount> kRoofNames = {"tensor", "vector", "DRAM", "L2", "launch"};
constexpr std::array<std::string_view, kBoundCount> kBoundNames = {"compute", "memory", "launch"};
constexpr double kNearRidge = 0.10;

struct Term {
  std::string_view name;
  bool RoofSet::*member;
};
constexpr std::array<Term, 4> kTerms = {{
    {"compute", &RoofSet::compute},
    {"dram", &RoofSet::dram},
    {"l2", &RoofSet::l2},
    {"launch", &RoofSet::launch},
}};

struct Fastest {
  double flop_per_s = 0;
  Dtype dtype = Dtype::kFp32;
};

/// The fastest listed rate among the dtypes that hold every value of `dtype`; 0 if none is listed.
Fastest fastest_rate(const std::vector<DtypeRate>& rates, Dtype dtype, Dtype accumulate) {
  Fastest best;
  for (const Dtype candidate : exact_in(dtype)) {
    for (const DtypeRate& rate : rates) {
      if (rate.dtype != candidate) continue;
      const bool half = accumulate == Dtype::kFp16 && rate.fp16_accumulate.has_value();
      const double value = half ? *rate.fp16_accumulate : rate.dense.value;
      if (value > best.flop_per_s) best = {value, candidate};
    }
  }
  return best;
}

double over(Count work, double rate) { return work == Count(0) ? 0.0 : work.real() / rate; }

}  // namespace

std::string_view roof_name(Roof roof) { return kRoofNames.at(static_cast<std::size_t>(roof)); }
std::string_view bound_name(Bound bound) { return kBoundNames.at(static_cast<std::size_t>(bound)); }

RoofSet parse_roofs(std::string_view text) {
  RoofSet set{false, false, false, false};
  std::vector<std::string_view> known;
  for (const Term& term : kTerms) known.push_back(term.name);
  const std::vector<std::string> words = split(text, ',');
  if (words.empty()) throw InputError(fmt::format("--roofs is empty; known: {}", join(known)));
  for (const std::string& word : words) {
    const auto* term = std::find_if(kTerms.begin(), kTerms.end(), [&](const Term& t) { return t.name == word; });
    if (term == kTerms.end())
      throw InputError(fmt::format("--roofs: unknown roof {}{}", in_quotes(word), suggestion(word, known)));
    if (set.*term->member) throw InputError(fmt::format("--roofs: '{}' is given twice", word));
    set.*term->member = true;
  }
  return set;
}

std::string describe(const RoofSet& roofs) {
  std::vector<std::string_view> on;
  for (const Term& term : kTerms) {
    if (roofs.*term.member) on.push_back(term.name);
  }
  return join(on, ",");
}

Rates rates_for(const Hardware& hw, Dtype compute, Dtype accumulate) {
  const Fastest vector = fastest_rate(hw.vector, compute, accumulate);
  const Fastest matrix = fastest_rate(hw.matrix, compute, accumulate);
  if (vector.flop_per_s == 0 && matrix.flop_per_s == 0) {
    std::vector<std::string_view> known;
    for (const auto* rates : {&hw.vector, &hw.matrix}) {
      for (const DtypeRate& rate : *rates) {
        if (std::find(known.begin(), known.end(), row(rate.dtype).name) == known.end())
          known.push_back(row(rate.dtype).name);
      }
    }
    throw InputError(fmt::format("{} has no rate for {}, nor for a dtype that holds its values; it has {}", hw.name,
                                 row(compute).name, join(known)));
  }
  Rates rates;
  rates.shared = matrix.flop_per_s == 0;
  // Without a vector rate for any dtype that holds the values, the other work is timed at the matrix rate.
  const Fastest& other = vector.flop_per_s == 0 ? matrix : vector;
  rates.vector_flop_per_s = other.flop_per_s;
  rates.vector_dtype = other.dtype;
  rates.matrix_flop_per_s = rates.shared ? vector.flop_per_s : matrix.flop_per_s;
  rates.matrix_dtype = rates.shared ? vector.dtype : matrix.dtype;
  return rates;
}

RoofTime roofline_time(const Cost& cost, Count dram_bytes, const Rates& rates, const Hardware& hw, const RoofSet& roofs,
                       KernelClass kernel) {
  RoofTime time;
  const Count starts = cost.launches + cost.memcpys;
  if (starts == Count(0)) return time;
  const auto at = [&](Roof roof) -> double& { return time.by_roof.at(static_cast<std::size_t>(roof)); };
  if (roofs.compute) {
    const double matrix = over(cost.matrix_flop, rates.matrix_flop_per_s);
    const double vector = over(cost.vector_flop, rates.vector_flop_per_s);
    const bool beside = kernel == KernelClass::kAttention;
    at(Roof::kTensor) = rates.shared ? 0.0 : matrix;
    at(Roof::kVector) = !rates.shared ? vector : beside ? std::max(matrix, vector) : matrix + vector;
  }
  if (roofs.dram) at(Roof::kDram) = over(dram_bytes, hw.dram_bandwidth.value);
  if (roofs.l2) at(Roof::kL2) = over(cost.touched(), hw.l2_bandwidth.value);
  if (roofs.launch) at(Roof::kLaunch) = starts.real() * hw.launch_latency.value;

  const double compute = std::max(at(Roof::kTensor), at(Roof::kVector));
  const double memory = std::max(at(Roof::kDram), at(Roof::kL2));
  const double work = std::max(compute, memory);
  time.total_s = at(Roof::kLaunch) + work;
  if (at(Roof::kLaunch) > work) {
    time.bound = Bound::kLaunch;
    time.roof = Roof::kLaunch;
  } else if (compute > memory) {
    time.bound = Bound::kCompute;
    time.roof = at(Roof::kTensor) >= at(Roof::kVector) ? Roof::kTensor : Roof::kVector;
  } else {
    time.bound = Bound::kMemory;
    time.roof = at(Roof::kDram) >= at(Roof::kL2) ? Roof::kDram : Roof::kL2;
  }
  time.near_ridge =
      time.bound != Bound::kLaunch && compute > 0 && memory > 0 && std::fabs(compute - memory) <= kNearRidge * work;
  return time;
}

double compute_time(const Cost& cost, const Rates& rates, KernelClass kernel) {
  const double matrix = over(cost.matrix_flop, rates.matrix_flop_per_s);
  const double vector = over(cost.vector_flop, rates.vector_flop_per_s);
  return rates.shared && kernel != KernelClass::kAttention ? matrix + vector : std::max(matrix, vector);
}

std::vector<Ridge> ridges(const Hardware& hw) {
  std::vector<Ridge> all;
  for (const auto& [rates, roof] : {std::pair{&hw.vector, Roof::kVector}, std::pair{&hw.matrix, Roof::kTensor}}) {
    for (const DtypeRate& rate : *rates) {
      all.push_back({rate.dtype, roof, rate.dense.value, rate.dense.value / hw.dram_bandwidth.value});
    }
  }
  return all;
}

}  // namespace gable
