// What the rows of the runner's op table build with.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "probes/runner/program.h"

namespace gable {

/// An activation with its gradient.
struct Activation {
  Buffer data;
  Buffer gradient;
  std::set<std::int64_t> written;  ///< first elements of the pieces of the gradient that hold one
  bool borrowed = false;           ///< the gradient is another slot's as well: it is neither added to nor free again
  bool recycled = false;           ///< its memory is free again
  bool constant = false;           ///< the model's input, a cache: nobody wants its gradient
};

/// Elements [first, first + n) of a slot.
struct Piece {
  std::size_t slot = 0;
  std::int64_t first = 0;
  std::int64_t n = 0;
};

struct Parameter {
  Buffer value, gradient, first, second;  ///< moments where the optimizer keeps them
};

/// One execution of an op.
struct Node {
  std::size_t op = 0;
  std::int64_t instance = 0;
  std::vector<Piece> inputs;  ///< as asked for, operands in order
  Piece out;
  std::vector<std::size_t> parameters;
  std::vector<Buffer> kept;  ///< statistics, masks, indices, for the backward pass
};

class Builder {
 public:
  Builder(const Analysis& analysis, Engine& engine, std::uint64_t seed);

  Program take();

  // What the rows of the table ask of a node.

  /// A field of the op.
  [[nodiscard]] std::int64_t field(const Node& node, std::string_view name) const;
  /// The n elements that operand k is.
  Buffer input(Node& node, std::size_t k, std::int64_t n);
  [[nodiscard]] std::string_view kind(const Node& node) const;
  [[nodiscard]] std::string_view form(const Node& node) const;  ///< as the model writes it: "average" of a pool
  [[nodiscard]] std::size_t operands(const Node& node) const;
  /// Whether another op has the same weights.
  [[nodiscard]] bool shares_parameters(const Node& node) const;
  [[nodiscard]] bool has_input(const Node& node, std::size_t k) const;
  [[nodiscard]] Buffer output(const Node& node) const;
  /// Parameter k, made where it is first asked for; tied ops get their owner's.
  Parameter& parameter(Node& node, std::size_t k, std::int64_t n, const Fill& fill);
  /// A buffer that the node keeps for its backward pass, filled once.
  Buffer keep(Node& node, std::int64_t n, const Fill& fill);
  Buffer keep_bytes(Node& node, std::int64_t bytes, const Fill& fill);
  /// The same of an activation's dtype, written by the node's own tasks.
  Buffer keep_activation(Node& node, std::int64_t n);
  /// A table that the model brings with it; the same in the backward pass.
  Buffer constant(Node& node, std::int64_t n);
  /// Space for the tasks of this node's pass alone.
  Buffer node_scratch(std::int64_t n);
  /// Space that only the next task uses.
  Buffer scratch(std::int64_t n);

  [[nodiscard]] bool training() const { return training_; }
  [[nodiscard]] bool evaluates() const { return analysis_.options.cost.mode == Mode::kEval; }

  /// Adds a task of the node.
  template <typename Call>
  void run(const Node& node, Pass pass, const Call& call) {
    add(node.op, pass, engine_.prepare(call));
  }

  /// The gradient of what the node wrote; random where nobody handed one back.
  Buffer output_gradient(const Node& node);
  /// Calls write(buffer) with where the gradient of operand k goes; where one is there already, both are added.
  template <typename Write>
  void input_gradient(const Node& node, std::size_t k, Write write) {
    if (k >= node.inputs.size() || slots_[node.inputs[k].slot].constant) return;
    const Buffer fresh = gradient_place(node.inputs[k]);
    write(fresh);
    finish_gradient(node, node.inputs[k], fresh);
  }

  /// The same where the kernel that computes it has other work to do as well: into space of its own where nobody wants
  /// it.
  template <typename Write>
  void input_gradient_anyway(const Node& node, std::size_t k, Write write) {
    if (slots_[node.inputs.at(k).slot].constant) return write(scratch(node.inputs[k].n));
    input_gradient(node, k, write);
  }
  /// Hands the gradient of what the node wrote on to operand k, as it is: no kernel where nobody handed one before.
  void share_gradient(const Node& node, std::size_t k);

 private:
  void add(std::size_t op, Pass pass, Task task);
  void walk(std::size_t begin, std::size_t end, int group);
  void run_group(std::size_t begin, std::size_t end, int group, std::int64_t repeat);
  void forward(std::size_t op);
  void backward();
  void update();
  void update_all(std::size_t op, UpdateFn fn);
  [[nodiscard]] bool inside(std::size_t op, int group) const;
  [[nodiscard]] std::optional<Piece> resolve(const TensorRef& ref) const;
  [[nodiscard]] Piece piece_of(const Node& node, std::size_t k, const Piece& whole, std::int64_t n) const;
  std::size_t new_slot(std::int64_t n, bool constant);
  Buffer gradient_place(const Piece& piece);
  void finish_gradient(const Node& node, const Piece& piece, const Buffer& fresh);
  /// From what is free again, else fresh. For what a task of every step writes before another reads it.
  Buffer allocate(std::int64_t n);
  Buffer fresh(std::int64_t n, Dtype dtype);
  void recycle(const Buffer& buffer);

  const Analysis& analysis_;
  Engine& engine_;
  Program program_;
  bool training_;
  bool before_ = false;  ///< tasks are run once, not in every step
  std::uint64_t seed_;
  std::vector<Activation> slots_;
  std::deque<Parameter> parameters_;  ///< rows of the table hold references
  std::vector<Node> nodes_;
  std::map<std::size_t, Piece> latest_;            ///< output of an op's last pass
  std::map<std::size_t, Piece> entered_;           ///< what entered a group
  std::map<std::size_t, std::size_t> first_node_;  ///< of each op
  std::multimap<std::int64_t, Buffer> free_;
  std::vector<Buffer> until_node_ends_;
  Buffer norm_;  ///< of all gradients
};

/// How an op runs: one row a kind.
struct RunnerRow {
  std::string_view kind;
  void (*forward)(Builder& builder, Node& node);   ///< null: its output is its input, nothing runs
  void (*backward)(Builder& builder, Node& node);  ///< null: the gradient passes through
};

/// Null for a kind that is not run.
const RunnerRow* find_runner(std::string_view kind);

}  // namespace gable
