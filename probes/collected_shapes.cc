#include "probes/collected_shapes.h"

#include <fmt/format.h>

#include "analyzer/measured/statistics.h"

namespace gable {

void CollectedShapes::add(const Shape& shape, std::span<const double> seconds) {
  const Summary summary = summarize(seconds);
  if (!(summary.median > 0)) return;
  ++count_;
  if (shapes_ == nullptr) return;
  const ShapeKindRow& kind = row(shape.kind);
  const auto dims = std::span(shape.dims).first(kind.dims.size());
  shapes_->push_back({std::string(kind.name),
                      std::string(row(shape.dtype).name),
                      {dims.begin(), dims.end()},
                      summary.median,
                      summary.spread(),
                      static_cast<std::int64_t>(summary.n)});
}

void CollectedShapes::wrong(std::string why) {
  ++wrong_;
  if (why_.empty()) why_ = std::move(why);
}

Figure CollectedShapes::figure(std::string_view probe, std::size_t of) const {
  Figure figure;
  figure.probe = probe;
  figure.config = fmt::format("{} of {} sizes", count_, of);
  if (wrong_ > 0) figure.config += fmt::format("; {} left out: {}", wrong_, why_);
  figure.value = figure.best = static_cast<double>(count_);
  figure.samples = count_;
  if (count_ == 0) figure.refused = why_.empty() ? "no time for a first size" : why_;
  return figure;
}

}  // namespace gable
