// Whether overlap is worth scheduling, in sentences.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "analyzer/base/units.h"
#include "reports/colocate_report.h"
#include "reports/difference.h"

namespace gable {
namespace {

std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }
std::string seconds(double value) { return format_si(value, "s", 3); }

bool is_product(const JobKernel& kernel) {
  return kernel.kernel == KernelClass::kGemm || kernel.kernel == KernelClass::kConv ||
         kernel.kernel == KernelClass::kAttention;
}

/// The products of a job by what bounds them.
struct Products {
  std::array<std::int64_t, kBoundCount> executions{};
  std::array<double, kBoundCount> seconds{};

  [[nodiscard]] std::int64_t all() const {
    return std::accumulate(executions.begin(), executions.end(), std::int64_t{0});
  }
};

Products products_of(const Job& job) {
  Products products;
  for (const JobKernel& kernel : job.kernels) {
    if (!is_product(kernel)) continue;
    products.executions.at(static_cast<std::size_t>(kernel.bound)) += kernel.executions;
    products.seconds.at(static_cast<std::size_t>(kernel.bound)) += kernel.serial_s;
  }
  return products;
}

std::string unit_text(Roof roof) {
  return roof == Roof::kLaunch ? "launching one kernel after the other" : fmt::format("the {} roof", roof_name(roof));
}

std::string limit_text(const Colocation& all) {
  if (all.limit) {
    return fmt::format("{} alone takes {}", unit_text(*all.limit), seconds(all.overlapped_s));
  }
  const Job& longer = all.high.serial_s >= all.best_effort->serial_s ? all.high : *all.best_effort;
  return fmt::format("{} alone takes {}", longer.name, seconds(longer.serial_s));
}

void add_verdict(const Colocation& all, std::vector<std::string>& out) {
  const double speedup = all.speedup();
  const std::string_view verdict = speedup < kWorthScheduling ? "Not worth scheduling" : "Overlap could pay";
  const std::string factor = speedup_text(speedup);
  const std::string gains =
      factor == "1x" ? "nothing" : fmt::format("at most {}, {}", factor, instead_of(all.overlapped_s, all.serial_s));
  out.push_back(fmt::format("{}: perfect overlap gains {}; {}.", verdict, gains, limit_text(all)));
}

/// Products that wait for memory leave nothing to hide memory traffic behind.
void add_products(const Job& job, std::vector<std::string>& out) {
  const Products products = products_of(job);
  if (products.all() == 0) return;
  constexpr auto kMemory = static_cast<std::size_t>(Bound::kMemory);
  const double time = std::accumulate(products.seconds.begin(), products.seconds.end(), 0.0);
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    if (products.executions.at(i) > 0)
      pieces.push_back(
          fmt::format("{} {}-bound", format_grouped(products.executions.at(i)), bound_name(static_cast<Bound>(i))));
  }
  out.push_back(fmt::format("Products of {}: {}; compute bounds {} of all its time.", job.name, fmt::join(pieces, ", "),
                            percent(job.bound_s.at(static_cast<std::size_t>(Bound::kCompute)) / job.serial_s)));
  if (2 * products.seconds.at(kMemory) > time)
    out.back() += " Most of its products want the memory that they would have to leave to others.";
}

/// What a job leaves unused while it runs alone: room for another.
void add_idle(const ColocateReport& report, std::vector<std::string>& out) {
  const Job& job = report.colocation.high;
  const double dram = job.busy_s.at(static_cast<std::size_t>(Roof::kDram));
  if (job.serial_s <= 0) return;
  const double idle = std::max(0.0, job.serial_s - dram);
  const double compute_idle = std::max(0.0, job.serial_s - job.compute_s());
  constexpr double kSeen = 0.005;
  const std::string memory =
      idle < kSeen * job.serial_s
          ? "DRAM is never idle"
          : fmt::format("DRAM idles for {} ({}; {} could move)", seconds(idle), percent(idle / job.serial_s),
                        format_si(idle * report.analysis().hw.dram_bandwidth.value, "B", 3));
  out.push_back(fmt::format("While {} runs alone, {}, and compute idles for {} ({}).", job.name, memory,
                            seconds(compute_idle), percent(compute_idle / job.serial_s)));
}

void add_pair(const Colocation& all, std::vector<std::string>& out) {
  if (all.pairs.empty()) {
    out.emplace_back("No pair of kernels gains anything: they all need the same unit.");
    return;
  }
  const KernelPair& best = all.pairs.front();
  out.push_back(fmt::format("Most is in {} beside {}: {}, {} saved.", all.high.kernels[best.first].name,
                            all.second().kernels[best.second].name, instead_of(best.overlapped_s, best.serial_s),
                            seconds(best.saved_s())));
}

/// What the bound leaves out.
void add_caveat(const Colocation& all, std::vector<std::string>& out) {
  if (all.best_effort) {
    out.emplace_back("A bound, not a prediction: kernels share SMs, caches and DRAM pages, and lose to each other.");
  } else {
    out.emplace_back(
        "A bound, not a prediction: most kernels of one model wait for the one before, which no schedule changes.");
  }
}

}  // namespace

std::vector<std::string> colocate_findings(const ColocateReport& report) {
  const Colocation& all = report.colocation;
  std::vector<std::string> out;
  add_verdict(all, out);
  for (const Job* job : jobs_of(all)) add_products(*job, out);
  add_idle(report, out);
  add_pair(all, out);
  add_caveat(all, out);
  return out;
}

}  // namespace gable
