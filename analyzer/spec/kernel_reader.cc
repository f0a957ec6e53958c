#include "analyzer/spec/kernel_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "analyzer/base/text.h"
#include "analyzer/spec/field_reader.h"

namespace gable {
namespace {

const std::array<std::string_view, kTensorCount>& tensor_names() {
  static const auto kNames = [] {
    std::array<std::string_view, kTensorCount> names;
    for (std::size_t i = 0; i < kTensorCount; ++i) names.at(i) = tensor_name(static_cast<Tensor>(i));
    return names;
  }();
  return kNames;
}

constexpr std::array<std::string_view, 11> kStreamKeys = {
    "name", "kernel", "pass", "when", "launches", "flop", "matrix_flop", "recomputed", "read", "write", "sync"};
constexpr std::array<std::string_view, 7> kGemmKeys = {"m", "n", "k", "batch", "a", "b", "c"};

Tensor read_tensor(const YamlNode& node, std::string_view what) {
  const std::string& name = read_text(node, what);
  const auto& known = tensor_names();
  const auto* found = std::find(known.begin(), known.end(), name);
  if (found == known.end())
    throw InputError(node.where,
                     fmt::format("unknown operand {} in {}{}", in_quotes(name), what, suggestion(name, known)));
  return static_cast<Tensor>(found - known.begin());
}

/// What `kernel:` may name; `op` is the op itself.
struct ClassWord {
  std::string_view name;
  KernelClass kernel;
  bool as_op = false;
};
constexpr std::array<ClassWord, 9> kClasses = {{
    {"gemm", KernelClass::kGemm},
    {"conv", KernelClass::kConv},
    {"attention", KernelClass::kAttention},
    {"stream", KernelClass::kStream},
    {"reduce", KernelClass::kReduce},
    {"gather", KernelClass::kGather},
    {"copy", KernelClass::kCopy},
    {"memcpy", KernelClass::kMemcpy},
    {"op", KernelClass::kStream, true},
}};

const ClassWord& read_class(const YamlNode& node) {
  const std::string& name = read_text(node, "kernel");
  const auto* found =
      std::find_if(kClasses.begin(), kClasses.end(), [&](const ClassWord& c) { return c.name == name; });
  if (found != kClasses.end()) return *found;
  std::vector<std::string_view> known;
  for (const ClassWord& word : kClasses) known.push_back(word.name);
  throw InputError(node.where, fmt::format("unknown kernel {}{}", in_quotes(name), suggestion(name, known)));
}

Pass read_pass(const YamlNode& node, std::span<const Pass> passes) {
  const std::string& name = read_text(node, "pass");
  std::vector<std::string_view> known;
  for (const Pass pass : passes) {
    if (pass_name(pass) == name) return pass;
    known.push_back(pass_name(pass));
  }
  throw InputError(node.where, fmt::format("unknown pass {}{}", in_quotes(name), suggestion(name, known)));
}

/// A factor of a product: in parentheses unless it is a name or a number.
std::string as_factor(const Expr& value) {
  const bool plain = std::all_of(value.text().begin(), value.text().end(),
                                 [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; });
  return plain ? value.text() : fmt::format("({})", value.text());
}

/// m x k of `a` times k x n of `b`, `batch` times: bytes and FLOP follow from the shape.
void read_shape(const YamlNode& node, const RecipeNames& names, KernelSpec& spec) {
  if (const YamlNode* flop = node.find("matrix_flop"))
    throw InputError(flop->where, "the matrix_flop of a gemm follows from m, n and k");
  const auto side = [&](std::string_view key) { return names.compile(require(node, key, "a gemm"), key); };
  const auto tensor = [&](std::string_view key) {
    const YamlNode* given = node.find(key);
    return given == nullptr ? Tensor::kAct : read_tensor(*given, key);
  };
  const YamlNode* batch = node.find("batch");
  const GemmShape shape = {batch == nullptr ? Expr::constant(1) : names.compile(*batch, "batch"), side("m"), side("n"),
                           side("k")};
  const std::string batches = batch == nullptr ? "" : as_factor(shape.batch) + "*";
  const auto product = [&](const Expr& x, const Expr& y, const std::string& before = "") {
    return names.compile(before + batches + as_factor(x) + "*" + as_factor(y), node.where);
  };
  spec.matrix_flop = product(shape.m, shape.n, fmt::format("2*{}*", as_factor(shape.k)));
  spec.reads.push_back({tensor("a"), product(shape.m, shape.k)});
  spec.reads.push_back({tensor("b"), product(shape.k, shape.n)});
  spec.writes.push_back({tensor("c"), product(shape.m, shape.n)});
  spec.shape = shape;
}

std::vector<std::string_view> allowed_keys(const ClassWord& word) {
  std::vector<std::string_view> keys(kStreamKeys.begin(), kStreamKeys.end());
  if (word.kernel == KernelClass::kGemm) keys.insert(keys.end(), kGemmKeys.begin(), kGemmKeys.end());
  if (word.kernel == KernelClass::kCopy || word.kernel == KernelClass::kMemcpy) keys.push_back("n");
  return keys;
}

/// `{name: bmm, kernel: op}`
KernelSpec read_op_kernel(const YamlNode& node, std::span<const Pass> passes) {
  constexpr std::array<std::string_view, 3> kKeys = {"name", "kernel", "sync"};
  check_keys(node, "'kernel: op', the op as its row states it", kKeys);
  if (passes.front() != Pass::kForward)
    throw InputError(node.where, "'kernel: op' is the op as its row states it, which is a forward kernel");
  KernelSpec spec = kernel_as_op();
  if (const YamlNode* name = node.find("name")) spec.name = read_name(*name, "the kernel's name");
  if (const YamlNode* sync = node.find("sync")) spec.sync = read_flag(*sync, "sync");
  return spec;
}

void append(std::vector<Operand>& to, std::vector<Operand> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

RecipeNames RecipeNames::of_op(const OpKind& kind) {
  RecipeNames names;
  for (const Field& field : kind.fields) names.names_.emplace_back(field.name);
  names.names_.emplace_back(kTrainName);
  names.names_.emplace_back(kOperandsName);
  return names;
}

void RecipeNames::add(const YamlNode& key) {
  if (!is_dim_name(key.text) || is_reserved_name(key.text))
    throw InputError(key.where, fmt::format("{} is not a name for a number", in_quotes(key.text)));
  if (std::find(names_.begin(), names_.end(), key.text) != names_.end())
    throw InputError(key.where, fmt::format("name '{}' is taken by a field of the op or by the base", key.text));
  names_.push_back(key.text);
}

Expr RecipeNames::compile(const YamlNode& node, std::string_view what) const {
  return compile(read_text(node, what), node.where);
}

Expr RecipeNames::compile(const std::string& text, const Where& where) const {
  const std::vector<std::string_view> known(names_.begin(), names_.end());
  const auto resolve = [&](std::string_view name, const Where& place) -> std::optional<std::size_t> {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end())
      throw InputError(place, fmt::format("unknown name {}{}", in_quotes(name), suggestion(name, known)));
    return static_cast<std::size_t>(found - names_.begin());
  };
  return Expr::compile(text, where, resolve, known);
}

std::vector<Operand> read_operands(const YamlNode& node, const RecipeNames& names, std::string_view what) {
  std::vector<Operand> operands;
  for (const auto& [key, value] : read_entries(node, what))
    operands.push_back({read_tensor(key, what), names.compile(value, key.text)});
  return operands;
}

KernelSpec kernel_as_op() {
  KernelSpec spec;
  spec.name = "op";
  spec.as_op = true;
  spec.launches = Expr::constant(1);
  return spec;
}

KernelClass read_kernel_class(const YamlNode& node) { return read_class(node).kernel; }

KernelSpec read_kernel(const YamlNode& node, const RecipeNames& names, std::span<const Pass> passes) {
  if (node.kind != YamlNode::Kind::kMap)
    throw InputError(node.where, fmt::format("a kernel must be a map of keys and values, not {}", kind_name(node)));
  const ClassWord& word = read_class(require(node, "kernel", "a kernel"));
  if (word.as_op) return read_op_kernel(node, passes);
  check_keys(node, fmt::format("a {} kernel", word.name), allowed_keys(word));
  KernelSpec spec;
  spec.kernel = word.kernel;
  const YamlNode* name = node.find("name");
  spec.name = name == nullptr ? std::string(word.name) : read_name(*name, "the kernel's name");
  const YamlNode* pass = node.find("pass");
  spec.pass = pass == nullptr ? passes.front() : read_pass(*pass, passes);
  const auto optional = [&](std::string_view key, std::int64_t fallback) {
    const YamlNode* value = node.find(key);
    return value == nullptr ? Expr::constant(fallback) : names.compile(*value, key);
  };
  if (const YamlNode* when = node.find("when")) spec.when = names.compile(*when, "when");
  if (const YamlNode* sync = node.find("sync")) spec.sync = read_flag(*sync, "sync");
  spec.launches = optional("launches", 1);
  spec.vector_flop = optional("flop", 0);
  spec.matrix_flop = optional("matrix_flop", 0);
  spec.recomputed = optional("recomputed", 0);
  if (word.kernel == KernelClass::kGemm) {
    read_shape(node, names, spec);
  } else if (const YamlNode* n = node.find("n")) {
    spec.reads.push_back({Tensor::kAct, names.compile(*n, "n")});
    spec.writes.push_back({Tensor::kAct, names.compile(*n, "n")});
  }
  if (const YamlNode* read = node.find("read")) append(spec.reads, read_operands(*read, names, "read"));
  if (const YamlNode* write = node.find("write")) append(spec.writes, read_operands(*write, names, "write"));
  return spec;
}

std::vector<KernelSpec> read_kernels(const YamlNode& list, const RecipeNames& names, std::span<const Pass> passes) {
  if (list.kind != YamlNode::Kind::kSequence)
    throw InputError(list.where, fmt::format("kernels must be a list, not {}", kind_name(list)));
  std::vector<KernelSpec> kernels;
  for (const YamlNode& item : list.items) kernels.push_back(read_kernel(item, names, passes));
  return kernels;
}

}  // namespace gable
