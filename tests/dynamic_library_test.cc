// Libraries that are loaded when needed. What is easy to break here: reasons of two lines, a name found first that is
// not the one in the process.
#include "probes/dynamic_library.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace gable {

TEST_CASE("the reason is one line, of the first name") {
  const DynamicLibrary none(std::vector<std::string>{"libgable_no_such.so.13", "libgable_no_such.so"});
  CHECK(!none);
  CHECK(none.why_not() == "libgable_no_such.so.13: cannot open shared object file");
  CHECK(none.symbol("cos") == nullptr);
  CHECK(DynamicLibrary(std::vector<std::string>{}).why_not() == "no name to look for");
}

TEST_CASE("what is loaded already is found behind a name that is not there") {
  const DynamicLibrary library(std::vector<std::string>{"libgable_no_such.so.13", "libc.so.6"});
  REQUIRE(library);
  CHECK(library.name() == "libc.so.6");
  CHECK(library.why_not() == "");
  int (*function)(int) = nullptr;
  CHECK(library.bind(function, "abs"));
  CHECK(function(-3) == 3);
  CHECK(!library.bind(function, "gable_no_such_function"));
  CHECK((function == nullptr));
}

TEST_CASE("where the toolkit's libraries are looked for") {
  const char* before = std::getenv("CUDA_HOME");
  const std::string kept = before == nullptr ? "" : before;
  setenv("CUDA_HOME", "/opt/cuda", 1);
  const std::vector<std::string> expected = {"libcublasLt.so.13",
                                             "libcublasLt.so.12",
                                             "libcublasLt.so",
                                             "/opt/cuda/lib64/libcublasLt.so.13",
                                             "/opt/cuda/lib64/libcublasLt.so.12",
                                             "/opt/cuda/lib64/libcublasLt.so"};
  CHECK(cuda_library_names("cublasLt") == expected);
  unsetenv("CUDA_HOME");
  CHECK(cuda_library_names("cublasLt").size() == 3);
  if (before != nullptr) setenv("CUDA_HOME", kept.c_str(), 1);
}

}  // namespace gable
