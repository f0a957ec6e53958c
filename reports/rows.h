// The rows that every renderer shows: ops, blocks, kinds, parts and the model, with their shares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/measured/overlay.h"
#include "analyzer/roofline/analysis.h"

namespace gable {

enum class By : std::uint8_t { kOp, kBlock, kPart, kKind, kKernel, kPass };
/// @throws InputError naming --by
By parse_by(std::string_view text);
std::string_view by_name(By by);

enum class Level : std::uint8_t { kKernel, kOp, kBlock, kKind, kPass, kPart, kModel };
std::string_view level_name(Level level);

/// What a row was measured to take (measured_rows.h).
struct MeasuredCells {
  MeasuredTotals totals;
  double share_of_part = 0;  ///< of the measured time of ops
  double share_of_model = 0;
  double margin = 0;                   ///< of an op in a single pass: measured time over that of the nearest roof
  std::vector<std::string> diagnosis;  ///< of an op above its roofs, most likely first
};

struct ReportRow {
  Level level = Level::kOp;
  std::string part;   ///< "" for kinds and the model
  std::string name;   ///< path of the op or block, name of the kind, part or model
  std::string kind;   ///< op kind, or kernel class at level kernel; "" for sums
  std::string dtype;  ///< computed in; "" for sums
  std::string pass;   ///< forward, dgrad, ...; of a kernel
  std::int64_t executions = 1;
  Totals totals;
  bool near_ridge = false;        ///< of a single op
  double flop_share_of_part = 0;  ///< of matrix FLOP, 0 to 1
  double time_share_of_part = 0;
  double flop_share_of_model = 0;
  double time_share_of_model = 0;
  std::optional<MeasuredCells> measured = {};

  /// Nothing runs: dropout in evaluation.
  [[nodiscard]] bool idle() const { return totals.cost.launches + totals.cost.memcpys == Count(0); }
};

/// Whether the parts need telling apart: the model has several, and the loss is one only where it is costed.
bool has_parts(const Analysis& analysis);

ReportRow op_row(const Analysis& analysis, const OpRow& row);
ReportRow part_row(const Analysis& analysis, const PartRow& part);
ReportRow model_row(const Analysis& analysis);

/// The kernels an op runs as: none for an op that does nothing in this phase.
std::vector<ReportRow> kernel_rows(const Analysis& analysis, const OpRow& row);

/// The rows inside a part: its ops, the kernels of its ops, or its block instances ("h[0]", "h[1]") with the ops
/// outside blocks.
std::vector<ReportRow> rows_of_part(const Analysis& analysis, const PartRow& part, By by);

/// One row a kind of op, over all selected parts, in the order of the op table.
std::vector<ReportRow> kind_rows(const Analysis& analysis);

/// One row a pass (forward, dgrad, wgrad, ...), over all selected parts, in the order of a step.
std::vector<ReportRow> pass_rows(const Analysis& analysis);

/// Keeps the n rows with most time (measured, where it is), in their order; the rest is summed in a last row "(12
/// more)". n = 0 keeps all.
std::vector<ReportRow> top_rows(std::vector<ReportRow> rows, std::size_t n);

}  // namespace gable
