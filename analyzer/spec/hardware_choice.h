// Which device an analysis is for when the user names none.
#pragma once

#include <string>
#include <vector>

#include "analyzer/spec/hardware.h"

namespace gable {

inline constexpr std::string_view kReferenceDevice = "a100-pcie-40";

/// Where to look on this machine; tests point it elsewhere.
struct Machine {
  std::string root;       ///< prefix of /proc and /sys
  std::string data_home;  ///< $XDG_DATA_HOME, or ~/.local/share; "" if unknown
};
Machine this_machine();

/// Where the user's measured profiles are.
std::string profile_folder(const Machine& machine);

/// The name of the shipped spec that lists a product's name; "" if none does.
std::string spec_of_product(const std::string& product);

struct HardwareChoice {
  Hardware hw;
  std::string reason;  ///< "named by --hw", "the GPU found here", ...
};

/// Product names of the GPUs that drivers report, without loading a driver library.
std::vector<std::string> gpu_names(const Machine& machine);

/// `wanted` is the value of --hw: a name, a path, or "measured"; empty chooses: the newest measured profile of this
/// machine, else the datasheet of the GPU found here, else the reference device.
/// @throws InputError; CapabilityError where "measured" finds no profile
HardwareChoice choose_hardware(const std::string& wanted, const Machine& machine);

}  // namespace gable
