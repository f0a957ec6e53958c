// Easy to break here: an op without FLOP that costs nothing, latency inside the maximum, a rate taken with FP16
// accumulation or sparsity, TF32 used unasked, matrix and vector work added where the units are separate.
#include "analyzer/roofline/roofline.h"

#include <doctest/doctest.h>

#include "tests/approx.h"
#include "tests/error_text.h"
#include "tests/op_rows.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

constexpr std::int64_t kMega = 1'000'000;

/// A kernel of which only FLOP, compulsory bytes and touched bytes matter.
Cost kernel(std::int64_t matrix_flop, std::int64_t vector_flop, std::int64_t unique, std::int64_t touched) {
  Cost cost;
  cost.matrix_flop = matrix_flop;
  cost.vector_flop = vector_flop;
  cost.read = touched;
  cost.unique = unique;
  cost.launches = 1;
  return cost;
}

double by(const RoofTime& time, Roof roof) { return time.by_roof.at(static_cast<std::size_t>(roof)); }

TEST_CASE("roofline: what bounds a kernel, and its time") {
  const Hardware hw = tiny_hardware();
  const Rates rates = rates_for(hw, Dtype::kFp16, Dtype::kFp32);  // 160 and 20 TFLOP/s; 1 and 4 TB/s; 1 us
  struct Row {
    std::string_view what;
    Cost cost;
    Bound bound;
    Roof roof;
    double work_s;
  };
  for (const Row& row : {
           Row{"tensor", kernel(800 * kMega, 0, kMega, kMega), Bound::kCompute, Roof::kTensor, 800e6 / 160e12},
           Row{"vector", kernel(800 * kMega, 200 * kMega, kMega, kMega), Bound::kCompute, Roof::kVector,
               200e6 / 20e12},  // 10 us against 5 on the tensor units
           Row{"tensor beside vector", kernel(800 * kMega, 80 * kMega, kMega, kMega), Bound::kCompute, Roof::kTensor,
               800e6 / 160e12},  // 5 us against 4: the maximum, not the sum
           Row{"DRAM", kernel(800 * kMega, 0, 8 * kMega, 8 * kMega), Bound::kMemory, Roof::kDram, 8e6 / 1e12},
           Row{"L2", kernel(800 * kMega, 0, 8 * kMega, 40 * kMega), Bound::kMemory, Roof::kL2, 40e6 / 4e12},
           Row{"launch", kernel(80 * kMega, 0, kMega / 2, kMega / 2), Bound::kLaunch, Roof::kLaunch, 0.5e6 / 1e12},
           Row{"nothing but a launch", kernel(0, 0, 0, 0), Bound::kLaunch, Roof::kLaunch, 0},
           Row{"work as long as the launch", kernel(0, 0, kMega, kMega), Bound::kMemory, Roof::kDram, 1e6 / 1e12},
       }) {
    CAPTURE(row.what);
    const RoofTime time = roofline_time(row.cost, row.cost.unique, rates, hw, RoofSet{});
    CHECK(bound_name(time.bound) == bound_name(row.bound));
    CHECK(roof_name(time.roof) == roof_name(row.roof));
    CHECK(time.total_s == rel(1e-6 + row.work_s));
  }
}

TEST_CASE("roofline: each roof's own time, and the bytes that DRAM is asked for") {
  const Hardware hw = tiny_hardware();
  const Rates rates = rates_for(hw, Dtype::kFp16, Dtype::kFp32);
  Cost cost = kernel(800 * kMega, 200 * kMega, 8 * kMega, 40 * kMega);
  cost.launches = 3;
  const RoofTime time = roofline_time(cost, 2 * kMega, rates, hw, RoofSet{});
  CHECK(by(time, Roof::kTensor) == rel(5e-6));
  CHECK(by(time, Roof::kVector) == rel(10e-6));
  CHECK(by(time, Roof::kDram) == rel(2e-6));  // what is given, not `unique`
  CHECK(by(time, Roof::kL2) == rel(10e-6));
  CHECK(by(time, Roof::kLaunch) == rel(3e-6));
  CHECK(time.total_s == rel(3e-6 + 10e-6));
}

TEST_CASE("roofline: an op without FLOP takes time") {
  const Hardware hw = tiny_hardware();
  const Cost copy = cost_of("copy", {{"n", kMega}});  // 4 MB in, 4 MB out
  const RoofTime time = roofline_time(copy, copy.unique, rates_for(hw, Dtype::kFp32, Dtype::kFp32), hw, RoofSet{});
  CHECK(time.total_s == rel(1e-6 + 8e6 / 1e12));
  CHECK(time.bound == Bound::kMemory);
  CHECK_FALSE(time.near_ridge);
}

TEST_CASE("roofline: what is not launched takes none") {
  const Cost nothing = cost_of("dropout", {{"n", kMega}});
  const Hardware hw = tiny_hardware();
  const Rates rates = rates_for(hw, Dtype::kFp32, Dtype::kFp32);
  CHECK(roofline_time(nothing, nothing.unique, rates, hw, RoofSet{}).total_s == 0);
}

TEST_CASE("roofline: without a matrix unit both kinds of FLOP share the vector peak") {
  const Hardware hw = tiny_hardware();
  const Rates fp32 = rates_for(hw, Dtype::kFp32, Dtype::kFp32);
  const Cost cost = kernel(80 * kMega, 20 * kMega, kMega, kMega);
  const RoofTime shared = roofline_time(cost, cost.unique, fp32, hw, RoofSet{});
  CHECK(shared.total_s == rel(1e-6 + (80e6 + 20e6) / 10e12));
  CHECK(shared.roof == Roof::kVector);
  CHECK(by(shared, Roof::kTensor) == 0);
  const Rates tf32 = rates_for(hw, Dtype::kTf32, Dtype::kFp32);
  CHECK(roofline_time(cost, cost.unique, tf32, hw, RoofSet{}).total_s == rel(1e-6 + 20e6 / 10e12));
}

TEST_CASE("roofline: --roofs leaves terms out") {
  const Hardware hw = tiny_hardware();
  const Rates rates = rates_for(hw, Dtype::kFp16, Dtype::kFp32);
  const Cost cost = kernel(800 * kMega, 0, 8 * kMega, 80 * kMega);  // 5, 8 and 20 us, and 1 us to launch
  struct Row {
    std::string_view roofs;
    double total_s;
    Roof roof;
  };
  for (const Row& row : {
           Row{"compute,dram,l2,launch", 1e-6 + 20e-6, Roof::kL2},
           Row{"compute,dram,launch", 1e-6 + 8e-6, Roof::kDram},
           Row{"compute,dram", 8e-6, Roof::kDram},
           Row{"compute,launch", 1e-6 + 5e-6, Roof::kTensor},
           Row{"compute", 5e-6, Roof::kTensor},
           Row{"dram", 8e-6, Roof::kDram},
           Row{"l2", 20e-6, Roof::kL2},
           Row{"launch", 1e-6, Roof::kLaunch},
       }) {
    CAPTURE(row.roofs);
    const RoofTime time = roofline_time(cost, cost.unique, rates, hw, parse_roofs(row.roofs));
    CHECK(time.total_s == rel(row.total_s));
    CHECK(roof_name(time.roof) == roof_name(row.roof));
  }
}

TEST_CASE("roofline: near the ridge is within 10 % of the larger time, on either side") {
  Hardware hw = tiny_hardware();
  hw.dram_bandwidth.value = 1;  // a second a byte and a FLOP: whole numbers that divide without rounding
  Rates rates;
  rates.matrix_flop_per_s = 1;
  rates.vector_flop_per_s = 1;
  struct Row {
    std::int64_t flop, bytes;
    bool near;
    Bound bound;
  };
  for (const Row& row : {
           Row{1000, 1000, true, Bound::kMemory},
           Row{1000, 900, true, Bound::kCompute},
           Row{1000, 899, false, Bound::kCompute},
           Row{900, 1000, true, Bound::kMemory},
           Row{899, 1000, false, Bound::kMemory},
           Row{0, 1000, false, Bound::kMemory},
           Row{1000, 0, false, Bound::kCompute},
       }) {
    CAPTURE(row.flop);
    CAPTURE(row.bytes);
    const RoofTime time =
        roofline_time(kernel(row.flop, 0, row.bytes, row.bytes), row.bytes, rates, hw, parse_roofs("compute,dram"));
    CHECK(time.near_ridge == row.near);
    CHECK(bound_name(time.bound) == bound_name(row.bound));
  }
}

TEST_CASE("rates: the dtype's own, or the fastest that holds its values") {
  struct Row {
    Dtype compute, accumulate;
    double matrix, vector;
    bool shared;
  };
  const Hardware tiny = tiny_hardware();
  for (const Row& row : {
           Row{Dtype::kFp16, Dtype::kFp32, 160e12, 20e12, false},
           Row{Dtype::kFp16, Dtype::kFp16, 320e12, 20e12, false},  // FP16 accumulation: twice as fast here
           Row{Dtype::kTf32, Dtype::kFp32, 80e12, 10e12, false},
           Row{Dtype::kFp32, Dtype::kFp32, 10e12, 10e12, true},     // TF32 rounds, so FP32 does not use it
           Row{Dtype::kBf16, Dtype::kFp32, 80e12, 10e12, false},    // bf16 fits tf32 and fp32, not fp16
           Row{Dtype::kInt8, Dtype::kInt32, 160e12, 20e12, false},  // int8 fits fp16
           Row{Dtype::kFp8E4m3, Dtype::kFp32, 160e12, 20e12, false},
           Row{Dtype::kFp4, Dtype::kFp16, 320e12, 20e12, false},
       }) {
    CAPTURE(gable::row(row.compute).name);
    const Rates rates = rates_for(tiny, row.compute, row.accumulate);
    CHECK(rates.matrix_flop_per_s == rel(row.matrix));
    CHECK(rates.vector_flop_per_s == rel(row.vector));
    CHECK(rates.shared == row.shared);
  }
  CHECK(rates_for(tiny, Dtype::kBf16, Dtype::kFp32).matrix_dtype == Dtype::kTf32);
  CHECK(rates_for(tiny, Dtype::kBf16, Dtype::kFp32).vector_dtype == Dtype::kFp32);
  CHECK(rates_for(tiny, Dtype::kInt8, Dtype::kInt32).matrix_dtype == Dtype::kFp16);
}

TEST_CASE("rates: a device with nothing but FP32 computes everything narrower in it") {
  Hardware hw = tiny_hardware();
  hw.matrix.clear();
  hw.vector.resize(1);  // fp32
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kTf32, Dtype::kBf16, Dtype::kFp16, Dtype::kFp8E5m2, Dtype::kInt8,
                            Dtype::kInt4, Dtype::kFp4}) {
    CAPTURE(row(dtype).name);
    const Rates rates = rates_for(hw, dtype, row(dtype).accumulate);
    CHECK(rates.shared);
    CHECK(rates.matrix_flop_per_s == rel(10e12));
    CHECK(rates.vector_dtype == Dtype::kFp32);
    CHECK(rates.matrix_dtype == Dtype::kFp32);
  }
}

TEST_CASE("rates: a slow unit of the dtype itself does not hide a faster one that is exact") {
  // A P4 runs FP16 at 1/64 of FP32.
  const Hardware hw = hardware_of(replaced(kTinyHardware, "value: 20 TFLOP/s", "value: 90 GFLOP/s"));
  const Rates rates = rates_for(hw, Dtype::kFp16, Dtype::kFp32);
  CHECK(rates.vector_flop_per_s == rel(10e12));
  CHECK(rates.vector_dtype == Dtype::kFp32);
}

TEST_CASE("rates: no rate at all") {
  const Hardware hw = tiny_hardware();
  CHECK(input_error([&] { return rates_for(hw, Dtype::kFp64, Dtype::kFp64); }) ==
        "tiny has no rate for fp64, nor for a dtype that holds its values; it has fp32, fp16, tf32");
  CHECK(input_error([&] { return rates_for(hw, Dtype::kInt32, Dtype::kInt32); }) ==
        "tiny has no rate for int32, nor for a dtype that holds its values; it has fp32, fp16, tf32");
}

TEST_CASE("ridges: peak over DRAM bandwidth, dense, for each unit and dtype") {
  const std::vector<Ridge> all = ridges(tiny_hardware());
  REQUIRE(all.size() == 4);
  struct Row {
    Dtype dtype;
    Roof roof;
    double flop_per_s, flop_per_byte;
  };
  const std::vector<Row> rows = {{Dtype::kFp32, Roof::kVector, 10e12, 10},
                                 {Dtype::kFp16, Roof::kVector, 20e12, 20},
                                 {Dtype::kTf32, Roof::kTensor, 80e12, 80},
                                 {Dtype::kFp16, Roof::kTensor, 160e12, 160}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(all[i].dtype == rows[i].dtype);
    CHECK(all[i].roof == rows[i].roof);
    CHECK(all[i].flop_per_s == rel(rows[i].flop_per_s));
    CHECK(all[i].flop_per_byte == rel(rows[i].flop_per_byte));
  }
}

TEST_CASE("--roofs: what is no roof") {
  CHECK(input_error([] { return parse_roofs(""); }) == "--roofs is empty; known: compute, dram, l2, launch");
  CHECK(input_error([] { return parse_roofs("dram,cmpute"); }) ==
        "--roofs: unknown roof 'cmpute', did you mean 'compute'?");
  CHECK(input_error([] { return parse_roofs("tensor"); }) ==
        "--roofs: unknown roof 'tensor'; known: compute, dram, l2, launch");
  CHECK(input_error([] { return parse_roofs("dram,,l2"); }) ==
        "--roofs: unknown roof ''; known: compute, dram, l2, launch");
  CHECK(describe(parse_roofs(" l2 , compute")) == "compute,l2");
  CHECK(describe(RoofSet{}) == "compute,dram,l2,launch");
}

}  // namespace
}  // namespace gable
