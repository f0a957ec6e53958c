// Easy to break here: places (yaml-cpp counts from 0), hostile files that grow, hang or crash a reader, and files that
// are none.
#include "analyzer/spec/yaml.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/error_text.h"
#include "tests/temp_folder.h"

using namespace gable;
using namespace std::string_literals;

namespace {

std::string repeated(std::string_view text, std::size_t n) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i) all += text;
  return all;
}

std::string parse_error(std::string_view text) {
  return input_error([&] { return parse_yaml(text, "a.yaml"); });
}

std::string load_error(const std::string& path) {
  return input_error([&] { return load_yaml(path); });
}

TEST_CASE("a document becomes a tree with places") {
  const YamlNode root = parse_yaml("name: a\nlist:\n  - 1\n  - {k: \"v w\"}\nnone:\n", "a.yaml");
  REQUIRE(root.kind == YamlNode::Kind::kMap);
  REQUIRE(root.entries.size() == 3);
  CHECK(root.find("name")->text == "a");
  CHECK(to_string(root.find("name")->where) == "a.yaml:1:7");
  const YamlNode& list = *root.find("list");
  REQUIRE(list.kind == YamlNode::Kind::kSequence);
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[0].text == "1");
  CHECK(list.items[1].find("k")->text == "v w");
  CHECK(to_string(list.items[1].find("k")->where) == "a.yaml:4:9");
  CHECK(root.find("none")->kind == YamlNode::Kind::kNull);
  CHECK(root.find("absent") == nullptr);
  CHECK(to_string(root.entries[1].key.where) == "a.yaml:2:1");
}

TEST_CASE("text in any script, with CRLF and a byte order mark") {
  CHECK(parse_yaml("title: \u7b97\u529b \U0001F600", "a.yaml").find("title")->text == "\u7b97\u529b \U0001F600");
  CHECK(parse_yaml("a: 1\r\nb: 2\r\n", "a.yaml").find("b")->text == "2");
  CHECK(parse_yaml("\xef\xbb\xbf"
                   "a: 1\n",
                   "a.yaml")
            .find("a")
            ->text == "1");
}

TEST_CASE("what the language leaves out is refused with its place") {
  CHECK(parse_error("a: &x 1\n") == "a.yaml:1:4: YAML anchors are not supported; write the value out");
  CHECK(parse_error("a: 1\nb: *x\n").starts_with("a.yaml:2:4: not valid YAML: "));
  CHECK(parse_error("a: !!binary aGVsbG8=\n") == "a.yaml:1:4: YAML tags are not supported");
  CHECK(parse_error("a: !custom {b: 1}\n") == "a.yaml:1:4: YAML tags are not supported");
  CHECK(parse_error("a: 1\n---\nb: 2\n") == "a.yaml:3:1: a spec is one YAML document; a second one starts here");
  CHECK(parse_error("? [a, b]\n: 1\n") == "a.yaml:1:3: a key must be a plain word; is a bracket left open?");
  CHECK(parse_error("? {a: b}\n: 1\n") == "a.yaml:1:3: a key must be a plain word; is a bracket left open?");
  CHECK(parse_error("a: 1\nb: 2\na: 3\n") == "a.yaml:3:1: key 'a' is given twice");
  CHECK(parse_error("ops:\n  - {a: 1\n  - {b: 2}\n") ==
        "a.yaml:2:5: a key must be a plain word; is a bracket left open?");
  CHECK(parse_error("x: {a: 1, a: 2}\n") == "a.yaml:1:11: key 'a' is given twice");
}

TEST_CASE("what is no YAML, no text or nothing") {
  CHECK(parse_error("") == "a.yaml: the file is empty; a spec starts with 'name:'");
  CHECK(parse_error("# only a comment\n") == "a.yaml: the file is empty; a spec starts with 'name:'");
  CHECK(parse_error("a: [1, 2\n").starts_with("a.yaml:2:1: not valid YAML: "));  // the text after that is yaml-cpp's
  CHECK(parse_error("a: b: c\n").starts_with("a.yaml:1:5: not valid YAML: "));
  for (const std::string_view open :
       {"a: \"b", "a: \"b\n", "a: \"b\n\n", "a: 'b\n", "a: \"b\nc: d\n", "a: {b: c\n", "[a, b\n"}) {
    CAPTURE(open);
    CHECK(parse_error(open) != "no error");
  }
  CHECK(parse_error("\x7f"
                    "ELF\x02\x01\x01\0"s) == "a.yaml:1:1: byte 0x7f is not text; a spec is UTF-8 YAML");
  CHECK(parse_error("a: 1\nb: \0c\n"s) == "a.yaml:2:4: byte 0x00 is not text; a spec is UTF-8 YAML");
  CHECK(parse_error("a: 1\nname: \xff\xfe\n") == "a.yaml:2:7: byte 0xff is not text; a spec is UTF-8 YAML");
  CHECK(parse_error("\xff\xfe"
                    "n\0a\0"s) == "a.yaml:1:1: byte 0xff is not text; a spec is UTF-8 YAML");  // UTF-16
}

TEST_CASE("hostile text ends in one line, soon") {
  CHECK(parse_error(repeated("[", 40) + repeated("]", 40)) == "a.yaml:1:33: nested deeper than 32 levels");
  CHECK(parse_error("a: " + repeated("[", 1000)) == "a.yaml:1:5: a key must be a plain word; is a bracket left open?");
  CHECK(parse_error(repeated("[", kMaxSpecBytes)) != "no error");
  CHECK(parse_error(repeated("{a: ", kMaxSpecBytes / 4)) != "no error");
  CHECK(parse_error(repeated("- ", 1000)) == "a.yaml:1:65: nested deeper than 32 levels");
  CHECK(parse_error("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n") ==
        "a.yaml:1:4: YAML anchors are not supported; write the value out");
  CHECK(parse_error(std::string(kMaxSpecBytes + 1, '#')) ==
        "a.yaml: 1048577 bytes are too large for a spec; the limit is 1048576 (1 MiB)");
  // At the limit: as many keys, items, lines or characters as fit.
  std::string keys;
  for (int i = 0; keys.size() + 20 < kMaxSpecBytes; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  CHECK(parse_yaml(keys, "a.yaml").entries.size() > 80000);
  CHECK(parse_yaml("[" + repeated("1,", 500000) + "1]", "a.yaml").items.size() == 500001);
  CHECK(parse_yaml("a: " + std::string(1000000, 'x'), "a.yaml").find("a")->text.size() == 1000000);
  CHECK(parse_error(repeated("\n", kMaxSpecBytes)) == "a.yaml: the file is empty; a spec starts with 'name:'");
}

TEST_CASE("a file is read once it is known to be one") {
  const TempFolder folder;
  const std::string good = folder.file("good.yaml", "name: a\n");
  CHECK(load_yaml(good).find("name")->text == "a");
  const std::string empty = folder.file("empty.yaml", "");
  const std::string missing = folder.path() + "/missing.yaml";
  const std::string fifo = folder.path() + "/fifo.yaml";  // must not be waited for
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(load_error(empty) == empty + ": the file is empty; a spec starts with 'name:'");
  CHECK(load_error(missing) == missing + ": cannot read: no such file");
  CHECK(load_error(good + "/x.yaml") == good + "/x.yaml: cannot read: no such file");
  CHECK(load_error(folder.path()) == folder.path() + ": cannot read: not a regular file");
  CHECK(load_error(fifo) == fifo + ": cannot read: not a regular file");
  CHECK(load_error("/dev/zero") == "/dev/zero: cannot read: not a regular file");
}

TEST_CASE("100 MB are refused by their size") {
  const TempFolder folder;
  const std::string large = folder.file("large.yaml", "name: a\n");
  std::filesystem::resize_file(large, 100'000'000);  // sparse
  CHECK(load_error(large) == large + ": 100000000 bytes are too large for a spec; the limit is 1048576 (1 MiB)");
}

TEST_CASE("a file without permission") {
  if (geteuid() == 0) return;  // root may read everything
  const TempFolder folder;
  const std::string secret = folder.file("secret.yaml", "name: a\n");
  std::filesystem::permissions(secret, std::filesystem::perms::none);
  CHECK(load_error(secret) == secret + ": cannot read: Permission denied");
}

TEST_CASE("links: dangling, and in a circle") {
  const TempFolder folder;
  const std::string link = folder.path() + "/link.yaml";
  const std::string loop = folder.path() + "/loop.yaml";
  std::filesystem::create_symlink("nowhere", link);
  std::filesystem::create_symlink("loop.yaml", loop);
  CHECK(load_error(link) == link + ": cannot read: no such file");
  CHECK(load_error(loop) == loop + ": cannot read: Too many levels of symbolic links");
}

}  // namespace
