// Timed kernels on their way into a profile.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "analyzer/ops/shape.h"
#include "probes/probe.h"

namespace gable {

/// Counts what was timed, and says why something was not.
class CollectedShapes {
 public:
  explicit CollectedShapes(const ProbeContext& context) : shapes_(context.shapes) {}

  /// Nothing for no samples, or times of 0.
  void add(const Shape& shape, std::span<const double> seconds);
  void wrong(std::string why);

  [[nodiscard]] Figure figure(std::string_view probe, std::size_t of) const;

 private:
  std::vector<ShapeTiming>* shapes_;
  std::int64_t count_ = 0;
  std::int64_t wrong_ = 0;
  std::string why_;
};

}  // namespace gable
