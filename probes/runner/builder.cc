#include "probes/runner/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gable {

Builder::Builder(const Analysis& analysis, Engine& engine, std::uint64_t seed)
    : analysis_(analysis), engine_(engine), training_(has_backward(analysis.options.step.phase)), seed_(seed) {
  program_.notes.resize(analysis.model.ops.size());
}

Program Builder::take() {
  const Phase phase = analysis_.options.step.phase;
  before_ = !has_forward(phase);
  walk(0, analysis_.model.ops.size(), -1);
  before_ = false;
  if (training_) backward();
  if (has_optimizer(phase)) update();
  return std::move(program_);
}

void Builder::add(std::size_t op, Pass pass, Task task) {
  if (program_.notes[op].empty()) program_.notes[op] = engine_.last_choice();
  if (before_) {
    program_.before.push_back(std::move(task));
  } else {
    program_.tasks.push_back({op, pass, std::move(task)});
  }
}

bool Builder::inside(std::size_t op, int group) const {
  int g = analysis_.model.ops[op].group;
  while (g >= 0 && g != group) g = analysis_.model.groups[static_cast<std::size_t>(g)].parent;
  return g == group;
}

/// Ops [begin, end) lie in `group`; those of a group inside it follow each other.
void Builder::walk(std::size_t begin, std::size_t end, int group) {
  const Model& model = analysis_.model;
  for (std::size_t i = begin; i < end;) {
    if (model.ops[i].group == group) {
      forward(i++);
      continue;
    }
    int child = model.ops[i].group;
    while (model.groups[static_cast<std::size_t>(child)].parent != group)
      child = model.groups[static_cast<std::size_t>(child)].parent;
    std::size_t last = i;
    while (last < end && inside(last, child)) ++last;
    const auto& repeats = analysis_.costed.repeats;
    const std::int64_t around = group < 0 ? 1 : repeats[static_cast<std::size_t>(group)];
    run_group(i, last, child, repeats[static_cast<std::size_t>(child)] / std::max<std::int64_t>(1, around));
    i = last;
  }
}

void Builder::run_group(std::size_t begin, std::size_t end, int group, std::int64_t repeat) {
  const auto index = static_cast<std::size_t>(group);
  const Group& spec = analysis_.model.groups[index];
  for (std::int64_t pass = 0; pass < repeat; ++pass) {
    const std::optional<Piece> from = pass == 0 ? resolve(spec.input) : std::optional(latest_[spec.output]);
    if (from) {
      entered_[index] = *from;
    } else {
      entered_.erase(index);
    }
    const std::size_t first = slots_.size();
    walk(begin, end, group);
    if (training_) continue;
    // What no later pass reads is free again: all but the block's output.
    const auto output = latest_.find(spec.output);
    for (std::size_t slot = first; slot < slots_.size(); ++slot) {
      const bool kept = output != latest_.end() && slot == output->second.slot;
      if (kept || slots_[slot].recycled || slots_[slot].constant) continue;
      slots_[slot].recycled = true;
      recycle(slots_[slot].data);
    }
  }
}

std::optional<Piece> Builder::resolve(const TensorRef& ref) const {
  const auto& from = ref.from == TensorRef::From::kGroup ? entered_ : latest_;
  if (ref.from == TensorRef::From::kNowhere) return std::nullopt;
  const auto found = from.find(ref.index);
  return found == from.end() ? std::nullopt : std::optional(found->second);
}

void Builder::forward(std::size_t op) {
  const OpSpec& spec = analysis_.model.ops[op];
  const OpCost& cost = analysis_.costed.ops[op];
  if (!cost.selected || analysis_.plan.ops[op].update != nullptr) return;
  const RunnerRow* const row = find_runner(spec.kind->name);
  const std::int64_t each = std::max<std::int64_t>(1, cost.one.output.value());
  const std::optional<Piece> in = spec.inputs.empty() ? std::nullopt : resolve(spec.inputs.front());
  const bool passes = row == nullptr || row->forward == nullptr || cost.one.launches == Count(0);
  if (row == nullptr) {
    program_.skipped.push_back(
        {analysis_.model.full_path(spec), fmt::format("ops of kind {} are not run", spec.kind->name)});
  }
  if (passes && in) {
    latest_[op] = *in;
    return;
  }
  const Piece whole = {new_slot(each * cost.count, passes), 0, each * cost.count};
  for (std::int64_t instance = 0; instance < cost.count && !passes; ++instance) {
    Node node;
    node.op = op;
    node.instance = instance;
    node.out = {whole.slot, instance * each, each};
    const std::size_t index = nodes_.size();
    first_node_.try_emplace(op, index);
    try {
      row->forward(*this, node);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(fmt::format("{}: {}", analysis_.model.full_path(spec), error.what()));
    }
    nodes_.push_back(std::move(node));
    for (const Buffer& buffer : until_node_ends_) recycle(buffer);
    until_node_ends_.clear();
  }
  latest_[op] = whole;
}

void Builder::backward() {
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    const RunnerRow* const row = find_runner(analysis_.model.ops[node.op].kind->name);
    row->backward(*this, node);
    for (const Buffer& buffer : until_node_ends_) recycle(buffer);
    until_node_ends_.clear();
    Activation& slot = slots_[node.out.slot];
    if (node.instance == 0 && slot.gradient) {
      if (!slot.borrowed) recycle(slot.gradient);
      slot.gradient = {};
    }
  }
}

void Builder::update() {
  norm_ = fresh(1, Dtype::kFp32);
  for (std::size_t op = 0; op < analysis_.model.ops.size(); ++op) {
    if (analysis_.plan.ops[op].update == nullptr) continue;
    const std::string& name = analysis_.model.ops[op].name;
    if (name == "clip") {
      add(op, Pass::kOptimizer, engine_.prepare(UpdateCall{UpdateFn::kZero, {}, norm_, {}, {}, {}}));
      update_all(op, UpdateFn::kSquareSum);
      update_all(op, UpdateFn::kClipGradient);
    } else {
      update_all(op, name == "zero_grad"            ? UpdateFn::kZero
                     : name.starts_with("sgd")      ? UpdateFn::kSgd
                     : name.starts_with("momentum") ? UpdateFn::kMomentum
                                                    : UpdateFn::kAdamw);
    }
  }
}

void Builder::update_all(std::size_t op, UpdateFn fn) {
  for (Parameter& parameter : parameters_) {
    const std::int64_t n = parameter.value.n;
    const auto make = [&](Buffer& buffer, Fill fill) {
      if (buffer) return;
      buffer = fresh(n, parameter.value.dtype);
      fill.seed = seed_++;
      engine_.fill(buffer, fill);
    };
    make(parameter.gradient, {Fill::What::kUniform, 1e-3, 1, 0});
    if (fn == UpdateFn::kMomentum || fn == UpdateFn::kAdamw) make(parameter.first, {Fill::What::kZero, 0, 1, 0});
    if (fn == UpdateFn::kAdamw) make(parameter.second, {Fill::What::kZero, 0, 1, 0});
    const UpdateCall call = {fn, parameter.value, parameter.gradient, parameter.first, parameter.second, norm_};
    add(op, Pass::kOptimizer, engine_.prepare(call));
  }
}

std::int64_t Builder::field(const Node& node, std::string_view name) const {
  const auto index = find_field(*analysis_.model.ops[node.op].kind, name);
  return analysis_.costed.ops[node.op].args.values.at(index.value());
}

std::string_view Builder::kind(const Node& node) const { return analysis_.model.ops[node.op].kind->name; }

std::string_view Builder::form(const Node& node) const { return analysis_.model.ops[node.op].form; }

std::size_t Builder::operands(const Node& node) const {
  return std::max<std::size_t>(1, analysis_.model.ops[node.op].inputs.size());
}

bool Builder::shares_parameters(const Node& node) const {
  return analysis_.model.ops[node.op].tied_to || !analysis_.plan.ops[node.op].shared_by.empty();
}

bool Builder::has_input(const Node& node, std::size_t k) const {
  const auto& inputs = analysis_.model.ops[node.op].inputs;
  return k < inputs.size() && inputs[k].from != TensorRef::From::kNowhere;
}

Piece Builder::piece_of(const Node& node, std::size_t k, const Piece& whole, std::int64_t n) const {
  const TensorRef& ref = analysis_.model.ops[node.op].inputs[k];
  Piece piece = {whole.slot, whole.first, n};
  if (ref.from != TensorRef::From::kOp) return piece;
  const auto& consumers = analysis_.plan.op_consumers[ref.index];
  if (analysis_.model.ops[ref.index].kind->pieces) {
    const auto use = std::find_if(consumers.begin(), consumers.end(),
                                  [&](const Consumer& c) { return c.op == node.op && c.operand == k; });
    piece.first += (use - consumers.begin()) * (whole.n / static_cast<std::int64_t>(consumers.size()));
  } else if (analysis_.costed.ops[ref.index].count == analysis_.costed.ops[node.op].count) {
    piece.first += node.instance * (whole.n / analysis_.costed.ops[node.op].count);
  }
  return piece;
}

Buffer Builder::input(Node& node, std::size_t k, std::int64_t n) {
  // The backward pass reads what the forward pass of this node read, not what later passes of its block did.
  if (k < node.inputs.size() && node.inputs[k].n == n)
    return slots_[node.inputs[k].slot].data.piece(node.inputs[k].first, n);
  const auto& inputs = analysis_.model.ops[node.op].inputs;
  const std::optional<Piece> whole = k < inputs.size() ? resolve(inputs[k]) : std::nullopt;
  Piece piece = {0, 0, n};
  if (whole) piece = piece_of(node, k, *whole, n);
  // The model's input, a part that is not run, positions in a cache: values of their own.
  if (!whole || piece.first + n > whole->first + whole->n) piece = {new_slot(n, true), 0, n};
  if (node.inputs.size() <= k) node.inputs.resize(k + 1);
  node.inputs[k] = piece;
  return slots_[piece.slot].data.piece(piece.first, n);
}

Buffer Builder::output(const Node& node) const { return slots_[node.out.slot].data.piece(node.out.first, node.out.n); }

Parameter& Builder::parameter(Node& node, std::size_t k, std::int64_t n, const Fill& fill) {
  if (k < node.parameters.size()) return parameters_[node.parameters[k]];
  const auto owner = analysis_.model.ops[node.op].tied_to;
  const auto found = owner && k == 0 ? first_node_.find(*owner) : first_node_.end();
  if (found != first_node_.end() && !nodes_[found->second].parameters.empty()) {
    node.parameters.push_back(nodes_[found->second].parameters.front());
    return parameters_[node.parameters.back()];
  }
  Parameter parameter;
  parameter.value = fresh(n, analysis_.dtypes().weights);
  Fill seeded = fill;
  seeded.seed = seed_++;
  engine_.fill(parameter.value, seeded);
  if (training_) parameter.gradient = fresh(n, analysis_.dtypes().weights);
  node.parameters.push_back(parameters_.size());
  parameters_.push_back(std::move(parameter));
  return parameters_.back();
}

Buffer Builder::keep(Node& node, std::int64_t n, const Fill& fill) {
  Fill seeded = fill;
  seeded.seed = seed_++;
  node.kept.push_back(fresh(n, Dtype::kFp32));
  engine_.fill(node.kept.back(), seeded);
  return node.kept.back();
}

Buffer Builder::keep_bytes(Node& node, std::int64_t bytes, const Fill& fill) {
  Fill seeded = fill;
  seeded.seed = seed_++;
  node.kept.push_back(engine_.allocate_bytes(bytes));
  program_.held.push_back(node.kept.back());
  engine_.fill(node.kept.back(), seeded);
  return node.kept.back();
}

Buffer Builder::keep_activation(Node& node, std::int64_t n) {
  node.kept.push_back(allocate(n));
  if (!training_) until_node_ends_.push_back(node.kept.back());
  return node.kept.back();
}

Buffer Builder::constant(Node& node, std::int64_t n) {
  if (!node.kept.empty()) return node.kept.front();
  node.kept.push_back(fresh(n, analysis_.dtypes().act));
  engine_.fill(node.kept.front(), {Fill::What::kUniform, 1, 1, seed_++});
  return node.kept.front();
}

Buffer Builder::node_scratch(std::int64_t n) {
  until_node_ends_.push_back(allocate(n));
  return until_node_ends_.back();
}

Buffer Builder::scratch(std::int64_t n) {
  Buffer buffer = allocate(n);
  recycle(buffer);
  return buffer;
}

std::size_t Builder::new_slot(std::int64_t n, bool constant) {
  Activation slot;
  slot.data = constant ? fresh(n, analysis_.dtypes().act) : allocate(n);
  slot.constant = constant;
  if (constant) engine_.fill(slot.data, {Fill::What::kUniform, 1, 1, seed_++});
  slots_.push_back(std::move(slot));
  return slots_.size() - 1;
}

Buffer Builder::output_gradient(const Node& node) {
  Activation& slot = slots_[node.out.slot];
  if (!slot.gradient) {
    // Nobody hands one back: values that every step finds as they are, so no other task may write there.
    slot.gradient = fresh(slot.data.n, slot.data.dtype);
    slot.borrowed = true;
    engine_.fill(slot.gradient, {Fill::What::kUniform, 1e-3, 1, seed_++});
  }
  return slot.gradient.piece(node.out.first, node.out.n);
}

/// The place itself for the first gradient, space beside it for the others.
Buffer Builder::gradient_place(const Piece& piece) {
  Activation& slot = slots_[piece.slot];
  if (!slot.gradient) slot.gradient = allocate(slot.data.n);
  if (slot.written.contains(piece.first)) return allocate(piece.n);
  return slot.gradient.piece(piece.first, piece.n);
}

void Builder::finish_gradient(const Node& node, const Piece& piece, const Buffer& fresh) {
  Activation& slot = slots_[piece.slot];
  if (slot.written.insert(piece.first).second) return;
  const Buffer there = slot.gradient.piece(piece.first, piece.n);
  if (slot.borrowed) {
    slot.gradient = allocate(slot.data.n);
    slot.borrowed = false;
  }
  const Buffer sum = slot.gradient.piece(piece.first, piece.n);
  run(node, Pass::kDgrad, MapCall{MapFn::kAdd, there, fresh, sum, 1});
  recycle(fresh);
}

void Builder::share_gradient(const Node& node, std::size_t k) {
  if (k >= node.inputs.size() || slots_[node.inputs[k].slot].constant) return;
  const Piece& piece = node.inputs[k];
  const Buffer gradient = output_gradient(node);
  Activation& slot = slots_[piece.slot];
  Activation& from = slots_[node.out.slot];
  const bool whole = piece.n == slot.data.n && node.out.n == from.data.n;
  if (whole && slot.written.empty() && !slot.gradient) {
    slot.gradient = gradient;
    slot.written.insert(piece.first);
    slot.borrowed = true;
    from.borrowed = true;
  } else if (whole && !slot.written.empty()) {
    const Buffer there = slot.gradient;
    if (slot.borrowed) slot.gradient = allocate(slot.data.n);
    slot.borrowed = false;
    run(node, Pass::kDgrad, MapCall{MapFn::kAdd, there, gradient, slot.gradient, 1});
  } else {
    input_gradient(node, k, [&](const Buffer& dx) {
      run(node, Pass::kDgrad, MapCall{MapFn::kCopy, gradient, {}, dx, 1});
    });
  }
}

Buffer Builder::allocate(std::int64_t n) {
  const auto found = free_.find(n);
  if (found != free_.end()) {
    Buffer buffer = found->second;
    free_.erase(found);
    return buffer;
  }
  return fresh(n, analysis_.dtypes().act);
}

Buffer Builder::fresh(std::int64_t n, Dtype dtype) {
  program_.held.push_back(engine_.allocate(n, dtype));
  return program_.held.back();
}

void Builder::recycle(const Buffer& buffer) { free_.emplace(buffer.n, buffer); }

Program build_program(const Analysis& analysis, Engine& engine, std::uint64_t seed) {
  return Builder(analysis, engine, seed).take();
}

}  // namespace gable
