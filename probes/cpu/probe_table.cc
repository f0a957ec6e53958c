#include <array>

#include "probes/cpu/cpu_probes.h"

namespace gable {
namespace {

struct StreamRow {
  std::string_view name, bounds;
  int level;
  StreamFn fn;
};
constexpr std::array<StreamRow, 13> kStreams = {{
    {"l1.read", "L1 roof", 1, StreamFn::kRead},
    {"l1.copy", "L1 roof", 1, StreamFn::kCopy},
    {"l1.triad", "L1 roof", 1, StreamFn::kTriad},
    {"l2.read", "L2 roof", 2, StreamFn::kRead},
    {"l2.copy", "L2 roof", 2, StreamFn::kCopy},
    {"l2.triad", "L2 roof", 2, StreamFn::kTriad},
    {"l3.read", "L3 roof", 3, StreamFn::kRead},
    {"l3.copy", "L3 roof", 3, StreamFn::kCopy},
    {"l3.triad", "L3 roof", 3, StreamFn::kTriad},
    {"dram.read", "DRAM roof", kDramLevel, StreamFn::kRead},
    {"dram.copy", "DRAM roof", kDramLevel, StreamFn::kCopy},
    {"dram.triad", "DRAM roof", kDramLevel, StreamFn::kTriad},
    {"dram.update", "DRAM roof", kDramLevel, StreamFn::kUpdate},
}};

std::string_view kernel_text(StreamFn fn) {
  if (fn == StreamFn::kRead) return "sum of an array, 1 and all threads; 4 bytes an element";
  if (fn == StreamFn::kCopy) return "out = x, 1 and all threads; 8 bytes an element";
  if (fn == StreamFn::kUpdate) return "x = -x in place, 1 and all threads; 8 bytes an element, none read for a store";
  return "out = x + 3 y as STREAM's, 1 and all threads; 12 bytes an element";
}
std::string_view check_text(StreamFn fn) {
  if (fn == StreamFn::kRead) return "ones add up to their number";
  if (fn == StreamFn::kUpdate) return "every element is negated";
  return fn == StreamFn::kCopy ? "every element arrived" : "every element is 1 + 3 x 2";
}

template <std::size_t I>
std::vector<Figure> run_stream(const ProbeContext& context) {
  return probe_stream(context, kStreams[I].name, kStreams[I].level, kStreams[I].fn);
}

template <std::size_t I>
ProbeRow stream_row() {
  const StreamRow& row = kStreams[I];
  return {row.name,           Unit::kBytesPerSecond,
          row.bounds,         kernel_text(row.fn),
          check_text(row.fn), row.level == kDramLevel ? 4.0 : 1.0,
          run_stream<I>};
}

template <std::size_t... I>
std::vector<ProbeRow> stream_rows(std::index_sequence<I...> /*all*/) {
  return {stream_row<I>()...};
}

constexpr std::string_view kCalibration = "nothing: sizes for the calibration";

std::vector<ProbeRow> make_table() {
  std::vector<ProbeRow> rows = {
      {"clock", Unit::kHertz, "nothing, for the arithmetic of peaks", "dependent additions, one a cycle",
       "the sum is that of an arithmetic series", 0.5, probe_clock},
      {"fma.fp32", Unit::kFlopPerSecond, "vector roof, fp32", "12 chains of multiply-adds in registers a thread",
       "every chain adds up to rounds + 1; at most 2 units x lanes x clock", 1, probe_fma_fp32},
      {"fma.fp64", Unit::kFlopPerSecond, "vector roof, fp64", "12 chains of multiply-adds in registers a thread",
       "every chain adds up to rounds + 1; at most 2 units x lanes x clock", 1, probe_fma_fp64},
  };
  const std::vector<ProbeRow> streams = stream_rows(std::make_index_sequence<kStreams.size()>{});
  rows.insert(rows.end(), streams.begin(), streams.end());
  const std::vector<ProbeRow> products = {
      {"gemm.fp32.onednn", Unit::kFlopPerSecond, "nothing, what products reach of the vector roof",
       "oneDNN matmul of square matrices, random values", "elements against sums in double; at most 2 % above fma.fp32",
       3, probe_gemm_onednn},
      {"gemm.fp32.eigen", Unit::kFlopPerSecond, "nothing, for comparison",
       "Eigen's product of square matrices, random values",
       "elements against sums in double; at most 2 % above fma.fp32", 3, probe_gemm_eigen_fp32},
      {"gemm.fp64.eigen", Unit::kFlopPerSecond, "nothing, for comparison",
       "Eigen's product of square matrices, random values",
       "elements against sums in double; at most 2 % above fma.fp64", 4, probe_gemm_eigen_fp64},
      {"dispatch", Unit::kSeconds, "launch roof", "relu of 16 elements, a thousand calls", "every element", 1,
       probe_dispatch},
      {"shapes.gemm", Unit::kCount, kCalibration, "products with weights, even over the sizes of models, weights cold",
       "4 elements against sums in double", 22, probe_gemm_shapes},
      {"shapes.bmm", Unit::kCount, kCalibration, "batches of products, as attention's",
       "4 elements against sums in double", 1.5, probe_bmm_shapes},
      {"shapes.stream", Unit::kCount, kCalibration, "copy and sum from 4 KiB to 256 MiB a tensor", "3 elements", 2.5,
       probe_stream_shapes},
      {"shapes.rows", Unit::kCount, kCalibration, "softmax and layer norm", "2 rows: their sum, their variance", 2.5,
       probe_rows_shapes},
  };
  rows.insert(rows.end(), products.begin(), products.end());
  return rows;
}

}  // namespace

std::span<const ProbeRow> cpu_probe_table() {
  static const std::vector<ProbeRow> kTable = make_table();
  return kTable;
}

}  // namespace gable
