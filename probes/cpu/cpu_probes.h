// The probes of a CPU; probe_table.cc has their rows.
#pragma once

#include <string>
#include <vector>

#include "probes/cpu/facts.h"
#include "probes/cpu/kernels.h"
#include "probes/probe.h"

namespace gable {

/// Levels of the memory by working set: 1, 2, 3 are the caches, 4 is DRAM.
inline constexpr int kDramLevel = 4;

/// Elements of one thread's slice of each array for a level: of what the caches hold a half, of DRAM arrays four times
/// the last cache (McCalpin's rule for STREAM) as far as an eighth of the free memory allows; a multiple of 256.
/// 0 where the machine has no such level.
std::int64_t slice_elements(const CpuFacts& facts, int level, int arrays, int threads, Effort effort);

/// Bandwidth of one level by one kernel, of one thread and of all.
std::vector<Figure> probe_stream(const ProbeContext& context, std::string_view name, int level, StreamFn fn);

std::vector<Figure> probe_clock(const ProbeContext& context);
std::vector<Figure> probe_fma_fp32(const ProbeContext& context);
std::vector<Figure> probe_fma_fp64(const ProbeContext& context);
std::vector<Figure> probe_gemm_onednn(const ProbeContext& context);
std::vector<Figure> probe_gemm_eigen_fp32(const ProbeContext& context);
std::vector<Figure> probe_gemm_eigen_fp64(const ProbeContext& context);
std::vector<Figure> probe_dispatch(const ProbeContext& context);

/// Timings into context.shapes; the figure says how many. Products with weights find them where a model's step would:
/// in DRAM, or what is left of them in the last cache.
std::vector<Figure> probe_gemm_shapes(const ProbeContext& context);
std::vector<Figure> probe_bmm_shapes(const ProbeContext& context);
std::vector<Figure> probe_stream_shapes(const ProbeContext& context);
std::vector<Figure> probe_rows_shapes(const ProbeContext& context);

/// The best figure of a probe so far; 0 where there is none.
double best_before(const ProbeContext& context, std::string_view probe);

}  // namespace gable
