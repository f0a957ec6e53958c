#include "probes/inject/driver.h"

#include <cuda.h>
#include <dlfcn.h>

#include <array>

#include "probes/inject/lines.h"

namespace gable::inject {
namespace {

/// Null where the driver is not loaded, or lacks it. Never loads one.
template <typename Function>
Function* find(const char* name) {
  static void* const kDriver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  return kDriver == nullptr ? nullptr : reinterpret_cast<Function*>(dlsym(kDriver, name));
}

}  // namespace

std::uint64_t driver_version() {
  auto* const ask = find<CUresult CUDAAPI(int*)>("cuDriverGetVersion");
  int version = 0;
  return ask != nullptr && ask(&version) == CUDA_SUCCESS && version > 0 ? static_cast<std::uint64_t>(version) : 0;
}

std::vector<std::string> driver_devices() {
  auto* const count = find<CUresult CUDAAPI(int*)>("cuDeviceGetCount");
  auto* const name_of = find<CUresult CUDAAPI(char*, int, CUdevice)>("cuDeviceGetName");
  auto* const attribute = find<CUresult CUDAAPI(int*, CUdevice_attribute, CUdevice)>("cuDeviceGetAttribute");
  auto* const memory = find<CUresult CUDAAPI(std::size_t*, CUdevice)>("cuDeviceTotalMem_v2");
  std::vector<std::string> devices;
  int all = 0;
  if (count == nullptr || name_of == nullptr || attribute == nullptr || memory == nullptr ||
      count(&all) != CUDA_SUCCESS)
    return devices;
  for (CUdevice device = 0; device < all; ++device) {
    std::array<char, 256> name{};
    std::size_t bytes = 0;
    if (name_of(name.data(), static_cast<int>(name.size()) - 1, device) != CUDA_SUCCESS) continue;
    memory(&bytes, device);
    std::string object = "{\"id\":" + std::to_string(device) + ",\"name\":";
    add_text(object, name.data());
    const auto add = [&](const char* key, CUdevice_attribute which) {
      int value = 0;
      attribute(&value, which, device);
      object.append(",\"").append(key).append("\":");
      add_number(object, std::int64_t{value});
    };
    add("computeMajor", CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    add("computeMinor", CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    add("numSms", CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    object.append(",\"totalGlobalMem\":");
    add_number(object, std::uint64_t{bytes});
    devices.push_back(object + "}");
  }
  return devices;
}

}  // namespace gable::inject
