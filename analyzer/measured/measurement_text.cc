// Writes a measurement as the text of its file: one line an op, numbers in the shortest form that reads back exactly.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "analyzer/base/text.h"
#include "analyzer/measured/measurement.h"

namespace gable {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// What YAML would read as something else than the text of these letters.
bool is_word(std::string_view text) {
  constexpr std::array<std::string_view, 3> kNulls = {"null", "Null", "NULL"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '/'; };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), inner) &&
         std::find(kNulls.begin(), kNulls.end(), text) == kNulls.end();
}

/// Between double quotes. A line end or a tab becomes a blank, as reading would make it; what cannot be shown (control
/// characters, bytes that are no UTF-8, U+FFFE, U+FFFF) becomes U+FFFD.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const std::string_view three = text.substr(0, 3);
    std::size_t length = 1;
    if (byte == '\n' || byte == '\t') {
      out += ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      out += kReplacement;
    } else if (byte < 0x80) {
      if (byte == '"' || byte == '\\') out += '\\';
      out += text.front();
    } else if (three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF") {
      out += kReplacement;
      length = 3;
    } else {
      while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) ++length;
      const std::string_view letter = text.substr(0, length);
      if (valid_utf8_prefix(letter) == length) {
        out += letter;
      } else {
        out += kReplacement;
        length = 1;
      }
    }
    text.remove_prefix(length);
  }
  return out + "\"";
}

std::string text_of(std::string_view text) { return is_word(text) ? std::string(text) : quoted(text); }

std::string pairs_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  std::set<std::string, std::less<>> seen;  // a key that stood twice would make the file unreadable
  for (const auto& [key, value] : pairs) {
    if (seen.insert(text_of(key)).second)
      out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", text_of(key), quoted(value));
  }
  return "{" + out + "}";
}

template <typename Named>
std::string kernels_of(const std::vector<Named>& kernels) {
  std::string out;
  for (const Named& kernel : kernels) {
    out += fmt::format("{}{{name: {}, launches: {}, time: {}}}", out.empty() ? "" : ", ", quoted(kernel.name),
                       kernel.launches, kernel.time_s);
  }
  return "[" + out + "]";
}

std::string op_line(const MeasuredOp& op) {
  std::string out =
      fmt::format("  - {{op: {}, pass: {}, executions: {}", text_of(op.op), pass_name(op.pass), op.executions);
  if (op.cold_s > 0) out += fmt::format(", cold: {}", op.cold_s);
  out += fmt::format(", samples: [{}]", fmt::join(op.samples_s, ", "));
  if (!op.note.empty()) out += fmt::format(", note: {}", quoted(op.note));
  if (!op.kernels.empty()) out += fmt::format(", kernels: {}", kernels_of(op.kernels));
  return out + "}\n";
}

}  // namespace

std::string write_measurement(const Measurement& measurement) {
  std::string out;
  const auto add = [&](std::string_view key, const std::string& value) { out += fmt::format("{}: {}\n", key, value); };
  const auto add_list = [&](std::string_view key, const std::vector<double>& values) {
    if (!values.empty()) add(key, fmt::format("[{}]", fmt::join(values, ", ")));
  };
  add("schema", std::string(kMeasurementSchema));
  add("device", quoted(measurement.device));
  add("backend", text_of(measurement.backend));
  add("model", text_of(measurement.model));
  add("phase", text_of(measurement.phase));
  add("dtype", text_of(measurement.dtype));
  add("seed", fmt::format("{}", measurement.seed));
  add("warmup", fmt::format("{}", measurement.warmup));
  add("settings", pairs_of(measurement.settings));
  add("environment", pairs_of(measurement.environment));
  if (measurement.cold_step_s > 0) add("cold_step", fmt::format("{}", measurement.cold_step_s));
  add_list("steps", measurement.step_s);
  add_list("busy", measurement.busy_s);
  add_list("overlapped", measurement.overlapped_s);
  out += measurement.ops.empty() ? "ops: []\n" : "ops:\n";
  for (const MeasuredOp& op : measurement.ops) out += op_line(op);
  add("unattributed", kernels_of(measurement.unattributed));
  add("dropped", fmt::format("{}", measurement.dropped));
  add("complete", "true");
  return out;
}

}  // namespace gable
