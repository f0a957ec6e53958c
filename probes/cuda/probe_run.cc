// Runs a probe of the table on the machine's device.
#include <algorithm>
#include <array>

#include "analyzer/base/error.h"
#include "probes/cuda/probe_table.h"
#include "probes/cuda/probes.h"
#include "probes/device.h"

namespace gable {
namespace {

using Run = std::vector<Figure> (*)(Session& session, const ProbeContext& context);

template <auto kProbe, auto kWhat>
std::vector<Figure> with(Session& session, const ProbeContext& context) {
  return kProbe(session, context, kWhat);
}

struct RunRow {
  CudaProbe which;
  Run run;
};

constexpr std::array<RunRow, 25> kRuns = {{
    {CudaProbe::kDramRead, with<dram_probe, StreamFn::kRead>},
    {CudaProbe::kDramWrite, with<dram_probe, StreamFn::kWrite>},
    {CudaProbe::kDramCopy, with<dram_probe, StreamFn::kCopy>},
    {CudaProbe::kDramTriad, with<dram_probe, StreamFn::kTriad>},
    {CudaProbe::kL2Read, with<cache_probe, CacheLevel::kL2>},
    {CudaProbe::kL1Read, with<cache_probe, CacheLevel::kL1>},
    {CudaProbe::kSharedRead, with<cache_probe, CacheLevel::kShared>},
    {CudaProbe::kVectorFp64, with<fma_probe, Dtype::kFp64>},
    {CudaProbe::kVectorFp32, with<fma_probe, Dtype::kFp32>},
    {CudaProbe::kVectorFp16, with<fma_probe, Dtype::kFp16>},
    {CudaProbe::kMatrixFp64, with<matrix_probe, Dtype::kFp64>},
    {CudaProbe::kMatrixFp32, with<matrix_probe, Dtype::kFp32>},
    {CudaProbe::kMatrixTf32, with<matrix_probe, Dtype::kTf32>},
    {CudaProbe::kMatrixBf16, with<matrix_probe, Dtype::kBf16>},
    {CudaProbe::kMatrixFp16, with<matrix_probe, Dtype::kFp16>},
    {CudaProbe::kMatrixFp8, with<matrix_probe, Dtype::kFp8E4m3>},
    {CudaProbe::kMatrixInt8, with<matrix_probe, Dtype::kInt8>},
    {CudaProbe::kMatrixFp4, with<matrix_probe, Dtype::kFp4>},
    {CudaProbe::kLaunchStream, with<launch_probe, false>},
    {CudaProbe::kLaunchGraph, with<launch_probe, true>},
    {CudaProbe::kLinkToDevice, with<transfer_probe, true>},
    {CudaProbe::kLinkToHost, with<transfer_probe, false>},
    {CudaProbe::kShapesGemm, gemm_shapes_probe},
    {CudaProbe::kShapesStream, stream_shapes_probe},
    {CudaProbe::kShapesRows, rows_shapes_probe},
}};

}  // namespace

std::vector<Figure> run_cuda_probe(CudaProbe which, const ProbeContext& context) {
  const std::string why = why_no_cuda();
  if (!why.empty()) throw CapabilityError("--device cuda: " + why);
  Session session(cuda_api(), probe_kernels(), context.device, steady_clock());
  const auto* found = std::find_if(kRuns.begin(), kRuns.end(), [&](const RunRow& row) { return row.which == which; });
  return found->run(session, context);
}

}  // namespace gable
