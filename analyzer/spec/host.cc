#include "analyzer/spec/host.h"

#include "analyzer/spec/field_reader.h"
#include "analyzer/spec/quantity_reader.h"

namespace gable {

Host read_host(const YamlNode& root) {
  constexpr std::array<std::string_view, 4> kKeys = {"name", "title", "dispatch", "latency"};
  constexpr std::array<std::string_view, 3> kPasses = {"forward", "backward", "optimizer"};
  // A source would need the list of sources that devices have; these constants are measured or estimated.
  constexpr std::array<std::string_view, 5> kTimeKeys = {"value", "derived", "estimate", "measured", "note"};
  check_keys(root, "a host spec", kKeys);
  Host host;
  host.name = read_name(require(root, "name", "a host spec"), "the host's name");
  host.title = read_text(require(root, "title", "a host spec"), "title");
  const YamlNode& dispatch = require(root, "dispatch", "a host spec");
  check_keys(dispatch, "dispatch", kPasses);
  const auto time = [&](std::string_view pass) {
    return read_quantity(require(dispatch, pass, "dispatch"), Unit::kSeconds, "dispatch." + std::string(pass),
                         kTimeKeys);
  };
  host.forward = time("forward");
  host.backward = time("backward");
  host.optimizer = time("optimizer");
  host.latency = read_quantity(require(root, "latency", "a host spec"), Unit::kSeconds, "latency", kTimeKeys);
  return host;
}

}  // namespace gable
