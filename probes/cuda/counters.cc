#include "probes/cuda/counters.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>
#include <unordered_map>

#include "analyzer/base/error.h"
#include "analyzer/base/units.h"
#include "probes/cuda/availability.h"
#include "probes/cuda/counter_device.h"

namespace gable {
namespace {

double sum(const std::vector<MetricTerm>& terms, const std::unordered_map<std::string, double>& values) {
  double total = 0;
  for (const MetricTerm& term : terms) total += term.weight * values.at(term.name);
  return total;
}

}  // namespace

std::unique_ptr<CounterPass> CounterPass::open(const CounterOptions& options, std::string& why_not) {
  return open(cupti_api(), cuda_runtime(), driver_current_context(), options, why_not);
}

std::unique_ptr<CounterPass> CounterPass::open(const CuptiApi& cupti, const RuntimeApi& cuda,
                                               CurrentContext current_context, const CounterOptions& options,
                                               std::string& why_not) {
  why_not = why_no_cuda(cuda);
  if (!why_not.empty()) return nullptr;
  if (!cupti.range.why_not.empty() || current_context == nullptr) {
    why_not = current_context == nullptr ? "the CUDA driver has no cuCtxGetCurrent" : cupti.range.why_not;
    return nullptr;
  }
  try {
    std::unique_ptr<CounterPass> pass(new CounterPass(cupti.range, cuda));  // its end undoes what was done
    check_cuda(cuda.free(nullptr), "cudaFree");                             // makes the context, if there is none yet
    CUcontext context = nullptr;
    if (current_context(&context) != CUDA_SUCCESS || context == nullptr) throw CapabilityError("no CUDA context");

    auto initialize = cupti_params<CUpti_Profiler_Initialize_Params>(CUpti_Profiler_Initialize_Params_STRUCT_SIZE);
    check_cupti(cupti.range.profiler_initialize(&initialize), "cuptiProfilerInitialize");
    pass->initialized_ = true;
    const std::string chip = chip_name(cupti.range, options.device);
    check_counters_supported(cupti.range, options.device);
    pass->host_ = ProfilerHost::open(cupti.host, chip, counter_availability(cupti.range, context), why_not);
    if (!pass->host_) return nullptr;
    pass->metrics_ = choose_metrics(chip, pass->host_->counters(), options.dtype);
    pass->note_ = pass->metrics_.missing;
    pass->names_ = pass->metrics_.names();
    pass->host_->schedule(pass->names_);
    pass->configure(context, options);
    return pass;
  } catch (const CuptiRefusal& error) {
    why_not = error.what();
    if (error.result() == CUPTI_ERROR_INSUFFICIENT_PRIVILEGES) why_not += admin_only_note();
  } catch (const CapabilityError& error) {
    why_not = error.what();
  } catch (const DeviceError& error) {
    why_not = error.what();
  }
  return nullptr;
}

void CounterPass::configure(CUcontext context, const CounterOptions& options) {
  auto enable = cupti_params<CUpti_RangeProfiler_Enable_Params>(CUpti_RangeProfiler_Enable_Params_STRUCT_SIZE);
  enable.ctx = context;
  check_cupti(range_.enable(&enable), "cuptiRangeProfilerEnable");
  profiler_ = enable.pRangeProfilerObject;
  make_counter_data(options.most_ranges);

  auto config = cupti_params<CUpti_RangeProfiler_SetConfig_Params>(CUpti_RangeProfiler_SetConfig_Params_STRUCT_SIZE);
  config.pRangeProfilerObject = profiler_;
  config.configSize = host_->config().size();
  config.pConfig = host_->config().data();
  config.counterDataImageSize = counter_data_.size();
  config.pCounterDataImage = counter_data_.data();
  config.range = CUPTI_UserRange;
  config.replayMode = CUPTI_UserReplay;  // who calls runs the work again, CUPTI keeps count of the passes
  config.maxRangesPerPass = options.most_ranges;
  config.numNestingLevels = 1;
  config.minNestingLevel = 1;
  config.passIndex = 0;
  config.targetNestingLevel = 1;
  check_cupti(range_.set_config(&config), "cuptiRangeProfilerSetConfig");
}

void CounterPass::make_counter_data(std::size_t most_ranges) {
  std::vector<const char*> list = c_names(names_);
  auto size = cupti_params<CUpti_RangeProfiler_GetCounterDataSize_Params>(
      CUpti_RangeProfiler_GetCounterDataSize_Params_STRUCT_SIZE);
  size.pRangeProfilerObject = profiler_;
  size.pMetricNames = list.data();
  size.numMetrics = list.size();
  size.maxNumOfRanges = most_ranges;
  size.maxNumRangeTreeNodes = static_cast<std::uint32_t>(most_ranges);
  check_cupti(range_.get_counter_data_size(&size), "cuptiRangeProfilerGetCounterDataSize");
  counter_data_.assign(size.counterDataSize, 0);
  auto image = cupti_params<CUpti_RangeProfiler_CounterDataImage_Initialize_Params>(
      CUpti_RangeProfiler_CounterDataImage_Initialize_Params_STRUCT_SIZE);
  image.pRangeProfilerObject = profiler_;
  image.counterDataSize = counter_data_.size();
  image.pCounterData = counter_data_.data();
  check_cupti(range_.counter_data_initialize(&image), "cuptiRangeProfilerCounterDataImageInitialize");
}

CounterPass::~CounterPass() {
  if (profiler_ != nullptr) {
    auto call = cupti_params<CUpti_RangeProfiler_Disable_Params>(CUpti_RangeProfiler_Disable_Params_STRUCT_SIZE);
    call.pRangeProfilerObject = profiler_;
    range_.disable(&call);
  }
  host_.reset();
  if (initialized_) {
    auto call = cupti_params<CUpti_Profiler_DeInitialize_Params>(CUpti_Profiler_DeInitialize_Params_STRUCT_SIZE);
    range_.profiler_deinitialize(&call);
  }
}

void CounterPass::begin() {
  wait();
  ids_.clear();
  auto call = cupti_params<CUpti_RangeProfiler_Start_Params>(CUpti_RangeProfiler_Start_Params_STRUCT_SIZE);
  call.pRangeProfilerObject = profiler_;
  check_cupti(range_.start(&call), "cuptiRangeProfilerStart");
}

// A range counts what runs on the device while it is open, whoever launched it: the device is empty at both ends.
void CounterPass::push(std::uint64_t id) {
  wait();
  // Names that are unique: what CUPTI makes of two ranges of one name is not documented.
  const std::string name = std::to_string(ids_.size());
  ids_.push_back(id);
  auto call = cupti_params<CUpti_RangeProfiler_PushRange_Params>(CUpti_RangeProfiler_PushRange_Params_STRUCT_SIZE);
  call.pRangeProfilerObject = profiler_;
  call.pRangeName = name.c_str();
  check_cupti(range_.push_range(&call), "cuptiRangeProfilerPushRange");
}

void CounterPass::pop() {
  wait();
  auto call = cupti_params<CUpti_RangeProfiler_PopRange_Params>(CUpti_RangeProfiler_PopRange_Params_STRUCT_SIZE);
  call.pRangeProfilerObject = profiler_;
  check_cupti(range_.pop_range(&call), "cuptiRangeProfilerPopRange");
}

bool CounterPass::end() {
  auto call = cupti_params<CUpti_RangeProfiler_Stop_Params>(CUpti_RangeProfiler_Stop_Params_STRUCT_SIZE);
  call.pRangeProfilerObject = profiler_;
  check_cupti(range_.stop(&call), "cuptiRangeProfilerStop");
  return call.isAllPassSubmitted == 0;
}

std::vector<RangeCounters> CounterPass::results() {
  auto decode = cupti_params<CUpti_RangeProfiler_DecodeData_Params>(CUpti_RangeProfiler_DecodeData_Params_STRUCT_SIZE);
  decode.pRangeProfilerObject = profiler_;
  check_cupti(range_.decode_data(&decode), "cuptiRangeProfilerDecodeData");
  if (decode.numOfRangeDropped > 0) {
    note_ += fmt::format("{}{} had no room, their counts are missing", note_.empty() ? "" : "; ",
                         counted(static_cast<std::int64_t>(decode.numOfRangeDropped), "range"));
  }
  auto info = cupti_params<CUpti_RangeProfiler_GetCounterDataInfo_Params>(
      CUpti_RangeProfiler_GetCounterDataInfo_Params_STRUCT_SIZE);
  info.pCounterDataImage = counter_data_.data();
  info.counterDataImageSize = counter_data_.size();
  check_cupti(range_.get_counter_data_info(&info), "cuptiRangeProfilerGetCounterDataInfo");

  std::vector<RangeCounters> rows;
  std::unordered_map<std::uint64_t, std::size_t> place;
  for (const std::uint64_t id : ids_) {
    if (place.try_emplace(id, rows.size()).second) rows.push_back({.id = id});
  }
  for (std::size_t i = 0; i < info.numTotalRanges; ++i) {
    auto range = cupti_params<CUpti_RangeProfiler_CounterData_GetRangeInfo_Params>(
        CUpti_RangeProfiler_CounterData_GetRangeInfo_Params_STRUCT_SIZE);
    range.pCounterDataImage = counter_data_.data();
    range.counterDataImageSize = counter_data_.size();
    range.rangeIndex = i;
    range.rangeDelimiter = "/";
    check_cupti(range_.get_range_info(&range), "cuptiRangeProfilerCounterDataGetRangeInfo");
    const std::string_view name = range.rangeName == nullptr ? "" : range.rangeName;
    std::size_t push = ids_.size();
    std::from_chars(name.data(), name.data() + name.size(), push);
    if (push >= ids_.size()) continue;
    const std::vector<double> measured = host_->evaluate(counter_data_, i, names_);
    std::unordered_map<std::string, double> values;
    for (std::size_t m = 0; m < names_.size(); ++m) values.emplace(names_[m], measured[m]);
    RangeCounters& row = rows[place.at(ids_[push])];
    row.dram_read_bytes += sum(metrics_.dram_read, values);
    row.dram_write_bytes += sum(metrics_.dram_write, values);
    row.l2_bytes += sum(metrics_.l2_bytes, values);
    row.flop += sum(metrics_.flop, values);
  }
  return rows;
}

}  // namespace gable
