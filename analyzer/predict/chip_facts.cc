#include "analyzer/predict/chip_facts.h"

#include "analyzer/roofline/roofline.h"

namespace gable {

ChipFacts facts_of(const Hardware& hw, Dtype dtype) {
  const Rates rates = rates_for(hw, dtype, row(dtype).accumulate);
  ChipFacts facts;
  facts.is_cpu = hw.kind == "cpu";
  facts.sms = hw.sm_count.value;
  facts.flop_per_s = rates.matrix_flop_per_s;
  facts.has_matrix_unit = !rates.shared;
  facts.bytes_per_s = hw.dram_bandwidth.value;
  facts.l2_bytes = hw.l2_capacity.value;
  facts.l2_bytes_per_s = hw.l2_bandwidth.value;
  if (hw.threads_per_sm) facts.threads_per_sm = hw.threads_per_sm->value;
  if (hw.clock_boost) facts.clock_hz = hw.clock_boost->value;
  if (hw.tdp) facts.power_w = hw.tdp->value;
  return facts;
}

}  // namespace gable
