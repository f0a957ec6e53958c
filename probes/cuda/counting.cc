// The counters of a CUDA device behind the interface that every backend has.
#include "probes/counting.h"

#include "probes/cuda/counters.h"

namespace gable {
namespace {

class CudaCounting final : public Counting {
 public:
  explicit CudaCounting(std::unique_ptr<CounterPass> pass) : pass_(std::move(pass)) {}

  void begin() override { pass_->begin(); }
  void push(std::uint64_t id) override { pass_->push(id); }
  void pop() override { pass_->pop(); }
  bool end() override { return pass_->end(); }
  std::vector<TaskCounters> results() override {
    std::vector<TaskCounters> all;
    for (const RangeCounters& r : pass_->results())
      all.push_back({r.id, {r.dram_read_bytes, r.dram_write_bytes, r.l2_bytes, r.flop}});
    return all;
  }
  [[nodiscard]] std::string note() const override { return pass_->note(); }

 private:
  std::unique_ptr<CounterPass> pass_;
};

}  // namespace

std::unique_ptr<Counting> open_cuda_counting(Dtype dtype, std::size_t most_ranges, std::string& why_not) {
  CounterOptions options;
  check_cuda(cuda_runtime().get_device(&options.device), "cudaGetDevice");
  options.dtype = dtype;
  options.most_ranges = most_ranges;
  auto pass = CounterPass::open(options, why_not);
  return pass ? std::make_unique<CudaCounting>(std::move(pass)) : nullptr;
}

}  // namespace gable
