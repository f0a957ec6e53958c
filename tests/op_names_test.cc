// Names of ops. Easy to break here: an exact path that a longer one's end shadows, a part left out that should stand
// for all, a module's name that is taken for an op's.
#include "analyzer/study/op_names.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "analyzer/spec/library.h"

namespace gable {
namespace {

std::vector<std::string> named(const Model& model, const std::string& name) {
  std::vector<std::string> paths;
  for (const std::size_t op : ops_named(model, name)) paths.push_back(model.full_path(model.ops[op]));
  return paths;
}

TEST_CASE("op names: a path, its end, dots, and what attention's products are called elsewhere") {
  struct Case {
    std::string name;
    std::vector<std::string> paths;
  };
  const Model model = load_model("gpt2-split");
  for (const Case& c : std::array<Case, 10>{{{"top/h/fc", {"top/h/fc"}},
                                             {"h/fc", {"bottom/h/fc", "top/h/fc"}},
                                             {"fc", {"bottom/h/fc", "top/h/fc"}},
                                             {"top.h.fc", {"top/h/fc"}},
                                             {"top/*fc", {"top/h/fc"}},
                                             {"attn.pv", {"bottom/h/values", "top/h/values"}},
                                             {"top/h/attn/qk", {"top/h/scores"}},
                                             {"top.h.self_attn.softmax", {"top/h/softmax"}},
                                             {"av", {"bottom/h/values", "top/h/values"}},
                                             {"attn", {}}}}) {
    CAPTURE(c.name);
    CHECK(named(model, c.name) == c.paths);
  }
  CHECK(no_such_op(model, "atn.pv").starts_with("model 'gpt2-split' has no op 'atn.pv'"));
  CHECK(no_such_op(model, "lm_haed") == "model 'gpt2-split' has no op 'lm_haed', did you mean 'lm_head'?");
  CHECK(no_such_op(model, "h/sofmtax") == "model 'gpt2-split' has no op 'h/sofmtax', did you mean 'h/softmax'?");
}

TEST_CASE("op names: patterns") {
  struct Case {
    std::string pattern, text;
    bool matches;
  };
  for (const Case& c : std::array<Case, 12>{{{"lm_head", "lm_head", true},
                                             {"lm_head", "lm_head2", false},
                                             {"*", "", true},
                                             {"*", "h/fc", true},
                                             {"h/*", "h/fc", true},
                                             {"h/*", "ln_f", false},
                                             {"*/fc", "top/h/fc", true},
                                             {"*fc*", "h/fc", true},
                                             {"h/f?", "h/fc", true},
                                             {"h/f?", "h/f", false},
                                             {"*a*b", "xaxbxb", true},
                                             {"*a*a*a*a*a*a*a*a*c", std::string(60, 'a'), false}}}) {
    CAPTURE(c.pattern);
    CAPTURE(c.text);
    CHECK(glob_matches(c.pattern, c.text) == c.matches);
  }
}

}  // namespace
}  // namespace gable
