// Easy to break here: a column that is silently ignored, a unit taken for another, a row refused that is only repeated.
#include "analyzer/predict/timings.h"

#include <doctest/doctest.h>

#include "tests/approx.h"
#include "tests/error_text.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

std::string refusal(std::string_view csv) {
  return input_error([&] { return read_timings(csv, "r.csv"); });
}

TEST_CASE("timings: rows of several kinds, times in the unit that the column names") {
  const auto rows = read_timings(
      "kind,dtype,m,n,k,rows,width,time_us,device,timer,split\n"
      "gemm,bf16,128,256,512,,,12.5,NVIDIA L40S,,train\n"
      "softmax,fp32,,,,64,1000,3,,events,\n",
      "r.csv");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].shape == Shape{ShapeKind::kGemm, Dtype::kBf16, {1, 128, 256, 512}});
  CHECK(rows[0].time_s == rel(12.5e-6));
  CHECK(rows[0].device == "NVIDIA L40S");
  CHECK(rows[0].split == "train");
  CHECK(rows[0].timer == Timer::kDevice);
  CHECK(rows[1].shape == Shape{ShapeKind::kSoftmax, Dtype::kFp32, {64, 1000}});
  CHECK(rows[1].timer == Timer::kEvents);
  CHECK(rows[1].where.line == 3);
  for (const auto& unit :
       {std::pair{"time_s", 2.0}, std::pair{"time_ms", 2e-3}, std::pair{"time_us", 2e-6}, std::pair{"time_ns", 2e-9}}) {
    const std::string column = unit.first;
    CAPTURE(column);
    const std::string csv = "kind,dtype,rows,width," + column + "\nsoftmax,fp32,1,1,2\n";
    CHECK(read_timings(csv, "r.csv").front().time_s == rel(unit.second));
  }
}

TEST_CASE("timings: what is wrong is named with its place") {
  const std::string head = "kind,dtype,m,n,k,time_us\n";
  CHECK(refusal("") == "r.csv:1:1: the file is empty; its first line names the columns");
  CHECK(refusal("kind,dtype,m,n,k\n") == "r.csv:1:1: no column has the time: time_s, time_ms, time_us or time_ns");
  CHECK(refusal("kind,m,time_us\n") == "r.csv:1:1: column 'dtype' is missing");
  CHECK(refusal("kind,dtype,m,m,time_us\n") == "r.csv:1:14: column 'm' is there twice");
  CHECK(refusal("kind,dtype,time_us,head_dims\n") ==
        "r.csv:1:20: unknown column 'head_dims', did you mean 'head_dim'?");
  CHECK(refusal(head + "gem,bf16,1,1,1,1\n") == "r.csv:2:1: unknown kind 'gem', did you mean 'gemm'?");
  CHECK(refusal(head + "gemm,bf61,1,1,1,1\n") == "r.csv:2:6: unknown dtype 'bf61', did you mean 'bf16'?");
  CHECK(refusal(head + "gemm,bf16,,1,1,1\n") == "r.csv:2:1: a gemm needs 'm'");
  CHECK(refusal(head + "gemm,bf16,0,1,1,1\n") == "r.csv:2:11: m is 0; it lies between 1 and 2^40");
  CHECK(refusal(head + "gemm,bf16,1.5,1,1,1\n") == "r.csv:2:11: m '1.5' is no whole number");
  CHECK(refusal(head + "gemm,bf16,1,1,1,nan\n") == "r.csv:2:17: a time of nan s; it lies between 0 and 1e6 s");
  CHECK(refusal(head + "gemm,bf16,1,1,1,-3\n") == "r.csv:2:17: a time of -3e-06 s; it lies between 0 and 1e6 s");
  CHECK(refusal(head + "gemm,bf16,1,1,1,\n") == "r.csv:2:1: this row has no time");
  CHECK(refusal(head + "gemm,bf16,1,1\n") == "r.csv:2:1: 4 fields; the first line names 6");
}

TEST_CASE("timings: what cannot be is left out, what was measured twice is not") {
  const Hardware hw = tiny_hardware();  // 10 TFLOP/s in FP32, 1 TB/s, 1 MB of L2
  auto rows = read_timings(
      "kind,dtype,m,n,k,time_s\n"
      "gemm,fp32,100,100,100,1\n"  // slow, but it can be
      "gemm,fp32,100,100,100,2\n"  // again
      "gemm,fp32,100,100,100,1\n"  // copied
      "gemm,fp32,1000,1000,1000,1e-5\n"
      "gemm,fp32,1,10000,1000,1e-5\n",  // its weights alone are 40 MB
      "r.csv");
  const auto refused = refuse_impossible(rows, hw);
  CHECK(rows.size() == 2);
  REQUIRE(refused.size() == 3);
  CHECK(refused[0].where.line == 4);
  CHECK(refused[0].why == "gemm fp32 100 x 100 x 100 is there twice, with the same time");
  CHECK(refused[1].where.line == 5);
  // 2 x 1000^3 FLOP in 10 us
  CHECK(refused[1].why == "200 TFLOP/s, 20.0 times the datasheet's peak; is the time's unit right?");
  // 4 x (1000 + 10,000,000 + 10,000) bytes in 10 us
  CHECK(refused[2].why == "4004 GB/s, 4.0 times the datasheet's DRAM bandwidth");
}

}  // namespace
}  // namespace gable
