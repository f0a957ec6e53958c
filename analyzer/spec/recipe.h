// A recipe: how a framework executes the ops of a model, as lists of kernels. models/recipes/*.yaml, docs/recipes.md.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/ops/op_table.h"
#include "analyzer/spec/expr.h"

namespace gable {

/// When in a training step a kernel runs.
enum class Pass : std::uint8_t { kForward, kRecompute, kDgrad, kWgrad, kOptimizer };
inline constexpr std::size_t kPassCount = 5;
std::string_view pass_name(Pass pass);

/// What an operand is; it decides the width of its elements.
enum class Tensor : std::uint8_t { kAct, kWeights, kKv, kAccum, kIndex, kByte };
inline constexpr std::size_t kTensorCount = 6;
/// "act", "weights", ... as recipes spell them
std::string_view tensor_name(Tensor tensor);
/// Bytes of n elements. Indices have 8 bytes, masks one.
Count operand_bytes(Tensor tensor, Count n, const Dtypes& dtypes);

struct Operand {
  Tensor tensor = Tensor::kAct;
  Expr elements;
};

/// `batch` products of m x k by k x n.
struct GemmShape {
  Expr batch;
  Expr m;
  Expr n;
  Expr k;
};

/// A kernel that a recipe launches. Expressions are over the op's fields, kTrainName, kOperandsName and the names under
/// `let:`.
struct KernelSpec {
  std::string name;
  KernelClass kernel = KernelClass::kStream;
  bool as_op = false;  ///< the op's own cost, as its row states it
  bool sync = false;   ///< the CPU waits until it has run
  Pass pass = Pass::kForward;
  std::optional<Expr> when;        ///< launched where it is not 0
  Expr launches;                   ///< FLOP and bytes are those of all launches together
  std::optional<GemmShape> shape;  ///< of a gemm
  Expr matrix_flop;
  Expr vector_flop;
  Expr recomputed;  ///< of matrix_flop: forward work done again
  std::vector<Operand> reads;
  std::vector<Operand> writes;
};

/// A tensor that autograd keeps until the op's backward pass.
struct SavedSpec {
  enum class Role : std::uint8_t {
    kInput,    ///< an activation the op consumes; shared with whoever else keeps it
    kOutput,   ///< the op's result
    kInside,   ///< a tensor of its own
    kWeights,  ///< a copy of its weights in another dtype
    kSide,     ///< row statistics, index tensors and constant masks: reported in a row of their own
  };
  std::string name;
  Role role = Role::kInside;
  std::size_t input = 0;  ///< which operand, for kInput
  std::optional<Expr> when;
  Operand tensor;
};

/// How one kind of op (in one form) runs.
struct OpRecipe {
  std::string kind;
  std::string form;
  std::vector<Expr> lets;              ///< their values follow those of the fields and `train`
  std::vector<std::string> let_names;  ///< parallel to `lets`
  std::vector<KernelSpec> forward;
  std::optional<std::vector<KernelSpec>> backward;  ///< nothing: none is known; empty: no kernel runs
  std::vector<SavedSpec> saves;
};

/// One element of a chain: kinds that fit, and whether it may be absent.
struct ChainLink {
  std::vector<const OpKind*> kinds;
  bool optional = false;
};

/// A named way to merge kernels; exactly one of the members below `doc` says how.
struct FusionSpec {
  std::string name;
  std::string doc;
  std::vector<ChainLink> chain;               ///< ops of which each consumes the one before, run as one kernel
  std::vector<const OpKind*> siblings;        ///< products of one input, run as one product
  bool batched = false;                       ///< instances of an op (`count`) run as one batched kernel
  std::vector<const OpKind*> one_kernel;      ///< kinds whose forms run as the op's own kernel
  std::string optimizer;                      ///< an optimizer of the recipe
  KernelClass kernel = KernelClass::kStream;  ///< of a chain
  bool shared = false;                        ///< results inside a chain may be used elsewhere, too: they are written
  bool reads_output = false;                  ///< the backward kernel of a chain reads its result, too
};

/// An optimizer as kernels over all parameters; expressions are over `params` and `tensors`.
struct OptimizerSpec {
  std::string name;
  std::string doc;
  std::int64_t states = 0;       ///< elements kept a parameter
  Expr workspace;                ///< elements needed for the moment, over all parameters
  bool reads_found_inf = false;  ///< its kernels look themselves whether a gradient overflowed
  std::vector<KernelSpec> kernels;
};

struct Recipe {
  std::string name;
  std::string doc;
  std::string source;
  std::string base;                                  ///< as the file says it
  std::shared_ptr<const Recipe> builds_on;           ///< the base; null where there is none
  std::map<std::string, OpRecipe, std::less<>> ops;  ///< by "kind" or "kind.form", those of the base included
  /// The entries of the recipe at the bottom of the bases: what an op costs with nothing moved twice.
  std::shared_ptr<const std::map<std::string, OpRecipe, std::less<>>> bottom;
  std::map<std::string, FusionSpec, std::less<>> fusions;
  std::vector<std::string> fuse;  ///< of `fusions`, those in force
  std::map<std::string, OptimizerSpec, std::less<>> optimizers;
  std::map<std::string, std::string, std::less<>> optimizer_forms;  ///< "adamw" to "adamw-foreach"
  std::optional<KernelSpec> fan_in;      ///< adds the gradients of a tensor that is used twice; over `n` elements
  std::optional<KernelSpec> accumulate;  ///< adds a gradient to one that was kept; over `params` and `tensors`

  /// The form's own recipe, else the kind's; null if neither is there.
  [[nodiscard]] const OpRecipe* find(const OpKind& kind, std::string_view form) const;
  /// The optimizer called `name`, or the form of it that this recipe uses; null if there is none.
  [[nodiscard]] const OptimizerSpec* find_optimizer(std::string_view name) const;
};

inline constexpr std::string_view kIdealRecipe = "ideal";
/// The fusion that stands for attention: it finds causal products and what `--recompute attention` drops.
inline constexpr std::string_view kAttentionFusion = "flash_attention";
/// Entries of a recipe's optimizers that update nothing. Loss scaling runs the first two under FP16 autocast: gradients
/// divided by the scale and looked through for infinities; and what of them the CPU reads before an update that does
/// not read it on the device.
inline constexpr std::string_view kUnscale = "unscale";
inline constexpr std::string_view kFoundInf = "found_inf";
inline constexpr std::string_view kClip = "clip";
inline constexpr std::string_view kZeroGrad = "zero_grad";
/// The option that adds one of these four to a step: "--clip-grad"; "" for an update of the parameters.
std::string_view option_that_adds(std::string_view optimizer);
/// In expressions of op recipes: 1 in training, 0 in evaluation; and how many activations the op consumes (an addition
/// whose other operand is a constant mask consumes one).
inline constexpr std::string_view kTrainName = "train";
inline constexpr std::string_view kOperandsName = "operands";

}  // namespace gable
