// Overlap of kernels. What is easy to break here: a bound below the longer job, launches of two jobs added up, a pair
// counted with itself.
#include "analyzer/study/colocate.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/spec/library.h"
#include "reports/colocate_report.h"
#include "tests/approx.h"
#include "tests/cli_run.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

using test::Ran;

AnalysisOptions document_001() {
  AnalysisOptions options;
  options.roofs = parse_roofs("compute,dram");
  return options;
}

Job job_on(const std::string& model, const std::string& hw, const AnalysisOptions& options) {
  return job_of(analyze(load_model(model), load_hardware(hw), options));
}

TEST_CASE("document 001: the kernels of CharGPT beside each other, sum of max over max of sums") {
  struct Bound {
    std::string hw;
    std::string speedup;
  };
  // The A100 of 80 GB that gives 1.23 moves 2039 GB/s, which is the SXM board; the PCIe board's 1935 GB/s give 1.21.
  const std::array<Bound, 5> bounds = {{{"a100-pcie-40", "1.16"},
                                        {"a100-sxm-80", "1.23"},
                                        {"a100-pcie-80", "1.21"},
                                        {"rtx-4090d", "1.00"},
                                        {"h200", "1.14"}}};
  for (const Bound& bound : bounds) {
    CAPTURE(bound.hw);
    const Colocation all = colocate(job_on("chargpt", bound.hw, document_001()), std::nullopt, 1);
    CHECK(fmt::format("{:.2f}", all.speedup()) == bound.speedup);
    CHECK(all.limit == Roof::kDram);
  }
}

TEST_CASE("document 001 worked out: A100 of 40 GB") {
  const Hardware hw = load_hardware("a100-pcie-40");
  const Analysis analysis = analyze(load_model("chargpt"), hw, document_001());
  const double peak = 19.5e12;
  const double bandwidth = 1555e9;
  double serial = 0;
  double serial_of_products = 0;  // vector FLOP left out
  double flop = 0;
  double bytes = 0;
  for (const OpRow& row : analysis.rows) {
    for (const KernelRow& kernel : row.kernels) {
      const double n = static_cast<double>(kernel.kernel.executions);
      const double compute = kernel.kernel.one.flop().real() / peak;
      const double memory = kernel.kernel.one.unique.real() / bandwidth;
      serial += n * std::max(compute, memory);
      serial_of_products += n * std::max(kernel.kernel.one.matrix_flop.real() / peak, memory);
      flop += n * kernel.kernel.one.flop().real();
      bytes += n * kernel.kernel.one.unique.real();
    }
  }
  const Colocation all = colocate(job_of(analysis), std::nullopt, 10);
  CHECK(all.serial_s == rel(serial, 1e-9));
  CHECK(all.overlapped_s == rel(std::max(flop / peak, bytes / bandwidth), 1e-9));
  // Vector FLOP do not reach the second decimal: DRAM is the limit, and no elementwise kernel is compute-bound.
  CHECK(fmt::format("{:.2f}", serial_of_products / all.overlapped_s) == "1.16");
  CHECK(all.high.compute_s() < all.high.memory_s());
}

TEST_CASE("a copy beside a model: never faster than the longer of the two") {
  const Hardware hw = tiny_hardware();  // 1 TB/s DRAM, 4 TB/s L2, 1 us a launch
  const Job copy = memcpy_job("memcpy:1GB", 1'000'000'000, hw, {});
  CHECK(copy.busy_s.at(static_cast<std::size_t>(Roof::kDram)) == rel(2e9 / 1e12));  // read and written
  CHECK(copy.serial_s == rel(1e-6 + 2e9 / 1e12));

  // 2 * 1000^3 FLOP at 10 TFLOP/s: 200 us; 12 MB: 12 us.
  Model gemm = load_model("gemm");
  for (const std::string dim : {"M", "N", "K"}) set_dim(gemm, dim, "1000");
  const Job product = job_of(analyze(gemm, hw, {}));
  CHECK(product.serial_s == rel(201e-6));
  const Colocation all = colocate(product, copy, 10);
  CHECK(all.serial_s == rel(201e-6 + 2001e-6));
  CHECK(all.overlapped_s == rel(2e-3 + 12e-6));  // DRAM has work of both: more than the copy's 2001 us
  CHECK(all.limit == Roof::kDram);
  CHECK(all.pairs.size() == 1);

  const Job small = memcpy_job("memcpy:10MB", 10'000'000, hw, {});
  const Colocation hidden = colocate(product, small, 10);
  CHECK(hidden.overlapped_s == rel(201e-6));  // the product's own length
  CHECK(!hidden.limit);
  CHECK(hidden.speedup() == rel(222.0 / 201));
}

TEST_CASE("launches of two jobs overlap, those of one do not") {
  const Hardware hw = tiny_hardware();
  const Job copy = memcpy_job("memcpy:1kB", 1000, hw, {});  // 1 us of launch, 2 ns of DRAM
  CHECK(colocate(copy, copy, 1).overlapped_s == rel(copy.serial_s));
  Job twice = copy;
  twice.kernels.push_back(copy.kernels.front());
  for (double& busy : twice.busy_s) busy *= 2;
  twice.serial_s *= 2;
  CHECK(colocate(twice, std::nullopt, 1).overlapped_s == rel(2e-6));
}

TEST_CASE("bounds of any two shipped jobs: between the longer one and both in a row") {
  for (const std::string hw : {"a100-pcie-40", "rtx-4090d", "cpu-x86"}) {
    const Job a = job_on("gpt2", hw, {});
    const Job b = job_on("resnet50", hw, {});
    CAPTURE(hw);
    const Colocation both = colocate(a, b, 5);
    CHECK(both.overlapped_s >= std::max(a.serial_s, b.serial_s));
    CHECK(both.overlapped_s <= both.serial_s * (1 + 1e-12));
    CHECK(both.speedup() <= 2);
    for (std::size_t i = 1; i < both.pairs.size(); ++i) CHECK(both.pairs[i].saved_s() <= both.pairs[i - 1].saved_s());
    const Colocation alone = colocate(a, std::nullopt, 5);
    for (const KernelPair& pair : alone.pairs) CHECK(pair.first < pair.second);
  }
}

TEST_CASE("the verdict: below 1.05x overlap is not worth scheduling") {
  const Args base = {"colocate", "--hp", "chargpt", "--roofs", "compute,dram", "--hw"};
  const auto verdict = [&](const std::string& hw) {
    Args args = base;
    args.push_back(hw);
    return test::run(args, 200).out;
  };
  CHECK(verdict("rtx-4090d").find("Not worth scheduling: perfect overlap gains nothing; ") != std::string::npos);
  CHECK(verdict("rtx-4090d").find("Products of chargpt: 997 memory-bound; compute bounds 0 % of all its time.") !=
        std::string::npos);
  CHECK(verdict("a100-pcie-40")
            .find("Overlap could pay: perfect overlap gains at most 1.16x, 27.3 ms instead of 31.7 "
                  "ms; the DRAM roof alone takes 27.3 ms.") != std::string::npos);
  // 80 of 83 products a layer: 80 x 12 = 960; 3 x 12 and the head are not.
  CHECK(verdict("a100-pcie-40").find("Products of chargpt: 37 compute-bound, 960 memory-bound") != std::string::npos);
}

TEST_CASE("wrong options: one line, exit 2") {
  const std::array<test::WrongArgs, 10> cases = {{
      {{}, "--hp is missing; `analyze list models` names the shipped ones"},
      {{"--hp", "chargtp"}, "--hp: no model 'chargtp', did you mean 'chargpt'?"},
      {{"--hp", "chargpt", "--be", "gtp2"}, "--be: no model 'gtp2', did you mean 'gpt2'?"},
      {{"--hp", "memcpy:1GB"}, "--hp: a copy can only be --be; the high-priority job is a model"},
      {{"--hp", "chargpt", "--be", "memcpy:1"}, "--be memcpy:1: '1' has no unit; write for example '40 GB'"},
      {{"--hp", "chargpt", "--be-set", "B=8"}, "--be-set says something about a best-effort model; add --be M"},
      {{"--hp", "chargpt", "--be", "memcpy:1GB", "--be-set", "B=8"},
       "--be-set says something about a best-effort model; add --be M"},
      {{"--hp", "chargpt", "--be", "gpt2", "--be-set", "Q=8"},
       "--be-set Q=8: model 'gpt2' has no dim 'Q'; known: B, P, past, T, D, H, L, V"},
      {{"--hp", "chargpt", "--be", "gpt2", "--be-set", "T=4096"},
       "--be-set T=4096: dim 'T' is 4096; it can be at most P - past = 1024"},
      {{"chargpt"}, "unexpected 'chargpt'; every input is an option, see analyze colocate --help"},
  }};
  test::check_refused({"colocate"}, cases);
}

TEST_CASE("--set is of the high-priority job, --be-set of the other") {
  const auto dims = [](const Args& more) {
    Args args = {"colocate", "--hp", "gpt2", "--be", "chargpt", "--hw", "h200"};
    args.insert(args.end(), more.begin(), more.end());
    return test::run(args, 200).out;
  };
  const std::string out = dims({"--set", "B=3", "--be-set", "B=5", "--be-dtype", "bf16", "--be-phase", "step"});
  CHECK(out.find("model: gpt2 (GPT-2 (124M)), B=3 ") != std::string::npos);
  CHECK(out.find("B=5 P=128") != std::string::npos);
  CHECK(out.find("best effort: bf16, step, training") != std::string::npos);
}

TEST_CASE("every format") {
  for (const ColocateFormat& format : colocate_format_table()) {
    for (const Args& job : {Args{}, Args{"--be", "memcpy:4GB"}, Args{"--be", "gpt2"}}) {
      Args args = {"colocate", "--hp", "chargpt", "--hw", "h200", "--format", std::string(format.name)};
      args.insert(args.end(), job.begin(), job.end());
      const Ran ran = test::run(args);
      CHECK(ran.code == 0);
      CHECK(!ran.out.empty());
      CHECK(ran.out.find("nan") == std::string::npos);
    }
  }
}

}  // namespace
}  // namespace gable
