// `analyze sweep` as its users see it. What is easy to break here: a file of another sweep that is continued or cut, a
// value that names no flag, output of a sweep that never had a result.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "analyzer/cli/interrupt.h"
#include "tests/cli_run.h"
#include "tests/temp_folder.h"

namespace gable::test {
namespace {

Args words_of(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

Ran sweep(const std::string& options, int width = 80) { return run(words_of("sweep " + options), width); }

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Wrong {
  std::string options;
  std::string message;
};

constexpr const char* kBounded =
    "name: m\ndims: {B: 1, P: 1024, T: {value: 8, max: P}}\nops: [{op: matmul, m: T, n: T, k: B}]\n";

TEST_CASE("a wrong sweep: one line with flag and value, exit 2, nothing on standard output") {
  const TempFolder folder;
  const std::string small = "--model " + folder.file("m.yaml", kBounded) + " --hw a100-pcie-40 ";
  const std::array<Wrong, 28> cases = {{
      {"--vary T=1", "--model is missing; `analyze list models` names the shipped ones"},
      {small, "--vary is missing; write for example --vary B=1,2,4 --vary T=128..8192*2"},
      {small + "--vary T=8..4", "--vary T=8..4: 0 points: the range '8..4' is empty"},
      {small + "--vary B=1..1000000 --vary T=1..1000000",
       "--vary: 1,000,000,000,000 points (1,000,000 of B x 1,000,000 of T) are more than 10,000,000; --yes runs them "
       "all"},
      {small + "--vary B=1..1000000 --vary T=1..1000000 --yes",
       "--format table shows at most 100,000 points, this sweep has 1,000,000,000,000; --format csv takes any number"},
      {small + "--vary Q=1", "--vary Q=1: model 'm' has no dim 'Q'; known: B, P, T, hw, dtype, recipe, phase"},
      {small + "--vary dtpe=fp32",
       "--vary dtpe=fp32: 'fp32' is no whole number and no range; write for example 512, "
       "1..8, 64..512+64 or 128..8192*2"},
      {small + "--vary T=1 --vary T=2", "--vary: 'T' is given twice"},
      {small + "--vary T=1,2 --set B=2,T=8", "--vary T=1,2 and --set T=8 contradict each other; give one of them"},
      {small + "--vary hw=h200", "--vary hw and --hw contradict each other; give one of them"},
      {small + "--dtype bf16 --vary dtype=fp32", "--vary dtype and --dtype contradict each other; give one of them"},
      {small + "--recipe flash --vary recipe=ideal",
       "--vary recipe and --recipe contradict each other; give one of them"},
      {"--model gpt2 --vary hw=h20x --vary T=1", "--vary hw: no hardware 'h20x', did you mean 'h20'?"},
      {small + "--vary dtype=bf61", "--vary dtype: unknown dtype 'bf61', did you mean 'bf16'?"},
      {small + "--vary recipe=idael", "--vary recipe: no recipe 'idael', did you mean 'ideal'?"},
      {small + "--vary T=2048,4096",
       "--vary: none of the 2 points has a result; the first, T=2048: dim 'T' is 2048; it "
       "can be at most P = 1024"},
      {small + "--vary T=1,2 --parts botom", "--parts: model 'm' has no part 'botom'; known: all, model"},
      {"--model gpt2,gpt2 --vary T=1", "--model: 'gpt2' is given twice"},
      {"--model gpt2,gtp2 --vary T=1", "--model: no model 'gtp2', did you mean 'gpt2'?"},
      {"--model gemm,gpt2 --vary T=1",
       "--vary T=1: model 'gemm' has no dim 'T'; known: N, M, K, hw, dtype, recipe, phase"},
      {small + "--vary T=1 --format xml", "--format: unknown format 'xml'; known: table, csv, json, svg"},
      {small + "--vary T=1 --out x.dat",
       "--out: the ending of 'x.dat' names no format; add --format table, csv, json or svg"},
      {small + "--vary T=1 --out x.csv --resume x.csv",
       "--out and --resume contradict each other; --resume names the file"},
      {small + "--vary T=1 --resume x.csv --format json", "--format: only csv can be resumed, not 'json'"},
      {small + "--vary T=1 --resume /nonexistent/x.csv",
       "--resume /nonexistent/x.csv: cannot read: No such file or directory"},
      {small + "--vary T=1 --threads 0", "--threads: '0' is not a whole number of at least 1"},
      {small + "--vary T=1 --threads 2000", "--threads: 2000 is more than 1024"},
      {small + "T=1", "unexpected 'T=1'; every input is an option, see analyze sweep --help"},
  }};
  for (const Wrong& wrong : cases) check_refused(sweep(wrong.options), wrong.message);
}

TEST_CASE("points without a result are counted on standard error; the others are there") {
  const TempFolder folder;
  const std::string model = folder.file("m.yaml", kBounded);
  const Ran ran = sweep("--model " + model + " --hw a100-pcie-40 --vary T=512,2048,4096 --format csv");
  CHECK(ran.code == 0);
  CHECK(ran.err == "2 of 3 points have no result; the first, T=2048: dim 'T' is 2048; it can be at most P = 1024\n");
  CHECK(ran.out.find("m,a100-pcie-40,fp32,4096,,") != std::string::npos);
}

TEST_CASE("patterns give the shipped models, smallest first") {
  const Ran ran = sweep("--model cs336-* --hw a100-pcie-40 --vary T=128,256 --format csv");
  CHECK(ran.code == 0);
  std::size_t at = 0;
  for (const char* name : {"cs336-small", "cs336-medium", "cs336-large", "cs336-xl", "cs336-2.7b"}) {
    CAPTURE(name);
    const std::size_t found = ran.out.find(std::string("\n") + name + ",a100-pcie-40,fp32,128,");
    REQUIRE(found != std::string::npos);
    CHECK(found > at);
    at = found;
  }
  const Ran none = sweep("--model x* --vary T=1");
  CHECK(none.code == 2);
  CHECK(none.err.starts_with("--model: no shipped model matches 'x*'; known: attention, "));
}

TEST_CASE("a sweep over a dim that others are derived from") {
  // K = N/2 follows: 2*10*10*5 and 2*20*20*10 FLOP.
  const Ran ran = sweep("--model gemm --hw a100-pcie-40 --set K=N/2 --vary N=10,20 --format csv");
  CHECK(ran.out.find("gemm,a100-pcie-40,fp32,10,1000,") != std::string::npos);
  CHECK(ran.out.find("gemm,a100-pcie-40,fp32,20,8000,") != std::string::npos);
}

TEST_CASE("a decode step over the context: T positions in all, one of them new") {
  const TempFolder folder;
  const std::string model = folder.file("m.yaml",
                                        "name: m\ndims: {past: {value: 0, min: 0}, T: 8}\nops:\n"
                                        "  - {name: a, op: matmul, m: T, n: past + T, k: 100}\n");
  const std::string decode = "--model " + model + " --hw a100-pcie-40 --phase decode --format csv ";
  // 2 * 1 * context * 100 FLOP, as with --set T=16.
  const Ran context = sweep(decode + "--vary T=16,32");
  CHECK(context.code == 0);
  CHECK(context.out.find("m,a100-pcie-40,fp32,16,3200,") != std::string::npos);
  CHECK(context.out.find("m,a100-pcie-40,fp32,32,6400,") != std::string::npos);
  // One new position after 16: 2 * 1 * 17 * 100.
  CHECK(sweep(decode + "--vary past=16").out.find("m,a100-pcie-40,fp32,16,3400,") != std::string::npos);
  // Both given: 4 new positions after 16, 2 * 4 * 20 * 100.
  CHECK(sweep(decode + "--set past=16 --vary T=4").out.find("m,a100-pcie-40,fp32,4,16000,") != std::string::npos);
}

const std::string kSweep = "--model gemm --hw a100-pcie-40 --vary M=1..3 --vary N=1..700 ";  // 2100 points, 3 chunks

TEST_CASE("a file that was cut anywhere is continued to the same bytes") {
  const TempFolder folder;
  const std::string path = folder.file("s.csv", "");
  const std::string resume = kSweep + "--resume " + path;
  const std::string wrote = "wrote " + path + "\n";
  CHECK(sweep(kSweep + "--out " + path).err == wrote);
  const std::string whole = read_all(path);
  CHECK(whole == sweep(kSweep + "--format csv --threads 3").out);
  const std::size_t header = whole.find("\r\n") + 2;
  const std::size_t row = whole.find("\r\n", header) + 2;
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, header - 2, header - 1, header, header + 5, row - 1,
                                 row, whole.size() / 2, whole.size() - 1, whole.size()}) {
    CAPTURE(size);
    std::filesystem::resize_file(path, size);
    const Ran ran = sweep(resume);
    CHECK(ran.code == 0);
    CHECK(ran.err == wrote);
    CHECK(read_all(path) == whole);
    std::ofstream(path, std::ios::binary) << whole;
  }
}

TEST_CASE("a file of something else is neither continued nor cut") {
  const TempFolder folder;
  const std::string path = folder.file("s.csv", "");
  REQUIRE(sweep(kSweep + "--out " + path).code == 0);
  const std::string whole = read_all(path);
  const std::string base = "--model gemm --vary M=1..3 ";
  struct Other {
    std::string options;
    std::string content;
    std::string message;
  };
  const std::string same = " where this sweep has ";
  const std::string hint = "; resume with the options of the first run";
  const std::array<Other, 9> cases = {{
      {base + "--hw a100-pcie-40 --vary N=1..701", whole, " line 702: "},
      {base + "--hw h200 --vary N=1..700", whole, " line 2: "},
      {base + "--hw a100-pcie-40 --vary K=1..700", whole, " line 1: "},
      {base + "--hw a100-pcie-40 --roofs dram --vary N=1..700", whole,
       " line 2: other results than this sweep has" + hint},
      {base + "--hw a100-pcie-40 --vary N=1..700", whole + "x", " line 2102: 'x'" + same + "''" + hint},
      {base + "--hw a100-pcie-40 --vary N=1..700", whole + "x\r\n",
       " line 2102: this sweep has no more than 2,100 points"},
      {base + "--hw a100-pcie-40 --vary N=1..700", "notes\n",
       " line 1: it does not end in CR LF, as every line of a sweep does"},
      {base + "--hw a100-pcie-40 --vary N=1..700", "notes", " line 1: 'notes'" + same},
      {base + "--hw a100-pcie-40 --vary N=1..700", whole.substr(0, whole.size() - 40) + "99", " line 2101: "},
  }};
  for (const Other& other : cases) {
    CAPTURE(other.options);
    std::ofstream(path, std::ios::binary) << other.content;
    const Ran ran = sweep(other.options + " --resume " + path);
    CHECK(ran.code == 2);
    CHECK(ran.err.starts_with("--resume " + path + ":" + other.message));
    CHECK(read_all(path) == other.content);
  }
}

TEST_CASE("the other formats are files written whole") {
  const TempFolder folder;
  for (const char* extension : {"txt", "json", "svg"}) {
    const std::string path = folder.path() + "/s." + extension;
    const Ran ran = sweep("--model gemm --hw a100-pcie-40 --vary N=64..4096*4 --out " + path);
    CAPTURE(path);
    CHECK(ran.code == 0);
    CHECK(ran.out.empty());
    CHECK(ran.err == "wrote " + path + "\n");
    CHECK(std::filesystem::file_size(path) > 500);
  }
  CHECK(sweep("--model gemm --vary N=1 --out /nonexistent/s.csv").code == 2);
  const Ran full = sweep("--model gemm --hw a100-pcie-40 --vary N=1..9 --format csv --out /dev/full");
  CHECK(full.code == 1);
  CHECK(full.err == "/dev/full: cannot write: No space left on device\n");
}

TEST_CASE("the first signal is noted, and afterwards all is as it was") {
  const auto before = std::signal(SIGTERM, SIG_IGN);  // whoever runs the tests has a handler of its own
  {
    const Interrupt interrupt;
    CHECK(Interrupt::signal() == 0);
    std::raise(SIGTERM);
    CHECK(Interrupt::signal() == SIGTERM);
  }
  const bool still_ignored = std::signal(SIGTERM, before) == SIG_IGN;
  CHECK(still_ignored);
  const Interrupt again;
  CHECK(Interrupt::signal() == 0);
}

/// A buffer that interrupts the process at its first line, as someone at the keyboard would.
class Impatient : public std::stringbuf {
 public:
  explicit Impatient(std::vector<int> signals) : signals_(std::move(signals)) {}

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    if (writes_++ == 1) {
      for (const int signal : signals_) std::raise(signal);
    }
    return std::stringbuf::xsputn(text, size);
  }

 private:
  std::vector<int> signals_;
  int writes_ = 0;
};

TEST_CASE("the second signal kills at once, also in the middle of a sweep, whichever of the two it is") {
  for (const int second : {SIGINT, SIGTERM}) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::signal(second, SIG_DFL);  // whoever runs the tests has a handler of its own
      Impatient buffer({SIGINT, second});
      std::ostream out(&buffer);
      std::ostringstream err;
      const Args args = words_of("sweep --model gemm --hw a100-pcie-40 --threads 1 --vary N=1..5000 --format csv");
      run_analyze(args, {out, err, 80, false, {"/nonexistent", ""}});
      _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == second);
  }
}

TEST_CASE("Ctrl-C leaves whole lines, says how many, and is exit 130") {
  Impatient buffer({SIGINT});
  std::ostream out(&buffer);
  std::ostringstream err;
  const Args args = words_of("sweep --model gemm --hw a100-pcie-40 --threads 1 --vary N=1..5000 --format csv");
  const int code = run_analyze(args, {out, err, 80, false, {"/nonexistent", ""}});
  CHECK(code == 128 + SIGINT);
  CHECK(err.str() == "stopped after 1,024 of 5,000 points; with --out FILE.csv it could be continued\n");
  const std::string text = buffer.str();
  CHECK(text.ends_with("\r\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 1025);
}

}  // namespace
}  // namespace gable::test
