#include "analyzer/cli/trace_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "analyzer/cli/progress.h"

namespace gable {

Trace read_trace(const std::string& path, std::string_view format, const Io& io) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kPatience = std::chrono::seconds(1);
  constexpr auto kBetween = std::chrono::milliseconds(200);
  constexpr std::int64_t kBar = 30;
  const Clock::time_point start = Clock::now();
  Clock::time_point last = start;
  ProgressLine line(io);
  return load_trace(path, format, [&](std::int64_t done, std::int64_t all) {
    const Clock::time_point now = Clock::now();
    if (now - start < kPatience || now - last < kBetween || all <= 0) return;
    last = now;
    const std::int64_t filled = std::clamp<std::int64_t>(kBar * done / all, 0, kBar);
    line.show(fmt::format("reading {} [{}{}] {} %", path, std::string(static_cast<std::size_t>(filled), '#'),
                          std::string(static_cast<std::size_t>(kBar - filled), '.'), 100 * done / all));
  });
}

}  // namespace gable
