#include "probes/cuda/probe_table.h"

#include <array>

namespace gable {
namespace {

template <CudaProbe kWhich>
std::vector<Figure> run(const ProbeContext& context) {
  return run_cuda_probe(kWhich, context);
}

constexpr std::string_view kSum = "sum of all words, modulo 2^32";
constexpr std::string_view kWords = "64 pieces of 1024 words, each word exactly";
constexpr std::string_view kChains = "8 threads, each bit, in IEEE arithmetic on the host";
constexpr std::string_view kProduct = "16 elements against fp64 on the host, within the rounding of the dtype";
constexpr std::string_view kGemm = "cuBLASLt, row-major TN, best of 5 shapes x 16 algorithms, a burst and sustained";
constexpr std::string_view kMatrix = "matrix roof";
constexpr std::string_view kVector = "vector roof";
constexpr std::string_view kNothing = "nothing, for comparison";
constexpr std::string_view kCalibration = "nothing: sizes for the calibration";

constexpr Unit kBytes = Unit::kBytesPerSecond;
constexpr Unit kFlop = Unit::kFlopPerSecond;

constexpr std::array<ProbeRow, 25> kTable = {{
    {"dram.read", kBytes, kNothing, "16-byte loads, sum", kSum, 0.03, run<CudaProbe::kDramRead>},
    {"dram.write", kBytes, kNothing, "16-byte stores of a pattern", kWords, 0.03, run<CudaProbe::kDramWrite>},
    {"dram.copy", kBytes, kNothing, "out = x, bytes read + written", kWords, 0.03, run<CudaProbe::kDramCopy>},
    {"dram.triad", kBytes, "DRAM roof", "out = x + 3 y, bytes read + written", kWords, 0.03,
     run<CudaProbe::kDramTriad>},
    {"l2.read", kBytes, "L2 roof", "16-byte loads past L1, a quarter of L2", kSum, 0.02, run<CudaProbe::kL2Read>},
    {"l1.read", kBytes, kNothing, "16-byte loads, 16 KiB a block", kSum, 0.01, run<CudaProbe::kL1Read>},
    {"shared.read", kBytes, kNothing, "16-byte loads from shared memory", kSum, 0.01, run<CudaProbe::kSharedRead>},
    {"fma.fp64", kFlop, kVector, "multiply-adds in registers", kChains, 0.01, run<CudaProbe::kVectorFp64>},
    {"fma.fp32", kFlop, kVector, "multiply-adds in registers", kChains, 0.01, run<CudaProbe::kVectorFp32>},
    {"fma.fp16", kFlop, kVector, "multiply-adds of pairs in registers", kChains, 0.01, run<CudaProbe::kVectorFp16>},
    {"matrix.fp64", kFlop, kMatrix, kGemm, kProduct, 0.06, run<CudaProbe::kMatrixFp64>},
    {"matrix.fp32", kFlop, kMatrix, kGemm, kProduct, 0.06, run<CudaProbe::kMatrixFp32>},
    {"matrix.tf32", kFlop, kMatrix, kGemm, kProduct, 0.06, run<CudaProbe::kMatrixTf32>},
    {"matrix.bf16", kFlop, kMatrix, kGemm, kProduct, 0.06, run<CudaProbe::kMatrixBf16>},
    {"matrix.fp16", kFlop, kMatrix, kGemm, kProduct, 0.06, run<CudaProbe::kMatrixFp16>},
    {"matrix.fp8_e4m3", kFlop, kMatrix, kGemm, kProduct, 0.06, run<CudaProbe::kMatrixFp8>},
    {"matrix.int8", kFlop, kMatrix, kGemm, kProduct, 0.06, run<CudaProbe::kMatrixInt8>},
    {"matrix.fp4", kFlop, kMatrix, kGemm, kProduct, 0.06, run<CudaProbe::kMatrixFp4>},
    {"launch.stream", Unit::kSeconds, "launch roof", "empty kernels back to back", "a word that one writes", 0.01,
     run<CudaProbe::kLaunchStream>},
    {"launch.graph", Unit::kSeconds, kNothing, "a graph of empty kernels, over their number", "a word that one writes",
     0.01, run<CudaProbe::kLaunchGraph>},
    {"link.to-device", kBytes, "link", "copy engine, pinned memory", kWords, 0.015, run<CudaProbe::kLinkToDevice>},
    {"link.to-host", kBytes, "link", "copy engine, pinned memory", "each word exactly", 0.015,
     run<CudaProbe::kLinkToHost>},
    {"shapes.gemm", Unit::kCount, kCalibration, "cuBLASLt's first algorithm, sizes of an even sequence",
     "4 elements a size", 0.2, run<CudaProbe::kShapesGemm>},
    {"shapes.stream", Unit::kCount, kCalibration, "copy and triad from 4 KiB to 1 GiB an array", kWords, 0.04,
     run<CudaProbe::kShapesStream>},
    {"shapes.rows", Unit::kCount, kCalibration, "softmax and layernorm in fp32, a block a row",
     "two rows against fp64 on the host", 0.04, run<CudaProbe::kShapesRows>},
}};

}  // namespace

std::span<const ProbeRow> cuda_probe_table() { return kTable; }

}  // namespace gable
