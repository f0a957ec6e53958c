#include "probes/inject/process.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <mutex>

namespace gable::inject {
namespace {

constexpr long kFlushNs = 250'000'000;
constexpr long kNsPerSecond = 1'000'000'000;

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): handlers of signals and forks have no context
std::atomic<Recording*> current{nullptr};
std::mutex making;
std::mutex handles;
bool prepared = false;  ///< what outlives a fork
bool refused = false;   ///< there is nowhere to record to
bool forked = false;    ///< this process, without another program since
pthread_key_t key{};
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

// Around a fork, so that no thread that the child lacks holds them: `making`, then `handles`.
void lock_all() noexcept {
  making.lock();
  handles.lock();
}

void unlock_all() noexcept {
  handles.unlock();
  making.unlock();
}

/// From the thread that writes: ends the program as the signal would have.
void die(int number) noexcept {
  std::signal(number, SIG_DFL);
  sigset_t only{};
  sigemptyset(&only);
  sigaddset(&only, number);
  kill(getpid(), number);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
}

void wait_a_while(sem_t& wake) noexcept {
  timespec until{};
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += kFlushNs;
  until.tv_sec += until.tv_nsec / kNsPerSecond;
  until.tv_nsec %= kNsPerSecond;
  while (sem_timedwait(&wake, &until) != 0 && errno == EINTR) {
  }
}

}  // namespace

Recording* Recording::get() noexcept { return Process::recording(); }

Recording* Process::recording() noexcept {
  Recording* const made = current.load(std::memory_order_acquire);
  if (made != nullptr) return made->ended_ ? nullptr : made;
  try {
    return make();
  } catch (...) {
    return nullptr;
  }
}

Recording* Process::make() {
  const std::lock_guard lock(making);
  if (Recording* const made = current.load(); made != nullptr) return made;
  if (refused) return nullptr;
  const char* const folder = std::getenv("GABLE_RECORD_DIR");  // NOLINT(concurrency-mt-unsafe)
  refused = folder == nullptr || *folder != '/' ||
            (!prepared && pthread_key_create(&key, [](void* log) { on_thread_end(log); }) != 0);
  if (refused) return nullptr;
  if (!prepared) pthread_atfork(lock_all, unlock_all, on_fork_child);
  prepared = true;
  auto* const made = new Recording(folder, forked);  // never deleted: threads and handlers may come late
  current.store(made, std::memory_order_release);
  if (start_writer(made)) handle_signals();
  return made;
}

bool Process::start_writer(Recording* recording) {
  // The program's signals are for its own threads.
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const bool started = pthread_create(&thread, nullptr, write_until_end, recording) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (started) pthread_detach(thread);
  return started;
}

/// Signals that would end the program at once do so a moment later. One that it handles itself is left to it.
void Process::handle_signals() noexcept {
  for (const int number : {SIGTERM, SIGINT}) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) continue;
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, nullptr);
  }
}

/// One that comes again ends the program at once: the last flush may hang. Not within a moment: who signals a whole
/// group signals the program twice, itself and through `analyze record`.
void Process::on_signal(int number) noexcept {
  constexpr std::uint64_t kMomentNs = 2'000'000'000;
  const int saved = errno;
  Recording* const here = current.load();
  const bool ours = here != nullptr && here->process_ == getpid();  // not so in a child without events
  const bool first = ours && !(here->ended_ && here->signal_ == 0) && here->signal_.exchange(number) == 0;
  if (first) {
    here->signal_ns_ = now_ns();
    sem_post(&here->wake_);
  } else if (!ours || here->signal_ == 0 || now_ns() - here->signal_ns_ > kMomentNs) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
  errno = saved;
}

/// Locks of the parent's recording may be held by threads that the child does not have: it gets one of its own.
void Process::on_fork_child() noexcept {
  current.store(nullptr);
  forked = true;
  unlock_all();
}

ThreadLog* Process::log() noexcept { return static_cast<ThreadLog*>(pthread_getspecific(key)); }

void Process::set_log(ThreadLog* log) { pthread_setspecific(key, log); }

std::mutex& Process::handles_mutex() noexcept { return handles; }

void Process::on_thread_end(void* ended) noexcept {
  auto* const log = static_cast<ThreadLog*>(ended);
  if (log->recording == current.load()) log->recording->leave_thread(log);
}

void* Process::write_until_end(void* recording) noexcept {
  static_cast<Recording*>(recording)->run_writer();
  return nullptr;
}

void Recording::run_writer() noexcept {
  while (!ended_ && signal_ == 0) {
    wait_a_while(wake_);
    try {
      if (!ended_) flush_lines();
    } catch (...) {
      ++dropped_;
    }
  }
  if (const int number = signal_; number != 0) {
    finish();
    die(number);
  }
}

void Process::on_exit() noexcept {
  if (Recording* const here = current.load(); here != nullptr) here->finish();
}

}  // namespace gable::inject
