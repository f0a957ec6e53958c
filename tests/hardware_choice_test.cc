// Easy to break here: a machine without /proc/driver/nvidia, blanks in the driver's text, two GPUs of which only one is
// known, a stale profile that wins, a choice that does not say why.
#include "analyzer/spec/hardware_choice.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/error_text.h"
#include "tests/temp_folder.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

namespace fs = std::filesystem;

/// A machine of its own in a folder.
class FakeMachine {
 public:
  [[nodiscard]] Machine machine() const { return {folder_.path() + "/root", folder_.path() + "/data"}; }

  void add_nvidia(const std::string& bus, const std::string& model) const {
    static_cast<void>(
        folder_.file("root/proc/driver/nvidia/gpus/" + bus + "/information",
                     "Model: \t\t " + model + "\nIRQ:   \t\t 42\nGPU UUID: \t GPU-0\nBus Location: \t " + bus + "\n"));
  }
  void add_amd(const std::string& card, const std::string& product) const {
    static_cast<void>(folder_.file("root/sys/class/drm/" + card + "/device/product_name", product));
  }
  /// A measured profile, written `age` before now.
  [[nodiscard]] std::string add_profile(const std::string& name, std::chrono::hours age) const {
    std::string path =
        folder_.file("data/gable/hw/" + name + ".yaml", replaced(kTinyHardware, "name: tiny", "name: " + name));
    fs::last_write_time(path, fs::file_time_type::clock::now() - age);
    return path;
  }
  [[nodiscard]] std::string file(const std::string& name, std::string_view text) const {
    return folder_.file(name, text);
  }
  [[nodiscard]] HardwareChoice choose(const std::string& wanted = "") const {
    return choose_hardware(wanted, machine());
  }

 private:
  TempFolder folder_;
};

TEST_CASE("hardware choice: nothing here, so the reference device") {
  const FakeMachine bare;
  const HardwareChoice choice = bare.choose();
  CHECK(choice.hw.name == "a100-pcie-40");
  CHECK(choice.reason == "reference device: no GPU and no measured profile here");
  CHECK(gpu_names(bare.machine()).empty());
  CHECK(choose_hardware("", {bare.machine().root, ""}).hw.name == "a100-pcie-40");
}

TEST_CASE("hardware choice: the GPU that a driver names") {
  struct Row {
    std::string product;
    std::string name;
  };
  for (const Row& row :
       {Row{"NVIDIA A100-SXM4-80GB", "a100-sxm-80"}, Row{"NVIDIA GeForce RTX 4090 D", "rtx-4090d"},
        Row{"NVIDIA GeForce RTX 4090", "rtx-4090"}, Row{"Tesla T4", "t4"}, Row{"NVIDIA H200", "h200"}}) {
    CAPTURE(row.product);
    const FakeMachine machine;
    machine.add_nvidia("0000:01:00.0", row.product);
    const HardwareChoice choice = machine.choose();
    CHECK(choice.hw.name == row.name);
    CHECK(choice.reason == "datasheet of the GPU found here, " + row.product);
  }
  const FakeMachine amd;
  amd.add_amd("card0", "AMD Instinct MI300X\n");
  CHECK(amd.choose().hw.name == "mi300x");
  CHECK(amd.choose().reason == "datasheet of the GPU found here, AMD Instinct MI300X");
}

TEST_CASE("hardware choice: a GPU that no datasheet names") {
  const FakeMachine machine;
  machine.add_nvidia("0000:01:00.0", "NVIDIA GeForce GT 710");
  CHECK(machine.choose().hw.name == "a100-pcie-40");
  CHECK(machine.choose().reason == "reference device: no datasheet of the GPU found here, NVIDIA GeForce GT 710");
  machine.add_nvidia("0000:02:00.0", "NVIDIA L4");  // one of two is known
  CHECK(machine.choose().hw.name == "l4");
  CHECK(gpu_names(machine.machine()) == std::vector<std::string>{"NVIDIA GeForce GT 710", "NVIDIA L4"});
}

TEST_CASE("hardware choice: a part of a product's name is not the product") {
  // Each text occurs in some spec, but is no name of a product.
  for (const std::string product : {"NVIDIA", "NVIDIA A", "GeForce", "TFLOP/s"}) {
    CAPTURE(product);
    const FakeMachine machine;
    machine.add_nvidia("0000:01:00.0", product);
    CHECK(machine.choose().reason == "reference device: no datasheet of the GPU found here, " + product);
  }
}

TEST_CASE("hardware choice: driver files that say nothing") {
  const FakeMachine machine;
  static_cast<void>(machine.file("root/proc/driver/nvidia/gpus/0000:01:00.0/information", ""));
  static_cast<void>(machine.file("root/proc/driver/nvidia/gpus/0000:02:00.0/information", "Model:\n"));
  static_cast<void>(machine.file("root/proc/driver/nvidia/gpus/0000:03:00.0/other", "x"));
  machine.add_amd("card0", "\n");
  static_cast<void>(machine.file("root/sys/class/drm/version", "drm 1.1.0 20060810\n"));
  CHECK(gpu_names(machine.machine()).empty());
  CHECK(machine.choose().reason == "reference device: no GPU and no measured profile here");
}

TEST_CASE("hardware choice: a measured profile, the newest of them") {
  const FakeMachine machine;
  machine.add_nvidia("0000:01:00.0", "NVIDIA H200");
  static_cast<void>(machine.add_profile("older", std::chrono::hours(2)));
  CHECK(machine.choose().hw.name == "older");
  CHECK(machine.choose().reason == "measured profile of this machine");
  const std::string newer = machine.add_profile("newer", std::chrono::hours(1));
  static_cast<void>(machine.add_profile("oldest", std::chrono::hours(3)));
  static_cast<void>(machine.file("data/gable/hw/notes.txt", "no profile"));
  CHECK(machine.choose().hw.name == "newer");
  CHECK(machine.choose("measured").hw.name == "newer");
  fs::last_write_time(newer, fs::file_time_type::clock::now() - std::chrono::hours(4));
  CHECK(machine.choose().hw.name == "older");
}

TEST_CASE("hardware choice: a profile that is damaged is an error, not skipped") {
  const FakeMachine machine;
  const std::string path = machine.file("data/gable/hw/broken.yaml", "name: broken\n");
  CHECK(input_error([&] { return machine.choose(); }) == path + ":1:1: a hardware spec has no 'title:'");
}

TEST_CASE("hardware choice: --hw measured without a profile") {
  const FakeMachine machine;
  const std::string text = "--hw measured: no measured profile in " + machine.machine().data_home +
                           "/gable/hw; a device can be named instead";
  CHECK_THROWS_WITH_AS(static_cast<void>(machine.choose("measured")), text.c_str(), CapabilityError);
}

TEST_CASE("hardware choice: --hw wins over all") {
  const FakeMachine machine;
  machine.add_nvidia("0000:01:00.0", "NVIDIA H200");
  static_cast<void>(machine.add_profile("profile", std::chrono::hours(1)));
  CHECK(machine.choose("t4").hw.name == "t4");
  CHECK(machine.choose("t4").reason == "named by --hw");
  const std::string path = machine.file("mine.yaml", kTinyHardware);
  CHECK(machine.choose(path).hw.name == "tiny");
  CHECK(machine.choose(path).reason == "named by --hw");
  CHECK(input_error([&] { return machine.choose("h20O"); }) == "--hw: no hardware 'h20O', did you mean 'h20'?");
}

}  // namespace
}  // namespace gable
