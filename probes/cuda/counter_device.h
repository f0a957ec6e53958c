// What must be known of a device before its counters are collected.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "probes/cuda/cupti_api.h"

namespace gable {

/// cuCtxGetCurrent of the driver.
using CurrentContext = CUresult (*)(CUcontext*);
/// Null without a driver.
CurrentContext driver_current_context();

/// "GH100". @throws CapabilityError, DeviceError, as the functions below
std::string chip_name(const CuptiRangeApi& api, int device);

/// Nothing where counters can be read; else throws the reason.
void check_counters_supported(const CuptiRangeApi& api, int device);

/// Which counters the device has to give; chips that are newer than CUPTI need it.
std::vector<std::uint8_t> counter_availability(const CuptiRangeApi& api, CUcontext context);

/// "; ... says RmProfilingAdminOnly: 1" where the driver's parameters do, to be added to a refusal.
std::string admin_only_note(const std::string& params_path = "/proc/driver/nvidia/params");

}  // namespace gable
