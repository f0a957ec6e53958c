// Easy to break: a metric that one chip lacks makes CUPTI refuse all of them; a name that one chip splits and another
// does not; counters of a part (with sparsity, in real time) added to the whole. Against the real library, which needs
// no GPU for this; what needs no library is in cuda_counters_test.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "probes/cuda/cupti_records.h"
#include "probes/cuda/metrics.h"

using namespace gable;

namespace {

/// The address sanitizer ends a program that opens a library with RTLD_DEEPBIND, as CUPTI does libnvperf_host.
#if defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer);
#elif defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// Null, and says so, where CUPTI or its libnvperf_host cannot be loaded: ctest reports the test as skipped.
std::unique_ptr<ProfilerHost> host_of(const std::string& chip) {
  std::string why_not = "libnvperf_host does not load under the address sanitizer";
  std::unique_ptr<ProfilerHost> host;
  if (!kSanitized) host = ProfilerHost::open(cupti_api().host, chip, {}, why_not);
  if (!host) MESSAGE("test skipped: ", why_not);
  return host;
}

struct Case {
  std::string chip;
  std::size_t scalar_fp32;  ///< counters of fp32 instructions: fadd, fmul, ffma; GB100 has three of pairs beside them
  std::vector<std::pair<Dtype, std::vector<std::string>>> tensor;
};

/// The lists that the headers' CUPTI 13.0 gives, by hand.
const std::vector<Case> kCases = {
    {"TU102", 3, {{Dtype::kFp16, {"fp16_bf16_tf32_dst_fp32", "fp16_dst_fp16"}}, {Dtype::kInt8, {"int8"}}}},
    {"GA100",
     3,
     {{Dtype::kBf16, {"bf16_dst_fp32"}}, {Dtype::kFp16, {"fp16_dst_fp16", "fp16_dst_fp32"}}, {Dtype::kFp64, {"fp64"}}}},
    {"GA102", 3, {{Dtype::kTf32, {"tf32_dst_fp32"}}, {Dtype::kInt4, {"int4"}}}},
    {"AD102", 3, {{Dtype::kFp8E4m3, {"fp8"}}, {Dtype::kBf16, {"bf16_dst_fp32"}}}},
    {"GH100", 3, {{Dtype::kFp16, {"fp16"}}, {Dtype::kBf16, {"bf16_dst_fp32"}}, {Dtype::kFp8E5m2, {"fp8"}}}},
    {"GB100",
     6,
     {{Dtype::kFp8E4m3, {"fp4_fp6_fp8_dst_fp16", "fp4_fp6_fp8_dst_fp32"}},
      {Dtype::kFp4, {"fp4_dst_fp32", "fp4_fp6_fp8_dst_fp16", "fp4_fp6_fp8_dst_fp32"}}}},
    {"GB202",
     3,
     {{Dtype::kFp8E4m3, {"fp8_dst_fp16", "fp8_dst_fp32"}},
      {Dtype::kFp4, {"fp4_dst_fp32", "fp4_fp6_dst_fp16", "fp4_fp6_dst_fp32"}}}},
};

bool is_tensor(const MetricTerm& term) { return term.name.find("tensor") != std::string::npos; }

std::vector<std::string> tensor_names(const MetricChoice& choice) {
  std::vector<std::string> names;
  for (const MetricTerm& term : choice.flop) {
    if (is_tensor(term)) names.push_back(term.name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

TEST_CASE("what each chip counts") {
  for (const Case& row : kCases) {
    CAPTURE(row.chip);
    const std::unique_ptr<ProfilerHost> host = host_of(row.chip);
    if (!host) return;
    const std::vector<std::string> available = host->counters();
    const bool op = row.chip == "GB202";  // GB20x has other names of DRAM bytes
    for (const auto& counted : row.tensor) {
      const Dtype dtype = counted.first;
      const std::vector<std::string>& sources = counted.second;
      CAPTURE(gable::row(dtype).name);
      const MetricChoice choice = choose_metrics(row.chip, available, dtype);
      CHECK(choice.missing.empty());
      REQUIRE(choice.dram_read.size() == 1);
      CHECK(choice.dram_read[0].name == (op ? "dram__bytes_op_read.sum" : "dram__bytes_read.sum"));
      CHECK(choice.dram_write[0].name == (op ? "dram__bytes_op_write.sum" : "dram__bytes_write.sum"));
      CHECK(choice.l2_bytes[0].name == "lts__t_bytes.sum");
      std::vector<std::string> expected;
      for (const std::string& source : sources) expected.push_back("sm__ops_path_tensor_src_" + source + ".sum");
      CHECK(tensor_names(choice) == expected);
      const std::size_t half = dtype == Dtype::kFp16 || dtype == Dtype::kBf16 || dtype == Dtype::kFp64 ? 3 : 0;
      CHECK(choice.flop.size() == sources.size() + row.scalar_fp32 + half);
    }
  }
}

TEST_CASE("every chip and dtype: CUPTI takes all that is chosen, in few passes") {
  for (const Case& row : kCases) {
    for (const DtypeRow& dtype : dtype_table()) {
      CAPTURE(row.chip);
      CAPTURE(dtype.name);
      const std::unique_ptr<ProfilerHost> host = host_of(row.chip);
      if (!host) return;
      const MetricChoice choice = choose_metrics(row.chip, host->counters(), dtype.id);
      host->schedule(choice.names());
      CHECK(host->passes() >= 1);
      CHECK(host->passes() <= (dtype.id == Dtype::kFp4 ? 4 : 3));  // GB202 counts fp4 in three places
      CHECK_FALSE(host->config().empty());
    }
  }
}

TEST_CASE("what a chip cannot count is said") {
  const std::unique_ptr<ProfilerHost> hopper = host_of("GH100");
  const std::unique_ptr<ProfilerHost> spark = host_of("GB10B");
  if (!hopper || !spark) return;
  CHECK(choose_metrics("GH100", hopper->counters(), Dtype::kInt4).missing ==
        "GH100 has no counter of int4 tensor products");
  CHECK(choose_metrics("GB10B", spark->counters(), Dtype::kInt4).missing ==
        "GB10B has no counter of DRAM bytes, int4 tensor products");
  CHECK(choose_metrics("GH100", hopper->counters(), Dtype::kFp32).missing.empty());
}

TEST_CASE("an unknown chip or metric is refused") {
  if (!host_of("GH100")) return;
  std::string why_not;
  CHECK(ProfilerHost::open(cupti_api().host, "GX999", {}, why_not) == nullptr);
  CHECK(why_not.find("cuptiProfilerHostInitialize(GX999)") != std::string::npos);
  CHECK_THROWS_AS(host_of("GH100")->schedule({"dram__bytes_read.sum", "no__such_metric.sum"}), DeviceError);
}

TEST_CASE("the library has every function of the tables") {
  const CuptiApi& api = cupti_api();
  if (api.library.empty()) {
    MESSAGE("test skipped: ", api.host.why_not);
    return;
  }
  CHECK(api.activity.why_not.empty());
  CHECK(api.host.why_not.empty());
  CHECK(api.range.why_not.empty());
  std::uint32_t version = 0;
  CHECK(api.activity.get_version(&version) == CUPTI_SUCCESS);
  std::string why_not;
  const bool read = record_reader(version, why_not) != nullptr;
  CHECK_MESSAGE(read, why_not);
}
