// --calibration: constants that `analyze calibrate` wrote, or those that belong to the device.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "analyzer/cli/options.h"
#include "analyzer/predict/predictor.h"
#include "analyzer/spec/hardware_choice.h"

namespace gable {

inline constexpr std::string_view kDatasheetConstants = "datasheet";
inline constexpr OptionRow kCalibrationOption = {
    "calibration", "FILE",
    "constants that analyze calibrate wrote, or datasheet: what is believed of its class of chip; those of the device, "
    "where there are any, unless given"};

/// Where calibrations are looked for beside the shipped ones (hwspecs/measured).
std::string calibration_folder(const Machine& machine);

/// Constants of the device itself, or of a sibling: another board of its chip.
struct LoadedPredictor {
  Predictor predictor;
  std::string source;  ///< which file, fitted when
};

/// By --calibration, else the newest calibration of the device; nothing where neither is, or the latter cannot be read
/// (said on `err`).
/// @throws InputError for --calibration: not of such a device; what read_calibration throws
std::optional<LoadedPredictor> find_predictor(const Options& options, const Hardware& hw, const Machine& machine,
                                              std::ostream& err);

}  // namespace gable
