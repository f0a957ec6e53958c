// The command line as its users see it: exact lines, exit codes, nothing half-written. What is easy to break here:
// a complaint that goes to standard output, a file left behind by a failure, a wrong value taken for a default.
#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "analyzer/base/text.h"
#include "tests/cli_run.h"

namespace gable::test {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test case.
class Folder {
 public:
  explicit Folder(const std::string& name) : path_(fs::temp_directory_path() / ("gable_cli_test_" + name)) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code error;
    fs::permissions(path_, fs::perms::owner_all, error);
    fs::remove_all(path_, error);
  }

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
    return file(name);
  }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  fs::path path_;
};

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Args split_words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

struct Wrong {
  std::string command;
  std::string message;
};

TEST_CASE("wrong flags: one line on standard error, exit 2, nothing on standard output") {
  const std::string gpt2 = "--model gpt2-split --hw a100-pcie-40 ";
  const std::array<Wrong, 61> cases = {{
      {"--hw a100-pcie-40", "--model is missing; `analyze list models` names the shipped ones"},
      {"--model gpt2-splt", "--model: no model 'gpt2-splt', did you mean 'gpt2-split'?"},
      {"--model gpt2-split --hw a100-pcie-4", "--hw: no hardware 'a100-pcie-4', did you mean 'a100-pcie-40'?"},
      {"--model ../nothing.yaml", "../nothing.yaml: cannot read: no such file"},
      {"--model /", "/: cannot read: not a regular file"},
      {"--model /dev/null", "/dev/null: cannot read: not a regular file"},
      {gpt2 + "--set B=8,B=9", "--set: dim 'B' is given twice"},
      {gpt2 + "--dtype weights=int8,weights=int4", "--dtype: weights is given twice"},
      {gpt2 + "--roofs l2,l2", "--roofs: 'l2' is given twice"},
      {gpt2 + "--parts top,top", "--parts: 'top' is given twice"},
      {gpt2 + "--set B=T", "--set B=T: only dims before 'B' can be used, 'T' is not"},
      {gpt2 + "--set B=0", "--set B=0: dim 'B' is 0; it must be at least 1"},
      {gpt2 + "--set B=-2", "--set B=-2: dim 'B' is -2; it must be at least 1"},
      {gpt2 + "--set B=1.5", "--set B=1.5: '1.5' is not a whole number"},
      {gpt2 + "--set B=nan", "--set B=nan: unknown dim 'nan'"},
      {gpt2 + "--set B=99999999999999999999",
       "--set B=99999999999999999999: the number exceeds 9.2e18 (64-bit integer)"},
      {gpt2 + "--set T=2048", "--set T=2048: dim 'T' is 2048; it can be at most P - past = 1024"},
      {gpt2 + "--set Q=1", "--set Q=1: model 'gpt2-split' has no dim 'Q'; known: B, P, past, T, D, H, L, V"},
      {gpt2 + "--set B", "--set: 'B' is not DIM=VALUE; write for example --set B=8,T=1024"},
      {gpt2 + "--set B=1,,T=6", "--set: '' is not DIM=VALUE; write for example --set B=8,T=1024"},
      {gpt2 + "--dtype bf61", "--dtype: unknown dtype 'bf61', did you mean 'bf16'?"},
      {gpt2 + "--dtype weights:int8",
       "--dtype: unknown dtype 'weights:int8'; known: fp64, fp32, tf32, bf16, fp16, fp8_e4m3, fp8_e5m2, int32, int8, "
       "fp4, int4"},
      {gpt2 + "--dtype int32",
       "a100-pcie-40 has no rate for int32, nor for a dtype that holds its values; it has fp64, fp32, bf16, fp16, "
       "tf32, int8, int4"},
      {gpt2 + "--recipe flahs", "--recipe: no recipe 'flahs', did you mean 'flash'?"},
      {gpt2 + "--roofs dramm", "--roofs: unknown roof 'dramm', did you mean 'dram'?"},
      {gpt2 + "--resident l3", "--resident: unknown value 'l3', did you mean 'l2'?"},
      {gpt2 + "--count macs", "--count: unknown value 'macs', did you mean 'mac'?"},
      {gpt2 + "--by layer", "--by: unknown grouping 'layer'; known: op, block, part, kind, kernel, pass"},
      {gpt2 + "--top 0", "--top: '0' is not a whole number of at least 1"},
      {gpt2 + "--top x", "--top: 'x' is not a whole number of at least 1"},
      {gpt2 + "--format xml", "--format: unknown format 'xml'; known: table, csv, json, svg, md"},
      {gpt2 + "--format csv,json", "--format: one format goes to standard output; for several add --out DIR"},
      {gpt2 + "--parts botom", "--parts: model 'gpt2-split' has no part 'botom', did you mean 'bottom'?"},
      {gpt2 + "--batch 8",
       "unknown option '--batch'; known: --help, --model, --hw, --set, --dtype, --parts, --phase, --mode, --recipe, "
       "--fuse, "
       "--recompute, --amp and 17 more"},
      {gpt2 + "--phase setp", "--phase: unknown value 'setp', did you mean 'step'?"},
      {gpt2 + "--recompute blocks", "--recompute: unknown value 'blocks', did you mean 'block'?"},
      {gpt2 + "--recompute block", "--recompute says nothing about --phase forward; add --phase step"},
      {gpt2 + "--phase backward --optimizer adamw",
       "--optimizer says nothing about --phase backward; add --phase step"},
      {gpt2 + "--phase step --optimizer adam",
       "--optimizer: recipe 'ideal' has no optimizer 'adam', did you mean 'adamw'?"},
      {gpt2 + "--phase step --optimizer lion",
       "--optimizer: recipe 'ideal' has no optimizer 'lion'; known: adamw, momentum, sgd"},
      {gpt2 + "--phase step --optimizer clip", "--optimizer: 'clip' updates nothing; --clip-grad adds it to the step"},
      {gpt2 + "--phase step --optimizer zero_grad",
       "--optimizer: 'zero_grad' updates nothing; --zero-grad keep adds it to the step"},
      {gpt2 + "--phase step --optimizer unscale",
       "--optimizer: 'unscale' updates nothing; --amp fp16 adds it to the step"},
      {gpt2 + "--amp fp8", "--amp: unknown value 'fp8'; known: bf16, fp16"},
      {gpt2 + "--phase step --micro-batches 0", "--micro-batches: '0' is not a whole number of at least 1"},
      {gpt2 + "--phase step --zero-grad nine", "--zero-grad: unknown value 'nine', did you mean 'none'?"},
      {gpt2 + "--mode train --phase prefill",
       "--mode train contradicts --phase prefill, which is inference; give --phase forward"},
      {gpt2 + "--mode train --phase decode",
       "--mode train contradicts --phase decode, which is inference; give --phase forward"},
      {gpt2 + "--mode eval --phase optimizer", "--mode says nothing about --phase optimizer; add --phase step"},
      {gpt2 + "--amp bf16 --phase optimizer", "--amp says nothing about --phase optimizer; add --phase step"},
      {gpt2 + "--amp bf16 --dtype bf16",
       "--amp bf16 converts nothing: weights and activations are bf16 already; add --dtype fp32"},
      {gpt2 + "--amp bf16 --dtype weights=int8",
       "--amp bf16: autocast leaves int8 weights as they are; add --dtype fp32"},
      {gpt2 + "--phase step --dtype int8",
       "--dtype: int8 weights have no gradient, which --phase step needs; give a floating-point dtype, or --phase "
       "forward in evaluation"},
      {gpt2 + "--phase backward --dtype act=int8",
       "--dtype: int8 activations have no gradient, which --phase backward needs; give a floating-point dtype, or "
       "--phase forward in evaluation"},
      {gpt2 + "--mode train --dtype int4",
       "--dtype: int4 weights have no gradient, which --mode train needs; give a floating-point dtype, or --phase "
       "forward in evaluation"},
      {gpt2 + "--flops model-only", "--flops: unknown convention 'model-only'; known: executed, model, causal-halved"},
      {gpt2 + "--fuse qvk", "--fuse qvk: no fusion 'qvk', nor a run of ops \"a..b\", did you mean 'qkv'?"},
      {gpt2 + "--fuse top/h/scale..top/h/sofmax",
       "--fuse top/h/scale..top/h/sofmax: model 'gpt2-split' has no op 'top/h/sofmax', did you mean 'top/h/softmax'?"},
      {gpt2 + "--modle gpt2", "unknown option '--modle', did you mean '--model'?"},
      {gpt2 + "--hw t4", "--hw is given twice"},
      {gpt2 + "extra", "unexpected 'extra'; every input is an option, see analyze --help"},
  }};
  for (const Wrong& wrong : cases) check_refused(run(split_words(wrong.command)), wrong.message);
}

TEST_CASE("what this machine lacks, where it is asked for, is exit 3") {
  const Ran ran = run({"--model", "gpt2-split", "--hw", "measured"});
  CHECK(ran.code == 3);
  CHECK(ran.err ==
        "--hw measured: neither XDG_DATA_HOME nor HOME says where profiles are; a device can be named instead\n");
  CHECK(ran.out.empty());
}

TEST_CASE("a repeat that nobody could read stays one row") {
  const Ran ran = run({"--model", "gpt2", "--hw", "a100-pcie-40", "--set", "L=20000000", "--by", "block"});
  CHECK(ran.code == 0);
  CHECK(ran.out.find("  h x20000000 ") != std::string::npos);
  CHECK(ran.out.size() < 10'000);
}

TEST_CASE("wrong commands") {
  const std::array<Wrong, 9> cases = {{
      {"lst models", "unknown command 'lst', did you mean 'list'?"},
      {"list", "analyze list takes one of models, hardware, hosts, ops, recipes, dtypes, formats"},
      {"list model", "analyze list: unknown topic 'model', did you mean 'models'?"},
      {"show op", "analyze show takes two words: hardware H, host H, model M, op K or recipe R; or one: rows-schema"},
      {"show op linaer", "analyze show op: no op 'linaer', did you mean 'linear'?"},
      {"show hardware a100", "--hw: no hardware 'a100', did you mean 'a100-pcie-40'?"},
      {"show modl gpt2", "analyze show: unknown topic 'modl', did you mean 'model'?"},
      {"list models --long", "unknown option '--long'; known: --help"},
      {"--model", "--model needs a value: --model M"},
  }};
  for (const Wrong& wrong : cases) {
    CAPTURE(wrong.command);
    const Ran ran = run(split_words(wrong.command));
    CHECK(ran.code == 2);
    CHECK(ran.err.substr(0, wrong.message.size()) == wrong.message);
    CHECK(ran.out.empty());
  }
}

TEST_CASE("hostile files: a clear line and exit 2") {
  const Folder folder("hostile");
  const std::string deep = std::string(100, '[') + "x" + std::string(100, ']');
  const std::array<Wrong, 10> cases = {{
      {std::string("\x7f"
                   "ELF\x02\x01\x01\0\0\0",
                   10),
       ":1:1: byte 0x7f is not text; a spec is UTF-8 YAML"},
      {"", ": the file is empty; a spec starts with 'name:'"},
      {"name: m\nops: \xff\n", ":2:6: byte 0xff is not text; a spec is UTF-8 YAML"},
      {"name: m\nops: " + deep, ":2:37: nested deeper than 32 levels"},
      {"a: &a [x, x]\nb: *a\n", ":1:4: YAML anchors are not supported; write the value out"},
      {"name: m\nname: n\n", ":2:1: key 'name' is given twice"},
      {"name: m\n---\nname: n\n", ":3:1: a spec is one YAML document; a second one starts here"},
      {"name: m\ntitle: \"\\e[31m\"\n", ":2:8: an escape in this text makes a character that cannot be shown"},
      {"name: m\ntitle: \"\\uFFFE\"\n", ":2:8: an escape in this text makes a character that cannot be shown"},
      {"name: [m\n", ":2:1: not valid YAML: end of sequence flow not found"},
  }};
  for (const Wrong& wrong : cases) {
    const std::string path = folder.write("m.yaml", wrong.command);
    CAPTURE(wrong.message);
    const Ran ran = run({"--model", path});
    CHECK(ran.code == 2);
    CHECK(ran.err == path + wrong.message + "\n");
    CHECK(ran.out.empty());
  }
  const std::string large = folder.write("large.yaml", "");
  fs::resize_file(large, 100'000'000);  // sparse
  CHECK(run({"--model", large}).err ==
        large + ": 100000000 bytes are too large for a spec; the limit is 1048576 (1 MiB)\n");
}

TEST_CASE("the first line says which device and why") {
  const Ran named = run(split_words("--model gemm --hw a100-pcie-40"), 200);
  CHECK(named.out.substr(0, named.out.find('\n')) == "hardware: a100-pcie-40 (NVIDIA A100 PCIe 40 GB), named by --hw");
  const Ran chosen = run({"--model", "gemm"}, 200);
  CHECK(chosen.out.substr(0, chosen.out.find('\n')) ==
        "hardware: a100-pcie-40 (NVIDIA A100 PCIe 40 GB), reference device: no GPU and no measured profile here");
}

TEST_CASE("--out writes whole files and names them on standard error") {
  const Folder folder("out");
  const Ran ran = run({"--model", "gemm", "--hw", "a100-pcie-40", "--out", folder.file("new/reports")});
  CHECK(ran.code == 0);
  CHECK(ran.out.empty());
  for (const char* extension : {"csv", "json", "svg", "md"}) {
    const std::string path = folder.file(std::string("new/reports/gemm.a100-pcie-40.") + extension);
    CAPTURE(path);
    CHECK(fs::file_size(path) > 100);
    CHECK(ran.err.find("wrote " + path + "\n") != std::string::npos);
  }
  CHECK(std::distance(fs::directory_iterator(folder.file("new/reports")), fs::directory_iterator()) == 4);
}

TEST_CASE("--out with the ending of a format is that file, in that format") {
  const Folder folder("file");
  const Ran ran = run({"--model", "gemm", "--hw", "a100-pcie-40", "--out", folder.file("x.json")});
  CHECK(ran.code == 0);
  CHECK(ran.err == "wrote " + folder.file("x.json") + "\n");
  CHECK(read_all(folder.file("x.json")).starts_with("{"));
  CHECK(folder.count() == 1);
  check_refused(run({"--model", "gemm", "--format", "csv", "--out", folder.file("y.json")}),
                "--format csv contradicts --out " + folder.file("y.json"));
}

TEST_CASE("a failed write leaves the old file and nothing else") {
  const Folder folder("failed");
  const std::string old = folder.write("gemm.a100-pcie-40.csv", "old");
  folder.write("file", "");
  const Ran no_folder = run({"--model", "gemm", "--hw", "a100-pcie-40", "--out", folder.file("file")});
  CHECK(no_folder.code == 2);
  CHECK(no_folder.err == "--out " + folder.file("file") + ": " + folder.file("file") + " is not a folder\n");
  // A folder in the way of the rename: the temporary file must go, whoever runs this (permissions do not stop root).
  fs::create_directories(folder.file("gemm.a100-pcie-40.json/x"));
  const Ran blocked = run({"--model", "gemm", "--hw", "a100-pcie-40", "--format", "json", "--out", folder.file("")});
  CHECK(blocked.code == 2);
  CHECK(blocked.err.find("cannot write: Is a directory") != std::string::npos);
  CHECK(read_all(old) == "old");
  CHECK(folder.count() == 3);  // old, file, the folder: no temporary name
  // The other formats are not written, either.
  const Ran all = run({"--model", "gemm", "--hw", "a100-pcie-40", "--out", folder.file("")});
  CHECK(all.code == 2);
  CHECK(read_all(old) == "old");
  CHECK(folder.count() == 3);
  const Ran bad_model = run({"--model", folder.file("file"), "--out", folder.file("")});
  CHECK(bad_model.code == 2);
  CHECK(folder.count() == 3);
}

TEST_CASE("a path that cannot be written is refused before anything is computed") {
  const Folder folder("paths");
  const std::string file = folder.write("file", "");
  fs::create_directories(folder.file("dir.csv"));
  const std::string study = "whatif --model gemm --change K=64 --out ";
  for (const std::string& command : {"--model gemm --out " + file + "/x", "memory --model gpt2 --out " + file + "/x",
                                     study + file + "/x", study + file + "/x.csv"}) {
    CAPTURE(command);
    const Ran ran = run(split_words(command));
    CHECK(ran.code == 2);
    CHECK(ran.err.starts_with("--out " + file + "/x"));
    CHECK(ran.err.ends_with(": " + file + " is not a folder\n"));
  }
  const Ran missing = run(split_words("compare t4 a10 --model gemm --out " + folder.file("no/x.csv")));
  CHECK(missing.code == 2);
  CHECK(missing.err == "--out " + folder.file("no/x.csv") + ": there is no folder " + folder.file("no") + "\n");
  const Ran is_folder = run(split_words("sweep --model gemm --vary N=1 --out " + folder.file("dir.csv")));
  CHECK(is_folder.code == 2);
  CHECK(is_folder.err == "--out " + folder.file("dir.csv") + ": is a folder; name a file in it\n");
  CHECK(folder.count() == 2);
}

TEST_CASE("a device is written to, not replaced") {
  const Folder folder("device");
  fs::create_symlink("/dev/full", folder.file("full.json"));
  const Ran ran = run(split_words("whatif --model gemm --change K=64 --out " + folder.file("full.json")));
  CHECK(ran.code == 1);
  CHECK(ran.err == folder.file("full.json") + ": cannot write: No space left on device\n");
  CHECK(fs::is_symlink(folder.file("full.json")));
}

TEST_CASE("standard output that cannot be written is exit 1") {
  std::ostringstream out;
  std::ostringstream err;
  out.setstate(std::ios::badbit);  // as a full disk leaves it
  CHECK(run_analyze({"list", "ops"}, {out, err, 80, false, {"/nonexistent", ""}}) == 1);
  CHECK(err.str() == "cannot write to standard output\n");
}

TEST_CASE("every command has --help with one example, and the overview names every command") {
  const Ran overview = run({"--help"});
  CHECK(overview.code == 0);
  for (const Command& command : command_table()) {
    CAPTURE(command.name);
    CHECK(overview.out.find(command.usage) != std::string::npos);
    const Ran help = command.name.empty() ? overview : run({std::string(command.name), "--help"});
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK(help.out.find("example: " + std::string(command.example) + "\n") != std::string::npos);
  }
  CHECK(run({"--version"}).out == "gable " GABLE_VERSION "\n");
}

TEST_CASE("the examples of --help run") {
  for (const Command& command : command_table()) {
    if (command.name == "lint" || command.name == "trace" || command.name == "calibrate" || command.name == "validate")
      continue;  // their examples name files of the user's
    if (command.name == "probe")
      continue;  // it writes the user's profile; probe_test.py runs it in a folder of its own
    if (command.name == "record") continue;  // it runs a program of the user's
    CAPTURE(command.example);
    Args words = split_words(std::string(command.example));
    words.erase(words.begin());  // "analyze"
    const Ran ran = run(words);
    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    CHECK(ran.out.size() > 100);
  }
}

TEST_CASE("show recipe prints kernels of every op within the width") {
  const Ran shown = run({"show", "recipe", "pytorch-eager"});
  CHECK(shown.code == 0);
  std::istringstream lines(shown.out);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(display_width(line) <= 80);
  }
  for (const std::string_view part : {
           "  base: ideal\n",
           "\nrmsnorm.custom\n  let       n = rows*width\n"
           "  forward   pow                  stream    n act -> n act; n FLOP\n"
           "            mean                 reduce    n act -> rows accum; n FLOP\n",
           "  saves     input n act, xhat n act, stats rows accum\n",
           "  dgrad     dgrad                gemm      m tokens, n in, k out; act * weights\n"
           "                                           -> act\n"
           "  wgrad     wgrad ",
           "\nconcat\n  forward   op                   op        the op as its row states it\n  backward  no kernel\n",
           "  forward   clone                memcpy    n act -> n act\n",
           "- heads: ",
           "optimizer adamw-foreach: ",
           "  optimizer item                 memcpy    1 accum -> 1 accum; the CPU waits\n",
       }) {
    CAPTURE(part);
    CHECK(shown.out.find(part) != std::string::npos);
  }
  CHECK(run({"show", "recipe", "flash"}).out.find("* flash_attention: ") != std::string::npos);
  CHECK(run({"show", "recipe", "flahs"}).err == "--recipe: no recipe 'flahs', did you mean 'flash'?\n");
}

TEST_CASE("lint knows a recipe by its keys") {
  const Folder folder("lint_recipe");
  const std::string head = "name: r\ndoc: d\n";
  for (const std::string_view body : {"ops: {gelu: {backward: []}}\n", "base: flash\n", "fan_in: {kernel: stream}\n"}) {
    CAPTURE(body);
    const Ran ran = run({"lint", folder.write("r.yaml", head + std::string(body))});
    CHECK(ran.code == 0);
    CHECK(ran.out.find("r.yaml: ok, recipe, ") != std::string::npos);
  }
  const std::string bad = folder.write("r.yaml", head + "fuse: [flash]\nbase: ideal\n");
  CHECK(run({"lint", bad}).err.starts_with(bad + ":3:8: unknown fusion 'flash', did you mean 'flash_attention'?"));
}

TEST_CASE("lint accepts what is shipped, and names what is wrong") {
  const Ran shipped = run({"lint"});
  CHECK(shipped.code == 0);
  CHECK(shipped.err.empty());
  CHECK(shipped.out.find(", 0 wrong, ") != std::string::npos);
  const Folder folder("lint");
  const std::string bad = folder.write("a.yaml", "name: b\nops:\n  - {op: scale, n: 4}\n");
  const std::string good = folder.write("b.yaml", "name: b\nops:\n  - {op: scale, n: 4}\n");
  const Ran ran = run({"lint", bad, good});
  CHECK(ran.code == 2);
  CHECK(ran.err == bad + ":1:7: name 'b' differs from the file's name 'a'\n");
  CHECK(ran.out == good + ": ok, model, 1 op in 1 part\n2 files, 1 wrong, 0 numbers unverified\n");
}

}  // namespace
}  // namespace gable::test
