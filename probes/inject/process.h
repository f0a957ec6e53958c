// How a recording follows its process: through forks, the ends of threads, signals and exit.
#pragma once

#include <mutex>

#include "probes/inject/recording.h"

namespace gable::inject {

struct Process {
  static Recording* recording() noexcept;  ///< made when first asked for; null where there is none
  static ThreadLog* log() noexcept;        ///< of this thread, of the parent's recording after a fork; null if none
  static void set_log(ThreadLog* log);
  /// Of the tables of NVTX's handles, which outlive a fork: no other thread holds it then.
  static std::mutex& handles_mutex() noexcept;

 private:
  static Recording* make();
  static bool start_writer(Recording* recording);
  static void handle_signals() noexcept;
  static void on_signal(int number) noexcept;
  static void on_fork_child() noexcept;
  static void on_thread_end(void* log) noexcept;
  static void* write_until_end(void* recording) noexcept;
  __attribute__((destructor)) static void on_exit() noexcept;
};

}  // namespace gable::inject
