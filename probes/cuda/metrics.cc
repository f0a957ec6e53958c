#include "probes/cuda/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "analyzer/base/text.h"

namespace gable {
namespace {

using Names = std::unordered_set<std::string_view>;

constexpr std::string_view kSum = ".sum";

/// The first of a row that a chip has; GB20x has other names than those before it. Read from HostGetBaseMetrics of
/// CUPTI 13.0.
using Alternatives = std::array<std::string_view, 2>;
constexpr Alternatives kDramRead = {"dram__bytes_read", "dram__bytes_op_read"};
constexpr Alternatives kDramWrite = {"dram__bytes_write", "dram__bytes_op_write"};
constexpr Alternatives kL2 = {"lts__t_bytes", ""};

std::vector<MetricTerm> first_of(const Alternatives& alternatives, const Names& available) {
  for (const std::string_view name : alternatives) {
    if (available.contains(name)) return {{fmt::format("{}{}", name, kSum), 1}};
  }
  return {};
}

/// Instructions of scalar units, in threads that they ran in. Those with a 2 (GB100) do two elements each.
struct ScalarRow {
  std::string_view op;
  double flop;
  std::string_view type;  ///< the dtype that counts them; "" all
};
constexpr std::array kScalarRows = {
    ScalarRow{"fadd", 1, ""},     ScalarRow{"fmul", 1, ""},     ScalarRow{"ffma", 2, ""},
    ScalarRow{"fadd2", 2, ""},    ScalarRow{"fmul2", 2, ""},    ScalarRow{"ffma2", 4, ""},
    ScalarRow{"dadd", 1, "fp64"}, ScalarRow{"dmul", 1, "fp64"}, ScalarRow{"dfma", 2, "fp64"},
    ScalarRow{"hadd", 1, "fp16"}, ScalarRow{"hmul", 1, "fp16"}, ScalarRow{"hfma", 2, "fp16"},
};

/// The dtype's name in the names of tensor counters, and the scalar unit that computes in it.
struct TypeRow {
  Dtype dtype;
  std::string_view tensor;  ///< "" computes on no tensor core
  std::string_view scalar;
};
constexpr std::array kTypeRows = {
    TypeRow{Dtype::kFp64, "fp64", "fp64"}, TypeRow{Dtype::kFp32, "", ""},         TypeRow{Dtype::kTf32, "tf32", ""},
    TypeRow{Dtype::kBf16, "bf16", "fp16"}, TypeRow{Dtype::kFp16, "fp16", "fp16"}, TypeRow{Dtype::kFp8E4m3, "fp8", ""},
    TypeRow{Dtype::kFp8E5m2, "fp8", ""},   TypeRow{Dtype::kInt32, "", ""},        TypeRow{Dtype::kInt8, "int8", ""},
    TypeRow{Dtype::kFp4, "fp4", ""},       TypeRow{Dtype::kInt4, "int4", ""},
};
static_assert(kTypeRows.size() == kDtypeCount);

/// "sm__ops_path_tensor_src_fp4_fp6_fp8_dst_fp32" counts products of each of its sources. A chip splits them as it
/// likes, without overlap; the parts of one, with and without sparsity or in real time, are left out.
constexpr std::string_view kTensor = "sm__ops_path_tensor_src_";

bool counts_tensor_products(std::string_view name, std::string_view type) {
  if (!name.starts_with(kTensor)) return false;
  bool source = true;
  bool found = false;
  for (const std::string& word : split(name.substr(kTensor.size()), '_')) {
    if (word == "sparsity" || word == "realtime") return false;
    if (word == "dst") source = false;
    if (source && word == type) found = true;
  }
  return found;
}

/// @return whether the chip counts products in the dtype: on tensor cores, or on scalar units where it has no others
bool add_flop(std::span<const std::string> available, const Names& names, const TypeRow& type,
              std::vector<MetricTerm>& flop) {
  for (const std::string& name : available) {
    if (!type.tensor.empty() && counts_tensor_products(name, type.tensor)) flop.push_back({name + ".sum", 1});
  }
  const bool counted = type.tensor.empty() || !type.scalar.empty() || !flop.empty();
  for (const ScalarRow& row : kScalarRows) {
    if (!row.type.empty() && row.type != type.scalar) continue;
    const std::string name = fmt::format("smsp__sass_thread_inst_executed_op_{}_pred_on", row.op);
    if (names.contains(name)) flop.push_back({name + ".sum", row.flop});
  }
  return counted;
}

}  // namespace

std::vector<std::string> MetricChoice::names() const {
  std::vector<std::string> names;
  for (const auto* terms : {&dram_read, &dram_write, &l2_bytes, &flop}) {
    for (const MetricTerm& term : *terms) names.push_back(term.name);
  }
  return names;
}

MetricChoice choose_metrics(std::string_view chip, std::span<const std::string> available, Dtype dtype) {
  const Names names(available.begin(), available.end());
  const TypeRow& type = *std::ranges::find(kTypeRows, dtype, &TypeRow::dtype);
  MetricChoice choice;
  choice.dram_read = first_of(kDramRead, names);
  choice.dram_write = first_of(kDramWrite, names);
  choice.l2_bytes = first_of(kL2, names);
  const bool products = add_flop(available, names, type, choice.flop);

  const std::string uncounted = fmt::format("{} tensor products", type.tensor);
  std::vector<std::string_view> missing;
  if (choice.dram_read.empty() || choice.dram_write.empty()) missing.emplace_back("DRAM bytes");
  if (choice.l2_bytes.empty()) missing.emplace_back("L2 bytes");
  if (!products) missing.emplace_back(uncounted);
  if (!missing.empty()) choice.missing = fmt::format("{} has no counter of {}", chip, join(missing));
  return choice;
}

std::unique_ptr<ProfilerHost> ProfilerHost::open(const CuptiHostApi& api, const std::string& chip,
                                                 std::span<const std::uint8_t> availability, std::string& why_not) {
  if (!api.why_not.empty()) {
    why_not = api.why_not;
    return nullptr;
  }
  auto call = cupti_params<CUpti_Profiler_Host_Initialize_Params>(CUpti_Profiler_Host_Initialize_Params_STRUCT_SIZE);
  call.profilerType = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
  call.pChipName = chip.c_str();
  call.pCounterAvailabilityImage = availability.empty() ? nullptr : availability.data();
  if (const CUptiResult status = api.initialize(&call); status != CUPTI_SUCCESS) {
    why_not = cupti_trouble(status, fmt::format("cuptiProfilerHostInitialize({})", chip));
    return nullptr;
  }
  return std::unique_ptr<ProfilerHost>(new ProfilerHost(api, call.pHostObject));
}

ProfilerHost::~ProfilerHost() {
  auto call =
      cupti_params<CUpti_Profiler_Host_Deinitialize_Params>(CUpti_Profiler_Host_Deinitialize_Params_STRUCT_SIZE);
  call.pHostObject = object_;
  api_.deinitialize(&call);
}

std::vector<std::string> ProfilerHost::counters() const {
  auto call =
      cupti_params<CUpti_Profiler_Host_GetBaseMetrics_Params>(CUpti_Profiler_Host_GetBaseMetrics_Params_STRUCT_SIZE);
  call.pHostObject = object_;
  call.metricType = CUPTI_METRIC_TYPE_COUNTER;
  check_cupti(api_.get_base_metrics(&call), "cuptiProfilerHostGetBaseMetrics");
  return {call.ppMetricNames, call.ppMetricNames + call.numMetrics};
}

void ProfilerHost::schedule(const std::vector<std::string>& names) {
  std::vector<const char*> list = c_names(names);
  auto add = cupti_params<CUpti_Profiler_Host_ConfigAddMetrics_Params>(
      CUpti_Profiler_Host_ConfigAddMetrics_Params_STRUCT_SIZE);
  add.pHostObject = object_;
  add.ppMetricNames = list.data();
  add.numMetrics = list.size();
  check_cupti(api_.config_add_metrics(&add), "cuptiProfilerHostConfigAddMetrics");

  auto size = cupti_params<CUpti_Profiler_Host_GetConfigImageSize_Params>(
      CUpti_Profiler_Host_GetConfigImageSize_Params_STRUCT_SIZE);
  size.pHostObject = object_;
  check_cupti(api_.get_config_image_size(&size), "cuptiProfilerHostGetConfigImageSize");
  config_.resize(size.configImageSize);
  auto image =
      cupti_params<CUpti_Profiler_Host_GetConfigImage_Params>(CUpti_Profiler_Host_GetConfigImage_Params_STRUCT_SIZE);
  image.pHostObject = object_;
  image.configImageSize = config_.size();
  image.pConfigImage = config_.data();
  check_cupti(api_.get_config_image(&image), "cuptiProfilerHostGetConfigImage");

  auto passes =
      cupti_params<CUpti_Profiler_Host_GetNumOfPasses_Params>(CUpti_Profiler_Host_GetNumOfPasses_Params_STRUCT_SIZE);
  passes.configImageSize = config_.size();
  passes.pConfigImage = config_.data();
  check_cupti(api_.get_num_of_passes(&passes), "cuptiProfilerHostGetNumOfPasses");
  passes_ = passes.numOfPasses;
}

std::vector<double> ProfilerHost::evaluate(std::span<const std::uint8_t> counter_data, std::size_t range,
                                           const std::vector<std::string>& names) const {
  std::vector<const char*> list = c_names(names);
  std::vector<double> values(names.size());
  auto call = cupti_params<CUpti_Profiler_Host_EvaluateToGpuValues_Params>(
      CUpti_Profiler_Host_EvaluateToGpuValues_Params_STRUCT_SIZE);
  call.pHostObject = object_;
  call.pCounterDataImage = counter_data.data();
  call.counterDataImageSize = counter_data.size();
  call.rangeIndex = range;
  call.ppMetricNames = list.data();
  call.numMetrics = list.size();
  call.pMetricValues = values.data();
  check_cupti(api_.evaluate_to_gpu_values(&call), "cuptiProfilerHostEvaluateToGpuValues");
  return values;
}

std::vector<const char*> c_names(const std::vector<std::string>& names) {
  std::vector<const char*> list;
  list.reserve(names.size());
  for (const std::string& name : names) list.push_back(name.c_str());
  return list;
}

}  // namespace gable
