// Chunks of a sweep on several threads, handed on in order.
#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "analyzer/study/sweep.h"

namespace gable {
namespace {

/// Large enough that threads seldom meet, small enough that a sweep stops and shows progress within milliseconds.
constexpr std::int64_t kChunk = 1024;

/// Hands out chunks by rising number, and lets their threads pass in that order. A thread that is early waits, so that
/// never more than a chunk a thread is in memory, however slowly the output takes them.
class Turns {
 public:
  Turns(std::int64_t chunks, const std::function<bool()>& stop) : chunks_(chunks), stop_(stop) {}

  /// The next chunk; nothing at the end, after a stop or a failure.
  std::optional<std::int64_t> next() {
    const std::lock_guard lock(mutex_);
    if (taken_ == chunks_ || failure_ != nullptr || stop_()) return std::nullopt;
    return taken_++;
  }

  /// Runs `function` when all earlier chunks have passed; not at all after a failure.
  template <typename Function>
  void pass(std::int64_t chunk, const Function& function) {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] { return passed_ == chunk || failure_ != nullptr; });
    if (failure_ != nullptr) return;
    lock.unlock();  // others may take chunks meanwhile; none may pass
    function();
    lock.lock();
    ++passed_;
    turn_.notify_all();
  }

  void fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (failure_ == nullptr) failure_ = std::move(failure);
    turn_.notify_all();
  }

  /// After all threads have ended: chunks that passed.
  [[nodiscard]] std::int64_t passed() const {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    return passed_;
  }

 private:
  std::int64_t chunks_;
  const std::function<bool()>& stop_;
  std::mutex mutex_;
  std::condition_variable turn_;
  std::int64_t taken_ = 0;
  std::int64_t passed_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

std::int64_t run_sweep(const Sweep& sweep, const SweepRun& run, const FormatRows& format, const TakeRows& take) {
  const std::int64_t points = sweep.grid.size - run.first;
  const std::int64_t chunks = points / kChunk + (points % kChunk == 0 ? 0 : 1);
  Turns turns(chunks, run.stop);
  const auto work = [&] {
    try {
      Evaluator evaluator(sweep);
      while (const auto chunk = turns.next()) {
        const std::int64_t first = run.first + *chunk * kChunk;
        std::vector<SweepRow> rows = evaluator.evaluate(first, first + std::min(kChunk, sweep.grid.size - first));
        const std::string text = format(rows);
        turns.pass(*chunk, [&] { take(std::move(rows), text); });
      }
    } catch (...) {
      turns.fail(std::current_exception());
    }
  };
  std::vector<std::thread> others;
  const auto wanted = std::min<std::int64_t>(static_cast<std::int64_t>(run.threads), chunks);
  try {
    for (std::int64_t i = 1; i < wanted; ++i) others.emplace_back(work);
  } catch (const std::system_error&) {
    // The system has no more threads: those that started, and this one, do the work.
  }
  work();
  for (std::thread& thread : others) thread.join();
  return std::min(sweep.grid.size, run.first + turns.passed() * kChunk);
}

}  // namespace gable
