#include "analyzer/predict/time_model.h"

#include "analyzer/predict/attention_time.h"
#include "analyzer/predict/cpu_gemm_time.h"
#include "analyzer/predict/cpu_stream_time.h"
#include "analyzer/predict/gemm_time.h"
#include "analyzer/predict/indexed_time.h"
#include "analyzer/predict/norm_time.h"
#include "analyzer/predict/simt_time.h"
#include "analyzer/predict/stream_time.h"

namespace gable {
namespace {

enum Row : std::size_t {
  kTensorGemm,
  kSimtGemm,
  kStreams,
  kReduces,
  kGathers,
  kLayerNorms,
  kSoftmaxes,
  kPrefills,
  kDecodes,
  kCpuGemm,
  kCpuStreams,
  kCpuRows
};

const std::array<TimeModel, 12>& table() {
  static const std::array<TimeModel, 12> kTable = {{
      {"gemm.tensor", "tiles, waves, split-K, L2, DRAM, power", gemm_constants(), gemm_time, product_features},
      {"gemm.vector", "tiles by size, waves, split-K, DRAM, power", simt_constants(), simt_time, product_features},
      {"stream", "bytes over DRAM and L2", stream_constants(), stream_time, stream_features},
      {"reduce", "bytes over DRAM and L2, joins of partial sums", reduce_constants(), reduce_time, rows_features},
      {"gather", "sectors over DRAM, rows taken again over L2", gather_constants(), gather_time, rows_features},
      {"layernorm", "rows read once or twice", layernorm_constants(), layernorm_time, rows_features},
      {"softmax", "rows by warp or by block", softmax_constants(), softmax_time, rows_features},
      {"prefill", "blocks of queries over tiles of keys", prefill_constants(), prefill_time, attention_features},
      {"decode", "the key/value cache, read once", decode_constants(), decode_time, attention_features},
      {"gemm.cpu", "blocks in registers, caches, DRAM", cpu_gemm_constants(), cpu_gemm_time, product_features},
      {"stream.cpu", "bytes over DRAM and the last cache", cpu_stream_constants(), cpu_stream_time, stream_features},
      {"rows.cpu", "rows over cores, bytes over DRAM and the last cache", cpu_rows_constants(), cpu_rows_time,
       rows_features},
  }};
  return kTable;
}

}  // namespace

const TimeModel& time_model(ShapeKind kind, const ChipFacts& device) {
  switch (kind) {
    case ShapeKind::kGemm:
    case ShapeKind::kBmm:
      return table().at(device.is_cpu ? kCpuGemm : device.has_matrix_unit ? kTensorGemm : kSimtGemm);
    case ShapeKind::kStream:
      return table().at(device.is_cpu ? kCpuStreams : kStreams);
    case ShapeKind::kReduce:
      return table().at(device.is_cpu ? kCpuStreams : kReduces);
    case ShapeKind::kGather:
      return table().at(device.is_cpu ? kCpuStreams : kGathers);
    case ShapeKind::kLayerNorm:
      return table().at(device.is_cpu ? kCpuRows : kLayerNorms);
    case ShapeKind::kSoftmax:
      return table().at(device.is_cpu ? kCpuRows : kSoftmaxes);
    case ShapeKind::kPrefill:
      return table().at(kPrefills);
    case ShapeKind::kDecode:
      return table().at(kDecodes);
  }
  return table().front();
}

std::span<const TimeModel> time_models() { return table(); }

}  // namespace gable
