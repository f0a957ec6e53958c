// Easy to break: records of CUDA 12 read with the layout of 13, a time that passes through floating point, text that is
// no JSON or no UTF-8, names of calls with the version of their interface.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "probes/cuda/cupti_layouts.h"
#include "probes/inject/lines.h"
#include "probes/inject/record_lines.h"

using namespace gable;
using namespace gable::inject;

namespace {

std::string text(std::string_view given) {
  std::string made;
  add_text(made, given);
  return made;
}

CUptiResult name_call(CUpti_CallbackDomain domain, std::uint32_t id, const char** name) {
  const std::vector<const char*> names = {nullptr, "cudaLaunchKernel_ptsz_v7000", "cuMemcpyHtoDAsync_v2_ptsz",
                                          "cudaGetDevice_v3020", "cudaGraphLaunch_v10000"};
  *name = domain == CUPTI_CB_DOMAIN_RUNTIME_API || id == 2 ? names[id] : nullptr;
  return *name == nullptr ? CUPTI_ERROR_INVALID_PARAMETER : CUPTI_SUCCESS;
}

/// All fields beyond the first ones are taken from where this layout has them.
template <typename Kernel>
RecordLines lines_of_kernel(std::uint32_t version) {
  Kernel record{};
  record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  record.start = 1428625747586227123;
  record.end = 1428625747586228124;
  record.deviceId = 3;
  record.contextId = 1;
  record.streamId = 7;
  record.correlationId = 4000000000;
  record.gridX = 5;
  record.gridY = record.gridZ = 16;
  record.blockX = 128;
  record.blockY = record.blockZ = 1;
  record.registersPerThread = 255;
  record.staticSharedMemory = 1000;
  record.dynamicSharedMemory = 24;
  record.graphNodeId = 8589934592;
  record.graphId = 9;
  record.name = "_Z4gemmPf";
  Names names(name_call);
  RecordLines lines;
  add_record(reinterpret_cast<const CUpti_Activity&>(record), {version, 42, false, &names, nullptr}, lines);
  add_record(reinterpret_cast<const CUpti_Activity&>(record), {version, 42, true, &names, nullptr}, lines);  // a node
  record.end = 0;
  add_record(reinterpret_cast<const CUpti_Activity&>(record), {version, 42, false, &names, nullptr}, lines);
  return lines;
}

std::string line_of_call(CUpti_ActivityKind kind, std::uint32_t id, Names& names) {
  CUpti_ActivityAPI record{};
  record.kind = kind;
  record.cbid = id;
  record.start = 1000;
  record.end = 3500;
  record.threadId = 77;
  record.correlationId = 5;
  RecordLines lines;
  add_record(reinterpret_cast<const CUpti_Activity&>(record),
             {130000, 42, false, &names, [](std::uint32_t id_there) { return std::uint64_t{id_there} + 1; }}, lines);
  return lines.lines;
}

}  // namespace

TEST_CASE("a kernel in the layouts of CUDA 12 and 13") {
  for (const std::uint32_t version : {19U, 28U, 130000U, std::uint32_t{CUPTI_API_VERSION}}) {
    CAPTURE(version);
    const RecordLines lines =
        version >= kCupti13 ? lines_of_kernel<NewestKernel>(version) : lines_of_kernel<CUpti_ActivityKernel9>(version);
    CHECK(lines.lines ==
          R"-({"ph":"X","cat":"kernel","ts":1428625747586227.123,"dur":1.001,"pid":3,"tid":7,"name":"gemm(float*)",)-"
          R"("args":{"device":3,"context":1,"stream":7,"correlation":4000000000,"grid":[5,16,16],"block":[128,1,1],)"
          R"("registers per thread":255,"shared memory":1024,"graph id":9,"graph node id":8589934592}},)"
          "\n");
    CHECK(lines.events == 1);
    CHECK(lines.lost == 1);  // without times
  }
}

TEST_CASE("calls: those that start work on a device, by their plain names") {
  Names names(name_call);
  const auto line = [](const std::string& category, const std::string& name, const std::string& id) {
    return "{\"ph\":\"X\",\"cat\":\"" + category + R"(","ts":1.000,"dur":2.500,"pid":42,"tid":78,"name":)" + "\"" +
           name + "\",\"args\":{\"cbid\":" + id + ",\"correlation\":5}},\n";
  };
  for (int i = 0; i < 2; ++i) {  // the second time from memory
    CHECK(line_of_call(CUPTI_ACTIVITY_KIND_RUNTIME, 1, names) == line("cuda_runtime", "cudaLaunchKernel", "1"));
    CHECK(line_of_call(CUPTI_ACTIVITY_KIND_DRIVER, 2, names) == line("cuda_driver", "cuMemcpyHtoDAsync", "2"));
    CHECK(line_of_call(CUPTI_ACTIVITY_KIND_RUNTIME, 3, names).empty());
    CHECK(line_of_call(CUPTI_ACTIVITY_KIND_RUNTIME, 4, names) == line("cuda_runtime", "cudaGraphLaunch", "4"));
    CHECK(line_of_call(CUPTI_ACTIVITY_KIND_DRIVER, 1, names) == line("cuda_driver", "cbid 1", "1"));  // not named
  }
}

TEST_CASE("versions that can be read") {
  std::string why_not;
  CHECK(can_read_records(19, why_not));
  CHECK(can_read_records(CUPTI_API_VERSION, why_not));
  CHECK_FALSE(can_read_records(18, why_not));
  CHECK(why_not == "CUPTI of version 18 is of CUDA 11 or older");
  CHECK_FALSE(can_read_records((kNewestCuptiMajor + 1) * 10000, why_not));
}

TEST_CASE("times keep every nanosecond") {
  for (const auto& [ns, us] : std::vector<std::pair<std::uint64_t, std::string>>{
           {0, "0.000"}, {7, "0.007"}, {1060, "1.060"}, {18446744073709551615U, "18446744073709551.615"}}) {
    std::string made;
    add_us(made, ns);
    CHECK(made == us);
  }
}

TEST_CASE("texts are JSON and UTF-8") {
  CHECK(text("a \"b\" \\ c\n\x01") == R"("a \"b\" \\ c\u000a\u0001")");
  CHECK(text("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80") == "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(text("\xFF"
             "a\xC3") == "\"" + bad + "a" + bad + "\"");
  CHECK(text("\xC0\xAF") == "\"" + bad + bad + "\"");                      // overlong
  CHECK(text("\xED\xA0\x80") == "\"" + bad + bad + bad + "\"");            // half of a surrogate pair
  CHECK(text("\xF4\x90\x80\x80") == "\"" + bad + bad + bad + bad + "\"");  // beyond Unicode
  CHECK(text(std::string(100'000, 'x')).size() == (64U << 10U) + 2);
  CHECK(utf8(L"\u00e4\u20ac\U0001F600") == "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(utf8(nullptr).empty());
}
