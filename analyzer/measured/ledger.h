// Where the wall time of a step went.
#pragma once

#include <vector>

#include "analyzer/measured/overlay.h"

namespace gable {

/// Ops + unattributed kernels - what ran beside another kernel + gaps = wall time; what is left over is an entry, too.
Ledger make_ledger(const Overlay& overlay);

/// The kernels of all ops and of none, by name, most time first.
std::vector<KernelSum> sum_kernels(const Measurement& measurement);

/// Whether a kernel's name is that of a matrix product, as cuBLAS, CUTLASS, oneDNN and the like name them. Fused
/// attention is none: its products are not kernels of their own.
bool is_gemm_name(std::string_view name);

}  // namespace gable
