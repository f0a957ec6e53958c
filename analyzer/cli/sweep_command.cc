#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/interrupt.h"
#include "analyzer/cli/sweep_csv_output.h"
#include "analyzer/cli/sweep_options.h"

namespace gable {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostThreads = 1024;

std::size_t threads_of(const Options& options) {
  const auto given = options.get("threads");
  if (!given) return std::max(1U, std::thread::hardware_concurrency());
  const std::size_t threads = whole_number("threads", *given, 1);
  if (threads > kMostThreads) throw InputError(fmt::format("--threads: {} is more than {}", threads, kMostThreads));
  return threads;
}

/// A line on a terminal that is written over, ten times a second.
class Progress {
 public:
  Progress(const Io& io, std::int64_t first, std::int64_t size) : io_(io), first_(first), size_(size) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (shown_) io_.err << "\r\x1b[K" << std::flush;
  }

  void show(std::int64_t done) {
    const Clock::time_point now = Clock::now();
    if (!io_.progress || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    shown_ = true;
    const double rate = static_cast<double>(done - first_) / std::chrono::duration<double>(now - start_).count();
    const auto left = static_cast<std::int64_t>(rate > 0 ? static_cast<double>(size_ - done) / rate : 0);
    io_.err << fmt::format("\r{} of {} points, {} %, {} points/s, {}:{:02}:{:02} left\x1b[K", format_grouped(done),
                           format_grouped(size_),
                           static_cast<int>(100.0 * static_cast<double>(done) / static_cast<double>(size_)),
                           format_grouped(static_cast<std::int64_t>(rate)), left / 3600, left / 60 % 60, left % 60)
            << std::flush;
  }

 private:
  const Io& io_;
  std::int64_t first_;
  std::int64_t size_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
  bool shown_ = false;
};

/// Points without a result, told in one line when all is done.
struct Missing {
  std::int64_t count = 0;
  SweepRow first;

  void note(const std::vector<SweepRow>& rows) {
    for (const SweepRow& row : rows) {
      if (!row.valid() && count++ == 0) first = row;
    }
  }
  void tell(const Grid& grid, const Io& io) const {
    if (count == 0) return;
    io.err << fmt::format("{} of {} {} no result; the first, {}: {}\n", format_grouped(count),
                          counted(grid.size, "point"), count == 1 ? "has" : "have", grid.describe(first.index),
                          first.error);
  }
};

/// As a shell reads it back.
std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The command that goes on where this one stopped.
std::string continuation(const Args& args, const std::string& path) {
  std::string out = "analyze sweep";
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool names_file = args[i] == "--out" || args[i] == "--resume";
    if (names_file) ++i;  // and its value
    const bool joined = args[i].starts_with("--out=") || args[i].starts_with("--resume=");
    if (!names_file && !joined) out += " " + shell_word(args[i]);
  }
  return fmt::format("{} --resume {}", out, shell_word(path));
}

int stopped(std::int64_t points, const Sweep& sweep, const std::string& what_next, const Io& io) {
  io.err << fmt::format("stopped after {} of {}; {}\n", format_grouped(points), counted(sweep.grid.size, "point"),
                        what_next);
  return kSignalled + Interrupt::signal();
}

bool interrupted() { return Interrupt::signal() != 0; }

/// Runs the sweep, shows progress, tells what has no result. Returns the points done.
std::int64_t run(const Sweep& sweep, const SweepRun& settings, const FormatRows& format, const TakeRows& take,
                 const Io& io) {
  Missing missing;
  std::int64_t end = 0;
  {
    Progress progress(io, settings.first, sweep.grid.size);
    end = run_sweep(sweep, settings, format, [&](std::vector<SweepRow>&& rows, const std::string& text) {
      missing.note(rows);
      const std::int64_t done = rows.back().index + 1;
      take(std::move(rows), text);
      progress.show(done);
    });
  }
  missing.tell(sweep.grid, io);
  return end;
}

int stream(const Sweep& sweep, SweepRun settings, const Args& args, const Options& options, const Io& io) {
  SweepCsvOutput output(sweep, options, io);
  settings.first = output.first();
  const std::int64_t end = run(
      sweep, settings, [&](std::span<const SweepRow> rows) { return sweep_csv(sweep, rows); },
      [&](std::vector<SweepRow>&&, const std::string& text) { output.append(text); }, io);
  output.finish();
  if (end < sweep.grid.size) {
    return stopped(end, sweep,
                   output.path().empty() ? "with --out FILE.csv it could be continued"
                                         : fmt::format("continue with: {}", continuation(args, output.path())),
                   io);
  }
  if (!output.path().empty()) io.err << "wrote " << output.path() << "\n";
  return 0;
}

int render(const Sweep& sweep, const SweepFormat& format, const SweepRun& settings, std::int64_t first,
           const Options& options, const Io& io) {
  const auto file = options.get("out");
  SweepReport report{sweep, Evaluator(sweep).analysis(first), {}, io.width, io.color && !file};
  const std::int64_t end = run(
      sweep, settings, [](std::span<const SweepRow>) { return std::string(); },
      [&](std::vector<SweepRow>&& rows, const std::string&) {
        std::move(rows.begin(), rows.end(), std::back_inserter(report.rows));
      },
      io);
  const std::string text = format.render(report);
  if (file) {
    const OutputFile whole = {*file, text};
    write_files({&whole, 1}, io.err);
  } else {
    io.out << text;
  }
  return end < sweep.grid.size ? stopped(end, sweep, "the report shows those", io) : 0;
}

void refuse_what_is_too_much(const Sweep& sweep, const SweepFormat& format, const Options& options) {
  if (!options.has("yes")) refuse_many_points(sweep.grid);
  if (sweep.grid.size <= format.most_points) return;
  throw InputError(fmt::format("--format {} shows at most {} points, this sweep has {}; --format csv takes any number",
                               format.name, format_grouped(format.most_points), format_grouped(sweep.grid.size)));
}

}  // namespace

int sweep_command(const Args& args, const Io& io) {
  const std::vector<OptionRow> rows = sweep_option_rows();
  const Options options = parse_options(args, rows);
  if (options.has("help")) {
    io.out << help_text("sweep", rows);
    return 0;
  }
  if (!options.words.empty()) {
    throw InputError(fmt::format("unexpected {}; every input is an option, see analyze sweep --help",
                                 in_quotes(options.words.front())));
  }
  const SweepFormat& format = sweep_format_of(options);
  if (const auto file = options.get("out")) check_out_file(*file);
  const SweepRun settings{0, threads_of(options), interrupted};
  const Sweep sweep = sweep_of(options, io);
  refuse_what_is_too_much(sweep, format, options);
  const Interrupt interrupt;
  const std::int64_t first = first_valid(sweep, interrupted);
  if (interrupted()) return stopped(0, sweep, "none of them has a result", io);
  return format.render == nullptr ? stream(sweep, settings, args, options, io)
                                  : render(sweep, format, settings, first, options, io);
}

}  // namespace gable
