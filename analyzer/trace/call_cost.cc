// How the cost functions of calls put a cost together.
#include "analyzer/trace/call_args.h"

namespace gable {

CallCost of_kind(std::string_view kind, std::initializer_list<Count> values, const Dtypes& dtypes, Mode mode) {
  CallCost call;
  call.kind = find_op(kind);
  if (call.kind == nullptr || values.size() != call.kind->fields.size()) untold("a kind with other fields");
  call.args.dtypes = dtypes;
  call.args.mode = mode;
  std::size_t field = 0;
  for (const Count value : values) {
    if (value < Count(call.kind->fields[field].least)) untold("a field below its least value");
    call.args.values.at(field++) = value.value();
  }
  call.kernel = call.kind->kernel;
  call.dtypes = dtypes;
  call.compute = compute_dtype(*call.kind, dtypes);
  call.cost = forward_cost(*call.kind, call.args);
  return call;
}

CallCost own_cost(KernelClass kernel, Dtype dtype, Count vector_flop, Count read, Count written) {
  CallCost call;
  call.kernel = kernel;
  call.dtypes = uniform(dtype);
  call.compute = dtype;
  call.cost.vector_flop = vector_flop;
  call.cost.read = read;
  call.cost.written = written;
  call.cost.unique = call.cost.touched();
  call.cost.launches = 1;
  return call;
}

CallCost bytes_only(KernelClass kernel, Dtype dtype, Count read, Count written) {
  CallCost call = own_cost(kernel, dtype, 0, read, written);
  call.flop_known = false;
  return call;
}

CallCost backward_cost(const OpKind* kind, const OpArgs& args, KernelClass kernel, const Dtypes& dtypes) {
  CallCost call;
  call.kind = kind;
  call.args = args;
  call.pass = Pass::kDgrad;
  call.kernel = kernel;
  call.dtypes = dtypes;
  call.compute = kind == nullptr ? dtypes.act : compute_dtype(*kind, dtypes);
  call.cost.launches = 1;
  return call;
}

void add_read(CallCost& cost, Count bytes) {
  cost.cost.read += bytes;
  cost.cost.unique += bytes;
}

void add_written(CallCost& cost, Count bytes) {
  cost.cost.written += bytes;
  cost.cost.unique += bytes;
}

void read_as(CallCost& cost, const TensorArg& tensor, Dtype counted) {
  add_read(cost, tensor.bytes() - tensor_bytes(tensor.n, counted));
}

void written_as(CallCost& cost, Count n, const ElementType& type, Dtype counted) {
  add_written(cost, bytes_of(n, type) - tensor_bytes(n, counted));
}

}  // namespace gable
