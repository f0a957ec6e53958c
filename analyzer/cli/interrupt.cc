#include "analyzer/cli/interrupt.h"

#include <atomic>

namespace gable {
namespace {

std::atomic<int> noted{0};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a handler has no context
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may use nothing else");

void note(int number) { noted = number; }

}  // namespace

Interrupt::Interrupt() {
  noted = 0;
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);  // the macros differ in sign
  sigaction(SIGINT, &action, &interrupt_);
  sigaction(SIGTERM, &action, &terminate_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &interrupt_, nullptr);
  sigaction(SIGTERM, &terminate_, nullptr);
}

int Interrupt::signal() { return noted; }

}  // namespace gable
