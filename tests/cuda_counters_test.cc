// Easy to break: the order of the profiler's calls, ranges of one id that are run twice, a pass that is not the last,
// ranges that come back in another order, a refusal that leaves the profiler on.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "probes/cuda/counters.h"
#include "tests/approx.h"

using namespace gable;

namespace {

struct FakeProfiler {
  std::map<std::string, CUptiResult> fails;
  std::vector<std::string> calls;
  std::vector<std::string> ranges;  ///< pushed in a pass
  std::size_t passes = 2;
  std::size_t stopped = 0;
  std::size_t dropped = 0;
  CUpti_Profiler_Support_Level v_gpu = CUPTI_PROFILER_CONFIGURATION_SUPPORTED;

  CUptiResult called(const std::string& name) {
    calls.push_back(name);
    const auto found = fails.find(name);
    return found == fails.end() ? CUPTI_SUCCESS : found->second;
  }
};

FakeProfiler& fake() {
  static FakeProfiler state;
  return state;
}

const std::vector<std::string> kCounters = {"dram__bytes_read",
                                            "dram__bytes_write",
                                            "lts__t_bytes",
                                            "sm__ops_path_tensor_src_bf16_dst_fp32",
                                            "sm__ops_path_tensor_src_bf16_dst_fp32_sparsity_off",
                                            "smsp__sass_thread_inst_executed_op_ffma_pred_on",
                                            "smsp__sass_thread_inst_executed_op_fadd_pred_on"};
/// Of a range that was pushed first; the second counts twice as much, the third thrice.
const std::map<std::string, double> kValues = {{"dram__bytes_read.sum", 1000},
                                               {"dram__bytes_write.sum", 100},
                                               {"lts__t_bytes.sum", 5000},
                                               {"sm__ops_path_tensor_src_bf16_dst_fp32.sum", 64},
                                               {"smsp__sass_thread_inst_executed_op_ffma_pred_on.sum", 8},
                                               {"smsp__sass_thread_inst_executed_op_fadd_pred_on.sum", 3}};

/// CUPTI gives ranges back in an order of its own: the last first.
const std::string& name_of(std::size_t range) { return fake().ranges[fake().ranges.size() - 1 - range]; }

CuptiHostApi host_api() {
  CuptiHostApi api;
  api.why_not.clear();
  api.initialize = [](CUpti_Profiler_Host_Initialize_Params* params) {
    return fake().called("host initialize " + std::string(params->pChipName) +
                         (params->pCounterAvailabilityImage == nullptr ? "" : " with availability"));
  };
  api.deinitialize = [](CUpti_Profiler_Host_Deinitialize_Params*) { return fake().called("host deinitialize"); };
  api.get_base_metrics = [](CUpti_Profiler_Host_GetBaseMetrics_Params* params) {
    static std::vector<const char*> names = c_names(kCounters);
    params->ppMetricNames = names.data();
    params->numMetrics = names.size();
    return CUPTI_SUCCESS;
  };
  api.config_add_metrics = [](CUpti_Profiler_Host_ConfigAddMetrics_Params*) { return fake().called("add metrics"); };
  api.get_config_image_size = [](CUpti_Profiler_Host_GetConfigImageSize_Params* params) {
    params->configImageSize = 16;
    return CUPTI_SUCCESS;
  };
  api.get_config_image = [](CUpti_Profiler_Host_GetConfigImage_Params*) { return fake().called("config image"); };
  api.get_num_of_passes = [](CUpti_Profiler_Host_GetNumOfPasses_Params* params) {
    params->numOfPasses = fake().passes;
    return CUPTI_SUCCESS;
  };
  api.evaluate_to_gpu_values = [](CUpti_Profiler_Host_EvaluateToGpuValues_Params* params) {
    const double times = std::stod(name_of(params->rangeIndex)) + 1;
    for (std::size_t i = 0; i < params->numMetrics; ++i) {
      params->pMetricValues[i] = times * kValues.at(params->ppMetricNames[i]);
    }
    return CUPTI_SUCCESS;
  };
  return api;
}

void add_device_calls(CuptiRangeApi& api) {
  api.profiler_initialize = [](CUpti_Profiler_Initialize_Params*) { return fake().called("initialize"); };
  api.profiler_deinitialize = [](CUpti_Profiler_DeInitialize_Params*) { return fake().called("deinitialize"); };
  api.get_chip_name = [](CUpti_Device_GetChipName_Params* params) {
    params->pChipName = "GH100";
    return fake().called("chip " + std::to_string(params->deviceIndex));
  };
  api.device_supported = [](CUpti_Profiler_DeviceSupported_Params* params) {
    params->isSupported = params->vGpu = fake().v_gpu;
    params->architecture = params->sli = CUPTI_PROFILER_CONFIGURATION_SUPPORTED;
    return fake().called("supported");
  };
  api.get_counter_availability = [](CUpti_Profiler_GetCounterAvailability_Params* params) {
    params->counterAvailabilityImageSize = 8;
    return fake().called("availability");
  };
}

CuptiRangeApi range_api() {
  CuptiRangeApi api;
  api.why_not.clear();
  add_device_calls(api);
  api.enable = [](CUpti_RangeProfiler_Enable_Params* params) {
    params->pRangeProfilerObject = reinterpret_cast<CUpti_RangeProfiler_Object*>(&fake());
    return fake().called("enable");
  };
  api.disable = [](CUpti_RangeProfiler_Disable_Params*) { return fake().called("disable"); };
  api.get_counter_data_size = [](CUpti_RangeProfiler_GetCounterDataSize_Params* params) {
    params->counterDataSize = 32 * params->maxNumOfRanges;
    return fake().called("data size");
  };
  api.counter_data_initialize = [](CUpti_RangeProfiler_CounterDataImage_Initialize_Params* params) {
    return fake().called("data initialize " + std::to_string(params->counterDataSize));
  };
  api.set_config = [](CUpti_RangeProfiler_SetConfig_Params* params) {
    const bool user = params->range == CUPTI_UserRange && params->replayMode == CUPTI_UserReplay;
    return fake().called(user ? "set config" : "set another config");
  };
  api.start = [](CUpti_RangeProfiler_Start_Params*) {
    fake().ranges.clear();
    return fake().called("start");
  };
  api.stop = [](CUpti_RangeProfiler_Stop_Params* params) {
    params->isAllPassSubmitted = ++fake().stopped == fake().passes ? 1 : 0;
    return fake().called("stop");
  };
  api.push_range = [](CUpti_RangeProfiler_PushRange_Params* params) {
    fake().ranges.emplace_back(params->pRangeName);
    return fake().called("push");
  };
  api.pop_range = [](CUpti_RangeProfiler_PopRange_Params*) { return fake().called("pop"); };
  api.decode_data = [](CUpti_RangeProfiler_DecodeData_Params* params) {
    params->numOfRangeDropped = fake().dropped;
    return fake().called("decode");
  };
  api.get_counter_data_info = [](CUpti_RangeProfiler_GetCounterDataInfo_Params* params) {
    params->numTotalRanges = fake().ranges.size();
    return CUPTI_SUCCESS;
  };
  api.get_range_info = [](CUpti_RangeProfiler_CounterData_GetRangeInfo_Params* params) {
    params->rangeName = name_of(params->rangeIndex).c_str();
    return CUPTI_SUCCESS;
  };
  return api;
}

const CuptiApi kApi = {.library = "fake", .activity = {}, .host = host_api(), .range = range_api()};

RuntimeApi runtime() {
  RuntimeApi api;
  api.get_device_count = [](int* count) {
    *count = 1;
    return cudaSuccess;
  };
  api.driver_get_version = [](int* version) {
    *version = 13000;
    return cudaSuccess;
  };
  api.runtime_get_version = api.driver_get_version;
  api.get_last_error = []() { return cudaSuccess; };
  api.device_synchronize = []() {
    fake().calls.emplace_back("wait");
    return cudaSuccess;
  };
  api.free = [](void*) { return cudaSuccess; };
  return api;
}
const RuntimeApi kCuda = runtime();

CUresult current_context(CUcontext* context) {
  *context = reinterpret_cast<CUcontext>(&fake());
  return CUDA_SUCCESS;
}

std::unique_ptr<CounterPass> open(std::string& why_not) {
  return CounterPass::open(kApi, kCuda, current_context, {.device = 1, .dtype = Dtype::kBf16, .most_ranges = 4},
                           why_not);
}

using Calls = std::vector<std::string>;

}  // namespace

TEST_CASE("two passes over three ranges of two ids") {
  fake() = {};
  std::string why_not;
  std::unique_ptr<CounterPass> pass = open(why_not);
  REQUIRE_MESSAGE(pass, why_not);
  CHECK(pass->passes() == 2);
  CHECK(pass->note().empty());
  CHECK(fake().calls == Calls{"initialize", "chip 1", "supported", "availability", "availability",
                              "host initialize GH100 with availability", "add metrics", "config image", "enable",
                              "data size", "data initialize 128", "set config"});  // 4 ranges of 32 bytes
  fake().calls.clear();
  int runs = 0;
  do {
    pass->begin();
    for (const std::uint64_t id : {7U, 9U, 7U}) {
      pass->push(id);
      pass->pop();
    }
    ++runs;
  } while (pass->end());
  CHECK(runs == 2);
  // A range counts whatever runs meanwhile: the device is empty at both of its ends.
  CHECK(Calls(fake().calls.begin(), fake().calls.begin() + 6) == Calls{"wait", "start", "wait", "push", "wait", "pop"});

  const std::vector<RangeCounters> rows = pass->results();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].id == 7);  // ranges 0 and 2: once and three times the values
  CHECK(rows[0].dram_read_bytes == rel(4 * 1000));
  CHECK(rows[0].dram_write_bytes == rel(4 * 100));
  CHECK(rows[0].l2_bytes == rel(4 * 5000));
  CHECK(rows[0].flop == rel(4 * (64 + 2 * 8 + 3)));  // an FMA is two; the part without sparsity is in the whole
  CHECK(rows[1].id == 9);
  CHECK(rows[1].flop == rel(2 * (64 + 2 * 8 + 3)));

  fake().calls.clear();
  pass.reset();
  CHECK(fake().calls == Calls{"disable", "host deinitialize", "deinitialize"});
}

TEST_CASE("ranges without room are told") {
  fake() = {};
  fake().passes = 1;
  fake().dropped = 2;
  std::string why_not;
  const std::unique_ptr<CounterPass> pass = open(why_not);
  REQUIRE_MESSAGE(pass, why_not);
  pass->begin();
  CHECK_FALSE(pass->end());
  CHECK(pass->results().empty());
  CHECK(pass->note() == "2 ranges had no room, their counts are missing");
}

TEST_CASE("refusals: one line, and what was begun is undone") {
  struct Case {
    std::string call;
    CUptiResult result;
    std::string why_not;
    Calls undone;
  };
  const std::vector<Case> cases = {
      {"enable",
       CUPTI_ERROR_INSUFFICIENT_PRIVILEGES,
       "the driver lets only administrators profile; run as root or with CAP_SYS_ADMIN, or load the driver with "
       "NVreg_RestrictProfilingToAdminUsers=0 (CUPTI error 35 in cuptiRangeProfilerEnable)" +
           admin_only_note(),
       {"host deinitialize", "deinitialize"}},
      {"set config",
       CUPTI_ERROR_HARDWARE_BUSY,
       "the counters are in use; if DCGM holds them: dcgmi profiling --pause (CUPTI error 26 in "
       "cuptiRangeProfilerSetConfig)",
       {"disable", "host deinitialize", "deinitialize"}},
      {"supported",
       CUPTI_ERROR_MIG_DEVICE_NOT_SUPPORTED,
       "this instance of a GPU in MIG mode cannot be profiled; use a whole GPU (CUPTI error 43 in "
       "cuptiProfilerDeviceSupported)",
       {"deinitialize"}},
  };
  for (const Case& row : cases) {
    CAPTURE(row.call);
    fake() = {};
    fake().fails = {{row.call, row.result}};
    std::string why_not;
    CHECK(open(why_not) == nullptr);
    CHECK(why_not == row.why_not);
    CHECK(Calls(std::ranges::find(fake().calls, row.call) + 1, fake().calls.end()) == row.undone);
  }
  fake() = {};
  fake().v_gpu = CUPTI_PROFILER_CONFIGURATION_DISABLED;
  std::string why_not;
  CHECK(open(why_not) == nullptr);
  CHECK(why_not == "the counters of this GPU cannot be read: its host does not allow it for a virtual GPU");
  CHECK(CounterPass::open(kApi, kCuda, nullptr, {}, why_not) == nullptr);
  CHECK(why_not == "the CUDA driver has no cuCtxGetCurrent");
}

TEST_CASE("a refusal that comes with the first pass") {
  fake() = {};
  std::string why_not;
  const std::unique_ptr<CounterPass> pass = open(why_not);
  REQUIRE_MESSAGE(pass, why_not);
  fake().fails = {{"start", CUPTI_ERROR_INSUFFICIENT_PRIVILEGES}};
  CHECK_THROWS_AS(pass->begin(), CapabilityError);
  fake().fails = {{"start", CUPTI_ERROR_UNKNOWN}};
  CHECK_THROWS_WITH_AS(pass->begin(),
                       doctest::Contains("cuptiRangeProfilerStart: CUPTI error 999 (probes/cuda/counters.cc:"),
                       DeviceError);
}

TEST_CASE("the driver's parameters say who may profile") {
  const std::string path = "driver_params_of_the_test";
  std::ofstream(path) << "ResmanDebugLevel: 4294967295\nRmProfilingAdminOnly: 1\n";
  CHECK(admin_only_note(path) == "; " + path + " says RmProfilingAdminOnly: 1");
  std::ofstream(path) << "RmProfilingAdminOnly: 0\n";
  CHECK(admin_only_note(path).empty());
  std::remove(path.c_str());
  CHECK(admin_only_note(path).empty());
}

TEST_CASE("without a dtype's tensor cores its scalar units count") {
  const std::vector<std::string> turing = {"dram__bytes_read", "dram__bytes_write", "lts__t_bytes",
                                           "smsp__sass_thread_inst_executed_op_dfma_pred_on"};
  const MetricChoice choice = choose_metrics("TU102", turing, Dtype::kFp64);
  CHECK(choice.missing.empty());
  REQUIRE(choice.flop.size() == 1);
  CHECK(choice.flop[0].weight == 2);
  CHECK(choose_metrics("TU102", turing, Dtype::kFp8E4m3).missing == "TU102 has no counter of fp8 tensor products");
  CHECK(choose_metrics("X", {}, Dtype::kFp32).missing == "X has no counter of DRAM bytes, L2 bytes");
}
