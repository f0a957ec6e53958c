#include "analyzer/base/dtype_choice.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <vector>

#include "analyzer/base/text.h"

namespace gable {
namespace {

struct TensorRow {
  std::string_view name;
  std::optional<Dtype> DtypeChoice::*member;
};

constexpr std::array<TensorRow, 4> kTensors = {{
    {"weights", &DtypeChoice::weights},
    {"act", &DtypeChoice::act},
    {"accum", &DtypeChoice::accum},
    {"kv", &DtypeChoice::kv},
}};

}  // namespace

Dtypes DtypeChoice::applied_to(Dtypes base) const {
  Dtypes result = base;
  result.weights = weights.value_or(base.weights);
  result.act = act.value_or(base.act);
  result.kv = kv.value_or(base.kv);
  const bool operands_chosen = weights.has_value() || act.has_value();
  const Dtype follows = row(wider(result.act, result.weights)).accumulate;
  result.accum = accum.value_or(operands_chosen ? follows : base.accum);
  return result;
}

Dtype parse_dtype(std::string_view name) {
  if (const auto dtype = find_dtype(name)) return *dtype;
  std::vector<std::string_view> known;
  for (const DtypeRow& r : dtype_table()) known.push_back(r.name);
  throw std::invalid_argument(fmt::format("unknown dtype {}{}", in_quotes(name), suggestion(name, known)));
}

void choose(DtypeChoice& choice, std::string_view tensor, std::string_view dtype) {
  std::vector<std::string_view> known;
  for (const TensorRow& r : kTensors) {
    if (r.name == tensor) {
      if ((choice.*r.member).has_value()) throw std::invalid_argument(fmt::format("{} is given twice", tensor));
      choice.*r.member = parse_dtype(dtype);
      return;
    }
    known.push_back(r.name);
  }
  throw std::invalid_argument(fmt::format("unknown tensor class {}{}", in_quotes(tensor), suggestion(tensor, known)));
}

DtypeChoice parse_dtype_choice(std::string_view text) {
  DtypeChoice choice;
  if (text.find('=') == std::string_view::npos) {
    const Dtypes all = uniform(parse_dtype(trim(text)));
    return {all.weights, all.act, all.accum, all.kv};
  }
  for (const std::string& part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) {
      throw std::invalid_argument(
          fmt::format("{} is not TENSOR=DTYPE; write for example 'weights=int8,act=bf16'", in_quotes(part)));
    }
    choose(choice, trim(std::string_view(part).substr(0, equals)), trim(std::string_view(part).substr(equals + 1)));
  }
  return choice;
}

std::string describe(const Dtypes& dtypes) {
  if (dtypes == uniform(dtypes.act)) return std::string(row(dtypes.act).name);
  return fmt::format("weights {}, act {}, kv {}, accumulate {}", row(dtypes.weights).name, row(dtypes.act).name,
                     row(dtypes.kv).name, row(dtypes.accum).name);
}

}  // namespace gable
