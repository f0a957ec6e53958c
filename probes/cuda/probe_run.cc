// Runs a probe of the table on the machine's device.
#include <algorithm>
#include <array>

#include "analyzer/base/error.h"
#include "probes/cuda/probe_table.h"
#include "probes/cuda/probes.h"
#include "probes/device.h"

namespace gable {
namespace {

using cuda::CacheLevel;
using cuda::StreamFn;

using Run = std::vector<Figure> (*)(cuda::Session& session, const ProbeContext& context);

template <auto kProbe, auto kWhat>
std::vector<Figure> with(cuda::Session& session, const ProbeContext& context) {
  return kProbe(session, context, kWhat);
}

struct RunRow {
  CudaProbe which;
  Run run;
};

constexpr std::array<RunRow, 25> kRuns = {{
    {CudaProbe::kDramRead, with<cuda::dram_probe, StreamFn::kRead>},
    {CudaProbe::kDramWrite, with<cuda::dram_probe, StreamFn::kWrite>},
    {CudaProbe::kDramCopy, with<cuda::dram_probe, StreamFn::kCopy>},
    {CudaProbe::kDramTriad, with<cuda::dram_probe, StreamFn::kTriad>},
    {CudaProbe::kL2Read, with<cuda::cache_probe, CacheLevel::kL2>},
    {CudaProbe::kL1Read, with<cuda::cache_probe, CacheLevel::kL1>},
    {CudaProbe::kSharedRead, with<cuda::cache_probe, CacheLevel::kShared>},
    {CudaProbe::kVectorFp64, with<cuda::fma_probe, Dtype::kFp64>},
    {CudaProbe::kVectorFp32, with<cuda::fma_probe, Dtype::kFp32>},
    {CudaProbe::kVectorFp16, with<cuda::fma_probe, Dtype::kFp16>},
    {CudaProbe::kMatrixFp64, with<cuda::matrix_probe, Dtype::kFp64>},
    {CudaProbe::kMatrixFp32, with<cuda::matrix_probe, Dtype::kFp32>},
    {CudaProbe::kMatrixTf32, with<cuda::matrix_probe, Dtype::kTf32>},
    {CudaProbe::kMatrixBf16, with<cuda::matrix_probe, Dtype::kBf16>},
    {CudaProbe::kMatrixFp16, with<cuda::matrix_probe, Dtype::kFp16>},
    {CudaProbe::kMatrixFp8, with<cuda::matrix_probe, Dtype::kFp8E4m3>},
    {CudaProbe::kMatrixInt8, with<cuda::matrix_probe, Dtype::kInt8>},
    {CudaProbe::kMatrixFp4, with<cuda::matrix_probe, Dtype::kFp4>},
    {CudaProbe::kLaunchStream, with<cuda::launch_probe, false>},
    {CudaProbe::kLaunchGraph, with<cuda::launch_probe, true>},
    {CudaProbe::kLinkToDevice, with<cuda::transfer_probe, true>},
    {CudaProbe::kLinkToHost, with<cuda::transfer_probe, false>},
    {CudaProbe::kShapesGemm, cuda::gemm_shapes_probe},
    {CudaProbe::kShapesStream, cuda::stream_shapes_probe},
    {CudaProbe::kShapesRows, cuda::rows_shapes_probe},
}};

}  // namespace

std::vector<Figure> run_cuda_probe(CudaProbe which, const ProbeContext& context) {
  const std::string why = why_no_cuda();
  if (!why.empty()) throw CapabilityError("--device cuda: " + why);
  cuda::Session session(cuda_api(), cuda::probe_kernels(), cuda::steady_clock());
  const auto* found = std::find_if(kRuns.begin(), kRuns.end(), [&](const RunRow& row) { return row.which == which; });
  return found->run(session, context);
}

}  // namespace gable
