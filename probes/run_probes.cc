#include "probes/run_probes.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <numeric>

#include "analyzer/base/error.h"

namespace gable {

double seconds_of(Effort effort) {
  if (effort == Effort::kQuick) return 12;
  return effort == Effort::kFull ? 300 : 52;
}

Profile run_probes(std::span<const ProbeRow> rows, const ProbeRun& run) {
  Profile profile;
  const double shares =
      std::accumulate(rows.begin(), rows.end(), 0.0, [](double sum, const ProbeRow& row) { return sum + row.share; });
  double left = seconds_of(run.effort);
  const double second_per_share = left / shares;
  for (const ProbeRow& row : rows) {
    if (run.progress) run.progress(row.name, left);
    const double budget = row.share * second_per_share;
    std::vector<Figure> figures = row.run({run.effort, budget, run.interrupted, &profile.shapes, &profile.figures});
    for (Figure& figure : figures) {
      if (run.circumstances) run.circumstances(figure);
    }
    profile.figures.insert(profile.figures.end(), figures.begin(), figures.end());
    left -= budget;
  }
  return profile;
}

MeasuringLock::MeasuringLock() {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  const std::string path = fmt::format("{}/gable-{}.lock", error ? "/tmp" : folder.string(), getuid());
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ >= 0 && flock(file_, LOCK_EX | LOCK_NB) != 0) {
    close(file_);
    throw CapabilityError("another probe or measurement is running; two at once would time each other");
  }
}

MeasuringLock::~MeasuringLock() {
  if (file_ >= 0) close(file_);
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

}  // namespace gable
