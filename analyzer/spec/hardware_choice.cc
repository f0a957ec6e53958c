#include "analyzer/spec/hardware_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "analyzer/base/text.h"
#include "analyzer/spec/library.h"

namespace gable {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
  return value == nullptr ? "" : value;
}

/// The profile that was written last; "" if there is none.
std::string newest_profile(const Machine& machine) {
  std::string newest;
  fs::file_time_type time;
  std::error_code error;
  if (machine.data_home.empty()) return newest;
  for (const auto& entry : fs::directory_iterator(profile_folder(machine), error)) {
    if (entry.path().extension() != ".yaml") continue;
    const auto written = entry.last_write_time(error);
    if (newest.empty() || written > time) {
      newest = entry.path().string();
      time = written;
    }
  }
  return newest;
}

std::string read_small(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The value of "Model: \t NVIDIA H200" in the driver's text.
std::string model_line(const std::string& text) {
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("Model:")) return std::string(trim(std::string_view(line).substr(6)));
  }
  return "";
}

}  // namespace

std::string profile_folder(const Machine& machine) { return machine.data_home + "/gable/hw"; }

std::string spec_of_product(const std::string& product) {
  for (const std::string& name : list_specs(SpecKind::kHardware)) {
    const std::string path = find_spec(SpecKind::kHardware, name);
    if (read_small(path).find(product) == std::string::npos) continue;  // spares parsing the other forty
    const Hardware hw = load_hardware(path);
    if (std::find(hw.detect.begin(), hw.detect.end(), product) != hw.detect.end()) return name;
  }
  return "";
}

Machine this_machine() {
  std::string data_home = environment("XDG_DATA_HOME");
  if (data_home.empty()) {
    const std::string home = environment("HOME");
    if (!home.empty()) data_home = home + "/.local/share";
  }
  return {"", data_home};
}

std::vector<std::string> gpu_names(const Machine& machine) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(machine.root + "/proc/driver/nvidia/gpus", error)) {
    names.push_back(model_line(read_small(entry.path() / "information")));
  }
  for (const auto& entry : fs::directory_iterator(machine.root + "/sys/class/drm", error)) {
    const std::vector<std::string> lines = split(read_small(entry.path() / "device" / "product_name"), '\n');  // amdgpu
    if (!lines.empty()) names.push_back(lines.front());
  }
  std::erase(names, "");
  std::sort(names.begin(), names.end());
  return names;
}

HardwareChoice choose_hardware(const std::string& wanted, const Machine& machine) {
  const std::string profile = wanted.empty() || wanted == "measured" ? newest_profile(machine) : "";
  if (wanted == "measured" && profile.empty()) {
    const std::string where = machine.data_home.empty() ? "neither XDG_DATA_HOME nor HOME says where profiles are"
                                                        : "no measured profile in " + profile_folder(machine);
    throw CapabilityError("--hw measured: " + where + "; a device can be named instead");
  }
  if (!profile.empty()) return {load_hardware(profile), "measured profile of this machine"};
  if (!wanted.empty()) return {load_hardware(wanted), "named by --hw"};
  const std::vector<std::string> gpus = gpu_names(machine);
  for (const std::string& gpu : gpus) {
    if (const std::string name = spec_of_product(gpu); !name.empty()) {
      return {load_hardware(name), fmt::format("datasheet of the GPU found here, {}", gpu)};
    }
  }
  std::string why = gpus.empty() ? "no GPU and no measured profile here"
                                 : fmt::format("no datasheet of the GPU found here, {}", gpus.front());
  return {load_hardware(std::string(kReferenceDevice)), "reference device: " + why};
}

}  // namespace gable
