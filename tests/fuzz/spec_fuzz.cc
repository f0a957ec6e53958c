// libFuzzer target for everything that reads what a user wrote: YAML, models, blocks, devices, recipes, expressions.
// The first byte picks the reader (m, b, h, r, e), the rest is its text. Nothing but InputError may come out.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/expr.h"
#include "analyzer/spec/hardware.h"
#include "analyzer/spec/model_reader.h"
#include "analyzer/spec/recipe_reader.h"
#include "analyzer/spec/yaml.h"

namespace gable {
namespace {

constexpr std::string_view kHardware = R"(
name: tiny
title: A device
kind: gpu
vendor: none
architecture: none
vector: {fp64: {value: 1 TFLOP/s, unverified: true}, fp32: {value: 2 TFLOP/s, unverified: true}}
matrix: {fp16: {value: 9 TFLOP/s, unverified: true}, int8: {value: 9 TOP/s, unverified: true}}
dram: {capacity: {value: 1 GB, unverified: true}, bandwidth: {value: 1 GB/s, unverified: true}}
l2: {capacity: {value: 1 MB, unverified: true}, bandwidth: {value: 9 GB/s, unverified: true}}
sm_count: {value: 1, unverified: true}
launch_latency: {value: 1 us, unverified: true}
)";

/// `small` is a leaf, `nest` uses itself, `twice` uses `small` two times; other names do not exist.
YamlNode block(const std::string& name, const Where& where) {
  if (name == "small")
    return parse_yaml("{name: small, params: [N], ops: [{op: gelu, n: N}, {op: linear, tokens: N, in: 2, out: 3}]}",
                      name);
  if (name == "nest") return parse_yaml("{name: nest, params: [N], ops: [{block: nest, repeat: 2}]}", name);
  if (name == "twice") {
    return parse_yaml(
        "{name: twice, params: [N], ops: [{name: a, block: small, repeat: N}, {name: b, block: small, repeat: 2*N}]}",
        name);
  }
  throw InputError(where, "no such block");
}

void run_model(std::string_view text) {
  static const Hardware hw = read_hardware(parse_yaml(kHardware, "tiny"));
  const Model model = read_model(parse_yaml(text, "model"), block);
  for (const Mode mode : {Mode::kEval, Mode::kTrain}) {
    for (const bool resident : {false, true}) {
      AnalysisOptions options;
      options.cost.mode = mode;
      options.cost.parts = {"all"};
      options.resident_l2 = resident;
      static_cast<void>(analyze(model, hw, options));
    }
  }
}

constexpr std::string_view kBase = R"(
name: base
doc: what others build on
ops: {softmax: {let: {n: rows*width}, backward: [{kernel: reduce, read: {act: 2*n}, write: {act: n}}]}}
fusions: {gate: {chain: [silu, mul]}}
optimizers: {adamw: {states: 2, kernels: [{kernel: stream, read: {weights: 4*params}}]}}
)";

/// `base` is a small recipe, other names do not exist.
Recipe base_recipe(const std::string& name, const Where& where) {
  if (name == "base") return read_recipe(parse_yaml(kBase, name), base_recipe);
  throw InputError(where, "no such recipe");
}

/// Reads a recipe and gives every expression of its ops a value: fields, `train`, `operands`, names
/// under `let:`.
void run_recipe(std::string_view text) {
  const Recipe recipe = read_recipe(parse_yaml(text, "recipe"), base_recipe);
  for (const auto& [key, op] : recipe.ops) {
    std::vector<std::int64_t> values(find_op(op.kind)->fields.size() + 2, 7);
    for (const Expr& let : op.lets) values.push_back(let.evaluate(values));
    for (const auto* kernels : {&op.forward, op.backward ? &*op.backward : nullptr}) {
      if (kernels == nullptr) continue;
      for (const KernelSpec& kernel : *kernels) {
        if (kernel.when) static_cast<void>(kernel.when->evaluate(values));
        static_cast<void>(kernel.launches.evaluate(values));
        static_cast<void>(kernel.matrix_flop.evaluate(values));
        static_cast<void>(kernel.vector_flop.evaluate(values));
        static_cast<void>(kernel.recomputed.evaluate(values));
        for (const Operand& operand : kernel.reads) static_cast<void>(operand.elements.evaluate(values));
      }
    }
    for (const SavedSpec& saved : op.saves) static_cast<void>(saved.tensor.elements.evaluate(values));
  }
}

void run_expression(std::string_view text) {
  constexpr std::array<std::string_view, 6> kNames = {"D", "H", "zero", "minus", "most", "least"};
  constexpr std::array<std::int64_t, 6> kValues = {768, 7, 0, -3, INT64_MAX, INT64_MIN};
  const auto resolve = [&](std::string_view name, const Where&) -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (kNames.at(i) == name) return i;
    }
    return std::nullopt;
  };
  static_cast<void>(Expr::compile(text, {}, resolve, kNames).evaluate(kValues));
}

void run(char reader, std::string_view text) {
  switch (reader) {
    case 'm':
      return run_model(text);
    case 'b':
      return check_block(parse_yaml(text, "block"), block);
    case 'h':
      return static_cast<void>(read_hardware(parse_yaml(text, "device")));
    case 'r':
      return run_recipe(text);
    default:
      return run_expression(text);
  }
}

}  // namespace
}  // namespace gable

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    gable::run(input.front(), input.substr(1));
  } catch (const gable::InputError&) {  // the one answer to bad input; anything else ends the program
  }
  return 0;
}
