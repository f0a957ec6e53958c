// Which CUDA probes there are, whether or not this program can run them.
#pragma once

#include <vector>

#include "probes/probe.h"

namespace gable {

enum class CudaProbe : std::uint8_t {
  kDramRead,
  kDramWrite,
  kDramCopy,
  kDramTriad,
  kL2Read,
  kL1Read,
  kSharedRead,
  kVectorFp64,
  kVectorFp32,
  kVectorFp16,
  kMatrixFp64,
  kMatrixFp32,
  kMatrixTf32,
  kMatrixBf16,
  kMatrixFp16,
  kMatrixFp8,
  kMatrixInt8,
  kMatrixFp4,
  kLaunchStream,
  kLaunchGraph,
  kLinkToDevice,
  kLinkToHost,
  kShapesGemm,
  kShapesStream,
  kShapesRows,
};

/// In a file of its own whether the backend was built or not.
/// @throws CapabilityError without a device; DeviceError
std::vector<Figure> run_cuda_probe(CudaProbe which, const ProbeContext& context);

}  // namespace gable
