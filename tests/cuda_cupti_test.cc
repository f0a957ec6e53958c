// Easy to break: records of CUDA 12 read with the layout of 13, a lock held while CUPTI calls back from its own thread,
// calls of CUPTI where there is no device, records that arrive after the session's end, a half-made session.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "probes/cuda/buffer_pool.h"
#include "probes/cuda/cupti_recorder.h"
#include "probes/cuda/cupti_records.h"
#include "probes/cuda/cupti_session.h"
#include "tests/approx.h"
#include "tests/cuda_fake_cupti.h"

using namespace gable;
using namespace gable::testing;

namespace {

const CuptiActivityApi kApi = fake_activity_api();
const RuntimeApi kCuda = fake_runtime();

#if CUPTI_API_VERSION >= 130000
using Newest = CUpti_ActivityKernel10;
#else
using Newest = CUpti_ActivityKernel9;
#endif

struct Times {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

template <typename Kernel>
Bytes kernel(std::uint32_t correlation, const char* name, Times times, std::uint32_t stream = 7) {
  Kernel record{};
  record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  record.start = times.start;
  record.end = times.end;
  record.correlationId = correlation;
  record.streamId = stream;
  record.name = name;
  record.gridX = record.blockX = 128;
  return bytes_of(record);
}

Bytes external(std::uint32_t correlation, std::uint64_t id,
               CUpti_ExternalCorrelationKind kind = CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0) {
  CUpti_ActivityExternalCorrelation record{};
  record.kind = CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION;
  record.externalKind = kind;
  record.externalId = id;
  record.correlationId = correlation;
  return bytes_of(record);
}

Bytes call(std::uint32_t correlation, Times times, CUpti_ActivityKind kind = CUPTI_ACTIVITY_KIND_RUNTIME) {
  CUpti_ActivityAPI record{};
  record.kind = kind;
  record.start = times.start;
  record.end = times.end;
  record.threadId = 42;
  record.correlationId = correlation;
  return bytes_of(record);
}

Bytes memset_of(std::uint32_t correlation, Times times) {
  CUpti_ActivityMemset4 record{};
  record.kind = CUPTI_ACTIVITY_KIND_MEMSET;
  record.start = times.start;
  record.end = times.end;
  record.correlationId = correlation;
  record.bytes = 4;
  return bytes_of(record);
}

template <typename Memcpy>
Bytes memcpy_of(CUpti_ActivityKind kind, std::uint8_t copy, std::uint32_t correlation, Times times) {
  Memcpy record{};
  record.kind = kind;
  record.copyKind = copy;
  record.start = times.start;
  record.end = times.end;
  record.correlationId = correlation;
  return bytes_of(record);
}

Bytes marker(unsigned flag, std::uint32_t id, std::uint64_t at, const char* name) {
  CUpti_ActivityMarker2 record{};
  record.kind = CUPTI_ACTIVITY_KIND_MARKER;
  record.flags = static_cast<CUpti_ActivityFlag>(flag);
  record.timestamp = at;
  record.id = id;
  record.objectKind = CUPTI_ACTIVITY_OBJECT_THREAD;
  record.objectId.pt.threadId = 42;
  record.name = name;
  return bytes_of(record);
}

void reset(std::uint32_t version = CUPTI_API_VERSION) {
  fake() = {};
  fake().version = version;
}

std::unique_ptr<CuptiSession> start() {
  std::string why_not;
  std::unique_ptr<CuptiSession> session = CuptiSession::start(kApi, why_not);
  REQUIRE_MESSAGE(session, why_not);
  return session;
}

std::string why_no_session() {
  std::string why_not;
  CHECK(CuptiSession::start(kApi, why_not) == nullptr);
  return why_not;
}

/// Tasks 70 and 80 of one step: 70 is a memset and a product, 80 an addition on another stream, and a copy is nobody's.
/// Its two buffers come in the wrong order.
template <typename Kernel>
StepRecord recorded_step(Recorder& recorder) {
  fake().now = 1000;
  recorder.begin_step();
  for (const std::uint64_t id : {70U, 80U, 70U}) {
    recorder.begin(id);
    recorder.end();
  }
  fake().pending = {{kernel<Kernel>(2, "_Z4gemmPf", {1600, 2000}), kernel<Kernel>(3, "add", {1900, 2100}, 14),
                     memcpy_of<CUpti_ActivityMemcpy5>(CUPTI_ACTIVITY_KIND_MEMCPY, 1, 9, {2200, 2500})},
                    {external(1, 1), call(1, {1100, 1110}), memset_of(1, {1500, 1520}), external(2, 1),
                     external(2, 99, CUPTI_EXTERNAL_CORRELATION_KIND_OPENACC),
                     call(2, {1120, 1130}, CUPTI_ACTIVITY_KIND_DRIVER), external(3, 2), call(3, {1140, 1150})}};
  return recorder.end_step();
}

void check_step(const StepRecord& step) {
  REQUIRE(step.tasks.size() == 2);
  CHECK(step.tasks[0].id == 70);
  CHECK(step.tasks[0].time_s == rel(420e-9));  // 20 of the memset and 400 of the product
  REQUIRE(step.tasks[0].kernels.size() == 2);
  CHECK(step.tasks[0].kernels[0].name == "memset");
  CHECK(step.tasks[0].kernels[1].name == "gemm(float*)");
  CHECK(step.tasks[0].kernels[1].time_s == rel(400e-9));
  CHECK(step.tasks[1].id == 80);
  CHECK(step.tasks[1].time_s == rel(200e-9));
  REQUIRE(step.unattributed.size() == 1);
  CHECK(step.unattributed[0].name == "memcpy host to device");
  CHECK(step.busy_s == rel(820e-9));        // 1500..1520, 1600..2100, 2200..2500: 20 + 500 + 300
  CHECK(step.overlapped_s == rel(100e-9));  // 1900..2000
  CHECK(step.wall_s == rel(1500e-9));       // 1000..2500
  CHECK(step.dropped == 0);
}

}  // namespace

TEST_CASE("a step from records of CUDA 13 and of CUDA 12") {
  const std::vector<std::uint32_t> versions = {19, 28, 130000, CUPTI_API_VERSION};
  for (const std::uint32_t version : versions) {
    CAPTURE(version);
    reset(version);
    std::string why_not;
    const std::unique_ptr<Recorder> recorder = make_cupti_recorder(kApi, kCuda, why_not);
    REQUIRE_MESSAGE(recorder, why_not);
    check_step(version >= 130000 ? recorded_step<Newest>(*recorder) : recorded_step<CUpti_ActivityKernel9>(*recorder));
    CHECK(fake().pushed == std::vector<std::uint64_t>{1, 2, 1});  // never 0, which means none
    CHECK(fake().ids.empty());
  }
}

TEST_CASE("order of calls: the device is waited for before buffers are asked for") {
  reset();
  std::string why_not;
  std::unique_ptr<Recorder> recorder = make_cupti_recorder(kApi, kCuda, why_not);
  REQUIRE(recorder);
  CHECK(fake().calls[0] == "version");
  CHECK(fake().calls[1] == "subscribe");  // before callbacks are registered: a second client would take them away
  CHECK(fake().calls[2] == "register");
  CHECK(fake().count("enable 3") == 0);   // KERNEL makes kernels wait for each other
  CHECK(fake().count("enable 10") == 1);  // CONCURRENT_KERNEL
  fake().calls.clear();
  fake().pending = {{call(1, {10, 20}), kernel<Newest>(1, "warm-up", {30, 40})}};
  recorder->begin_step();
  const StepRecord empty = recorder->end_step();
  CHECK(fake().calls == std::vector<std::string>{"synchronize", "flush", "synchronize", "flush"});
  CHECK(empty.unattributed.empty());  // what ran before the step is not the step's
  CHECK(empty.busy_s == 0);
  CHECK(empty.wall_s > 0);
  fake().calls.clear();
  recorder.reset();
  CHECK(fake().count("disable 10") == 1);
  CHECK(fake().calls[fake().calls.size() - 2] == "forced flush");
  CHECK(fake().calls.back() == "unsubscribe");
}

TEST_CASE("a task without kernels has no time, one without records too") {
  reset();
  std::string why_not;
  const std::unique_ptr<Recorder> recorder = make_cupti_recorder(kApi, kCuda, why_not);
  REQUIRE(recorder);
  recorder->begin_step();
  recorder->begin(5);
  recorder->end();
  const StepRecord step = recorder->end_step();
  REQUIRE(step.tasks.size() == 1);
  CHECK(step.tasks[0].id == 5);
  CHECK(step.tasks[0].time_s == 0);
}

TEST_CASE("lost records are counted: dropped, without times, cut short") {
  reset();
  std::string why_not;
  const std::unique_ptr<Recorder> recorder = make_cupti_recorder(kApi, kCuda, why_not);
  REQUIRE(recorder);
  recorder->begin_step();
  fake().dropped = 12;
  fake().pending = {{kernel<Newest>(1, "a", {0, 0})}};
  CHECK(recorder->end_step().dropped == 13);
  recorder->begin_step();
  fake().cut_short = true;
  fake().pending = {{kernel<Newest>(1, "a", {10, 20}), kernel<Newest>(2, "b", {20, 30})}};
  const StepRecord step = recorder->end_step();
  CHECK(step.dropped == 1);
  REQUIRE(step.unattributed.size() == 1);
  CHECK(step.unattributed[0].name == "a");
  CHECK(dropped_records(13) == "13 records of the profiler lost, times are too low; measure a smaller step");
}

TEST_CASE("records that CUPTI completes late are waited for, and at last taken as they are") {
  for (const int late : {1, 100}) {
    CAPTURE(late);
    reset();
    const std::unique_ptr<CuptiSession> session = start();
    fake().incomplete = late;
    fake().pending = {{kernel<Newest>(1, "a", {10, 20})}, {kernel<Newest>(2, "b", {20, 30})}};
    CHECK(session->take().activities.size() == 2);
    CHECK(fake().count("flush") == (late == 1 ? 2 : 10));
    CHECK(fake().count("forced flush") == (late == 1 ? 0 : 1));
  }
}

TEST_CASE("ranges and other kinds") {
  reset();
  const std::unique_ptr<CuptiSession> session = start();
  fake().pending = {{marker(CUPTI_ACTIVITY_FLAG_MARKER_START, 5, 100, "_Z is no symbol"),
                     marker(CUPTI_ACTIVITY_FLAG_MARKER_END, 5, 200, nullptr),
                     marker(CUPTI_ACTIVITY_FLAG_MARKER_INSTANTANEOUS, 6, 300, "now"),
                     memcpy_of<CUpti_ActivityMemcpyPtoP4>(CUPTI_ACTIVITY_KIND_MEMCPY2, 10, 3, {1, 2}),
                     external(4, 99, CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM1)}};
  const CuptiRecords records = session->take();
  REQUIRE(records.activities.size() == 3);
  CHECK(records.activities[0].kind == ActivityKind::kRangeStart);
  CHECK(records.activities[0].name == "_Z is no symbol");
  CHECK(records.activities[0].thread == 42);
  CHECK(records.activities[1].kind == ActivityKind::kRangeEnd);
  CHECK(records.activities[1].id == 5);
  CHECK(records.activities[1].start_ns == 200);
  CHECK(records.activities[2].kind == ActivityKind::kMemcpy);
  CHECK(records.activities[2].name == "memcpy peer to peer");
  CHECK(records.activities[2].correlation == 3);
  CHECK(session->take().activities.empty());
}

TEST_CASE("without a usable GPU nothing of CUPTI is called") {
  std::string why_not;
  reset();
  fake().device_status = cudaErrorNoDevice;
  CHECK(make_cupti_recorder(kApi, kCuda, why_not) == nullptr);
  CHECK(why_not == "no usable GPU: the driver has none (cudaErrorNoDevice)");
  reset();
  fake().devices = 0;
  CHECK(make_cupti_recorder(kApi, kCuda, why_not) == nullptr);
  CHECK(why_not == "no usable GPU: the driver lists none");
  CHECK(fake().calls.empty());
}

TEST_CASE("versions of CUPTI: only a newer major one, and those before 12, are refused") {
  reset(18);
  CHECK(why_no_session() == "CUPTI of CUDA 11 or older (version 18); name one of CUDA 12 or later in GABLE_CUPTI_LIB");
  CHECK(fake().calls == std::vector<std::string>{"version"});
  std::string why_not;
  const auto reads = [&](std::uint32_t version) { return record_reader(version, why_not) != nullptr; };
  constexpr std::uint32_t kMajor = CUPTI_API_VERSION < 130000 ? 12 : CUPTI_API_VERSION / 10000;
  CHECK_FALSE(reads((kMajor + 1) * 10000));
  const std::string built = std::to_string(kMajor);
  CHECK(why_not == "CUPTI of CUDA " + std::to_string(kMajor + 1) + " has records that this build, of CUDA " + built +
                       ", cannot read; build with the newer toolkit, or name an older CUPTI in GABLE_CUPTI_LIB");
  CHECK(reads(19));
  if (kMajor >= 13) CHECK(reads(kMajor * 10000 + 9900));  // a newer minor one
}

TEST_CASE("troubles, each in a line with what to do, and nothing left behind") {
  struct Case {
    std::string call;
    CUptiResult result;
    std::string why_not;
  };
  const std::vector<Case> cases = {
      {"subscribe", CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED,
       "another profiler is attached (nsys, ncu, a debugger, torch.profiler); run without it, or import its trace "
       "(CUPTI "
       "error 39 in cuptiSubscribe)"},
      {"register", CUPTI_ERROR_INSUFFICIENT_PRIVILEGES,
       "the driver lets only administrators profile; run as root or with CAP_SYS_ADMIN, or load the driver with "
       "NVreg_RestrictProfilingToAdminUsers=0 (CUPTI error 35 in cuptiActivityRegisterCallbacks)"},
      {"enable 10", CUPTI_ERROR_NOT_INITIALIZED,
       "the driver is missing or older than this CUPTI; update it, or name an older CUPTI in GABLE_CUPTI_LIB (CUPTI "
       "error "
       "15 in cuptiActivityEnable(CONCURRENT_KERNEL))"},
      {"enable 39", CUPTI_ERROR_UNKNOWN, "CUPTI failed with error 999 in cuptiActivityEnable(EXTERNAL_CORRELATION)"},
  };
  for (const Case& row : cases) {
    CAPTURE(row.call);
    reset();
    fake().fails = {{row.call, row.result}};
    CHECK(why_no_session() == row.why_not);
    CHECK(fake().count("unsubscribe") == (row.call == "subscribe" ? 0 : 1));
    fake().fails.clear();
    CHECK(start() != nullptr);  // the next one may
  }
  CuptiActivityApi missing;
  missing.why_not = "CUPTI is missing";
  std::string why_not;
  CHECK(CuptiSession::start(missing, why_not) == nullptr);
  CHECK(why_not == "CUPTI is missing");
}

TEST_CASE("kinds that only explain may be refused") {
  reset();
  for (const int kind : {CUPTI_ACTIVITY_KIND_MEMCPY2, CUPTI_ACTIVITY_KIND_MARKER, CUPTI_ACTIVITY_KIND_OVERHEAD}) {
    fake().fails["enable " + std::to_string(kind)] = CUPTI_ERROR_NOT_COMPATIBLE;
  }
  start().reset();
  CHECK(fake().count("disable 12") == 0);  // what was not enabled is not disabled
  CHECK(fake().count("disable 10") == 1);
}

TEST_CASE("one session at a time; what comes after its end is dropped") {
  reset();
  std::unique_ptr<CuptiSession> session = start();
  CHECK(why_no_session() == "this process records already; CUPTI has one client");
  session.reset();
  hand_over({kernel<Newest>(1, "late", {10, 20})});
  session = start();
  CHECK(session->take().activities.empty());
}

TEST_CASE("a failed flush or wait is the device's error") {
  reset();
  const std::unique_ptr<CuptiSession> session = start();
  fake().fails["flush"] = CUPTI_ERROR_UNKNOWN;
  CHECK_THROWS_WITH_AS(session->take(),
                       doctest::Contains("cuptiActivityFlushAll: CUPTI error 999 (probes/cuda/cupti_session.cc:"),
                       DeviceError);
}

TEST_CASE("buffers: 4 MiB, aligned, reused, and at most 128 MiB of them where CUPTI bears a refusal") {
  BufferPool pool;
  std::vector<std::uint8_t*> taken;
  for (int i = 0; i < 32; ++i) taken.push_back(pool.take(false));  // 32 x 4 MiB = 128 MiB
  CHECK(pool.in_use() == 32);
  for (const std::uint8_t* buffer : taken) REQUIRE(reinterpret_cast<std::uintptr_t>(buffer) % 8 == 0);
  CHECK(pool.take(false) == nullptr);
  std::uint8_t* const beyond = pool.take(true);
  CHECK(beyond != nullptr);
  pool.give_back(beyond);
  pool.give_back(taken[3]);
  CHECK(pool.take(false) == taken[3]);  // the last that came back
  pool.give_back(taken[5]);
  pool.give_back(taken[5]);  // twice, or one that is not ours: nothing
  CHECK(pool.in_use() == 31);

  for (const std::uint32_t version : {26U, 27U}) {  // CUDA 12.8 can crash when a request is refused, 12.9 cannot
    CAPTURE(version);
    reset(version);
    const std::unique_ptr<CuptiSession> session = start();
    std::vector<std::uint8_t*> buffers(33);
    std::size_t size = 0;
    std::size_t most = 7;
    for (std::uint8_t*& buffer : buffers) fake().request(&buffer, &size, &most);
    CHECK(most == 0);
    CHECK(size == (version == 26 ? std::size_t{4} << 20 : 0));
    CHECK((buffers.back() != nullptr) == (version == 26));
    for (std::uint8_t* buffer : buffers) {
      if (buffer != nullptr) fake().complete(nullptr, 0, buffer, size, 0);
    }
  }
}
