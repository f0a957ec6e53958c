// A host whose clock can be worked out by hand.
#pragma once

#include "analyzer/spec/host.h"

namespace gable {

/// The same dispatch time in every pass.
inline Host host_with(double dispatch_s, double latency_s) {
  Host host;
  host.name = "test";
  host.forward.value = dispatch_s;
  host.backward.value = dispatch_s;
  host.optimizer.value = dispatch_s;
  host.latency.value = latency_s;
  return host;
}

}  // namespace gable
