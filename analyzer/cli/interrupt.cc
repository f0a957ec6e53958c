#include "analyzer/cli/interrupt.h"

#include <atomic>

namespace gable {
namespace {

std::atomic<int> noted{0};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a handler has no context
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may use nothing else");

/// The kernel has reset the action of the signal that came (SA_RESETHAND); the other one kills now, too.
void note(int number) {
  noted = number;
  std::signal(number == SIGINT ? SIGTERM : SIGINT, SIG_DFL);
}

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
