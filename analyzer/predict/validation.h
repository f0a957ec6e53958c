// Predicted against measured, on rows that no constant saw.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/predict/model_prediction.h"

namespace gable {

struct ValidationOptions {
  std::size_t probes = 0;   ///< rows drawn for the fit; 0: the datasheet alone, unless `folds`
  std::size_t draws = 1;    ///< fits, with seeds 1, 2, ...
  std::size_t folds = 0;    ///< instead: each fold is predicted from the others
  std::string probe_split;  ///< rows that may be drawn; "": those tested, without those drawn
  std::string test_split;   ///< rows that are predicted; "": all
  bool unseen = false;      ///< instead: each device is predicted with the constants of the others
  double coverage = 0.9;
};

/// A row with what was predicted of it; of several draws, one each.
struct Checked {
  std::size_t row = 0;
  double measured_s = 0;
  Prediction predicted;

  [[nodiscard]] double error() const { return predicted.time_s / measured_s - 1; }
  [[nodiscard]] bool is_covered() const { return predicted.low_s <= measured_s && measured_s <= predicted.high_s; }
};

inline constexpr std::size_t kQuarters = 4;

/// Of shares: 0.07 is 7 %.
struct Accuracy {
  std::size_t rows = 0;
  double mape = 0;    ///< mean |predicted / measured - 1|
  double median = 0;  ///< of the same
  double p90 = 0;
  double bias = 0;  ///< mean of predicted / measured - 1
  double coverage = 0;
};
Accuracy accuracy_of(std::span<const Checked> checked);

struct SizeClass {
  double mape = 0;
  double coverage = 0;
};

/// Rows of one device, library, kind and dtype: what one fit is made of.
struct ValidatedGroup {
  std::string hardware;  ///< name of its spec
  std::string device;
  std::string library;
  ShapeKind kind = ShapeKind::kGemm;
  Dtype dtype = Dtype::kFp32;
  std::size_t fits = 0;
  std::size_t probes = 0;                    ///< rows of a fit
  Accuracy accuracy;                         ///< the mean over the fits of each figure
  std::array<SizeClass, kQuarters> sizes{};  ///< quarters of the rows in the order of their work
  std::vector<Checked> checked;
};

struct Validation {
  std::vector<Timing> rows;
  std::vector<Refused> refused;
  std::vector<ValidatedGroup> groups;
};

/// The device that rows of a product are of. @throws InputError if none is known
using HardwareOf = std::function<Hardware(const Timing& row)>;

/// @throws InputError: no row is left to predict; what `hardware` throws
Validation validate(std::vector<Timing> rows, const HardwareOf& hardware, const ValidationOptions& options);

/// A whole model, predicted and measured.
struct CheckedCase {
  std::string name;
  std::string device;
  double measured_s = 0;
  double predicted_s = 0;
  double low_s = 0;
  double high_s = 0;
  double roofline_s = 0;  ///< of the datasheet

  [[nodiscard]] double error() const { return predicted_s / measured_s - 1; }
};

/// Shapes of all kernels of the analyses: what a fit for them must not have seen.
std::vector<Shape> shapes_of(std::span<const Analysis> analyses);

/// `rows` without those of a shape in `left_out`; of each kind and dtype at most `most`, spread over their dims.
std::vector<Timing> rows_for_fit(std::span<const Timing> rows, std::span<const Shape> left_out, std::size_t most);

/// The passes of one case, one after the other.
CheckedCase check_case(const Predictor& predictor, std::span<const Analysis> passes, double measured_s,
                       double coverage);

}  // namespace gable
