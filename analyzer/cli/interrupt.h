// Ctrl-C as a request: long work ends at a whole line instead of dying in the middle of one.
#pragma once

#include <csignal>

namespace gable {

/// While it lives, the first SIGINT or SIGTERM is only noted; the second one kills as ever. One at a time.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  /// The signal that came; 0 if none did. From any thread.
  [[nodiscard]] static int signal();

 private:
  struct sigaction interrupt_ {};  ///< what SIGINT did before
  struct sigaction terminate_ {};
};

}  // namespace gable
