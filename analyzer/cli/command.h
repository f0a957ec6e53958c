// The commands of `analyze`: one row each; --help, did-you-mean and the tests read the table.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/spec/hardware_choice.h"

namespace gable {

/// What a command talks to; tests put strings here.
struct Io {
  std::ostream& out;  ///< data
  std::ostream& err;  ///< diagnostics
  int width = 80;
  bool color = false;
  Machine machine;
  bool progress = false;  ///< err is a terminal that someone watches
};

using Args = std::vector<std::string>;

/// Exit code of what a signal ended: this and its number.
inline constexpr int kSignalled = 128;

struct Command {
  std::string_view name;  ///< "" for the report, which needs none
  std::string_view usage;
  std::string_view summary;
  std::string_view example;
  int (*run)(const Args& args, const Io& io);  ///< exit code
};

std::span<const Command> command_table();

/// Runs `analyze ARGS`. Exit code 0, 1 (output could not be written, internal error), 2 (wrong input), 3 (asked for
/// what this machine lacks), 4 (a device failed while it ran) or 128 + the signal that stopped it; the message is
/// one line on io.err.
int run_analyze(const Args& args, const Io& io);

int report_command(const Args& args, const Io& io);
int compare_command(const Args& args, const Io& io);
int calibrate_command(const Args& args, const Io& io);
int predict_command(const Args& args, const Io& io);
int colocate_command(const Args& args, const Io& io);
int list_command(const Args& args, const Io& io);
int show_command(const Args& args, const Io& io);
int lint_command(const Args& args, const Io& io);
int measure_command(const Args& args, const Io& io);
int memory_command(const Args& args, const Io& io);
int whatif_command(const Args& args, const Io& io);
int headroom_command(const Args& args, const Io& io);
int probe_command(const Args& args, const Io& io);
int record_command(const Args& args, const Io& io);
int sweep_command(const Args& args, const Io& io);
int trace_command(const Args& args, const Io& io);
int validate_command(const Args& args, const Io& io);

}  // namespace gable
