#include "analyzer/cli/injected_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/command.h"

namespace gable {
namespace {

std::atomic<pid_t> running{0};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a handler has no context

/// A terminal's key signals its whole group, so the program has it already.
void pass_on(int number, siginfo_t* info, void*) {
  const int saved = errno;
  const pid_t child = running;
  if (child > 0 && info->si_code != SI_KERNEL) kill(child, number);
  errno = saved;
}

/// While it lives, the signals are passed on; those that this process ignores stay ignored, for the program, too.
class PassOn {
 public:
  PassOn() {
    for (Signal& row : signals_) {
      sigaction(row.number, nullptr, &row.before);
      if (row.before.sa_handler == SIG_IGN) continue;
      struct sigaction action {};
      action.sa_sigaction = pass_on;
      action.sa_flags = SA_SIGINFO | SA_RESTART;
      sigaction(row.number, &action, nullptr);
    }
  }
  PassOn(const PassOn&) = delete;
  PassOn& operator=(const PassOn&) = delete;
  ~PassOn() {
    running = 0;
    restore();
  }
  void restore() const {
    for (const Signal& row : signals_) sigaction(row.number, &row.before, nullptr);
  }

 private:
  struct Signal {
    int number;
    struct sigaction before;
  };
  std::array<Signal, 2> signals_ = {{{SIGINT, {}}, {SIGTERM, {}}}};
};

[[noreturn]] void become(std::vector<std::string>& command, const Variables& variables, int report) {
  for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  execvp(words.front(), words.data());
  const int error = errno;
  static_cast<void>(write(report, &error, sizeof error) < 0);
  _exit(127);
}

/// The error of a program that did not start; 0 when it did, which closes the pipe.
int error_of_start(int report) {
  int error = 0;
  ssize_t got = 0;
  while ((got = read(report, &error, sizeof error)) < 0 && errno == EINTR) {
  }
  close(report);
  return got == sizeof error ? error : 0;
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

int run_injected(std::vector<std::string> command, const Variables& variables) {
  const auto refuse = [&command](int error) {
    throw InputError(
        fmt::format("cannot run {}: {}", in_quotes(command.front()), std::generic_category().message(error)));
  };
  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0) refuse(errno);
  const PassOn signals;
  sigset_t both{};
  sigset_t before{};
  sigemptyset(&both);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGTERM);
  sigprocmask(SIG_BLOCK, &both, &before);  // until who gets them is known
  const pid_t child = fork();
  const int failed = errno;
  if (child == 0) {
    signals.restore();
    sigprocmask(SIG_SETMASK, &before, nullptr);
    become(command, variables, report[1]);
  }
  running = child;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  close(report[1]);
  if (child < 0) {
    close(report[0]);
    refuse(failed);
  }
  const int error = error_of_start(report[0]);
  const int code = wait_for(child);
  if (error != 0) refuse(error);
  return code;
}

}  // namespace gable
