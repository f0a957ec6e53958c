// Collectives: the bytes that a process gives and gets, once. How often they cross a link is the algorithm's, and where
// something is summed that decides the FLOP of a process, too.
#include <algorithm>

#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

Count bytes_at(const Call& call, std::size_t index) {
  Count bytes = 0;
  for (const TensorArg& tensor : tensors_at(call, index)) bytes += tensor.bytes();
  return bytes;
}

CallCost exchanged(const Call& call, std::size_t from, Count read, Count written, bool sums) {
  const TensorArg first = tensors_at(call, from).front();
  CallCost cost = bytes_only(KernelClass::kCopy, work_dtype(first.type), read, written);
  cost.flop_known = !sums;
  cost.shape = shape_text(first.dims);
  return cost;
}

enum class Sums : bool { kNo, kYes };

/// The same tensors are given and gotten.
template <Sums kSums>
CallCost in_place(const Call& call) {
  const Count bytes = bytes_at(call, 0);
  return exchanged(call, 0, bytes, bytes, kSums == Sums::kYes);
}

/// What comes first is gotten, what comes second is given.
template <Sums kSums>
CallCost out_then_in(const Call& call) {
  return exchanged(call, 1, bytes_at(call, 1), bytes_at(call, 0), kSums == Sums::kYes);
}

CallCost sent(const Call& call) { return exchanged(call, 0, bytes_at(call, 0), 0, false); }
CallCost received(const Call& call) { return exchanged(call, 0, 0, bytes_at(call, 0), false); }

// input, group_size, ...: as many inputs as processes
CallCost gathered(const Call& call) {
  const auto size = int_at(call, 1);
  if (!size || *size < 1) untold("a group of unknown size");
  const Count bytes = bytes_at(call, 0);
  return exchanged(call, 0, bytes, bytes * *size, false);
}

// input, reduceOp, group_size, ...
CallCost reduce_scattered(const Call& call) {
  const auto size = int_at(call, 2);
  if (!size || *size < 1) untold("a group of unknown size");
  const Count bytes = bytes_at(call, 0);
  return exchanged(call, 0, bytes, bytes.value() / *size, true);
}

/// A name of a range: "nccl:all_reduce", "nccl:_all_gather_base"; its tensors are all that is known.
CallCost named(const Call& call) {
  Count bytes = 0;
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    const bool tensors = call.args[i].kind == CallArg::Kind::kTensor ||
                         (call.args[i].kind == CallArg::Kind::kTensors && !call.args[i].items.empty());
    if (!tensors) continue;
    if (!first) first = i;
    bytes += bytes_at(call, i);
  }
  if (!first) untold("no tensors");
  return exchanged(call, *first, bytes, bytes, call.name.find("reduce") != std::string::npos);
}

// What a communication was is not in the name; the tensors are those given.
CallCost parameters(const Call& call) {
  CallCost cost = named(call);
  cost.flop_known = false;
  return cost;
}

constexpr std::string_view kFamily = "collective";
constexpr std::array kRows = {
    // tensors, ...
    CallRow{"c10d::allreduce_", kFamily, in_place<Sums::kYes>},
    CallRow{"c10d::allreduce_coalesced_", kFamily, in_place<Sums::kYes>},
    CallRow{"c10d::reduce_", kFamily, in_place<Sums::kYes>},
    CallRow{"c10d::broadcast_", kFamily, in_place<Sums::kNo>},
    CallRow{"c10d::send", kFamily, sent},
    CallRow{"c10d::recv_", kFamily, received},
    CallRow{"c10d::recv_any_source_", kFamily, received},
    // output, input, ...
    CallRow{"c10d::allgather_", kFamily, out_then_in<Sums::kNo>},
    CallRow{"c10d::_allgather_base_", kFamily, out_then_in<Sums::kNo>},
    CallRow{"c10d::allgather_into_tensor_coalesced_", kFamily, out_then_in<Sums::kNo>},
    CallRow{"c10d::reduce_scatter_", kFamily, out_then_in<Sums::kYes>},
    CallRow{"c10d::_reduce_scatter_base_", kFamily, out_then_in<Sums::kYes>},
    CallRow{"c10d::reduce_scatter_tensor_coalesced_", kFamily, out_then_in<Sums::kYes>},
    CallRow{"c10d::alltoall_", kFamily, out_then_in<Sums::kNo>},
    CallRow{"c10d::alltoall_base_", kFamily, out_then_in<Sums::kNo>},
    CallRow{"c10d::scatter_", kFamily, out_then_in<Sums::kNo>},
    CallRow{"c10d::gather_", kFamily, out_then_in<Sums::kNo>},
    CallRow{"_c10d_functional::all_reduce", kFamily, in_place<Sums::kYes>},
    CallRow{"_c10d_functional::all_reduce_", kFamily, in_place<Sums::kYes>},
    CallRow{"_c10d_functional::broadcast", kFamily, in_place<Sums::kNo>},
    CallRow{"_c10d_functional::all_to_all_single", kFamily, in_place<Sums::kNo>},
    CallRow{"_c10d_functional::all_gather_into_tensor", kFamily, gathered},
    CallRow{"_c10d_functional::reduce_scatter_tensor", kFamily, reduce_scattered},
    CallRow{"nccl:*", kFamily, named},
    CallRow{"record_param_comms", kFamily, parameters},
};

}  // namespace

std::span<const CallRow> collective_calls() { return kRows; }

}  // namespace gable
