#include "probes/cuda/session.h"

#include <chrono>
#include <thread>

namespace gable::cuda {

namespace {

int current_device(const RuntimeApi& runtime) {
  int device = 0;
  check_cuda(runtime.get_device(&device), "cudaGetDevice");
  return device;
}

}  // namespace

Session::Session(const CudaApi& api, const ProbeKernels& kernels, HostClock clock)
    : api_(&api),
      kernels_(&kernels),
      clock_(clock),
      facts_(cuda_facts(api.runtime, current_device(api.runtime))),
      monitor_(api.nvml, facts_.pci_bus_id) {
  check_cuda(runtime().stream_create(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  check_cuda(runtime().event_create(&begin_, cudaEventDefault), "cudaEventCreateWithFlags");
  check_cuda(runtime().event_create(&end_, cudaEventDefault), "cudaEventCreateWithFlags");
}

Session::~Session() {
  lt_.reset();
  if (begin_ != nullptr) static_cast<void>(runtime().event_destroy(begin_));
  if (end_ != nullptr) static_cast<void>(runtime().event_destroy(end_));
  if (stream_ != nullptr) static_cast<void>(runtime().stream_destroy(stream_));
}

const LtContext& Session::lt() {
  if (!lt_) lt_.emplace(*api_, stream_);
  return *lt_;
}

Memory Session::allocate(std::int64_t bytes) const {
  void* data = nullptr;
  check_cuda(runtime().malloc(&data, static_cast<std::size_t>(bytes)), "cudaMalloc");
  return {data, bytes, runtime().free};
}

Memory Session::allocate_pinned(std::int64_t bytes) const {
  void* data = nullptr;
  check_cuda(runtime().malloc_host(&data, static_cast<std::size_t>(bytes)), "cudaMallocHost");
  return {data, bytes, runtime().free_host};
}

void Session::fill(const FillLaunch& launch) const { check_cuda(kernels_->fill(launch, stream_), "fill kernel"); }

void Session::to_host(void* host, const void* device, std::int64_t bytes) const {
  synchronize();
  check_cuda(runtime().memcpy(host, device, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToHost), "cudaMemcpy");
}

void Session::synchronize() const { check_cuda(runtime().stream_synchronize(stream_), "cudaStreamSynchronize"); }

std::int64_t Session::free_bytes() const {
  std::size_t free = 0;
  std::size_t total = 0;
  check_cuda(runtime().mem_get_info(&free, &total), "cudaMemGetInfo");
  return static_cast<std::int64_t>(free);
}

void Session::mark_begin() const { check_cuda(runtime().event_record(begin_, stream_), "cudaEventRecord"); }
void Session::mark_end() const { check_cuda(runtime().event_record(end_, stream_), "cudaEventRecord"); }

double Session::marked_s() const {
  check_cuda(runtime().event_synchronize(end_), "cudaEventSynchronize");
  float ms = 0;
  check_cuda(runtime().event_elapsed_time(&ms, begin_, end_), "cudaEventElapsedTime");
  return 1e-3 * static_cast<double>(ms);
}

HostClock steady_clock() {
  return {[] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); },
          [](double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }};
}

}  // namespace gable::cuda
