// A model: named dims, parts, blocks with repeats, ops. Plain data, compiled once, costed many times.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/dtype_choice.h"
#include "analyzer/ops/op_table.h"
#include "analyzer/spec/expr.h"

namespace gable {

/// A named integer: a dim of the model, or a parameter or dim of a block (one slot for each use of the block).
struct Slot {
  std::string name;
  std::string scope;  ///< path of the block it belongs to; "" for dims of the model
  std::string doc;
  Expr value;
  std::optional<Expr> most;  ///< largest allowed value
  std::int64_t least = 1;
};

/// An activation, by where it comes from.
struct TensorRef {
  enum class From : std::uint8_t {
    kNowhere,  ///< the model's input: token ids, images
    kOp,       ///< the output of an op
    kGroup,    ///< what enters a block: from outside in its first pass, from its own last op in the later ones
  };
  From from = From::kNowhere;
  std::size_t index = 0;  ///< into Model::ops or Model::groups

  friend bool operator==(const TensorRef&, const TensorRef&) = default;
};

/// A use of a block: its ops run `repeat` times in a row.
struct Group {
  int parent = -1;  ///< index of the enclosing group
  std::string name;
  std::string path;  ///< "h" or "outer/inner"
  Expr repeat;
  TensorRef input;         ///< what enters the first pass
  std::size_t output = 0;  ///< index of the op whose output leaves the block
};

/// One field of an op: an expression, or the value of an earlier field of the same op.
struct FieldValue {
  Expr expr;
  std::optional<std::size_t> same_as;
};

struct OpSpec {
  std::string name;
  std::string path;  ///< within the part: "h/attn_qkv"
  std::size_t part = 0;
  int group = -1;
  const OpKind* kind = nullptr;
  std::string form;  ///< "" as the framework's own kernel, else as modules write it: "custom", "masked_fill"
  std::vector<TensorRef> inputs;  ///< activations consumed, operands in order
  std::array<FieldValue, kMaxFields> fields;
  Expr count;  ///< instances with parameters of their own, run one after the other
  DtypeChoice dtype;
  std::optional<std::size_t> tied_to;  ///< index of the op whose weights it uses
  Where where;
};

struct Part {
  std::string name;
  std::string doc;
  bool optional = false;  ///< costed only where it is asked for
  bool loss = false;      ///< costed wherever there is a backward pass
  bool update = false;    ///< the optimizer, which is costed whatever parts are
};

/// Where an analysis made by hand differs. `text` may hold {what:path} fields that the report fills in.
struct Note {
  std::string text;
  Where where;
};

struct Model {
  std::string name;
  std::string title;
  std::string source;
  std::string recipe;  ///< the recipe to use unless --recipe says another; "" = ideal
  Dtypes dtypes;
  std::vector<Slot> slots;  ///< in order of evaluation; the first two are kActBits and kWeightBits, then the dims
  std::size_t dim_count = 0;
  std::vector<Part> parts;
  std::vector<Group> groups;
  std::vector<OpSpec> ops;
  std::vector<Note> notes;

  /// "top/h/attn_qkv"
  [[nodiscard]] std::string full_path(const OpSpec& op) const { return parts[op.part].name + "/" + op.path; }
};

/// Slots that hold the widths of the op at hand, for custom ops.
inline constexpr std::size_t kActBits = 0;
inline constexpr std::size_t kWeightBits = 1;
inline constexpr std::size_t kFirstDim = 2;

/// Index into Model::slots; nothing if the model has no such dim.
std::optional<std::size_t> find_dim(const Model& model, std::string_view name);

/// Overrides a dim with an expression over earlier dims.
/// @throws InputError naming the option: unknown dim, or not a valid expression
void set_dim(Model& model, std::string_view name, std::string_view value, std::string_view option = "--set");

/// Makes the model cost one decode step: T new positions become 1, `past` those before it. Where `past` is not given,
/// T was the whole context, the new position included; where both are given, T new positions are decoded at once.
/// @throws InputError naming --phase: no such dims
void set_decode(Model& model, bool past_given, bool tokens_given);

/// An op of the model, costed.
struct OpCost {
  OpArgs args;                  ///< fields
  Cost one;                     ///< one execution as its own kernel
  std::int64_t executions = 1;  ///< count x repeats of the blocks around it
  std::int64_t count = 1;       ///< of them, in one pass of its block
  Dtypes dtypes;
  Dtype compute = Dtype::kFp32;
  bool selected = true;  ///< its part is
  int loop = -1;         ///< innermost block around it that repeats; -1: none. Ops of one loop follow each other always
};

/// A model with its dims filled in.
struct CostedModel {
  std::vector<std::int64_t> values;   ///< of the slots
  std::vector<std::int64_t> repeats;  ///< of the groups, those around included
  std::vector<OpCost> ops;            ///< parallel to Model::ops
  Dtypes base;                        ///< of the model without autocast
};

struct CostOptions {
  DtypeChoice dtype;
  Mode mode = Mode::kEval;
  std::vector<std::string> parts;  ///< empty: all that are not optional; "all": all
  bool loss = false;               ///< the loss, too, whatever parts are
  std::optional<Dtype> amp = {};   ///< autocast: products in this dtype, norms and losses in FP32, the rest as it comes
};

/// Costs every op once; a repeated block is not expanded. `out` is reused: no allocation in a sweep.
/// @throws InputError: a dim or field out of range, an overflow, an unknown part
void cost_model(const Model& model, const CostOptions& options, CostedModel& out);

/// Whether each part is costed. @throws InputError for an unknown part
std::vector<bool> selected_parts(const Model& model, const CostOptions& options);

}  // namespace gable
