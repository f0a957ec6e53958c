// Every shipped model and device, loaded once.
#pragma once

#include <string>
#include <vector>

#include "analyzer/spec/library.h"

namespace gable {

inline const std::vector<Model>& models() {
  static const std::vector<Model> kAll = [] {
    std::vector<Model> all;
    for (const std::string& name : list_specs(SpecKind::kModel)) all.push_back(load_model(name));
    return all;
  }();
  return kAll;
}

inline const std::vector<Hardware>& devices() {
  static const std::vector<Hardware> kAll = [] {
    std::vector<Hardware> all;
    for (const std::string& name : list_specs(SpecKind::kHardware)) all.push_back(load_hardware(name));
    return all;
  }();
  return kAll;
}

}  // namespace gable
