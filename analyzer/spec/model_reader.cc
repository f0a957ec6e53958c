#include "analyzer/spec/model_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "analyzer/base/text.h"
#include "analyzer/spec/dim_reader.h"
#include "analyzer/spec/field_reader.h"

namespace gable {
namespace {

constexpr std::size_t kMaxOps = 20000;  // of one model, blocks inlined but not repeated
constexpr std::size_t kMaxBlockDepth = 16;

constexpr std::array<std::string_view, 9> kModelKeys = {"name",  "title", "source", "dtype", "dims",
                                                        "parts", "ops",   "notes",  "doc"};
constexpr std::array<std::string_view, 5> kBlockKeys = {"name", "doc", "params", "dims", "ops"};
constexpr std::array<std::string_view, 4> kPartKeys = {"name", "doc", "optional", "ops"};
constexpr std::array<std::string_view, 4> kUseKeys = {"name", "block", "repeat", "with"};
constexpr std::array<std::string_view, 5> kOpKeys = {"name", "op", "count", "dtype", "tied"};
constexpr std::array<std::string_view, 5> kCustomKeys = {"name", "custom", "count", "dtype", "tied"};

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
    model_.dtypes = uniform(Dtype::kFp32);
    if (const YamlNode* dtype = root.find("dtype")) model_.dtypes = read_dtype(*dtype).applied_to(model_.dtypes);
    Scope scope;
    if (const YamlNode* dims = root.find("dims")) dims_.read(*dims, scope);
    model_.dim_count = dims_.slots().size() - kFirstDim;
    read_parts(root, scope);
    resolve_ties();
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
    model_.parts.push_back({"block", "", false});
    read_ops(require(root, "ops", "a block"), scope, {});
    dims_.check_all_used();
  }

 private:
  void read_parts(const YamlNode& root, const Scope& scope) {
    const YamlNode* parts = root.find("parts");
    const YamlNode* ops = root.find("ops");
    if ((parts == nullptr) == (ops == nullptr)) {
      throw InputError(root.where, "a model has either 'parts:' or 'ops:'");
    }
    if (ops != nullptr) {
      model_.parts.push_back({"model", "", false});
      read_ops(*ops, scope, {});
      return;
    }
    check_list(*parts, "parts");
    for (const YamlNode& item : parts->items) {
      check_keys(item, "a part", kPartKeys);
      const YamlNode& name = require(item, "name", "a part");
      Part part{read_name(name, "the part's name"), "", false};
      for (const Part& other : model_.parts) {
        if (other.name == part.name) throw InputError(name.where, fmt::format("part '{}' is given twice", part.name));
      }
      if (part.name == "all") throw InputError(name.where, "'all' stands for every part; give the part another name");
      if (const YamlNode* optional = item.find("optional")) part.optional = read_flag(*optional, "optional");
      if (const YamlNode* doc = item.find("doc")) part.doc = read_text(*doc, "doc");
      model_.parts.push_back(std::move(part));
      read_ops(require(item, "ops", "a part"), scope, {model_.parts.size() - 1, -1, ""});
    }
  }

  void read_ops(const YamlNode& list, const Scope& scope, const Place& place) {
    check_list(list, "ops");
    std::set<std::string> names;
    for (const YamlNode& item : list.items) {
      if (item.kind != YamlNode::Kind::kMap) {
        throw InputError(item.where, fmt::format("an op must be a map of keys and values, not {}", kind_name(item)));
      }
      const YamlNode* use = item.find("block");
      const std::string name = use != nullptr ? read_use(item, *use, scope, place) : read_op(item, scope, place);
      if (!names.insert(name).second) {
        throw InputError(item.where, fmt::format("name '{}' is given twice in this list; names must differ", name));
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

  std::string read_use(const YamlNode& item, const YamlNode& use, const Scope& scope, const Place& place) {
    check_keys(item, "a use of a block", kUseKeys);
    const std::string& file = read_name(use, "the block's name");
    const YamlNode* name_node = item.find("name");
    std::string name = name_node != nullptr ? read_name(*name_node, "the name") : file;
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
    Group group{place.group, name, place.prefix + name, Expr::constant(1), {}, 0};
    if (const YamlNode* repeat = item.find("repeat")) group.repeat = dims_.compile(*repeat, scope, "repeat");
    Scope inner;
    inner.path = group.path;
    bind(item, block, scope, inner);
    model_.groups.push_back(group);
    const Place inside{place.part, static_cast<int>(model_.groups.size()) - 1, group.path + "/"};
    if (const YamlNode* dims = block.find("dims")) dims_.read(*dims, inner);
    open_blocks_.push_back(file);
    read_ops(require(block, "ops", fmt::format("block '{}'", file)), inner, inside);
    open_blocks_.pop_back();
    return name;
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

  std::string read_op(const YamlNode& item, const Scope& scope, const Place& place) {
    const YamlNode* custom = item.find("custom");
    const YamlNode* kind_node = item.find("op");
    if (custom == nullptr && kind_node == nullptr) {
      throw InputError(item.where, "an op needs 'op: KIND', 'block: NAME' or 'custom: {...}'");
    }
    OpSpec op;
    op.where = item.where;
    op.kind = custom != nullptr ? find_op(kCustomOp) : find_kind(*kind_node);
    const YamlNode* name = item.find("name");
    op.name = name != nullptr ? read_name(*name, "the op's name") : std::string(op.kind->name);
    op.path = place.prefix + op.name;
    op.part = place.part;
    op.group = place.group;
    std::vector<std::string_view> keys;
    for (const Field& field : op.kind->fields) keys.push_back(field.name);
    if (custom != nullptr) {
      check_keys(item, "a custom op", kCustomKeys);
      check_keys(*custom, "custom", keys);
      read_fields(op, *custom, scope);
    } else {
      keys.insert(keys.end(), kOpKeys.begin(), kOpKeys.end());
      check_keys(item, fmt::format("op '{}' ({})", op.name, op.kind->name), keys);
      read_fields(op, item, scope);
    }
    op.count = Expr::constant(1);
    if (const YamlNode* count = item.find("count")) op.count = dims_.compile(*count, scope, "count");
    if (const YamlNode* dtype = item.find("dtype")) op.dtype = read_dtype(*dtype);
    if (const YamlNode* tied = item.find("tied"))
      ties_.push_back({model_.ops.size(), read_text(*tied, "tied"), tied->where});
    model_.ops.push_back(op);
    return op.name;
  }

  static const OpKind* find_kind(const YamlNode& node) {
    const std::string& name = read_text(node, "op");
    if (name == kCustomOp)
      throw InputError(node.where, "a custom op is written 'custom: {flop: ..., read: ..., write: ...}'");
    if (const OpKind* kind = find_op(name)) return kind;
    std::vector<std::string_view> known;
    for (const OpKind* kind : op_table()) known.push_back(kind->name);
    throw InputError(node.where, fmt::format("unknown op {}{}", in_quotes(name), suggestion(name, known)));
  }

  void read_fields(OpSpec& op, const YamlNode& map, const Scope& scope) {
    const auto fields = op.kind->fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const Field& field = fields[i];
      const YamlNode* node = map.find(field.name);
      const std::string what = fmt::format("{} of op '{}'", field.name, op.name);
      if (node != nullptr) {
        op.fields.at(i).expr = field.flag ? Expr::constant(read_flag(*node, what) ? 1 : 0)
                                          : dims_.compile(*node, scope, what, op.kind->name == kCustomOp);
      } else if (field.fallback.empty()) {
        throw InputError(op.where,
                         fmt::format("op '{}' ({}) has no '{}:' ({})", op.name, op.kind->name, field.name, field.doc));
      } else if (const auto other = find_field(*op.kind, field.fallback)) {
        op.fields.at(i).same_as = other;
      } else {
        op.fields.at(i).expr = Expr::constant(std::stoll(std::string(field.fallback)));
      }
    }
  }

  static DtypeChoice read_dtype(const YamlNode& node) {
    const Where* where = &node.where;
    try {
      if (node.kind != YamlNode::Kind::kMap) return parse_dtype_choice(read_text(node, "dtype"));
      DtypeChoice choice;
      for (const auto& [key, value] : node.entries) {
        where = &key.where;
        choose(choice, key.text, read_text(value, "dtype"));
      }
      return choice;
    } catch (const std::invalid_argument& error) {
      throw InputError(*where, error.what());
    }
  }

  /// `tied:` names an op of the same part, or `part/op`.
  void resolve_ties() {
    std::vector<std::string> names;
    for (const OpSpec& op : model_.ops) names.push_back(model_.full_path(op));
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const Tie& tie : ties_) {
      OpSpec& op = model_.ops[tie.op];
      const std::string same_part = model_.parts[op.part].name + "/" + tie.owner;
      const auto found =
          std::find_if(names.begin(), names.end(), [&](const auto& n) { return n == same_part || n == tie.owner; });
      if (found == names.end()) {
        throw InputError(tie.where,
                         fmt::format("no op {} to tie to{}", in_quotes(tie.owner), suggestion(same_part, known)));
      }
      const auto owner = static_cast<std::size_t>(found - names.begin());
      if (owner == tie.op) throw InputError(tie.where, "an op cannot be tied to itself");
      if (model_.ops[owner].tied_to)
        throw InputError(tie.where, fmt::format("'{}' is tied itself; tie to its owner", tie.owner));
      op.tied_to = owner;
    }
  }

  void read_notes(const YamlNode& notes) {
    check_list(notes, "notes");
    for (const YamlNode& note : notes.items) model_.notes.push_back({read_text(note, "a note"), note.where});
  }

  struct Tie {
    std::size_t op;
    std::string owner;
    Where where;
  };

  const BlockSource& blocks_;
  Model model_;
  DimReader dims_;
  std::map<std::string, YamlNode> block_cache_;
  std::vector<std::string> open_blocks_;
  std::vector<Tie> ties_;
};

}  // namespace

Model read_model(const YamlNode& root, const BlockSource& blocks) { return ModelReader(blocks).read(root); }

void check_block(const YamlNode& root, const BlockSource& blocks) { ModelReader(blocks).check_block_file(root); }

}  // namespace gable
