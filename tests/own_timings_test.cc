// Easy to break here: a row that is another after writing and reading, a shape of a profile that is silently left out,
// a time of several executions taken for one.
#include "analyzer/predict/own_timings.h"

#include <doctest/doctest.h>

#include "reports/timings_csv.h"
#include "tests/approx.h"
#include "tests/error_text.h"

namespace gable {
namespace {

Profile profile_of(ShapeTiming shape) {
  Profile profile;
  profile.device = "Test \"CPU\", 2 GHz";
  profile.environment = {{"threads", "2"}, {"oneDNN", "2.6.3"}};
  profile.shapes = {std::move(shape)};
  return profile;
}

std::string refusal(const ShapeTiming& shape) {
  return input_error([&] { timings_of(profile_of(shape), {}); });
}

TEST_CASE("own timings: the library of an environment") {
  CHECK(library_of({{"threads", "2"}, {"oneDNN", "2.6.3"}}) == "oneDNN 2.6.3");
  CHECK(library_of({{"driver", "570"}, {"cuBLASLt", "12.8.4, libcublasLt.so.12"}}) == "cuBLASLt 12.8.4");
  CHECK(library_of({{"oneDNN", "missing: no such file"}}).empty());
  CHECK(library_of({}).empty());
}

TEST_CASE("own timings: shapes of a profile become rows; what is missing has its default") {
  const auto rows = timings_of(profile_of({"stream", "fp32", {2, 1, 1000}, 2e-6, 0.01, 5}), {});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].shape == Shape{ShapeKind::kStream, Dtype::kFp32, {2, 1, 1000, 0}});
  CHECK(rows[0].time_s == 2e-6);
  CHECK(rows[0].timer == Timer::kDevice);
  CHECK(rows[0].device == "Test \"CPU\", 2 GHz");
  CHECK(rows[0].library == "oneDNN 2.6.3");
}

TEST_CASE("own timings: shapes that are none are refused") {
  CHECK(refusal({"gem", "fp32", {1, 1, 1, 1}, 1, 0, 5}).ends_with("a shape of unknown kind 'gem'"));
  CHECK(refusal({"gemm", "fp23", {1, 1, 1, 1}, 1, 0, 5}).ends_with("a gemm of unknown dtype 'fp23'"));
  CHECK(refusal({"gemm", "fp32", {1, 1, 1}, 1, 0, 5}).ends_with("a gemm without 'k'"));
  CHECK(refusal({"gemm", "fp32", {1, 1, 1, 1, 0, 1}, 1, 0, 5}).ends_with("a gemm of 6 dims; it has 5"));
  CHECK(refusal({"gemm", "fp32", {1, 0, 1, 1}, 1, 0, 5}).ends_with("a gemm whose m is 0, not at least 1"));
  CHECK(refusal({"softmax", "fp32", {2, 3}, 0, 0, 5}).ends_with("a softmax fp32 2 x 3 that took no time"));
}

TEST_CASE("own timings: rows read back as they were written") {
  std::vector<Timing> rows;
  for (const ShapeTiming& shape : std::vector<ShapeTiming>{{"gemm", "bf16", {1, 6, 50257, 768}, 5.25e-3, 0, 5},
                                                           {"stream", "fp32", {1, 1, 77, 11}, 1.0 / 3e6, 0, 5},
                                                           {"softmax", "fp32", {64, 1000}, 3e-6, 0, 5},
                                                           {"decode", "fp16", {8, 1, 99, 32, 8, 128}, 3e-5, 0, 5}}) {
    rows.push_back(timings_of(profile_of(shape), {}).front());
  }
  rows[1].op = "add";
  rows[2].split = "test";
  rows[3].timer = Timer::kEvents;
  const std::string csv = render_timings_csv(rows);
  CHECK(
      csv.starts_with("kind,dtype,batch,m,n,k,distinct,inputs,outputs,elements,broadcast,rows,width,q_len,past_len,"
                      "heads,kv_heads,head_dim,time_s,op,device,library,split,timer\r\n"
                      "gemm,bf16,1,6,50257,768,0,,,,,,,,,,,,0.00525,,\"Test \"\"CPU\"\", 2 GHz\",oneDNN 2.6.3,,"
                      "device\r\n"));
  const auto back = read_timings(csv, "r.csv");
  REQUIRE(back.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(back[i].shape == rows[i].shape);
    CHECK(back[i].time_s == rows[i].time_s);
    CHECK(back[i].op == rows[i].op);
    CHECK(back[i].device == rows[i].device);
    CHECK(back[i].library == rows[i].library);
    CHECK(back[i].split == rows[i].split);
    CHECK(back[i].timer == rows[i].timer);
  }
}

}  // namespace
}  // namespace gable
