// What one process records: ranges by thread, texts on their way to the file, and the thread that writes them. Never
// throws, never prints but for one line of say(), never blocks its program for longer than a lock.
#pragma once

#include <semaphore.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "probes/inject/record_file.h"

namespace gable::inject {

/// CLOCK_REALTIME, as CUPTI's on Linux.
std::uint64_t now_ns() noexcept;

/// One line on standard error.
void say(std::string_view line) noexcept;

/// An NVTX domain: a name, and a place of its own on each thread's stack. Lives for ever; null is the default one.
struct Domain {
  std::string name;
};

struct OpenRange {
  const Domain* domain = nullptr;
  std::string name;
  std::uint64_t start_ns = 0;
  std::uint64_t thread = 0;
  bool inherited = false;  ///< began before a fork: the parent writes it
};

class Recording;

/// Of one thread. `mutex` is its own but for the moments when the writer comes by.
struct ThreadLog {
  Recording* recording = nullptr;
  std::uint64_t thread = 0;        ///< gettid()
  std::uint32_t posix_thread = 0;  ///< the low bits of pthread_self()
  std::mutex mutex;
  std::vector<OpenRange> open;
  /// Pushes that found no room, by domain: inside the open ones of their domain, so pops are theirs first.
  std::unordered_map<const Domain*, std::uint64_t> unrecorded;
  std::string lines;
  std::uint64_t events = 0;
};

class Recording {
 public:
  /// Of this process, made when first asked for; null where nothing is to be recorded, or no more.
  static Recording* get() noexcept;
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// What NVTX answers: the level of the range, from 0; negative where it is not recorded.
  int push(const Domain* domain, std::string_view name) noexcept;
  int pop(const Domain* domain) noexcept;
  /// Ranges that may end on another thread. An id is never 0.
  std::uint64_t start(const Domain* domain, std::string_view name) noexcept;
  void end(std::uint64_t id) noexcept;
  void mark(const Domain* domain, std::string_view name) noexcept;

  /// Lines of `events` events, to the file at once.
  void write(std::string_view lines, std::uint64_t events) noexcept;
  void lost(std::uint64_t events) noexcept { dropped_ += events; }

  /// `flush` hands over what CUPTI still has; called once, when the program ends.
  void set_flush(void (*flush)()) noexcept { flush_ = flush; }
  void add_device(const std::string& properties);
  [[nodiscard]] bool has_devices();
  void set_versions(std::uint64_t cupti, std::uint64_t driver) noexcept;
  /// Said once on standard error, and kept for whoever reads the file.
  void no_kernels(const std::string& why) noexcept;

  /// gettid() of the thread with these bits in pthread_self(), which CUPTI gives where it cannot be told otherwise; the
  /// bits where it has no ranges.
  std::uint64_t thread_of(std::uint32_t posix_thread) noexcept;

  /// Writes all there is and ends the file.
  void finish() noexcept;

 private:
  friend struct Process;  // makes it, and follows it through forks, threads and signals
  Recording(std::string folder, bool forked);
  ThreadLog* thread_log();
  void hand_over(ThreadLog& log);  ///< with the lock of `log`
  void write_line(ThreadLog& log, const OpenRange& range, std::string_view args);
  void flush_lines();
  void close_open();
  void leave_thread(ThreadLog* log) noexcept;
  void run_writer() noexcept;

  pid_t process_;
  bool forked_;  ///< such processes like to leave by _exit(), which nobody hears of: they write at once
  RecordFile file_;
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<bool> ended_{false};
  std::atomic<void (*)()> flush_{nullptr};
  std::atomic<int> signal_{0};  ///< that shall end the program
  std::atomic<std::uint64_t> signal_ns_{0};
  sem_t wake_{};

  std::mutex finishing_;
  std::mutex flushing_;
  std::mutex logs_mutex_;
  std::vector<ThreadLog*> logs_;
  std::mutex queue_mutex_;
  struct Chunk {
    std::string lines;
    std::uint64_t events;
  };
  std::deque<Chunk> queue_;
  std::size_t queued_bytes_ = 0;
  std::mutex started_mutex_;
  std::unordered_map<std::uint64_t, OpenRange> started_;
  std::uint64_t last_id_ = 0;
  std::mutex facts_mutex_;
  FileFacts facts_;
};

}  // namespace gable::inject
