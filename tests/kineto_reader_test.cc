// Easy to break: keys in another order, times that a double cannot hold, an event that a piece of the stream cuts,
// texts where numbers stand, a file that ends anywhere.
#include <doctest/doctest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "analyzer/trace/byte_source.h"
#include "analyzer/trace/kineto_event.h"
#include "analyzer/trace/trace_study.h"
#include "tests/error_text.h"
#include "tests/temp_folder.h"

using namespace gable;

namespace {

constexpr std::string_view kKernel =
    R"({"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,"ts":100.5,"dur":2.25,"args":{"External id":9,"device":1,"stream":7,"correlation":42}})";

Trace read(std::string_view json) { return read_kineto_text(json, "t.json"); }
Trace read_events(std::string_view events) { return read("{\"traceEvents\":[" + std::string(events) + "]}"); }
std::string error_of(std::string_view json) {
  return input_error([&] { return read(json); });
}
std::string error_of_event(std::string_view event) {
  return error_of("{\"traceEvents\":[" + std::string(event) + "]}");
}

std::string gzipped(std::string_view bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("microseconds become nanoseconds, exactly where a double would round") {
  CHECK(nanoseconds_of("12") == 12000);
  CHECK(nanoseconds_of("0.001") == 1);
  CHECK(nanoseconds_of("1428625747586.227") == 1428625747586227);
  CHECK(nanoseconds_of("1695835542514261.123") == 1695835542514261123);  // 2023: since 1970, 2^53 ns are 104 days
  CHECK(nanoseconds_of("-3.5") == -3500);
  CHECK(nanoseconds_of("1.23456") == 1234);
  CHECK(nanoseconds_of("1.5e3") == 1500000);
  for (const std::string_view bad : {"", "x", "\"1\"", "1.", "1.5x", "1e30", "9300000000000000", "null", "-"}) {
    CAPTURE(bad);
    CHECK(!nanoseconds_of(bad));
  }
}

TEST_CASE("a kernel has what its event says") {
  const Trace trace = read_events(kKernel);
  REQUIRE(trace.events.size() == 1);
  const DeviceEvent& event = trace.events.front();
  CHECK(event.kind == DeviceEvent::Kind::kKernel);
  CHECK(trace.texts.at(event.name) == "k");
  CHECK(event.device == 1);
  CHECK(event.stream == 7);
  CHECK(event.start_ns == 100500);
  CHECK(event.end_ns == 102750);
  CHECK(event.correlation == 42);
  CHECK(event.external == 9);
}

TEST_CASE("keys come in any order, events before or after what describes the device") {
  constexpr std::string_view kTurned =
      R"({"args":{"correlation":42,"stream":7,"device":1,"External id":9},"dur":2.25,"ts":100.5,"tid":7,"pid":0,"name":"k","cat":"kernel","ph":"X"})";
  const std::string device =
      R"("deviceProperties":[{"id":0,"name":"NVIDIA X","computeMajor":9,"computeMinor":0,"numSms":132,"totalGlobalMem":85018279936}])";
  const std::string events = "\"traceEvents\":[" + std::string(kTurned) + "]";
  for (const std::string& json : {"{" + device + "," + events + "}", "{ " + events + " ,\n" + device + "\n}\n"}) {
    CAPTURE(json);
    const Trace trace = read(json);
    CHECK(trace.device == "NVIDIA X");
    CHECK(trace.compute_capability == "9.0");
    CHECK(trace.sm_count == 132);
    CHECK(trace.memory_bytes == 85018279936);
    REQUIRE(trace.events.size() == 1);
    CHECK(trace.events.front().correlation == 42);
  }
  CHECK(read("[" + std::string(kTurned) + "]").events.size() == 1);  // Chrome's other form
  CHECK(read("\xEF\xBB\xBF[" + std::string(kTurned) + ", ]").events.size() == 1);
}

TEST_CASE("ops keep their arguments, equal calls are one") {
  const std::string op =
      R"({"ph":"X","cat":"cpu_op","name":"aten::addmm","pid":1,"tid":2,"ts":1,"dur":9,"args":{"External id":5,"Input Dims":[[768],[788,768],[768,768],[],[]],"Input type":["c10::BFloat16","c10::BFloat16","c10::BFloat16","Scalar","Scalar"],"Concrete Inputs":["","","","1","1"]}})";
  const std::string list =
      R"({"ph":"X","cat":"cpu_op","name":"aten::cat","pid":1,"tid":3,"ts":1,"dur":9,"args":{"Input Dims":[[[4,1,8],[4,2,8]],[]],"Input type":["TensorList","Scalar"],"Concrete Inputs":["","1"]}})";
  const Trace trace = read_events(op + "," + op + "," + list);
  REQUIRE(trace.ranges.size() == 3);
  CHECK(trace.ranges[0].call == trace.ranges[1].call);
  CHECK(trace.ranges[0].thread == trace.ranges[1].thread);
  CHECK(trace.ranges[0].thread != trace.ranges[2].thread);
  CHECK(trace.ranges[0].external == 5);
  const Call& call = trace.calls[trace.ranges[0].call];
  CHECK(call.name == "aten::addmm");
  REQUIRE(call.args.size() == 5);
  CHECK(call.args[1].kind == CallArg::Kind::kTensor);
  CHECK(call.args[1].dims == std::vector<std::int64_t>{788, 768});
  CHECK(call.args[1].type == "c10::BFloat16");
  CHECK(call.args[3].kind == CallArg::Kind::kScalar);
  CHECK(call.args[3].text == "1");
  const Call& cat = trace.calls[trace.ranges[2].call];
  REQUIRE(cat.args.size() == 2);
  CHECK(cat.args[0].kind == CallArg::Kind::kTensors);
  REQUIRE(cat.args[0].items.size() == 2);
  CHECK(cat.args[0].items[1].dims == std::vector<std::int64_t>{4, 2, 8});
}

TEST_CASE("of what the host did, launches, ops, modules and annotations are kept") {
  const Trace trace = read_events(
      std::string(kKernel) +
      R"(,{"ph":"X","cat":"cuda_runtime","name":"cudaLaunchKernel","pid":1,"tid":2,"ts":1,"dur":1,"args":{"correlation":42}})"
      R"(,{"ph":"X","cat":"hip_runtime","name":"hipLaunchKernel","pid":1,"tid":2,"ts":1,"dur":1,"args":{"correlation":43}})"
      R"(,{"ph":"X","cat":"python_function","name":"nn.Module: Linear_3","pid":1,"tid":2,"ts":1,"dur":1,"args":{}})"
      R"(,{"ph":"X","cat":"python_function","name":"forward","pid":1,"tid":2,"ts":1,"dur":1})"
      R"(,{"ph":"X","cat":"user_annotation","name":"ProfilerStep#6","pid":1,"tid":2,"ts":1,"dur":1})"
      R"(,{"ph":"X","cat":"gpu_user_annotation","name":"ProfilerStep#6","pid":0,"tid":7,"ts":1,"dur":1})"
      R"(,{"ph":"s","id":42,"pid":1,"tid":2,"ts":1,"cat":"ac2g","name":"ac2g"})"
      R"(,{"ph":"M","name":"process_name","pid":1,"tid":0,"args":{"name":"python"}})"
      R"(,{"ph":"i","cat":"cpu_instant_event","name":"[memory]","pid":1,"tid":2,"ts":1,"s":"t"})"
      R"(,{"ph":"X","cat":"Trace","ts":1,"dur":5,"pid":"Spans","tid":"PyTorch Profiler","name":"PyTorch Profiler"})");
  CHECK(trace.events.size() == 1);
  REQUIRE(trace.launches.size() == 1);  // nothing has the other correlation
  CHECK(trace.launches.front().correlation == 42);
  REQUIRE(trace.ranges.size() == 2);
  CHECK(trace.ranges[0].kind == HostRange::Kind::kModule);
  CHECK(trace.texts.at(trace.ranges[0].name) == "Linear_3");
  CHECK(trace.ranges[1].kind == HostRange::Kind::kAnnotation);
  CHECK(trace.missing.size() == 1);  // no ops
}

TEST_CASE("a trace of many pieces is read whole, compressed or not") {
  constexpr std::size_t kEvents = 20000;  // some 3 MB: six times the buffer
  std::string json = "{\"traceEvents\":[\n";
  for (std::size_t i = 0; i < kEvents; ++i) {
    json += std::string(i > 0 ? ",\n" : "") +
            (R"({"ph":"X","cat":"kernel","name":"a \" [{ \\","pid":0,"tid":7,"ts":)" + std::to_string(i) +
             R"(,"dur":1,"args":{"device":0,"stream":7,"correlation":)" + std::to_string(i + 1) + "}}");
  }
  json += "\n]}";
  const std::string zipped = gzipped(json);
  const std::string twice = gzipped(json.substr(0, 1000000)) + gzipped(json.substr(1000000));  // as cat makes them
  for (const std::string& bytes : {json, zipped, twice}) {
    const Trace trace = read(bytes);
    REQUIRE(trace.events.size() == kEvents);
    CHECK(trace.texts.at(trace.events.back().name) == "a \" [{ \\");
    CHECK(trace.events.back().correlation == kEvents);
    CHECK(trace.events[12345].start_ns == 12345000);
  }
}

TEST_CASE("what is cut short says so, wherever it ends") {
  const std::string json =
      "{\"traceEvents\":[" + repeated(std::string(kKernel) + ",\n", 200) + std::string(kKernel) + "]}";
  const std::string zipped = gzipped(json);
  for (std::size_t size = 0; size < json.size() - 1; size += 97) {
    CAPTURE(size);
    const std::string error = error_of(std::string_view(json).substr(0, size));
    CHECK((error.find("cut short") != std::string::npos || error.find("the file is empty") != std::string::npos));
  }
  for (std::size_t size = 2; size < zipped.size(); size += 5) {
    CAPTURE(size);
    CHECK(error_of(std::string_view(zipped).substr(0, size)) ==
          "t.json: gzip that is cut short: copy the file again, or record again");
  }
  std::string damaged = zipped;
  damaged[zipped.size() / 2] ^= 0x55;
  CHECK(error_of(damaged).find("t.json: damaged gzip:") == 0);
}

TEST_CASE("a place is a line and a column of the decompressed text") {
  CHECK(error_of("{\"traceEvents\": [\n  {\"ph\":\"X\",\"cat\":\"kernel\",\n   \"ts\": \"soon\"}]}") ==
        R"(t.json:3:10: "ts" is a number of microseconds, not '"soon"')");
  // Beyond the first pieces of the stream, too.
  const std::string many = repeated(std::string(kKernel) + ",\n", 10000);
  CHECK(error_of("[" + many + "\n\n{\"ph\":\"X\",\"cat\":\"kernel\",\"dur\":[]}]") ==
        R"(t.json:10003:32: "dur" is a number of microseconds, not '[')");
}

TEST_CASE("wrong types are told, of every field that is read") {
  struct Wrong {
    std::string_view event;
    std::string_view message;
  };
  const std::vector<Wrong> cases = {
      {"5", "an event is an object: { ... }"},
      {R"({"ph":1})", R"("ph" is a text in double quotes)"},
      {R"({"cat":[]})", R"("cat" is a text in double quotes)"},
      {R"({"name":{}})", R"("name" is a text in double quotes)"},
      {R"({"ts":true})", R"("ts" is a number of microseconds, not 'true')"},
      {R"({"dur":null})", R"("dur" is a number of microseconds, not 'null')"},
      {R"({"dur":1e99})", R"("dur" is a number of microseconds, not '1e99')"},
      {R"({"args":7})", R"("args" is an object: { ... })"},
      {R"({"args":{"correlation":1.5}})", R"("correlation" is a whole number, not '1.5')"},
      {R"({"args":{"correlation":99999999999999999999}})",
       R"("correlation" is a whole number, not '99999999999999999999')"},
      {R"({"args":{"External id":[1]}})", R"("External id" is a whole number, not '[')"},
      {R"({"args":{"device":"x"}})", R"("device" is a whole number, not '"x"')"},
      {R"({"args":{"stream":{}}})", R"("stream" is a whole number, not '{')"},
      {R"({"args":{"bytes":false}})", R"("bytes" is a whole number, not 'false')"},
      {R"({"args":{"graph node id":null}})", R"("graph node id" is a whole number, not 'null')"},
      {R"({"args":{"Input Dims":5}})", R"("Input Dims" is a list)"},
      {R"({"args":{"Input type":"float"}})", R"("Input type" is a list)"},
      {R"({"args":{"Concrete Inputs":{}}})", R"("Concrete Inputs" is a list)"},
  };
  for (const Wrong& wrong : cases) {
    CAPTURE(wrong.event);
    const std::string error = error_of_event(wrong.event);
    CHECK(error.substr(error.find(": ") + 2) == wrong.message);
  }
  CHECK(error_of(R"({"deviceProperties":{},"traceEvents":[]})") == R"(t.json:1:21: "deviceProperties" is a list)");
}

TEST_CASE("what is no trace says what would be") {
  CHECK(error_of("") == "t.json:1:1: no JSON: the file is empty");
  CHECK(error_of("hello") == "t.json:1:1: a trace is a JSON object or array; this starts with 'h'");
  CHECK(error_of("{\"traceEvents\":{}}") == "t.json:1:16: traceEvents is no array of events");
  CHECK(error_of("{\"traceEvents\":[],\"traceEvents\":[]}") == "t.json:1:33: traceEvents is given twice");
  CHECK(error_of("{\"a\" 1}") == "t.json:1:6: ':' is expected here, not '1'");
  CHECK(error_of("{\"a\":1]") == "t.json:1:7: ',' or '}' is expected here, not ']'");
  CHECK(error_of("{a:1}") == "t.json:1:2: the key of a member is expected here, in double quotes");
  CHECK(error_of("[" + std::string(kKernel) + "]x") ==
        "t.json:1:" + std::to_string(kKernel.size() + 3) + ": the JSON ends here, and more follows");
  CHECK(error_of("[" + std::string(kKernel) + "}").find(": ']' is expected here, the end of the events") !=
        std::string::npos);
  CHECK(error_of("{}").find("t.json: no kernel and no op in this JSON") == 0);
  CHECK(error_of(R"({"a":nonsense})").find(R"(t.json:1:6: "a" is not valid JSON:)") == 0);
  CHECK(error_of_event(R"({"ph":"X","cat" "kernel"})").find("t.json:1:17: not valid JSON in or after this event:") ==
        0);
}

TEST_CASE("hostile text is refused in bounds") {
  const std::string deep = "[" + std::string(1000000, '[');
  CHECK(error_of(deep).find("nested deeper than 1000 levels") != std::string::npos);
  CHECK(error_of("{\"a\":" + deep).find("nested deeper than 1000 levels") != std::string::npos);
  CHECK(error_of_event("{\"ph\":\"X\",\"cat\":\"kernel\",\"name\":\"\xFF\xFE\"}") ==
        "t.json:1:50: byte 0xff is not text; JSON is UTF-8");
  CHECK(error_of("[\"" + std::string(std::size_t{70} << 20U, 'x')).find("a value of more than 64 MiB") !=
        std::string::npos);
  const std::string bomb = gzipped("[" + std::string(std::size_t{100} << 20U, ' '));
  CHECK(error_of(bomb) == "t.json: gzip that expands more than 200 times: no trace does");
}

TEST_CASE("records without times are counted, and nothing is made of them") {
  const Trace trace =
      read_events(std::string(kKernel) + R"(,{"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,"ts":1})"
                                         R"(,{"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,"ts":1,"dur":-1})"
                                         R"(,{"ph":"X","cat":"gpu_memcpy","name":"k","pid":0,"tid":7,"dur":1})");
  CHECK(trace.events.size() == 1);
  CHECK(trace.dropped == 3);
}

TEST_CASE("files that are none are one line") {
  const TempFolder folder;
  const auto error = [](const std::string& path) { return input_error([&] { return load_trace(path); }); };
  CHECK(error(folder.path()) == folder.path() + ": cannot read: not a regular file");
  CHECK(error(folder.path() + "/none.json") == folder.path() + "/none.json: cannot read: no such file");
  const std::string fifo = folder.path() + "/fifo";
  REQUIRE(std::system(("mkfifo '" + fifo + "'").c_str()) == 0);
  CHECK(error(fifo) == fifo + ": cannot read: not a regular file");
  const std::string loop = folder.path() + "/loop";
  std::filesystem::create_symlink(loop, loop);
  CHECK(error(loop) == loop + ": cannot read: Too many levels of symbolic links");
  const std::string text = folder.file("text", "name: x\n");
  CHECK(error(text).find(text + ": no trace of a known format: JSON of torch.profiler") == 0);
}

TEST_CASE("times that cannot be added up are refused") {
  const TempFolder folder;
  const auto error = [&](std::string_view events) {
    const std::string path = folder.file("t.json", "[" + std::string(events) + "]");
    return input_error([&] { return load_trace(path); }).substr(path.size());
  };
  const std::string far = R"({"ph":"X","cat":"kernel","name":"k","ts":9000000000000000,"dur":1})";
  CHECK(error(std::string(kKernel) + "," + far) ==
        ": damaged: kernels span more than 52 days, or end before they start");
  CHECK(error_of_event(R"({"ph":"X","cat":"kernel","name":"k","ts":1,"dur":1,"args":{"device":4294967299}})") ==
        "t.json:1:17: a device's number is within 0 and 1023, not 4294967299");
}
