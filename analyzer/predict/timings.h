// Timed kernels: what calibration fits and validation compares with. One CSV schema for every kind, docs/prediction.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/error.h"
#include "analyzer/ops/shape.h"
#include "analyzer/spec/hardware.h"

namespace gable {

/// What a time includes. Between two events around one call of an idle device there are a gap before the kernel and at
/// least what the host takes.
enum class Timer : std::uint8_t { kDevice, kEvents };
inline constexpr std::size_t kTimerCount = 2;
std::string_view timer_name(Timer timer);
std::optional<Timer> find_timer(std::string_view name);

struct Timing {
  Shape shape;
  std::string op;  ///< of a stream, what it computes: "add"; may be empty
  double time_s = 0;
  Timer timer = Timer::kDevice;
  std::string device;   ///< as the file names it; may be empty
  std::string library;  ///< "cublas 12.4"; may be empty
  std::string split;    ///< "train", "test"; may be empty
  Where where;
};

/// A column of the schema.
struct TimingColumn {
  std::string_view name;
  std::string_view doc;
};
/// All but the dims, which the table of kinds names.
std::vector<TimingColumn> timing_columns();

/// Whether a file of rows is a profile, by its name (.yaml).
bool is_profile(std::string_view path);

/// Rows of a CSV file, or the `shapes:` of a profile.
/// @throws InputError with the place: an unknown column or kind, a dim that is missing or no whole number, a time that
/// is not positive
std::vector<Timing> load_timings(const std::string& path);
std::vector<Timing> read_timings(std::string_view csv, const std::string& name);

/// A row that is left out, and why.
struct Refused {
  Where where;
  std::string why;
};

/// Takes out rows that cannot be: faster than the device's datasheet by more than kAboveRoof, or said twice.
std::vector<Refused> refuse_impossible(std::vector<Timing>& rows, const Hardware& hw);

}  // namespace gable
