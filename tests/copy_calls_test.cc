// Easy to break here: a cast counted in one width, a source that is broadcast, a fill that reads.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

TEST_CASE("calls of copies, fills and random numbers, by hand") { check_calls(copy_call_rows()); }

TEST_CASE("calls of copies: arguments that do not tell the cost") {
  check_untold({{"aten::copy_", "bf16[6]"},
                {"aten::copy_", "bf16[6] ?[6]"},
                {"aten::cat", "{} =0"},
                {"aten::cat", "{?[2,3];?[2,3]} =0"},  // PyTorch's profiler records no types in lists
                {"aten::constant_pad_nd", "bf16[2,3] =[1] =0"},
                {"aten::constant_pad_nd", "bf16[2,3] =[-4,0] =0"},
                {"aten::arange", "=0 =5 =0 =4 =0 _ _"},
                {"aten::arange", "=nan =4 =0 _ _"},
                {"aten::repeat", "bf16[6] =[-1]"}});
}

}  // namespace

std::vector<CallTest> copy_call_rows() {
  return {
      {"aten::copy_", "fp32[2,3] bf16[2,3] =False", {.read = 2 * 6, .written = 4 * 6, .kind = "copy", .shape = "2x3"}},
      {"aten::copy_", "bf16[2,3] long[2,3] =False", {.read = 8 * 6, .written = 2 * 6, .kind = "copy"}},
      {"aten::copy_", "bf16[2,3] fp32[3] =False", {.read = 4 * 3, .written = 2 * 6, .kind = "copy"}},
      {"aten::copy_", "long[6] bool[6] =False", {.read = 6, .written = 8 * 6, .kind = "copy"}},
      {"aten::clone aten::flip aten::roll aten::tril aten::triu aten::tril_",
       "bf16[2,3] =0",
       {.read = 2 * 6, .written = 2 * 6, .kind = "copy"}},
      {"aten::cat aten::_cat",
       "{bf16[4,1,768];bf16[4,196,768]} =1",
       {.read = 2 * 4 * 197 * 768, .written = 2 * 4 * 197 * 768, .kind = "concat", .shape = "4x1x768 + 4x196x768"}},
      {"aten::cat aten::stack", "{long[2];long[2];long[2]} =0", {.read = 8 * 6, .written = 8 * 6, .kind = "concat"}},
      {"aten::repeat", "bf16[2,3] =[4,1]", {.read = 2 * 6, .written = 2 * 24}},
      {"aten::constant_pad_nd",  // a column before, two after, a row after
       "bf16[2,3] =[1,2,0,1] =0",
       {.read = 2 * 6, .written = 2 * (6 * 3)}},
      {"aten::replication_pad1d aten::reflection_pad1d", "bf16[2,4] =[1,1]", {.read = 2 * 8, .written = 2 * 2 * 6}},
      {"aten::replication_pad2d aten::reflection_pad2d",
       "bf16[2,4,4] =[1,1,1,1]",
       {.read = 2 * 32, .written = 2 * 2 * 6 * 6}},
      {"aten::replication_pad3d aten::reflection_pad3d",
       "bf16[2,4,4,4] =[1,1,1,1,1,1]",
       {.read = 2 * 128, .written = 2 * 2 * 6 * 6 * 6}},
      {"aten::fill_ aten::zero_", "bf16[2,3] =0", {.written = 2 * 6}},
      {"aten::uniform_ aten::normal_ aten::random_ aten::exponential_ aten::bernoulli_",
       "fp32[2,3] =0 =1 _",
       {.written = 4 * 6}},
      {"aten::bernoulli_", "fp32[6] fp32[6] _", {.read = 4 * 6, .written = 4 * 6}},
      {"aten::arange", "=5 =4 =0 _ _", {.written = 8 * 5, .shape = "5"}},  // end, then the options: 64-bit
      {"aten::arange", "=2 =7 =6 =0 _ _", {.written = 4 * 5}},             // start, end; dtype 6 is fp32
      {"aten::arange", "=0 =10 =3 =4 =0 _ _", {.written = 8 * 4}},         // 0, 3, 6, 9
      {"aten::arange", "=0 =10 =3 int[0]", {.written = 4 * 4}},            // into a tensor
      {"aten::_local_scalar_dense", "bool[]", {.read = 1, .written = 1}},
      {"aten::_local_scalar_dense", "long[1]", {.read = 8, .written = 8}},
  };
}

}  // namespace gable
