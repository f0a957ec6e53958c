#include "analyzer/cli/show_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/spec/library.h"

namespace gable {
namespace {

/// Columns before the text of a kernel: pass, name, class.
constexpr std::size_t kIndent = 43;

bool is_zero(const Expr& value) { return value.text() == "0"; }

/// "(n + table) act": a sum before its unit is in parentheses.
std::string with_unit(const Expr& value, std::string_view unit) {
  const bool sum = value.text().find_first_of("+-") != std::string::npos;
  return fmt::format("{} {}", sum ? "(" + value.text() + ")" : value.text(), unit);
}

std::string operands_text(std::span<const Operand> operands) {
  std::vector<std::string> parts;
  for (const Operand& operand : operands) parts.push_back(with_unit(operand.elements, tensor_name(operand.tensor)));
  return fmt::format("{}", fmt::join(parts, " + "));
}

/// "n act -> n act", "-> n act", "n act ->", or nothing.
std::string moves_text(std::span<const Operand> reads, std::span<const Operand> writes) {
  if (reads.empty() && writes.empty()) return "";
  return std::string(trim(fmt::format("{} -> {}", operands_text(reads), operands_text(writes))));
}

/// "m tokens, n out, k in, act * weights -> act"
std::string shape_text(const KernelSpec& kernel) {
  const GemmShape& shape = *kernel.shape;
  const std::string batch = shape.batch.text() == "1" ? "" : fmt::format(", batch {}", shape.batch.text());
  return fmt::format("m {}, n {}, k {}{}; {} * {} -> {}", shape.m.text(), shape.n.text(), shape.k.text(), batch,
                     tensor_name(kernel.reads[0].tensor), tensor_name(kernel.reads[1].tensor),
                     tensor_name(kernel.writes[0].tensor));
}

/// "2*n act + rows accum -> n act; n FLOP; if affine"
std::string kernel_text(const KernelSpec& kernel) {
  constexpr std::string_view kSync = "the CPU waits";
  if (kernel.as_op)
    return fmt::format("the op as its row states it{}{}", kernel.sync ? "; " : "", kernel.sync ? kSync : "");
  std::vector<std::string> parts;
  std::span<const Operand> reads = kernel.reads;
  std::span<const Operand> writes = kernel.writes;
  if (kernel.shape) {  // its operands and FLOP follow from it
    parts.push_back(shape_text(kernel));
    reads = reads.subspan(2);
    writes = writes.subspan(1);
  }
  if (const std::string moves = moves_text(reads, writes); !moves.empty()) parts.push_back(moves);
  if (!is_zero(kernel.matrix_flop) && !kernel.shape) parts.push_back(with_unit(kernel.matrix_flop, "matrix FLOP"));
  if (!is_zero(kernel.recomputed)) parts.push_back(with_unit(kernel.recomputed, "of them recomputed"));
  if (!is_zero(kernel.vector_flop)) parts.push_back(with_unit(kernel.vector_flop, "FLOP"));
  if (kernel.launches.text() != "1") parts.push_back(with_unit(kernel.launches, "launches"));
  if (kernel.when) parts.push_back("if " + kernel.when->text());
  if (kernel.sync) parts.emplace_back(kSync);
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string kernel_line(std::string_view before, const KernelSpec& kernel, std::size_t width) {
  const std::string_view word = kernel.as_op ? "op" : kernel_class_name(kernel.kernel);
  const std::string head = fmt::format("  {:<9} {:<20} {:<9} ", before, kernel.name, word);
  const std::size_t room = std::max<std::size_t>(width, kIndent + 30);
  // wrapped() drops blanks that lead, so that the head goes before lines that leave it room.
  std::string text = wrapped(kernel_text(kernel), room - kIndent, 0);
  for (std::size_t at = text.find('\n'); at + 1 < text.size(); at = text.find('\n', at + 1))
    text.insert(at + 1, kIndent, ' ');
  return head + text;
}

/// A pass is named at its first kernel.
std::string kernel_lines(const std::vector<KernelSpec>& kernels, std::size_t width) {
  std::string out;
  std::string_view last;
  for (const KernelSpec& kernel : kernels) {
    const std::string_view pass = pass_name(kernel.pass);
    out += kernel_line(pass == last ? "" : pass, kernel, width);
    last = pass;
  }
  return out;
}

std::string saves_text(const OpRecipe& op) {
  std::vector<std::string> parts;
  for (const SavedSpec& saved : op.saves) {
    const std::string when = saved.when ? fmt::format(" if {}", saved.when->text()) : "";
    parts.push_back(
        fmt::format("{} {}{}", saved.name, with_unit(saved.tensor.elements, tensor_name(saved.tensor.tensor)), when));
  }
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string show_entry(const std::string& key, const OpRecipe& op, std::size_t width) {
  std::string out = fmt::format("\n{}\n", key);
  for (std::size_t i = 0; i < op.lets.size(); ++i)
    out += "  " + wrapped(fmt::format("let       {} = {}", op.let_names[i], op.lets[i].text()), width - 2, 12);
  out += op.forward.empty() ? "  forward   no kernel\n" : kernel_lines(op.forward, width);
  if (!op.backward) return out + "  backward  not known\n";
  out += op.backward->empty() ? "  backward  no kernel\n" : kernel_lines(*op.backward, width);
  return out + "  " + wrapped("saves     " + saves_text(op), width - 2, 12);
}

std::string kinds_text(const std::vector<const OpKind*>& kinds, std::string_view separator) {
  std::vector<std::string_view> names;
  for (const OpKind* kind : kinds) names.push_back(kind->name);
  return join(names, separator);
}

std::string fusion_text(const FusionSpec& fusion) {
  if (fusion.batched) return "instances of an op as one batched kernel";
  if (!fusion.siblings.empty()) return "products of one input as one: " + kinds_text(fusion.siblings, ", ");
  if (!fusion.one_kernel.empty()) return "forms run as the op's own kernel: " + kinds_text(fusion.one_kernel, ", ");
  if (!fusion.optimizer.empty()) return "optimizer " + fusion.optimizer;
  std::vector<std::string> links;
  for (const ChainLink& link : fusion.chain) links.push_back(kinds_text(link.kinds, "|") + (link.optional ? "?" : ""));
  return fmt::format("{}; one {} kernel", fmt::join(links, ", "), kernel_class_name(fusion.kernel));
}

std::string show_fusions(const Recipe& recipe, std::size_t width) {
  std::string out = "\nfusions (* in force)\n";
  for (const auto& [name, fusion] : recipe.fusions) {
    const bool on = std::find(recipe.fuse.begin(), recipe.fuse.end(), name) != recipe.fuse.end();
    out += wrapped(fmt::format("{} {}: {}; {}", on ? "*" : "-", name, fusion.doc, fusion_text(fusion)), width, 4);
  }
  return out;
}

std::string show_optimizers(const Recipe& recipe, std::size_t width) {
  std::string out;
  for (const auto& [name, optimizer] : recipe.optimizers) {
    const auto form = recipe.optimizer_forms.find(name);
    const std::string runs = form == recipe.optimizer_forms.end() ? "" : fmt::format("; runs as {}", form->second);
    const std::string_view option = option_that_adds(name);
    const bool told = optimizer.doc.find(option) != std::string::npos;
    const std::string more =
        !option.empty() ? (told ? "" : fmt::format("; {} adds it", option)) : "; " + counted(optimizer.states, "state");
    out += wrapped(fmt::format("\n{} {}: {}{}{}", option.empty() ? "optimizer" : "beside the optimizer,", name,
                               optimizer.doc, more, runs),
                   width);
    out += kernel_lines(optimizer.kernels, width);
  }
  return out;
}

}  // namespace

std::string show_recipe(const std::string& name, int columns) {
  const Recipe recipe = load_recipe(name);
  const auto width = static_cast<std::size_t>(columns);
  std::string out = wrapped(fmt::format("{}: {}", recipe.name, recipe.doc), width);
  if (!recipe.base.empty()) out += fmt::format("  base: {}\n", recipe.base);
  if (!recipe.source.empty()) out += "  " + wrapped("source: " + recipe.source, width - 2, 4);
  for (const auto& [key, op] : recipe.ops) out += show_entry(key, op, width);
  if (recipe.fan_in || recipe.accumulate) out += "\nbetween ops\n";
  if (recipe.fan_in) out += kernel_line(pass_name(recipe.fan_in->pass), *recipe.fan_in, width);
  if (recipe.accumulate) out += kernel_line(pass_name(recipe.accumulate->pass), *recipe.accumulate, width);
  return out + show_fusions(recipe, width) + show_optimizers(recipe, width);
}

}  // namespace gable
