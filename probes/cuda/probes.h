// The CUDA probes. Each takes a session, so that tests run it on a device that is not there.
#pragma once

#include <vector>

#include "probes/cuda/host_check.h"
#include "probes/cuda/sampling.h"
#include "probes/cuda/session.h"
#include "probes/probe.h"

namespace gable::cuda {

/// DRAM bandwidth: bytes read + bytes written over time, of buffers beyond every cache.
std::vector<Figure> dram_probe(Session& session, const ProbeContext& context, StreamFn fn);
/// Bandwidth of L2, L1 or shared memory, all SMs together.
std::vector<Figure> cache_probe(Session& session, const ProbeContext& context, CacheLevel level);
/// FLOP/s of the vector units: fp64, fp32, fp16 in pairs.
std::vector<Figure> fma_probe(Session& session, const ProbeContext& context, Dtype dtype);
/// FLOP/s of products through cuBLASLt: the best shape and algorithm in a burst, then sustained.
std::vector<Figure> matrix_probe(Session& session, const ProbeContext& context, Dtype dtype);
/// Seconds a launch takes, back to back: on a stream, or as the nodes of a graph.
std::vector<Figure> launch_probe(Session& session, const ProbeContext& context, bool graph);
/// Bytes/s over PCIe (or NVLink-C2C) between pinned host memory and the device.
std::vector<Figure> transfer_probe(Session& session, const ProbeContext& context, bool to_device);
/// Timings into context.shapes; the figure says how many.
std::vector<Figure> gemm_shapes_probe(Session& session, const ProbeContext& context);
std::vector<Figure> stream_shapes_probe(Session& session, const ProbeContext& context);
std::vector<Figure> rows_shapes_probe(Session& session, const ProbeContext& context);

/// Whether `data` holds expected(i) in its words; looks at about 64 pieces of 1024 words, the first and the last among
/// them. @return "" or "word 17 is 3, not 4"
std::string check_words(const Session& session, const void* data, std::int64_t words,
                        const std::function<std::uint32_t(std::int64_t)>& expected);
/// Whether a product whose a is m x k and b n x k (TN) holds what its operands say, at `places` places.
/// @return "" or "element (3, 17) is 4.5, not 4"
std::string check_gemm(const Session& session, const LtGemmSpec& spec, const LtOperands& operands, int places);

/// A product's operands with random values, and its scales where it has some.
struct GemmMemory {
  Memory a, b, out, a_scales, b_scales;
  [[nodiscard]] LtOperands operands() const;
};
GemmMemory gemm_memory(const Session& session, const LtGemmSpec& spec);
std::int64_t gemm_memory_bytes(const LtGemmSpec& spec);

}  // namespace gable::cuda
