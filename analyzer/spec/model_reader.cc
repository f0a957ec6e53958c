#include "analyzer/spec/model_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analyzer/base/text.h"
#include "analyzer/spec/dim_reader.h"
#include "analyzer/spec/field_reader.h"
#include "analyzer/spec/op_flow.h"
#include "analyzer/spec/op_reader.h"
#include "analyzer/spec/ties.h"

namespace gable {
namespace {

constexpr std::size_t kMaxOps = 20000;  // of one model, blocks inlined but not repeated
constexpr std::size_t kMaxBlockDepth = 16;

constexpr std::array<std::string_view, 11> kModelKeys = {"name",  "title", "source", "recipe", "dtype", "dims",
                                                         "parts", "ops",   "loss",   "notes",  "doc"};
constexpr std::array<std::string_view, 5> kBlockKeys = {"name", "doc", "params", "dims", "ops"};
constexpr std::array<std::string_view, 4> kPartKeys = {"name", "doc", "optional", "ops"};
constexpr std::array<std::string_view, 5> kUseKeys = {"name", "block", "from", "repeat", "with"};
constexpr std::string_view kLossPart = "loss";

/// Where a list of ops stands.
struct Place {
  std::size_t part = 0;
  int group = -1;
  std::string prefix;  // "h/" inside block h
};

class ModelReader {
 public:
  explicit ModelReader(const BlockSource& blocks) : blocks_(blocks) {}

  Model read(const YamlNode& root) {
    check_keys(root, "a model", kModelKeys);
    model_.name = read_name(require(root, "name", "a model"), "the model's name");
    if (const YamlNode* title = root.find("title")) model_.title = read_text(*title, "title");
    if (const YamlNode* source = root.find("source")) model_.source = read_text(*source, "source");
    if (const YamlNode* recipe = root.find("recipe")) model_.recipe = read_name(*recipe, "recipe");
    model_.dtypes = uniform(Dtype::kFp32);
    if (const YamlNode* dtype = root.find("dtype")) model_.dtypes = read_dtype(*dtype).applied_to(model_.dtypes);
    Scope scope;
    if (const YamlNode* dims = root.find("dims")) dims_.read(*dims, scope);
    model_.dim_count = dims_.slots().size() - kFirstDim;
    read_parts(root, scope);
    if (const YamlNode* loss = root.find("loss")) read_part({std::string(kLossPart), "", true, true}, *loss, scope);
    resolve_ties(model_, ties_);
    dims_.check_all_used();
    if (const YamlNode* notes = root.find("notes")) read_notes(*notes);
    model_.slots = dims_.take();
    return std::move(model_);
  }

  void check_block_file(const YamlNode& root) {
    Scope scope;
    check_keys(root, "a block", kBlockKeys);
    for (const YamlNode& param : block_params(root))
      dims_.define(param, scope, {param.text, "", "", Expr::constant(1), {}, 1});
    if (const YamlNode* dims = root.find("dims")) dims_.read(*dims, scope);
    read_part({"block", "", false, false}, require(root, "ops", "a block"), scope);
    dims_.check_all_used();
  }

 private:
  void read_parts(const YamlNode& root, const Scope& scope) {
    const YamlNode* parts = root.find("parts");
    const YamlNode* ops = root.find("ops");
    if ((parts == nullptr) == (ops == nullptr)) {
      throw InputError(root.where, "a model has either 'parts:' or 'ops:'");
    }
    if (ops != nullptr) return read_part({"model", "", false, false}, *ops, scope);
    check_list(*parts, "parts");
    for (const YamlNode& item : parts->items) {
      check_keys(item, "a part", kPartKeys);
      const YamlNode& name = require(item, "name", "a part");
      Part part{read_name(name, "the part's name"), "", false, false};
      for (const Part& other : model_.parts) {
        if (other.name == part.name) throw InputError(name.where, fmt::format("part '{}' is given twice", part.name));
      }
      if (part.name == "all") throw InputError(name.where, "'all' stands for every part; give the part another name");
      if (part.name == kLossPart && root.find("loss") != nullptr)
        throw InputError(name.where, "'loss:' makes a part of this name; give the part another name");
      if (const YamlNode* optional = item.find("optional")) part.optional = read_flag(*optional, "optional");
      if (const YamlNode* doc = item.find("doc")) part.doc = read_text(*doc, "doc");
      read_part(std::move(part), require(item, "ops", "a part"), scope);
    }
  }

  /// A part goes on with the result of the last one that is not optional.
  void read_part(Part part, const YamlNode& ops, const Scope& scope) {
    check_list(ops, part.loss ? "loss" : "ops");
    const Place place{model_.parts.size(), -1, ""};
    OpFlow flow(ops, result_, {}, &earlier_parts_);
    model_.parts.push_back(part);
    read_ops(ops, scope, place, flow);
    if (!part.optional) result_ = flow.last();
    for (const auto& [name, output] : flow.added()) earlier_parts_.emplace(part.name + "/" + name, output);
  }

  void read_ops(const YamlNode& list, const Scope& scope, const Place& place, OpFlow& flow) {
    for (const YamlNode& item : list.items) {
      if (item.kind != YamlNode::Kind::kMap) {
        throw InputError(item.where, fmt::format("an op must be a map of keys and values, not {}", kind_name(item)));
      }
      if (const YamlNode* use = item.find("block")) {
        flow.add(item, read_use(item, *use, scope, place, flow));
      } else {
        flow.add(item, add_op(item, scope, place, flow));
      }
      if (model_.ops.size() > kMaxOps) throw InputError(item.where, fmt::format("more than {} ops", kMaxOps));
    }
  }

  static const std::vector<YamlNode>& block_params(const YamlNode& block) {
    const YamlNode& params = require(block, "params", "a block");
    check_list(params, "params");
    for (const YamlNode& param : params.items) read_text(param, "a parameter");
    return params.items;
  }

  /// The index of the op whose result leaves the block.
  std::size_t read_use(const YamlNode& item, const YamlNode& use, const Scope& scope, const Place& place,
                       const OpFlow& around) {
    check_keys(item, "a use of a block", kUseKeys);
    const std::string& file = read_name(use, "the block's name");
    if (const YamlNode* name = item.find("name")) read_name(*name, "the name");
    const std::string name(item_name(item));
    if (std::find(open_blocks_.begin(), open_blocks_.end(), file) != open_blocks_.end()) {
      throw InputError(use.where,
                       fmt::format("block '{}' uses itself: {} -> {}", file, fmt::join(open_blocks_, " -> "), file));
    }
    if (open_blocks_.size() >= kMaxBlockDepth) {
      throw InputError(use.where, fmt::format("blocks are nested deeper than {} levels", kMaxBlockDepth));
    }
    if (!block_cache_.contains(file)) {
      YamlNode loaded = blocks_(file, use.where);
      check_keys(loaded, fmt::format("block '{}'", file), kBlockKeys);
      block_cache_.emplace(file, std::move(loaded));
    }
    const YamlNode& block = block_cache_.at(file);
    Group group{place.group, name, place.prefix + name, Expr::constant(1), around.entering(item), 0};
    if (const YamlNode* repeat = item.find("repeat")) group.repeat = dims_.compile(*repeat, scope, "repeat");
    Scope inner;
    inner.path = group.path;
    bind(item, block, scope, inner);
    const std::size_t index = model_.groups.size();
    const Place inside{place.part, static_cast<int>(index), group.path + "/"};
    model_.groups.push_back(std::move(group));
    if (const YamlNode* dims = block.find("dims")) dims_.read(*dims, inner);
    open_blocks_.push_back(file);
    const YamlNode& ops = require(block, "ops", fmt::format("block '{}'", file));
    check_list(ops, "ops");
    const TensorRef input{TensorRef::From::kGroup, index};
    OpFlow flow(ops, input, input, nullptr);
    read_ops(ops, inner, inside, flow);
    open_blocks_.pop_back();
    return model_.groups[index].output = flow.last().index;
  }

  std::size_t add_op(const YamlNode& item, const Scope& scope, const Place& place, const OpFlow& flow) {
    OpSpec op = read_op(item, scope, dims_);
    op.path = place.prefix + op.name;
    op.part = place.part;
    op.group = place.group;
    op.inputs = flow.inputs(item, *op.kind);
    if (const YamlNode* tied = item.find("tied"))
      ties_.push_back({model_.ops.size(), read_text(*tied, "tied"), tied->where});
    model_.ops.push_back(std::move(op));
    return model_.ops.size() - 1;
  }

  /// Parameters come from `with:`, or from the name of the same spelling around the use.
  void bind(const YamlNode& item, const YamlNode& block, const Scope& scope, Scope& inner) {
    const std::vector<YamlNode>& params = block_params(block);
    const YamlNode* with = item.find("with");
    if (with != nullptr) {
      std::vector<std::string_view> allowed;
      for (const YamlNode& param : params) allowed.emplace_back(param.text);
      check_keys(*with, "with", allowed);
    }
    for (const YamlNode& param : params) {
      const YamlNode* given = with != nullptr ? with->find(param.text) : nullptr;
      if (given == nullptr && !scope.slots.contains(param.text)) {
        throw InputError(item.where,
                         fmt::format("parameter '{}' of the block is not given; add it to 'with:'", param.text));
      }
      YamlNode same = param;
      same.where = item.where;
      Expr value = dims_.compile(given != nullptr ? *given : same, scope, fmt::format("parameter '{}'", param.text));
      dims_.define(param, inner, {param.text, "", "", std::move(value), {}, 1});
    }
  }

  void read_notes(const YamlNode& notes) {
    check_list(notes, "notes");
    for (const YamlNode& note : notes.items) model_.notes.push_back({read_text(note, "a note"), note.where});
  }

  const BlockSource& blocks_;
  Model model_;
  DimReader dims_;
  std::map<std::string, YamlNode> block_cache_;
  std::vector<std::string> open_blocks_;
  std::vector<Tie> ties_;
  TensorRef result_;               // of the last part that is not optional
  OpFlow::Outputs earlier_parts_;  // "encoder/pooler"
};

}  // namespace

Model read_model(const YamlNode& root, const BlockSource& blocks) { return ModelReader(blocks).read(root); }

void check_block(const YamlNode& root, const BlockSource& blocks) { ModelReader(blocks).check_block_file(root); }

}  // namespace gable
