#include "analyzer/trace/framework_op.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "analyzer/base/error.h"
#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

/// The row of a name; that of `aten::add_` is `aten::add`'s where it has none of its own.
const CallRow* find_row(std::string_view name) {
  static const auto kByName = [] {
    std::unordered_map<std::string_view, const CallRow*> rows;
    for (const CallRow& row : call_table()) rows.emplace(row.name, &row);
    return rows;
  }();
  if (const auto it = kByName.find(name); it != kByName.end()) return it->second;
  if (name.starts_with("aten::") && name.ends_with('_')) {
    if (const auto it = kByName.find(name.substr(0, name.size() - 1)); it != kByName.end()) return it->second;
  }
  for (const CallRow& row : call_table()) {
    if (row.name.ends_with('*') && name.starts_with(row.name.substr(0, row.name.size() - 1))) return &row;
  }
  return nullptr;
}

/// A kernel that torch.compile made: triton_poi_fused_add_relu_0, triton_red_..., triton_per_..., triton_tem_...
bool is_triton(std::string_view name) { return name.starts_with("triton_"); }

/// What is known of a call's tensors.
struct Seen {
  Count read;
  Count largest;
  Count elements;
  Dtype dtype = Dtype::kFp32;  ///< of the largest
  bool any = false;
};

void look_at(const CallArg& arg, Seen& seen) {
  for (const CallArg& item : arg.items) look_at(item, seen);
  const bool sound = std::all_of(arg.dims.begin(), arg.dims.end(), [](std::int64_t dim) { return dim >= 0; });
  const auto type = element_type(arg.type);
  if (arg.kind != CallArg::Kind::kTensor || !type || !sound) return;
  const Count n = elements(arg.dims);
  const Count bytes = bytes_of(n, *type);
  seen.any = true;
  seen.read += bytes;
  if (bytes <= seen.largest) return;
  seen.largest = bytes;
  seen.elements = n;
  seen.dtype = work_dtype(*type);
}

}  // namespace

bool is_costed_call(std::string_view name) { return find_row(name) != nullptr; }

std::string_view family_of_call(std::string_view name) {
  if (is_triton(name)) return "Triton";
  const CallRow* row = find_row(name);
  return row == nullptr ? "other" : row->family;
}

std::optional<CallCost> call_cost(const Call& call) {
  const CallRow* row = find_row(call.name);
  if (row == nullptr) return std::nullopt;
  try {
    return row->cost(call);
  } catch (const CountOverflow&) {  // sizes that no device holds
  } catch (const InputError&) {
  } catch (const std::invalid_argument&) {
  } catch (const std::out_of_range&) {
  }
  return std::nullopt;
}

CallCost tensors_moved(const Call& call) {
  try {
    Seen seen;
    for (const CallArg& arg : call.args) look_at(arg, seen);
    // Inductor's kernels are given what they write, too.
    const Count written = is_triton(call.name) ? 0 : seen.largest;
    CallCost moved = bytes_only(KernelClass::kStream, seen.dtype, seen.read, written);
    moved.cost.output = seen.elements;
    if (seen.any) return moved;
  } catch (const CountOverflow&) {  // nothing is known of such sizes
  }
  CallCost nothing;
  nothing.flop_known = false;
  return nothing;
}

std::span<const CallRow> call_table() {
  static const std::vector<CallRow> kAll = [] {
    std::vector<CallRow> all;
    for (const auto family :
         {product_calls(), scaled_product_calls(), convolution_calls(), attention_calls(), norm_calls(),
          norm_backward_calls(), softmax_calls(), elementwise_calls(), activation_calls(), copy_calls(),
          reduction_calls(), indexed_calls(), pooling_calls(), optimizer_calls(), collective_calls()})
      all.insert(all.end(), family.begin(), family.end());
    return all;
  }();
  return kAll;
}

}  // namespace gable
