// CSV of a co-location: rows at five levels; what a level has no value for is empty.
#include <fmt/format.h>

#include <array>

#include "reports/colocate_report.h"
#include "reports/csv.h"

namespace gable {
namespace {

std::string_view column_of(Roof roof) {
  constexpr std::array<std::string_view, kRoofCount> kNames = {"tensor_s", "vector_s", "dram_s", "l2_s", "launch_s"};
  return kNames.at(static_cast<std::size_t>(roof));
}

void append_busy(const BusyTime& busy, std::string& out) {
  for (const double value : busy) {
    out += ',';
    append_csv(value, out);
  }
}

void append_number(double value, std::string& out) {
  out += ',';
  append_csv(value, out);
}

void append_job(const Job& job, std::string& out) {
  out += fmt::format("job,{},,,", csv_field(job.name));
  append_number(job.serial_s, out);
  append_busy(job.busy_s, out);
  out += fmt::format(",,{}", kCsvEnd);
}

void append_kernels(const Job& job, std::string& out) {
  for (const JobKernel& kernel : job.kernels) {
    out += fmt::format("kernel,{},{},,{}", csv_field(job.name), csv_field(kernel.name), kernel.executions);
    append_number(kernel.serial_s, out);
    append_busy(kernel.busy_s, out);
    out += fmt::format(",,{}", kCsvEnd);
  }
}

void append_pair(const Colocation& all, const KernelPair& pair, std::string& out) {
  out += fmt::format("pair,,{},{},", csv_field(all.high.kernels[pair.first].name),
                     csv_field(all.second().kernels[pair.second].name));
  append_number(pair.serial_s, out);
  out += ",,,,,";
  append_number(pair.overlapped_s, out);
  append_number(pair.speedup(), out);
  out += kCsvEnd;
}

}  // namespace

std::string render_colocate_csv(const ColocateReport& report) {
  const Colocation& all = report.colocation;
  std::string out = "level,job,kernel,beside,executions,serial_s";
  for (std::size_t i = 0; i < kRoofCount; ++i) out += fmt::format(",{}", column_of(static_cast<Roof>(i)));
  out += fmt::format(",overlapped_s,speedup{}", kCsvEnd);
  for (const Job* job : jobs_of(all)) append_job(*job, out);
  out += "bound,,,,";
  append_number(all.serial_s, out);
  out += ",,,,,";
  append_number(all.overlapped_s, out);
  append_number(all.speedup(), out);
  out += kCsvEnd;
  for (const Job* job : jobs_of(all)) append_kernels(*job, out);
  for (const KernelPair& pair : all.pairs) append_pair(all, pair, out);
  return out;
}

}  // namespace gable
