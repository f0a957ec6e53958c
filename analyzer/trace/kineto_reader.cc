// Chrome traces of PyTorch's profiler (Kineto), and those that `analyze record` writes.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/trace/json_stream.h"
#include "analyzer/trace/kineto_event.h"
#include "analyzer/trace/trace.h"

namespace gable {
namespace {

namespace ondemand = simdjson::ondemand;
using Category = KinetoEvent::Category;

constexpr std::string_view kModulePrefix = "nn.Module: ";
constexpr std::size_t kParserBytes = std::size_t{1} << 20U;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

std::string_view key_of(ondemand::field& field) {
  const char* const raw = field.key().raw();
  const char* end = raw;
  while (*end != '"') ++end;  // a key is closed: the parser has found its end
  return {raw, static_cast<std::size_t>(end - raw)};
}

/// The token of a number, word or text, without blanks behind it.
std::string_view token_of(ondemand::value value) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() &&
         (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
    token.remove_suffix(1);
  return token;
}

/// 0 for what is no number.
std::int64_t number_of(simdjson::simdjson_result<simdjson::dom::element> value) {
  std::int64_t number = 0;
  return value.get(number) == simdjson::SUCCESS ? number : 0;
}

class KinetoReader {
 public:
  KinetoReader(ByteSource& source, const std::string& name, const ReadProgress& progress)
      : source_(source), stream_(source, name, "traceEvents"), progress_(progress) {
    trace_.path = name;
    trace_.format = "kineto";
  }

  Trace read() {
    for (;;) {
      JsonStream::Piece piece = stream_.next();
      if (piece.kind == JsonStream::Piece::Kind::kEnd) break;
      if (piece.kind == JsonStream::Piece::Kind::kMember) {
        member(piece);
      } else {
        events(piece);
        if (progress_) progress_(source_.done_bytes(), source_.all_bytes());
      }
    }
    finish();
    return std::move(trace_);
  }

 private:
  [[noreturn]] void fail(const char* at, const std::string& what) const { throw InputError(stream_.where(at), what); }

  std::int64_t whole(ondemand::value value, std::string_view key) const {
    const std::string_view token = token_of(value);
    std::int64_t number = 0;
    const auto [rest, error] = std::from_chars(token.data(), token.data() + token.size(), number);
    if (error == std::errc() && rest == token.data() + token.size()) return number;
    // Old traces have ids beyond 63 bits, and some fields as texts.
    std::string_view text = token;
    if (text.size() > 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
    std::uint64_t large = 0;
    const auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), large);
    if (bad == std::errc() && stop == text.data() + text.size()) return static_cast<std::int64_t>(large);
    fail(token.data(), fmt::format("\"{}\" is a whole number, not {}", key, in_quotes(token)));
  }

  std::int64_t time(ondemand::value value, std::string_view key) const {
    const std::string_view token = token_of(value);
    if (const auto ns = nanoseconds_of(token)) return *ns;
    fail(token.data(), fmt::format("\"{}\" is a number of microseconds, not {}", key, in_quotes(token)));
  }

  std::string_view text(ondemand::value value, std::string_view key) const {
    const char* const at = token_of(value).data();
    std::string_view found;
    if (value.get_string().get(found) == simdjson::SUCCESS) return found;
    fail(at, fmt::format("\"{}\" is a text in double quotes", key));
  }

  std::string_view list(ondemand::value value, std::string_view key) const {
    const char* const at = token_of(value).data();
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) fail(at, fmt::format("\"{}\" is a list", key));
    return array.raw_json();
  }

  void events(const JsonStream::Piece& piece) {
    const simdjson::padded_string_view json(piece.json.data(), piece.json.size(),
                                            piece.json.size() + JsonStream::kPadding);
    try {
      ondemand::document document = parser_.iterate(json);
      for (auto element : document.get_array()) {
        const char* const at = element.raw_json_token().value().data();
        ondemand::object object;
        if (element.get_object().get(object) != simdjson::SUCCESS) fail(at, "an event is an object: { ... }");
        event(object, at);
      }
    } catch (const simdjson::simdjson_error& error) {
      const std::size_t valid = valid_utf8_prefix(piece.json);
      if (valid != piece.json.size()) {
        const char* const at = piece.json.data() + valid;
        fail(at, fmt::format("byte 0x{:02x} is not text; JSON is UTF-8", static_cast<unsigned char>(*at)));
      }
      fail(last_, fmt::format("not valid JSON in or after this event: {}", error.what()));
    }
  }

  void event(ondemand::object object, const char* at) {
    KinetoEvent event;
    event.at = last_ = at;
    for (auto found : object) {
      ondemand::field field(std::move(found));
      const std::string_view key = key_of(field);
      if (key == "ph") {
        event.complete = text(field.value(), key) == "X";
        if (!event.complete) return;
      } else if (key == "cat") {
        event.category = kineto_category(text(field.value(), key));
        if (event.category == Category::kOther) return;
      } else if (key == "name") {
        event.name = text(field.value(), key);
        if (event.category == Category::kModule && !event.name.starts_with(kModulePrefix)) return;
      } else if (key == "pid") {
        event.pid = token_of(field.value());
      } else if (key == "tid") {
        event.tid = token_of(field.value());
      } else if (key == "ts") {
        event.ts_ns = time(field.value(), key);
      } else if (key == "dur") {
        event.dur_ns = time(field.value(), key);
      } else if (key == "args") {
        args(field.value(), event);
      }
    }
    add(event);
  }

  void args(ondemand::value value, KinetoEvent& event) const {
    const char* const at = token_of(value).data();
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) fail(at, "\"args\" is an object: { ... }");
    for (auto found : object) {
      ondemand::field field(std::move(found));
      const std::string_view key = key_of(field);
      if (key == "External id" || key == "external id") {
        event.external = static_cast<std::uint64_t>(whole(field.value(), key));
      } else if (key == "correlation") {
        event.correlation = static_cast<std::uint64_t>(whole(field.value(), key));
      } else if (key == "device") {
        event.device = whole(field.value(), key);
      } else if (key == "stream") {
        event.stream = whole(field.value(), key);
      } else if (key == "bytes") {
        event.bytes = whole(field.value(), key);
      } else if (key == "graph node id") {
        event.graph_node = static_cast<std::uint64_t>(whole(field.value(), key));
      } else if (key == "Input Dims") {
        event.dims = list(field.value(), key);
      } else if (key == "Input type") {
        event.types = list(field.value(), key);
      } else if (key == "Concrete Inputs") {
        event.concrete = list(field.value(), key);
      }
    }
  }

  std::uint32_t thread_of(const KinetoEvent& event) {
    key_.assign(event.pid);
    key_ += '\n';
    key_ += event.tid;
    const auto found = threads_.find(std::string_view(key_));
    if (found != threads_.end()) return found->second;
    return threads_.emplace(key_, static_cast<std::uint32_t>(threads_.size())).first->second;
  }

  std::uint32_t call_of(const KinetoEvent& event) {
    if (event.dims.empty()) return 0;
    key_.assign(event.name);
    for (const std::string_view part : {event.dims, event.types, event.concrete}) {
      key_ += '\n';
      key_ += part;
    }
    const auto found = calls_.find(std::string_view(key_));
    if (found != calls_.end()) return found->second;
    trace_.calls.push_back(kineto_call(event.name, event.dims, event.types, event.concrete));
    return calls_.emplace(key_, static_cast<std::uint32_t>(trace_.calls.size() - 1)).first->second;
  }

  void add(const KinetoEvent& event) {
    if (!event.complete || event.category == Category::kOther) return;
    if (event.category == Category::kModule && !event.name.starts_with(kModulePrefix)) return;
    const bool on_device = event.category == Category::kKernel || event.category == Category::kMemcpy ||
                           event.category == Category::kMemset;
    std::int64_t end_ns = 0;
    if (!event.ts_ns || !event.dur_ns || *event.dur_ns < 0 ||
        __builtin_add_overflow(*event.ts_ns, *event.dur_ns, &end_ns)) {
      trace_.dropped += on_device ? 1 : 0;
      return;
    }
    if (on_device) {
      add_device_event(event, end_ns);
    } else if (event.category == Category::kCall) {
      if (event.correlation != 0)
        trace_.launches.push_back(
            {trace_.texts.add(event.name), thread_of(event), *event.ts_ns, end_ns, event.correlation});
    } else {
      add_range(event, end_ns);
    }
  }

  void add_device_event(const KinetoEvent& event, std::int64_t end_ns) {
    if (event.device < 0 || event.device > kMostDevice)
      fail(event.at, fmt::format("a device's number is within 0 and {}, not {}", kMostDevice, event.device));
    DeviceEvent made;
    made.kind = event.category == Category::kKernel   ? DeviceEvent::Kind::kKernel
                : event.category == Category::kMemcpy ? DeviceEvent::Kind::kMemcpy
                                                      : DeviceEvent::Kind::kMemset;
    made.name = trace_.texts.add(event.name);
    made.device = static_cast<std::int32_t>(event.device);
    made.stream = static_cast<std::uint32_t>(event.stream);
    made.start_ns = *event.ts_ns;
    made.end_ns = end_ns;
    made.correlation = event.correlation;
    made.external = event.external;
    made.graph_node = static_cast<std::uint32_t>(event.graph_node);
    made.bytes = std::max<std::int64_t>(0, event.bytes);
    trace_.events.push_back(made);
  }

  void add_range(const KinetoEvent& event, std::int64_t end_ns) {
    HostRange range;
    range.kind = event.category == Category::kOp       ? HostRange::Kind::kOp
                 : event.category == Category::kModule ? HostRange::Kind::kModule
                                                       : HostRange::Kind::kAnnotation;
    std::string_view name = event.name;
    if (event.category == Category::kModule) name.remove_prefix(kModulePrefix.size());
    range.thread = thread_of(event);
    range.start_ns = *event.ts_ns;
    range.end_ns = end_ns;
    range.external = event.external;
    if (event.category == Category::kNvtx) {
      add_nvtx(range, name);
    } else {
      if (range.kind == HostRange::Kind::kOp) range.call = call_of(event);
      range.name = trace_.texts.add(name);
      trace_.ranges.push_back(range);
    }
  }

  /// `analyze record` writes the texts of NVTX ranges as they are.
  void add_nvtx(HostRange range, std::string_view text) {
    const auto known = calls_.find(text);
    if (known != calls_.end()) {
      range.kind = HostRange::Kind::kOp;
      range.call = known->second;
      range.name = trace_.texts.add(trace_.calls[range.call].name);
    } else if (auto call = parse_nvtx_call(text)) {
      range.kind = HostRange::Kind::kOp;
      range.name = trace_.texts.add(call->name);
      if (!call->args.empty()) {
        range.call = static_cast<std::uint32_t>(trace_.calls.size());
        trace_.calls.push_back(std::move(*call));
        calls_.emplace(text, range.call);
      }
    } else {
      range.name = trace_.texts.add(text);
    }
    trace_.ranges.push_back(range);
  }

  void member(const JsonStream::Piece& piece) {
    simdjson::dom::parser parser;
    simdjson::dom::element value;
    const simdjson::error_code error = parser.parse(piece.json.data(), piece.json.size()).get(value);
    if (error != simdjson::SUCCESS)
      fail(piece.json.data(), fmt::format("\"{}\" is not valid JSON: {}", piece.key, simdjson::error_message(error)));
    if (piece.key == "deviceProperties") {
      simdjson::dom::array devices;
      simdjson::dom::object device;
      if (value.get(devices) != simdjson::SUCCESS) fail(piece.json.data(), "\"deviceProperties\" is a list");
      if (devices.size() > 0 && devices.at(0).get(device) == simdjson::SUCCESS) add_device(device);
      if (devices.size() > 1) trace_.environment.emplace_back("GPUs in the machine:", std::to_string(devices.size()));
    } else if (piece.key == "dropped") {
      std::int64_t dropped = 0;
      if (value.get(dropped) == simdjson::SUCCESS) trace_.dropped += std::max<std::int64_t>(0, dropped);
    } else if (piece.key == "why_no_kernels") {
      std::string_view why;
      if (value.get(why) == simdjson::SUCCESS) why_no_kernels_ = why;
    } else if (piece.key == "gable_record") {
      trace_.format = "record";
    } else if (piece.key == "distributedInfo") {
      add_rank(value);
    } else {
      add_version(piece.key, value);
    }
  }

  void add_device(simdjson::dom::object device) {
    std::string_view name;
    std::int64_t major = 0;
    std::int64_t minor = 0;
    if (device["name"].get(name) == simdjson::SUCCESS) trace_.device = name;
    if (device["computeMajor"].get(major) == simdjson::SUCCESS &&
        device["computeMinor"].get(minor) == simdjson::SUCCESS)
      trace_.compute_capability = fmt::format("{}.{}", major, minor);
    trace_.sm_count = number_of(device["numSms"]);
    trace_.memory_bytes = number_of(device["totalGlobalMem"]);
  }

  void add_rank(simdjson::dom::element info) {
    std::int64_t rank = 0;
    std::int64_t world = 0;
    if (info["rank"].get(rank) == simdjson::SUCCESS && info["world_size"].get(world) == simdjson::SUCCESS)
      trace_.environment.emplace_back("rank", fmt::format("{} of {}", rank, world));
  }

  void add_version(const std::string& key, simdjson::dom::element value) {
    constexpr std::array<std::string_view, 5> kVersions = {
        "cuda_runtime_version", "cuda_driver_version", "cupti_version", "hip_runtime_version", "hip_driver_version"};
    std::int64_t number = 0;
    if (std::find(kVersions.begin(), kVersions.end(), key) != kVersions.end() && value.get(number) == simdjson::SUCCESS)
      trace_.environment.emplace_back(key, std::to_string(number));
  }

  void finish() {
    if (trace_.events.empty() && trace_.ranges.empty() && trace_.dropped == 0)
      throw InputError(Where{std::make_shared<const std::string>(trace_.path)},
                       "no kernel and no op in this JSON; a trace of torch.profiler has them, made with "
                       "ProfilerActivity.CPU and ProfilerActivity.CUDA");
    std::unordered_set<std::uint64_t> used;
    for (const DeviceEvent& event : trace_.events) used.insert(event.correlation);
    std::erase_if(trace_.launches, [&](const HostCall& call) { return !used.contains(call.correlation); });
    trace_.launches.shrink_to_fit();
    const bool ops = std::any_of(trace_.ranges.begin(), trace_.ranges.end(),
                                 [](const HostRange& range) { return range.kind == HostRange::Kind::kOp; });
    if (trace_.events.empty())
      trace_.missing.push_back(
          why_no_kernels_.empty()
              ? trace_.format == "record"
                    ? "no kernel was recorded: the process launched none"
                    : "no kernel ran on a device: profile with ProfilerActivity.CUDA where a GPU works"
              : fmt::format("no kernel was recorded: {}", why_no_kernels_));
    const bool recorded = trace_.format == "record";
    if (recorded && (!ops || trace_.calls.size() == 1)) {
      trace_.missing.push_back(
          ops ? "no shapes: FLOP and bytes are unknown; emit_nvtx(record_shapes=True) gives ranges sizes"
              : "no ops: kernels stand alone, without FLOP and bytes; run the program inside "
                "torch.autograd.profiler.emit_nvtx(record_shapes=True)");
    } else if (!ops) {
      trace_.missing.emplace_back(
          "no ops: kernels stand alone, without FLOP and bytes; profile with ProfilerActivity.CPU");
    } else if (trace_.calls.size() == 1) {
      trace_.missing.emplace_back("no shapes: FLOP and bytes are unknown; profile with record_shapes=True");
    }
  }

  ByteSource& source_;
  JsonStream stream_;
  const ReadProgress& progress_;
  ondemand::parser parser_{kParserBytes};
  Trace trace_;
  const char* last_ = nullptr;
  std::string key_;
  std::string why_no_kernels_;
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> threads_;
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> calls_;
};

}  // namespace

Trace read_kineto(const std::string& path, const ReadProgress& progress) {
  const std::unique_ptr<ByteSource> source = open_bytes(path);
  return KinetoReader(*source, path, progress).read();
}

Trace read_kineto_text(std::string_view bytes, const std::string& name) {
  const std::unique_ptr<ByteSource> source = bytes_of(bytes, name);
  const ReadProgress silent;
  return KinetoReader(*source, name, silent).read();
}

}  // namespace gable
