// Runs the tests of kernels where there is a GPU; elsewhere one line and the exit code that ctest takes for "skipped".
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include "probes/cuda/api.h"
#include "probes/cuda/availability.h"

int main(int argc, char** argv) {
  constexpr int kSkipped = 77;
  const std::string why_not = gable::why_no_cuda(gable::cuda_runtime());
  if (!why_not.empty()) {
    std::printf("skipped: %s\n", why_not.c_str());
    return kSkipped;
  }
  return doctest::Context(argc, argv).run();
}
