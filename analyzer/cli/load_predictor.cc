#include "analyzer/cli/load_predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <vector>

#include "analyzer/base/error.h"
#include "analyzer/spec/library.h"

namespace gable {
namespace {

namespace fs = std::filesystem;

Predictor predictor_from(const CalibrationFile& file, const std::string& path, const Hardware& hw,
                         std::string& source) {
  source = fmt::format("{} of {}", path, file.date.substr(0, file.date.find('T')));
  if (file.hardware == hw.name) return {hw, file};
  // Clocks, caches and memory of two CPUs of one instruction set have nothing to do with each other.
  if (hw.kind == "cpu") throw InputError(fmt::format("{} is of {}, not of {}", path, file.hardware, hw.name));
  const std::vector<std::string> shipped = list_specs(SpecKind::kHardware);
  if (std::find(shipped.begin(), shipped.end(), file.hardware) == shipped.end())
    throw InputError(
        fmt::format("{} is of {}, which no shipped spec describes, not of {}", path, file.hardware, hw.name));
  const Hardware fitted_on = load_hardware(file.hardware);
  if (fitted_on.architecture != hw.architecture)
    throw InputError(fmt::format("{} is of {} ({}), no sibling of {} ({})", path, file.hardware, fitted_on.architecture,
                                 hw.name, hw.architecture));
  source += ", a sibling: " + file.hardware;
  return {hw, file, &fitted_on};
}

/// The date in the head of a calibration of the device, "" for anything else: spares parsing the other lines.
std::string date_if_of(const fs::path& path, const Hardware& hw) {
  std::ifstream in(path);
  std::string schema;
  std::string device;
  std::string date;
  std::getline(in, schema);
  std::getline(in, device);
  std::getline(in, date);
  const bool fits = schema == fmt::format("schema: {}", kCalibrationSchema) && device == "hardware: " + hw.name;
  return fits && date.starts_with("date: ") ? date : "";
}

/// The newest calibration of the device, "" without one.
std::string find_calibration(const Hardware& hw, const Machine& machine) {
  std::vector<std::string> folders = {data_root() + "/hwspecs/measured"};
  if (!machine.data_home.empty()) folders.push_back(calibration_folder(machine));
  std::string newest;
  std::string date;
  for (const std::string& folder : folders) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() != ".yaml") continue;
      std::string its_date = date_if_of(entry.path(), hw);
      if (its_date <= date) continue;
      date = std::move(its_date);
      newest = entry.path().string();
    }
  }
  return newest;
}

LoadedPredictor loaded(const std::string& path, const Hardware& hw) {
  std::string source;
  Predictor predictor = predictor_from(read_calibration(load_yaml(path)), path, hw, source);
  return {std::move(predictor), std::move(source)};
}

}  // namespace

std::string calibration_folder(const Machine& machine) { return machine.data_home + "/gable/calibrations"; }

std::optional<LoadedPredictor> find_predictor(const Options& options, const Hardware& hw, const Machine& machine,
                                              std::ostream& err) {
  const auto wanted = options.get(kCalibrationOption.name);
  if (wanted == kDatasheetConstants) return LoadedPredictor{Predictor(hw), "its datasheet"};
  if (wanted) return loaded(*wanted, hw);
  const std::string path = find_calibration(hw, machine);
  if (path.empty()) return std::nullopt;
  try {
    return loaded(path, hw);
  } catch (const InputError& error) {  // nobody asked for this file: what was asked for goes on without it
    err << fmt::format("{}: not used: {}\n", error.where().file ? to_string(error.where()) : path, error.what());
    return std::nullopt;
  }
}

}  // namespace gable
