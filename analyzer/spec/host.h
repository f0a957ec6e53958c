// The CPU side of a GPU program: what it takes to launch a kernel. hwspecs/hosts/*.yaml, docs/hardware.md.
#pragma once

#include <string>

#include "analyzer/spec/hardware.h"

namespace gable {

struct Host {
  std::string name;
  std::string title;
  Quantity forward;    ///< CPU time a kernel of the forward pass takes to dispatch
  Quantity backward;   ///< the same of the backward pass
  Quantity optimizer;  ///< and of the optimizer
  Quantity latency;    ///< from the end of dispatch to the start of the kernel
};

/// @throws InputError with the place
Host read_host(const YamlNode& root);

}  // namespace gable
