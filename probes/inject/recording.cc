#include "probes/inject/recording.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <utility>

#include "probes/inject/lines.h"
#include "probes/inject/process.h"

namespace gable::inject {
namespace {

constexpr std::uint64_t kNsPerS = 1'000'000'000;
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
constexpr std::size_t kMostQueuedBytes = std::size_t{64} << 20;
constexpr std::size_t kWakeBytes = kMostQueuedBytes / 2;  ///< at high rates the writer's nap would be too long
constexpr std::size_t kMostOpen = 4096;        ///< of a thread: a program that never ends its ranges has more
constexpr std::size_t kMostStarted = 100'000;  ///< open ones that may end on another thread
constexpr int kNotRecorded = -2;               ///< NVTX_NO_PUSH_POP_TRACKING
constexpr std::string_view kStillOpen = "\"open\":1";

std::uint64_t thread_id() noexcept { return static_cast<std::uint64_t>(syscall(SYS_gettid)); }

}  // namespace

std::uint64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerS + static_cast<std::uint64_t>(now.tv_nsec);
}

void say(std::string_view line) noexcept {
  try {
    const std::string text = "gable: " + std::string(line) + "\n";
    static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) < 0);
  } catch (...) {  // then it is not said
  }
}

Recording::Recording(std::string folder, bool forked)
    : process_(getpid()), forked_(forked), file_(std::move(folder), process_) {
  sem_init(&wake_, 0, 0);
}

ThreadLog* Recording::thread_log() {
  ThreadLog* const last = Process::log();
  if (last != nullptr && last->recording == this) return last;
  auto* const made = new ThreadLog;
  made->recording = this;
  made->thread = thread_id();
  made->posix_thread = static_cast<std::uint32_t>(pthread_self());
  if (last != nullptr) {  // of the parent, which had this thread, too; it keeps its own
    made->open = last->open;
    for (OpenRange& range : made->open) range.inherited = true;
    made->unrecorded = last->unrecorded;
  }
  {
    const std::lock_guard lock(logs_mutex_);
    logs_.push_back(made);
  }
  Process::set_log(made);
  return made;
}

void Recording::hand_over(ThreadLog& log) {
  Chunk chunk{std::exchange(log.lines, {}), std::exchange(log.events, 0)};
  const std::lock_guard lock(queue_mutex_);
  if (queued_bytes_ + chunk.lines.size() > kMostQueuedBytes) {
    dropped_ += chunk.events;
    return;
  }
  const std::size_t before = queued_bytes_;
  queued_bytes_ += chunk.lines.size();
  queue_.push_back(std::move(chunk));
  // Once a fill: the writer takes all there is.
  if (before < kWakeBytes && queued_bytes_ >= kWakeBytes) sem_post(&wake_);
}

void Recording::write_line(ThreadLog& log, const OpenRange& range, std::string_view args) {
  const std::uint64_t thread = range.thread != 0 ? range.thread : log.thread;
  begin_event(log.lines, {"nvtx", range.start_ns, now_ns(), static_cast<std::uint64_t>(process_), thread, range.name});
  if (range.domain != nullptr || !args.empty()) log.lines.append(kArgs);
  if (range.domain != nullptr) {
    log.lines.append("\"domain\":");
    add_text(log.lines, range.domain->name);
    if (!args.empty()) log.lines.push_back(',');
  }
  log.lines.append(args).append(range.domain != nullptr || !args.empty() ? kEndOfArgs : kEndOfLine);
  ++log.events;
  if (log.lines.size() >= kChunkBytes) hand_over(log);
}

int Recording::push(const Domain* domain, std::string_view name) noexcept {
  try {
    ThreadLog* const log = thread_log();
    const std::lock_guard lock(log->mutex);
    std::uint64_t& unrecorded = log->unrecorded[domain];
    ++unrecorded;  // until it is
    if (unrecorded > 1 || log->open.size() >= kMostOpen) {
      ++dropped_;
      return kNotRecorded;
    }
    const auto level = std::ranges::count(log->open, domain, &OpenRange::domain);
    log->open.push_back({domain, std::string(name), now_ns(), 0, false});
    --unrecorded;
    return static_cast<int>(level);
  } catch (...) {
    ++dropped_;
    return kNotRecorded;
  }
}

int Recording::pop(const Domain* domain) noexcept {
  try {
    ThreadLog* const log = thread_log();
    std::unique_lock lock(log->mutex);
    if (const auto inner = log->unrecorded.find(domain); inner != log->unrecorded.end() && inner->second > 0) {
      --inner->second;
      return kNotRecorded;
    }
    const auto found = std::find_if(log->open.rbegin(), log->open.rend(),
                                    [domain](const OpenRange& range) { return range.domain == domain; });
    if (found == log->open.rend()) return kNotRecorded;
    const OpenRange range = std::move(*found);
    log->open.erase(std::next(found).base());
    if (!range.inherited) write_line(*log, range, "");
    const auto level = std::ranges::count(log->open, domain, &OpenRange::domain);
    const bool outermost = std::ranges::all_of(log->open, &OpenRange::inherited);
    lock.unlock();
    if (forked_ && outermost) flush_lines();
    return static_cast<int>(level);
  } catch (...) {
    ++dropped_;
    return kNotRecorded;
  }
}

std::uint64_t Recording::start(const Domain* domain, std::string_view name) noexcept {
  try {
    const std::lock_guard lock(started_mutex_);
    const std::uint64_t id = ++last_id_;
    if (started_.size() < kMostStarted) {
      started_.emplace(id, OpenRange{domain, std::string(name), now_ns(), thread_id(), false});
    } else {
      ++dropped_;
    }
    return id;
  } catch (...) {
    ++dropped_;
    return ~std::uint64_t{0};
  }
}

void Recording::end(std::uint64_t id) noexcept {
  try {
    std::unordered_map<std::uint64_t, OpenRange>::node_type node;
    {
      const std::lock_guard lock(started_mutex_);
      node = started_.extract(id);
    }
    if (node.empty()) return;
    ThreadLog* const log = thread_log();
    const std::lock_guard lock(log->mutex);
    write_line(*log, node.mapped(), "\"start_end\":1");
  } catch (...) {
    ++dropped_;
  }
}

void Recording::mark(const Domain* domain, std::string_view name) noexcept {
  try {
    ThreadLog* const log = thread_log();
    const std::lock_guard lock(log->mutex);
    write_line(*log, {domain, std::string(name), now_ns(), 0, false}, "\"mark\":1");
  } catch (...) {
    ++dropped_;
  }
}

void Recording::write(std::string_view lines, std::uint64_t events) noexcept {
  if (!file_.append(lines)) dropped_ += events;
}

void Recording::add_device(const std::string& properties) {
  const std::lock_guard lock(facts_mutex_);
  if (std::ranges::find(facts_.devices, properties) == facts_.devices.end()) facts_.devices.push_back(properties);
}

bool Recording::has_devices() {
  const std::lock_guard lock(facts_mutex_);
  return !facts_.devices.empty();
}

void Recording::set_versions(std::uint64_t cupti, std::uint64_t driver) noexcept {
  const std::lock_guard lock(facts_mutex_);
  facts_.cupti_version = cupti;
  facts_.driver_version = driver;
}

void Recording::no_kernels(const std::string& why) noexcept {
  try {
    say(why + ": kernels are not recorded, NVTX ranges are");
    {
      const std::lock_guard lock(facts_mutex_);
      facts_.why_no_kernels = why;
    }
    std::string line = R"({"ph":"M","name":"gable_no_kernels","pid":0,"args":{"why":)";
    add_text(line, why);
    line.append(kEndOfArgs);
    write(line, 0);  // for a file whose end is never written
  } catch (...) {    // it was said
  }
}

std::uint64_t Recording::thread_of(std::uint32_t posix_thread) noexcept {
  const std::lock_guard lock(logs_mutex_);
  const auto found = std::ranges::find(logs_, posix_thread, &ThreadLog::posix_thread);
  return found == logs_.end() ? posix_thread : (*found)->thread;
}

void Recording::flush_lines() {
  const std::lock_guard flushing(flushing_);  // to the last write: the file's end waits for it
  std::deque<Chunk> chunks;
  {
    const std::lock_guard lock(queue_mutex_);
    chunks.swap(queue_);
    queued_bytes_ = 0;
  }
  {
    const std::lock_guard logs_lock(logs_mutex_);
    for (ThreadLog* log : logs_) {
      const std::lock_guard lock(log->mutex);
      if (log->events > 0) chunks.push_back({std::exchange(log->lines, {}), std::exchange(log->events, 0)});
    }
  }
  for (const Chunk& chunk : chunks) write(chunk.lines, chunk.events);
}

void Recording::close_open() {
  const std::lock_guard logs_lock(logs_mutex_);
  ThreadLog others;
  for (ThreadLog* log : logs_) {
    const std::lock_guard lock(log->mutex);
    for (const OpenRange& range : log->open) {
      if (!range.inherited) write_line(*log, range, kStillOpen);
    }
    log->open.clear();
  }
  const std::lock_guard started_lock(started_mutex_);
  for (const auto& [id, range] : started_) write_line(others, range, "\"start_end\":1,\"open\":1");
  started_.clear();
  if (others.events > 0) hand_over(others);
}

void Recording::leave_thread(ThreadLog* log) noexcept {
  try {
    {
      const std::lock_guard lock(logs_mutex_);
      std::erase(logs_, log);
    }
    for (const OpenRange& range : log->open) {
      if (!range.inherited) write_line(*log, range, kStillOpen);
    }
    if (log->events > 0) hand_over(*log);
  } catch (...) {
    ++dropped_;
  }
  delete log;
}

void Recording::finish() noexcept {
  try {
    const std::lock_guard finishing(finishing_);
    if (ended_) return;
    if (void (*const flush)() = flush_.exchange(nullptr); flush != nullptr) flush();
    ended_ = true;
    close_open();
    flush_lines();
    const std::lock_guard lock(facts_mutex_);
    facts_.dropped = dropped_;
    if (file_.append("")) file_.end(facts_);
  } catch (...) {
    ended_ = true;
  }
}

}  // namespace gable::inject
