// Real profiles of other people, read from where they are: what TraceLens found in one of them, and that every
// nanosecond is accounted for. The reference is TraceLens' own report of the same file (its tests, MIT licence).
//
// Where the conventions differ, so that other numbers stand here: attention counts its softmax as vector FLOP beside
// the products, norms count each step of their formula (TraceLens 2N + 6C), and a convolution's bias, which PyTorch
// adds by an op of its own, is counted there.
#include "analyzer/trace/trace_study.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/trace/byte_source.h"
#include "tests/approx.h"
#include "tests/error_text.h"
#include "tests/shared_data.h"

using namespace gable;

namespace {

std::optional<TraceStudy> study_of(const std::string& name) {
  const auto path = shared_trace(name);
  if (!path) {
    MESSAGE("test skipped: the sample traces are not here");
    return std::nullopt;
  }
  Trace trace = load_trace(*path);
  HardwareChoice choice = hardware_of_trace(trace, "", {"/nonexistent", ""});
  return study_trace(std::move(trace), std::move(choice));
}

const TraceOp* find(const TraceStudy& study, std::string_view name, std::int64_t calls, Count matrix_flop) {
  for (const TraceOp& op : study.sums.ops) {
    if (op.name == name && op.calls == calls && op.cost && op.cost->cost.matrix_flop == matrix_flop) return &op;
  }
  return nullptr;
}

/// The sums that must close whatever the file: in nanoseconds, exactly.
void check_ledger(const TraceStudy& study) {
  std::int64_t events_ns = 0;
  for (const DeviceEvent& event : study.trace.events) events_ns += event.end_ns - event.start_ns;
  const auto sum = [](const std::vector<NamedTime>& names) {
    std::int64_t ns = 0;
    for (const NamedTime& name : names) ns += name.time_ns;
    return ns;
  };
  std::int64_t launches = 0;
  for (const TraceOp& op : study.sums.ops) launches += op.launches;
  for (const NamedTime& kernel : study.sums.unattributed) launches += kernel.launches;
  CHECK(launches == static_cast<std::int64_t>(study.trace.events.size()));
  CHECK(sum(study.sums.kernels) == events_ns);
  CHECK(study.sums.attributed_ns + sum(study.sums.unattributed) == events_ns);
  CHECK(sum(study.sums.families) == study.sums.attributed_ns);
  const DeviceTime all = all_devices(study.timeline);
  CHECK(all.busy_ns + all.overlapped_ns == events_ns);
  CHECK(all.busy_ns + all.idle_ns == all.wall_ns);
  double ledger_s = 0;
  for (const LedgerEntry& entry : study.overlay.ledger.entries) ledger_s += entry.time_s;
  CHECK(ledger_s == rel(study.overlay.ledger.wall_s, 1e-9));
}

}  // namespace

TEST_CASE("a ViT on an H100: FLOP, bytes, calls and kernel times of TraceLens' report, row by row") {
  const auto study = study_of("kineto_h100_vit.json.gz");
  if (!study) return;
  CHECK(study->analysis.hw.name == "h100-sxm");
  struct Row {
    std::string_view name;
    std::int64_t calls;
    Count matrix_flop;
    Count vector_flop;
    Count bytes;
    std::int64_t time_ns;
  };
  constexpr std::int64_t kBf16 = 2;
  const std::vector<Row> rows = {
      // GEMM.csv: 2MNK and MN of the bias; MK + KN + MN and N elements of it
      {"aten::addmm", 48, 2 * 788 * 768 * 768, 788 * 768, kBf16 * (2 * 788 * 768 + 768 * 768 + 768), 399136},
      {"aten::addmm", 12, Count(2) * 788 * 3072 * 768, 788 * 3072, kBf16 * (788 * 768 + 768 * 3072 + 788 * 3072 + 3072),
       166590},
      {"aten::addmm", 12, Count(2) * 788 * 768 * 3072, 788 * 768, kBf16 * (788 * 3072 + 3072 * 768 + 788 * 768 + 768),
       162432},
      {"aten::addmm", 1, 2 * 4 * 768 * 768, 4 * 768, kBf16 * (2 * 4 * 768 + 768 * 768 + 768), 6879},
      // SDPA_fwd.csv: 4*B*H*Sq*Sk*D = 0.476884992 GFLOP; Q, K, V and O once
      {"aten::_flash_attention_forward", 12, Count(4) * 4 * 12 * 197 * 197 * 64, Count(6) * 4 * 12 * 197 * 197,
       kBf16 * 4 * (4 * 12 * 197 * 64), 122848},
      // BinaryElementwise.csv
      {"aten::add", 24, 0, 4 * 197 * 768, kBf16 * 3 * (4 * 197 * 768), 53536},
      {"aten::add", 1, 0, 4 * 197 * 768, kBf16 * (2 * 4 * 197 * 768 + 197 * 768), 3777},
      {"aten::add_", 1, 0, 4 * 768 * 14 * 14, kBf16 * (2 * 4 * 768 * 14 * 14 + 768), 3968},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CAPTURE(row.time_ns);
    const auto found = std::find_if(study->sums.ops.begin(), study->sums.ops.end(), [&](const TraceOp& op) {
      return op.name == row.name && op.time_ns == row.time_ns;
    });
    REQUIRE(found != study->sums.ops.end());
    CHECK(found->calls == row.calls);
    REQUIRE(found->cost);
    CHECK(found->cost->flop_known);
    CHECK(found->cost->cost.matrix_flop == row.matrix_flop);
    CHECK(found->cost->cost.vector_flop == row.vector_flop);
    CHECK(found->cost->cost.unique == row.bytes);
    CHECK(found->cost->compute == Dtype::kBf16);
  }
  // CONV_fwd.csv: 0.924844032 GFLOP; its time there holds the bias's 3.968 us, which is add_ here.
  const TraceOp* const convolution = find(*study, "aten::cudnn_convolution", 1, 924844032);
  REQUIRE(convolution != nullptr);
  CHECK(convolution->launches == 6);
  CHECK(convolution->time_ns == 125632);
  CHECK(convolution->cost->cost.unique == kBf16 * (4 * 3 * 224 * 224 + 768 * 3 * 16 * 16 + 4 * 768 * 14 * 14));
  const std::vector<std::tuple<std::string_view, std::int64_t, std::int64_t>> others = {
      {"aten::native_layer_norm", 25, 111201},
      {"aten::gelu", 12, 60542},
      {"aten::cat", 1, 7264},
      {"aten::tanh", 1, 1505}};
  for (const auto& other : others) {
    CAPTURE(std::get<0>(other));
    const auto found = std::find_if(study->sums.ops.begin(), study->sums.ops.end(),
                                    [&](const TraceOp& op) { return op.name == std::get<0>(other); });
    REQUIRE(found != study->sums.ops.end());
    CHECK(found->calls == std::get<1>(other));
    CHECK(found->time_ns == std::get<2>(other));
    CHECK(found->cost);
  }
  CHECK(study->sums.unattributed.empty());
  check_ledger(*study);
}

TEST_CASE("a ViT on an H100: busy and total time of TraceLens' timeline within 0.1 %") {
  const auto study = study_of("kineto_h100_vit.json.gz");
  if (!study) return;
  const DeviceTime all = all_devices(study->timeline);  // gpu_timeline.csv, ms
  CHECK(static_cast<double>(all.busy_ns) * 1e-6 == rel(1.225308837890625, 1e-3));
  CHECK(static_cast<double>(all.wall_ns) * 1e-6 == rel(7.559843994140625, 1e-3));
  CHECK(static_cast<double>(all.idle_ns) * 1e-6 == rel(6.33453515625, 1e-3));
  CHECK(all.total_ns[static_cast<std::size_t>(DeviceWork::kCommunication)] == 0);
  CHECK(all.total_ns[static_cast<std::size_t>(DeviceWork::kCopy)] == 0);
}

TEST_CASE("a real profile that is cut at any 4 KB is told so, compressed or not") {
  const auto path = shared_trace("kineto_h100_vit.json.gz");
  if (!path) return;
  std::ifstream in(*path, std::ios::binary);
  const std::string zipped{std::istreambuf_iterator<char>(in), {}};
  const std::string json = read_bytes(*path, std::int64_t{1} << 30U, {});
  constexpr std::size_t kPiece = 4096;
  for (std::size_t size = kPiece; size < zipped.size(); size += kPiece) {
    CAPTURE(size);
    CHECK(input_error([&] {
            return read_kineto_text(std::string_view(zipped).substr(0, size), "t");
          }).find("cut short") != std::string::npos);
  }
  for (std::size_t size = kPiece; size < json.size(); size += kPiece) {
    CAPTURE(size);
    CHECK(input_error([&] {
            return read_kineto_text(std::string_view(json).substr(0, size), "t");
          }).find("cut short") != std::string::npos);
  }
}

TEST_CASE("a small BERT on an H100: every event has its op") {
  const auto study = study_of("kineto_h100_bert_small.json.gz");
  if (!study) return;
  CHECK(study->trace.events.size() == 61);
  CHECK(study->sums.unattributed.empty());
  check_ledger(*study);
  CHECK(study->step_starts_ns.size() == 1);
  const auto module = std::find_if(study->sums.modules.begin(), study->sums.modules.end(),
                                   [](const NamedTime& name) { return name.name == "Linear"; });
  REQUIRE(module != study->sums.modules.end());
  CHECK(module->launches == 26);  // as many aten::addmm
}

TEST_CASE("an AlexNet of 2023 on an A100: ids that name other ops, whole microseconds, no shapes") {
  const auto study = study_of("kineto_a100_alexnet.json.gz");
  if (!study) return;
  CHECK(study->analysis.hw.name == "a100-pcie-40");  // by SMs and memory: the product is no public one
  CHECK(study->trace.events.size() == 98);
  CHECK(study->sums.unattributed.empty());
  check_ledger(*study);
  const auto op = [&](std::string_view name) {
    return std::find_if(study->sums.ops.begin(), study->sums.ops.end(),
                        [&](const TraceOp& o) { return o.name == name; });
  };
  REQUIRE(op("aten::copy_") != study->sums.ops.end());
  CHECK(op("aten::copy_")->time_ns == 55503000);
  CHECK(op("aten::cudnn_convolution")->launches == 31);
  CHECK(op("aten::cudnn_convolution")->calls == 10);
  CHECK(study->trace.missing.size() == 1);  // shapes
}

TEST_CASE("an Nsight Systems file of two H100: kernels whose launch is in the file have an op") {
  const auto study = study_of("nsys_2xh100.sqlite");
  if (!study) return;
  std::int64_t launched = 0;
  std::int64_t with_op = 0;
  for (std::size_t i = 0; i < study->trace.events.size(); ++i) {
    if (study->trace.events[i].kind != DeviceEvent::Kind::kKernel || study->links.launch[i] == kNobody) continue;
    ++launched;
    with_op += study->sums.op_of_event[i] == kNobody ? 0 : 1;
  }
  CHECK(launched >= 3986);
  CHECK(static_cast<double>(with_op) >= 0.99 * static_cast<double>(launched));
  CHECK(study->timeline.devices.size() == 2);
  check_ledger(*study);
}
