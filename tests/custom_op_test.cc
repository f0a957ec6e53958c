// Easy to break here: FLOP on the wrong units, parameter bytes beyond the bytes read, a field that is no longer
// optional.
#include <doctest/doctest.h>

#include "tests/op_rows.h"

namespace gable {
namespace {

TEST_CASE("custom, by hand") { check_costs(custom_rows()); }

}  // namespace

std::vector<CostRow> custom_rows() {
  return {
      {"custom", {{"flop", 100}, {"read", 60}, {"write", 40}}, {.vector_flop = 100, .read = 60, .written = 40}},
      {"custom",
       {{"flop", 100}, {"read", 60}, {"write", 40}, {"params", 7}, {"matrix", 1}},
       {.matrix_flop = 100, .read = 60, .written = 40, .param_bytes = 4 * 7, .params = 7, .tensors = 1}},
      // read is stated in bytes and includes the parameters, of which no more than that can be read
      {"custom", {{"read", 20}, {"params", 7}}, {.read = 20, .param_bytes = 20, .params = 7, .tensors = 1}},
      {"custom",
       {{"read", 20}, {"params", 7}},
       {.read = 20, .param_bytes = 4, .params = 7, .tensors = 1},
       uniform(Dtype::kFp4)},
      {"custom", {}, {}},  // a launch alone
  };
}

}  // namespace gable
