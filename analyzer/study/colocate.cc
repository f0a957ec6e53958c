#include "analyzer/study/colocate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gable {
namespace {

double at(const BusyTime& busy, Roof roof) { return busy.at(static_cast<std::size_t>(roof)); }

BusyTime sum(const BusyTime& a, const BusyTime& b) {
  BusyTime all{};
  for (std::size_t i = 0; i < all.size(); ++i) all.at(i) = a.at(i) + b.at(i);
  return all;
}

/// Of two jobs: each launches its own kernels one after the other, at the same time as the other.
BusyTime beside(const BusyTime& a, const BusyTime& b) {
  BusyTime all = sum(a, b);
  constexpr auto kLaunch = static_cast<std::size_t>(Roof::kLaunch);
  all.at(kLaunch) = std::max(a.at(kLaunch), b.at(kLaunch));
  return all;
}

double busiest(const BusyTime& busy) { return *std::max_element(busy.begin(), busy.end()); }

void add(Job& job, JobKernel kernel) {
  job.busy_s = sum(job.busy_s, kernel.busy_s);
  job.serial_s += kernel.serial_s;
  job.bound_s.at(static_cast<std::size_t>(kernel.bound)) += kernel.serial_s;
  job.kernels.push_back(std::move(kernel));
}

JobKernel job_kernel(std::string name, KernelClass kernel, const RoofTime& time, std::int64_t n) {
  JobKernel result{std::move(name), kernel, n, {}, time.total_s * static_cast<double>(n), time.bound};
  for (std::size_t i = 0; i < kRoofCount; ++i) result.busy_s.at(i) = time.by_roof.at(i) * static_cast<double>(n);
  return result;
}

std::string kernel_name(const Analysis& analysis, const OpRow& row, const KernelRow& kernel) {
  const OpSpec& spec = analysis.spec(row);
  const std::string path = analysis.parts.size() > 1 ? analysis.model.full_path(spec) : spec.path;
  return row.kernels.size() > 1 ? fmt::format("{}/{}", path, kernel.kernel.name) : path;
}

KernelPair pair_of(const Colocation& all, std::size_t first, std::size_t second) {
  const JobKernel& a = all.high.kernels[first];
  const JobKernel& b = all.second().kernels[second];
  const BusyTime busy = all.best_effort ? beside(a.busy_s, b.busy_s) : sum(a.busy_s, b.busy_s);
  return {first, second, a.serial_s + b.serial_s, std::max({a.serial_s, b.serial_s, busiest(busy)})};
}

/// What rounding leaves of nothing does not count as a gain.
bool saves(const KernelPair& pair) { return pair.saved_s() > 1e-9 * pair.serial_s; }

std::vector<KernelPair> best_pairs(const Colocation& all, std::size_t most) {
  std::vector<KernelPair> pairs;
  const bool same = !all.best_effort.has_value();
  for (std::size_t i = 0; i < all.high.kernels.size(); ++i) {
    for (std::size_t j = same ? i + 1 : 0; j < all.second().kernels.size(); ++j) {
      const KernelPair pair = pair_of(all, i, j);
      if (saves(pair)) pairs.push_back(pair);
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const KernelPair& a, const KernelPair& b) { return a.saved_s() > b.saved_s(); });
  pairs.resize(std::min(pairs.size(), most));
  return pairs;
}

}  // namespace

double Job::compute_s() const { return std::max(at(busy_s, Roof::kTensor), at(busy_s, Roof::kVector)); }
double Job::memory_s() const { return std::max(at(busy_s, Roof::kDram), at(busy_s, Roof::kL2)); }

Job job_of(const Analysis& analysis) {
  Job job;
  job.name = analysis.model.name;
  for (const OpRow& row : analysis.rows) {
    for (const KernelRow& kernel : row.kernels) {
      add(job,
          job_kernel(kernel_name(analysis, row, kernel), kernel.kernel.kernel, kernel.time, kernel.kernel.executions));
    }
  }
  return job;
}

Job memcpy_job(const std::string& name, Count bytes, const Hardware& hw, const RoofSet& roofs) {
  Cost cost;
  cost.read = bytes;
  cost.written = bytes;
  cost.unique = cost.touched();
  cost.memcpys = 1;
  Job job;
  job.name = name;
  const Rates no_flop{1, 1};  // never divides anything: the copy has no FLOP
  add(job, job_kernel(name, KernelClass::kMemcpy, roofline_time(cost, cost.unique, no_flop, hw, roofs), 1));
  return job;
}

Colocation colocate(Job high, std::optional<Job> best_effort, std::size_t most_pairs) {
  Colocation result;
  result.high = std::move(high);
  result.best_effort = std::move(best_effort);
  BusyTime busy = result.high.busy_s;
  result.serial_s = result.high.serial_s;
  double longer = 0;
  if (result.best_effort) {
    busy = beside(busy, result.best_effort->busy_s);
    result.serial_s += result.best_effort->serial_s;
    longer = std::max(result.high.serial_s, result.best_effort->serial_s);
  }
  result.overlapped_s = std::max(longer, busiest(busy));
  if (busiest(busy) >= longer)
    result.limit = static_cast<Roof>(std::max_element(busy.begin(), busy.end()) - busy.begin());
  result.pairs = best_pairs(result, most_pairs);
  return result;
}

}  // namespace gable
