#include "analyzer/predict/unseen.h"

#include <cmath>

#include "analyzer/predict/calibration.h"
#include "analyzer/predict/draw.h"

namespace gable {
namespace {

constexpr std::size_t kProbes = 150;  // of each device
constexpr double kDeviceWeight = 0.5;

}  // namespace

std::vector<double> pooled_constants(const TimeModel& model, std::span<const OtherDevice> others) {
  std::vector<double> logs;
  for (const ConstantRow& constant : model.constants) logs.push_back(std::log(constant.prior));
  double weight = 1;
  for (const OtherDevice& other : others) {
    std::vector<Timing> probes;
    for (const std::size_t i : draw_probes(other.rows, kProbes, 1)) probes.push_back(other.rows[i]);
    const Calibration fitted(model, other.facts, std::move(probes));
    for (std::size_t i = 0; i < logs.size(); ++i) logs[i] += kDeviceWeight * other.share * std::log(fitted.values()[i]);
    weight += kDeviceWeight * other.share;
  }
  std::vector<double> pooled;
  for (const double log : logs) pooled.push_back(std::exp(log / weight));
  return pooled;
}

}  // namespace gable
