#include "analyzer/measured/ledger.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string>

namespace gable {
namespace {

constexpr std::string_view kGaps = "gaps";
constexpr std::string_view kHost = "host";

double mean(const std::vector<double>& samples) { return summarize(samples).mean; }

/// What is no kernel: time of the CPU, or of nobody.
bool is_idle(const Unattributed& entry) { return entry.name == kGaps || entry.name == kHost; }

/// Nothing where neither the file nor its busy times tell gaps from what is missing.
std::optional<double> gaps_of(const Measurement& measurement, double wall_s) {
  const auto& entries = measurement.unattributed;
  if (std::any_of(entries.begin(), entries.end(), [](const Unattributed& e) { return e.name == kGaps; })) return 0;
  if (measurement.busy_s.empty()) return std::nullopt;
  double gaps_s = wall_s - mean(measurement.busy_s);
  for (const Unattributed& entry : entries) {
    if (is_idle(entry)) gaps_s -= entry.time_s;
  }
  return gaps_s;
}

}  // namespace

Ledger make_ledger(const Overlay& overlay) {
  using Kind = LedgerEntry::Kind;
  const Measurement& measurement = overlay.measurement;
  Ledger ledger;
  ledger.wall_s = overlay.step.mean;
  const auto add = [&](Kind kind, std::string_view name, double time_s, std::int64_t launches = 0) {
    ledger.entries.push_back({kind, std::string(name), launches, time_s});
  };
  double ops_s = 0;
  for (const OverlayOp& op : overlay.ops) ops_s += op.totals.time.mean;
  add(Kind::kOps, "ops of the model", ops_s);
  double others_s = 0;
  for (const std::size_t i : overlay.not_in_model) others_s += mean(measurement.ops[i].samples_s);
  if (!overlay.not_in_model.empty()) add(Kind::kOtherOps, "ops that the model lacks", others_s);
  if (!measurement.overlapped_s.empty())
    add(Kind::kOverlapped, "kernels beside one another", -mean(measurement.overlapped_s));
  for (const Unattributed& entry : measurement.unattributed)
    add(entry.name == kGaps ? Kind::kGaps : Kind::kUnattributed, entry.name, entry.time_s, entry.launches);
  const std::optional<double> gaps_s = gaps_of(measurement, ledger.wall_s);
  if (gaps_s && *gaps_s != 0) add(Kind::kGaps, kGaps, *gaps_s);
  double sum = 0;
  for (const LedgerEntry& entry : ledger.entries) sum += entry.time_s;
  const double rest_s = ledger.wall_s - sum;
  // Without busy times the device is taken to be busy for as long as its kernels ran: what is left over are gaps.
  if (rest_s < 0) {
    add(Kind::kRest, "counted twice", rest_s);
  } else if (rest_s > 0) {
    add(gaps_s ? Kind::kRest : Kind::kGaps, gaps_s ? "not recorded" : kGaps, rest_s);
  }
  return ledger;
}

std::vector<KernelSum> sum_kernels(const Measurement& measurement) {
  std::map<std::string, KernelSum> by_name;
  bool recorded = false;
  const auto add = [&](const std::string& name, std::int64_t launches, double time_s) {
    KernelSum& sum = by_name[name];
    sum.name = name;
    sum.launches += launches;
    sum.time_s += time_s;
  };
  for (const MeasuredOp& op : measurement.ops) {
    recorded = recorded || !op.kernels.empty();
    for (const MeasuredKernel& kernel : op.kernels) add(kernel.name, kernel.launches, kernel.time_s);
  }
  for (const Unattributed& entry : measurement.unattributed) {
    if (!is_idle(entry)) add(entry.name, entry.launches, entry.time_s);
  }
  std::vector<KernelSum> kernels;
  if (!recorded) return kernels;
  for (auto& [name, sum] : by_name) {
    sum.gemm = is_gemm_name(name);
    kernels.push_back(std::move(sum));
  }
  std::stable_sort(kernels.begin(), kernels.end(),
                   [](const KernelSum& a, const KernelSum& b) { return a.time_s > b.time_s; });
  return kernels;
}

bool is_gemm_name(std::string_view name) {
  // cuBLAS and cuBLASLt: ampere_sgemm_128x64, sm80_xmma_gemm, s16816, nvjet (Hopper and later); gemv for one row;
  // CUTLASS; oneDNN and MKL: brgemm; hipBLASLt and Tensile: Cijk_Ailk_Bljk.
  constexpr std::array<std::string_view, 9> kProducts = {"nvjet", "gemm",   "gemv",   "cutlass", "xmma",
                                                         "wgmma", "s16816", "matmul", "cijk_"};
  constexpr std::array<std::string_view, 3> kOthers = {"flash", "fmha", "attention"};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  const auto in_name = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
  return std::any_of(kProducts.begin(), kProducts.end(), in_name) &&
         std::none_of(kOthers.begin(), kOthers.end(), in_name);
}

}  // namespace gable
