// Easy to break here: an op without a hand-computed row, a field order that no longer matches its cost function, a
// fallback that names a later field, a sum of costs that forgets a member.
#include "analyzer/ops/op_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string>

#include "analyzer/base/error.h"
#include "tests/op_rows.h"

namespace gable {
namespace {

/// The value of a field that a model leaves out: a whole number, or that of an earlier field.
std::int64_t fallback_value(const OpKind& kind, const Field& field, const OpArgs& args) {
  if (const auto earlier = find_field(kind, field.fallback)) return args.values.at(*earlier);
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(field.fallback.data(), field.fallback.data() + field.fallback.size(), value);
  REQUIRE(error == std::errc());
  REQUIRE(end == field.fallback.data() + field.fallback.size());
  return value;
}

OpArgs filled_in(const OpKind& kind, const OpFields& fields, const Dtypes& dtypes, Mode mode) {
  OpArgs args{{}, dtypes, mode};
  for (const auto& field : fields) {
    CAPTURE(field.first);
    REQUIRE(find_field(kind, field.first).has_value());
  }
  for (std::size_t i = 0; i < kind.fields.size(); ++i) {
    const Field& field = kind.fields[i];
    CAPTURE(field.name);
    const auto given = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == field.name; });
    REQUIRE((given != fields.end() || !field.fallback.empty()));
    args.values.at(i) = given != fields.end() ? given->second : fallback_value(kind, field, args);
    REQUIRE(args.values.at(i) >= field.least);
  }
  return args;
}

struct Member {
  std::string_view name;
  Count Cost::*member;
};
constexpr std::array<Member, 14> kMembers = {{
    {"matrix_flop", &Cost::matrix_flop},
    {"vector_flop", &Cost::vector_flop},
    {"read", &Cost::read},
    {"written", &Cost::written},
    {"unique", &Cost::unique},
    {"param_bytes", &Cost::param_bytes},
    {"params", &Cost::params},
    {"lookup_params", &Cost::lookup_params},
    {"output", &Cost::output},
    {"tensors", &Cost::tensors},
    {"launches", &Cost::launches},
    {"memcpys", &Cost::memcpys},
    {"recomputed", &Cost::recomputed},
    {"masked", &Cost::masked},
}};

Cost as_cost(const ByHand& w) {
  const std::int64_t unique = w.unique ? w.unique->value : w.read.value + w.written.value;
  Cost cost;
  cost.matrix_flop = w.matrix_flop.value;
  cost.vector_flop = w.vector_flop.value;
  cost.read = w.read.value;
  cost.written = w.written.value;
  cost.unique = unique;
  cost.param_bytes = w.param_bytes.value;
  cost.params = w.params.value;
  cost.lookup_params = w.lookup_params.value;
  cost.output = w.output.value;
  cost.tensors = w.tensors.value;
  cost.launches = w.launches.value;
  return cost;
}

TEST_CASE("op table: every row has a hand-computed cost") {
  std::set<std::string_view> computed;
  for (const auto& rows : {matrix_rows(), conv_rows(), attention_rows(), norm_rows(), elementwise_rows(),
                           indexed_rows(), window_rows(), custom_rows()}) {
    for (const CostRow& row : rows) computed.insert(row.op);
  }
  for (const OpKind* kind : op_table()) {
    CAPTURE(kind->name);
    CHECK(computed.contains(kind->name));
  }
  CHECK(computed.size() == op_table().size());
}

TEST_CASE("op table: the ops of issue 2 are there") {
  for (const std::string_view name :
       {"linear",        "matmul", "attention", "embedding", "layernorm", "rmsnorm",     "batchnorm", "groupnorm",
        "softmax",       "gelu",   "gelu_tanh", "silu",      "relu",      "tanh",        "sigmoid",   "add",
        "mul",           "scale",  "mask",      "dropout",   "rope",      "concat",      "copy",      "split",
        "cross_entropy", "conv2d", "pool",      "spmm",      "gather",    "scatter_add", "reduce"}) {
    CAPTURE(name);
    const OpKind* kind = find_op(name);
    REQUIRE(kind != nullptr);
    CHECK(kind->name == name);
  }
  CHECK(find_op("matmull") == nullptr);
  CHECK(find_op("") == nullptr);
}

TEST_CASE("op table: names are unique, every row says what it counts and where that is from") {
  std::set<std::string_view> names;
  for (const OpKind* kind : op_table()) {
    CAPTURE(kind->name);
    CHECK(names.insert(kind->name).second);
    CHECK(find_op(kind->name) == kind);
    CHECK_FALSE(kind->summary.empty());
    for (const std::string_view text :
         {kind->matrix_flop, kind->vector_flop, kind->read, kind->written, kind->params, kind->source}) {
      CHECK_FALSE(text.empty());
    }
    CHECK_FALSE(kernel_class_name(kind->kernel).empty());
  }
}

TEST_CASE("op table: fields are documented and their fallbacks are whole numbers or earlier fields") {
  for (const OpKind* kind : op_table()) {
    CAPTURE(kind->name);
    CHECK(kind->fields.size() <= kMaxFields);
    std::set<std::string_view> earlier;
    for (const Field& field : kind->fields) {
      CAPTURE(field.name);
      CHECK_FALSE(field.doc.empty());
      const bool number = !field.fallback.empty() && std::all_of(field.fallback.begin(), field.fallback.end(),
                                                                 [](char c) { return c >= '0' && c <= '9'; });
      CHECK((field.fallback.empty() || number || earlier.contains(field.fallback)));
      if (field.flag) CHECK((field.least == 0 && (field.fallback == "0" || field.fallback == "1")));
      CHECK(earlier.insert(field.name).second);
      CHECK(find_field(*kind, field.name) == earlier.size() - 1);
    }
    CHECK_FALSE(find_field(*kind, "no_such_field").has_value());
  }
}

TEST_CASE("op table: a count beyond 64 bits is an error in every op, never a wrong number") {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62U;
  for (const OpKind* kind : op_table()) {
    CAPTURE(kind->name);
    if (kind->pieces) continue;  // multiplies nothing
    OpFields fields;
    for (const Field& field : kind->fields) {
      if (!field.flag) fields.emplace_back(field.name, kHuge);
    }
    const OpArgs args = filled_in(*kind, fields, uniform(Dtype::kFp64), Mode::kTrain);
    CHECK_THROWS_AS(forward_cost(*kind, args), CountOverflow);
  }
}

TEST_CASE("op table: a product is computed in the wider of the dtypes that meet") {
  const Dtypes mixed{Dtype::kInt8, Dtype::kBf16, Dtype::kFp32, Dtype::kFp8E4m3};
  const Dtypes wide_cache{Dtype::kInt8, Dtype::kFp8E4m3, Dtype::kFp32, Dtype::kFp16};
  const Dtypes wide_weights{Dtype::kFp32, Dtype::kBf16, Dtype::kFp32, Dtype::kBf16};
  CHECK(compute_dtype(*find_op("linear"), mixed) == Dtype::kBf16);
  CHECK(compute_dtype(*find_op("linear"), wide_weights) == Dtype::kFp32);
  CHECK(compute_dtype(*find_op("conv2d"), wide_weights) == Dtype::kFp32);
  CHECK(compute_dtype(*find_op("attention"), mixed) == Dtype::kBf16);
  CHECK(compute_dtype(*find_op("attention"), wide_cache) == Dtype::kFp16);
  CHECK(compute_dtype(*find_op("attention"), wide_weights) == Dtype::kBf16);
  CHECK(compute_dtype(*find_op("matmul"), wide_weights) == Dtype::kBf16);
  CHECK(compute_dtype(*find_op("softmax"), wide_weights) == Dtype::kBf16);
}

TEST_CASE("cost: sums and multiples take every member along") {
  const Cost a{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  const Cost b{100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1100, 1200, 1300, 1400};
  for (const Member& m : kMembers) {
    CAPTURE(m.name);
    CHECK(((a + b).*m.member).value() == (a.*m.member).value() + (b.*m.member).value());
    CHECK(((a * Count(7)).*m.member).value() == (a.*m.member).value() * 7);
  }
  CHECK(a + Cost{} == a);
  CHECK(a * Count(1) == a);
  CHECK(a * Count(0) == Cost{});
  CHECK(a.flop().value() == 1 + 2);
  CHECK(a.touched().value() == 3 + 4);
  Cost huge;
  huge.launches = std::int64_t{1} << 62U;
  CHECK_THROWS_AS(huge + huge, CountOverflow);
  CHECK_THROWS_AS(huge * Count(2), CountOverflow);
}

}  // namespace

Cost cost_of(std::string_view op, const OpFields& fields, const Dtypes& dtypes, Mode mode) {
  CAPTURE(op);
  const OpKind* kind = find_op(op);
  REQUIRE(kind != nullptr);
  return forward_cost(*kind, filled_in(*kind, fields, dtypes, mode));
}

void check_costs(const std::vector<CostRow>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const CostRow& row = rows[i];
    CAPTURE(row.op);
    CAPTURE(i);
    const Cost got = cost_of(row.op, row.fields, row.dtypes, row.mode);
    const Cost want = as_cost(row.want);
    for (const Member& m : kMembers) {
      CAPTURE(m.name);
      CHECK((got.*m.member).value() == (want.*m.member).value());
    }
  }
}

}  // namespace gable
