#include "analyzer/cli/sweep_csv_output.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <ostream>
#include <system_error>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/csv.h"
#include "reports/sweep_report.h"

namespace gable {
namespace {

/// Reads lines with their ends. No field of a sweep holds a line end.
class LineReader {
 public:
  explicit LineReader(const std::string& path) : path_(path), in_(path, std::ios::binary) {
    if (!in_) throw error(fmt::format("cannot read: {}", std::generic_category().message(errno)));
  }

  /// False at the end of the file, and where it ends in the middle of a line; torn() is that line's beginning.
  bool next(std::string& line) {
    if (!std::getline(in_, line)) return false;
    ++number_;
    if (in_.eof()) {
      torn_ = line;
      return false;
    }
    line += '\n';
    if (!line.ends_with(kCsvEnd)) throw error("it does not end in CR LF, as every line of a sweep does");
    return true;
  }

  [[nodiscard]] const std::string& torn() const { return torn_; }
  /// About the line that was read last.
  [[nodiscard]] InputError error(const std::string& what) const {
    const std::string place = number_ == 0 ? "" : fmt::format(" line {}:", number_);
    return InputError(fmt::format("--resume {}:{} {}", path_, place, what));
  }
  [[nodiscard]] InputError foreign(const std::string& found, const std::string& wanted) const {
    const auto shown = [](const std::string& text) { return in_quotes(text.substr(0, text.find('\r'))); };
    return error(fmt::format("{} where this sweep has {}; resume with the options of the first run", shown(found),
                             shown(wanted)));
  }

 private:
  std::string path_;
  std::ifstream in_;
  std::string torn_;
  std::int64_t number_ = 0;
};

std::string line_of(const Sweep& sweep, std::int64_t point) {
  return sweep_csv(sweep, Evaluator(sweep).evaluate(point, point + 1));
}

/// The whole line, which shows options that the dims do not: --roofs, --parts.
void check_whole(const LineReader& reader, const Sweep& sweep, std::int64_t point, const std::string& line) {
  if (line != line_of(sweep, point))
    throw reader.error("other results than this sweep has; resume with the options of the first run");
}

/// What is cut off must be the beginning of what comes in its place: nothing else is ever cut.
void check_torn(const LineReader& reader, const std::string& wanted) {
  if (!wanted.starts_with(reader.torn())) throw reader.foreign(reader.torn(), wanted);
}

}  // namespace

Done done_in(const std::string& path, const Sweep& sweep) {
  LineReader reader(path);
  Done done;
  std::string line;
  const std::string header = sweep_csv_header(sweep);
  if (!reader.next(line)) {
    check_torn(reader, header);
    return done;
  }
  if (line != header) throw reader.foreign(line, header);
  std::string last;
  done.bytes = static_cast<std::int64_t>(header.size());
  while (reader.next(line)) {
    if (done.points == sweep.grid.size)
      throw reader.error(fmt::format("this sweep has no more than {} points", format_grouped(sweep.grid.size)));
    const std::string lead = sweep_csv_lead(sweep, done.points) + ",";
    if (!line.starts_with(lead)) throw reader.foreign(line, lead);
    if (done.points == 0) check_whole(reader, sweep, 0, line);
    done.bytes += static_cast<std::int64_t>(line.size());
    ++done.points;
    last.swap(line);
  }
  if (!reader.torn().empty()) check_torn(reader, done.points < sweep.grid.size ? line_of(sweep, done.points) : "");
  if (done.points > 1) check_whole(reader, sweep, done.points - 1, last);
  return done;
}

SweepCsvOutput::SweepCsvOutput(const Sweep& sweep, const Options& options, const Io& io) : out_(io.out) {
  const bool resumed = options.has("resume");
  path_ = options.get(resumed ? "resume" : "out").value_or("");
  if (resumed) done_ = done_in(path_, sweep);
  if (!path_.empty()) file_ = std::make_unique<GrowingFile>(path_, done_.bytes);
  if (done_.bytes == 0) append(sweep_csv_header(sweep));
}

void SweepCsvOutput::append(std::string_view text) {
  if (file_) return file_->append(text);
  if (!out_.write(text.data(), static_cast<std::streamsize>(text.size())))
    throw OutputError("cannot write to standard output");
}

void SweepCsvOutput::finish() {
  if (file_) file_->finish();
}

}  // namespace gable
