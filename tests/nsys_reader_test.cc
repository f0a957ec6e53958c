// Easy to break here: correlations of two processes taken for one, a table or column that this version of the profiler
// does not write, a value of another type than the column's, a file that runs something when it is opened.
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "analyzer/trace/trace.h"
#include "tests/error_text.h"
#include "tests/shared_data.h"
#include "tests/temp_folder.h"

namespace gable {
namespace {

// globalPid 0x7000000 is process 7; its threads differ in the lower 24 bits.
constexpr const char* kTables = R"(
CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT);
INSERT INTO StringIds VALUES (1, 'void gemm<float>(int)'), (2, 'gemm'), (3, 'cudaLaunchKernel'), (4, 'ncclAllReduce'),
  (5, 'aten::relu, op_id = 8'), (6, 'cudaGraphLaunch_v10000');
CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start, end, deviceId, streamId, correlationId, globalPid, demangledName,
  shortName, mangledName, graphNodeId);
INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES
  (1000, 1100, 0, 7, 11, 0x7000000, 1, 2, NULL, NULL),
  (1200, 1250, 1, 9, 11, 0x8000000, NULL, 2, NULL, 0x200000003);
CREATE TABLE CUPTI_ACTIVITY_KIND_MEMCPY(start, end, deviceId, streamId, correlationId, globalPid, bytes, copyKind);
INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES
  (2000, 2010, 0, 7, 12, 0x7000000, 4096, 1), (2020, 2030, 0, 7, 13, 0x7000000, 64, 10),
  (2040, 2050, 0, 7, 14, 0x7000000, 64, 8), (2060, 2070, 0, 7, 15, 0x7000000, 64, 99);
CREATE TABLE CUPTI_ACTIVITY_KIND_MEMSET(start, end, deviceId, streamId, correlationId, globalPid, bytes);
INSERT INTO CUPTI_ACTIVITY_KIND_MEMSET VALUES (3000, 3010, 0, 7, 16, 0x7000000, 16);
CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME(start, end, globalTid, correlationId, nameId);
INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (500, 510, 0x8000009, 11, 3), (600, 610, 0x7000005, 11, 3),
  (700, 710, 0x7000005, 99, 3);
CREATE TABLE NVTX_EVENTS(start, end, eventType, text, globalTid, endGlobalTid, textId, domainId);
INSERT INTO NVTX_EVENTS VALUES
  (400, 900, 59, 'step 1', 0x7000005, NULL, NULL, 0),
  (590, 620, 59, 'aten::mm, op_id = 7, sizes = [[2, 3], [3, 4]]', 0x7000005, NULL, NULL, 0),
  (630, 640, 59, 'aten::mm, op_id = 9, sizes = [[2, 3], [3, 4]]', 0x7000005, NULL, NULL, 0),
  (490, 520, 59, NULL, 0x8000009, NULL, 5, NULL),
  (491, 519, 59, NULL, 0x8000009, NULL, 4, 1),
  (300, 950, 60, 'whole', 0x7000005, 0x7000005, NULL, 0),
  (300, 950, 60, 'elsewhere', 0x7000005, 0x7000006, NULL, 0),
  (650, NULL, 59, 'aten::open', 0x7000005, NULL, NULL, 0),
  (660, 660, 34, 'mark', 0x7000005, NULL, NULL, 0);
CREATE TABLE ENUM_CUDA_MEMCPY_OPER(id INTEGER PRIMARY KEY, name TEXT, label TEXT);
INSERT INTO ENUM_CUDA_MEMCPY_OPER VALUES (1, 'H', 'Host-to-Device'), (8, 'U', 'Unified Device-to-Device');
CREATE TABLE TARGET_INFO_GPU(name TEXT, smCount, totalMemory, computeMajor, computeMinor);
INSERT INTO TARGET_INFO_GPU VALUES ('NVIDIA H100', 132, 85000000000, 9, 0), ('NVIDIA A100', 108, 1, 8, 0);
CREATE TABLE META_DATA_EXPORT(name TEXT, value TEXT);
INSERT INTO META_DATA_EXPORT VALUES
  ('EXPORT_PRODUCT_VERSION', '2026.2.1'), ('EXPORT_SCHEMA_VERSION', '3.25.0'), ('X', 'y');
)";

/// A database made by `sql`; its bytes.
class Database {
 public:
  explicit Database(const std::string& sql) : path_(folder_.path() + "/r.sqlite") {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(path_.c_str(), &database) == SQLITE_OK);
    char* why = nullptr;
    const int result = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &why);
    CAPTURE(std::string(why == nullptr ? "" : why));
    REQUIRE(result == SQLITE_OK);
    sqlite3_close(database);
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  TempFolder folder_;
  std::string path_;
};

Trace read(const std::string& sql) { return read_nsys(Database(sql).path(), {}); }
/// What is said of the file, without its folder.
std::string error(const std::string& sql) {
  const Database database(sql);
  return input_error([&] { return read_nsys_bytes(database.bytes(), "r.sqlite"); });
}
std::string name(const Trace& trace, TextId id) { return std::string(trace.texts.at(id)); }

TEST_CASE("device events, their launches and the ranges around those") {
  const Trace trace = read(kTables);
  CHECK(trace.format == "nsys");
  CHECK(trace.has_clock);
  CHECK(trace.device == "NVIDIA H100");
  CHECK(trace.sm_count == 132);
  CHECK(trace.memory_bytes == 85'000'000'000);
  CHECK(trace.compute_capability == "9.0");
  CHECK(trace.environment ==
        std::vector<std::pair<std::string, std::string>>{{"Nsight Systems", "2026.2.1"}, {"schema", "3.25.0"}});
  CHECK(trace.missing.empty());
  CHECK(trace.dropped == 1);  // the range that does not end

  REQUIRE(trace.events.size() == 2 + 4 + 1);
  const std::vector<DeviceEvent>& e = trace.events;
  CHECK(name(trace, e[0].name) == "void gemm<float>(int)");
  CHECK(name(trace, e[1].name) == "gemm");
  CHECK(e[1].device == 1);
  CHECK(e[1].stream == 9);
  CHECK(e[1].start_ns == 1200);
  CHECK(e[1].end_ns == 1250);
  CHECK(e[1].graph_node == 3);
  CHECK(e[0].graph_node == 0);
  CHECK(e[0].correlation != e[1].correlation);
  const std::array<std::string, 4> copies = {"Memcpy HtoD", "Memcpy PtoP", "Memcpy Unified DtoD", "Memcpy"};
  for (std::size_t i = 0; i < copies.size(); ++i) {
    CHECK(name(trace, e[2 + i].name) == copies[i]);
    CHECK(e[2 + i].kind == DeviceEvent::Kind::kMemcpy);
  }
  CHECK(e[2].bytes == 4096);
  CHECK(name(trace, e[6].name) == "Memset");
  CHECK(e[6].kind == DeviceEvent::Kind::kMemset);
  CHECK(e[6].bytes == 16);

  REQUIRE(trace.launches.size() == 2);  // the third launched nothing that is in the file
  CHECK(trace.launches[0].correlation == e[1].correlation);
  CHECK(trace.launches[1].correlation == e[0].correlation);
  CHECK(trace.launches[0].thread != trace.launches[1].thread);
  CHECK(name(trace, trace.launches[1].name) == "cudaLaunchKernel");
  CHECK(trace.launches[1].start_ns == 600);
  CHECK(trace.launches[1].end_ns == 610);
}

TEST_CASE("ranges: ops, annotations, and what is neither") {
  const Trace trace = read(kTables);
  struct Row {
    const char* name;
    HostRange::Kind kind;
    std::uint32_t call;
    std::size_t launch;  // whose thread it is on
  };
  const std::vector<Row> rows = {{"step 1", HostRange::Kind::kAnnotation, 0, 1},
                                 {"aten::mm", HostRange::Kind::kOp, 1, 1},
                                 {"aten::mm", HostRange::Kind::kOp, 1, 1},
                                 {"aten::relu", HostRange::Kind::kOp, 0, 0},
                                 {"ncclAllReduce", HostRange::Kind::kAnnotation, 0, 0},
                                 {"whole", HostRange::Kind::kAnnotation, 0, 1}};
  REQUIRE(trace.ranges.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(name(trace, trace.ranges[i].name) == rows[i].name);
    CHECK(trace.ranges[i].kind == rows[i].kind);
    CHECK(trace.ranges[i].call == rows[i].call);
    CHECK(trace.ranges[i].thread == trace.launches[rows[i].launch].thread);
  }
  REQUIRE(trace.calls.size() == 2);
  CHECK(trace.calls[1].name == "aten::mm");
  REQUIRE(trace.calls[1].args.size() == 2);
  CHECK(trace.calls[1].args[1].dims == std::vector<std::int64_t>{3, 4});
  CHECK(trace.ranges[1].start_ns == 590);
  CHECK(trace.ranges[1].end_ns == 620);
}

TEST_CASE("a table that is not there costs what it holds, and is named") {
  struct Row {
    const char* table;
    std::vector<std::string> missing;
    std::size_t events;
    std::size_t launches;
    std::size_t ranges;
  };
  const std::vector<Row> rows = {
      {"StringIds", {"names that StringIds lacks: some kernels, calls or ranges have none"}, 7, 2, 4},
      {"CUPTI_ACTIVITY_KIND_KERNEL", {"no table CUPTI_ACTIVITY_KIND_KERNEL: there are no kernels"}, 5, 0, 6},
      {"CUPTI_ACTIVITY_KIND_MEMCPY", {}, 3, 2, 6},
      {"CUPTI_ACTIVITY_KIND_MEMSET", {}, 6, 2, 6},
      {"CUPTI_ACTIVITY_KIND_RUNTIME",
       {"no table CUPTI_ACTIVITY_KIND_RUNTIME: kernels have no launches, so no ops; record with --trace=cuda,nvtx"},
       7,
       0,
       6},
      {"NVTX_EVENTS", {"no table NVTX_EVENTS: kernels have no ops; record with --trace=cuda,nvtx"}, 7, 2, 0},
      {"ENUM_CUDA_MEMCPY_OPER", {}, 7, 2, 6},
      {"TARGET_INFO_GPU", {"the file does not name its GPU (no table TARGET_INFO_GPU)"}, 7, 2, 6},
      {"META_DATA_EXPORT", {}, 7, 2, 6},
  };
  for (const Row& row : rows) {
    CAPTURE(row.table);
    const Trace trace = read(kTables + ("DROP TABLE " + std::string(row.table)));
    CHECK(trace.missing == row.missing);
    CHECK(trace.events.size() == row.events);
    CHECK(trace.launches.size() == row.launches);
    CHECK(trace.ranges.size() == row.ranges);
  }
  CHECK(name(read(kTables + std::string("DROP TABLE ENUM_CUDA_MEMCPY_OPER")), 0).empty());
  const Trace unlabelled = read(kTables + std::string("DROP TABLE ENUM_CUDA_MEMCPY_OPER"));
  CHECK(name(unlabelled, unlabelled.events[2].name) == "Memcpy HtoD");
  CHECK(name(unlabelled, unlabelled.events[4].name) == "Memcpy DtoD");
  const Trace unnamed = read(kTables + std::string("DROP TABLE StringIds"));
  CHECK(name(unnamed, unnamed.events[0].name) == "kernel");
}

TEST_CASE("a column that is not there") {
  const std::string drop = std::string(kTables) + "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN ";
  CHECK(read(drop + "demangledName").missing.empty());
  const Trace one_process = read(drop + "globalPid");
  CHECK(one_process.missing ==
        std::vector<std::string>{"no column globalPid in CUPTI_ACTIVITY_KIND_KERNEL: all kernels "
                                 "are taken as of one process"});
  CHECK(one_process.launches.size() == 2);
  CHECK(read(drop + "correlationId").missing ==
        std::vector<std::string>{
            "no column correlationId in CUPTI_ACTIVITY_KIND_KERNEL: kernels have no launches, so no ops"});
  CHECK(error(drop + "end") ==
        "r.sqlite: table CUPTI_ACTIVITY_KIND_KERNEL has no column end; make one with: nsys export --type sqlite "
        "report.nsys-rep");
  const Trace no_thread = read(std::string(kTables) + "ALTER TABLE CUPTI_ACTIVITY_KIND_RUNTIME DROP COLUMN globalTid");
  CHECK(no_thread.missing ==
        std::vector<std::string>{"no column globalTid in CUPTI_ACTIVITY_KIND_RUNTIME: kernels have "
                                 "no launches, so no ops"});
}

TEST_CASE("names are found where the id is no key") {
  const std::string copied =
      "CREATE TABLE t AS SELECT * FROM StringIds ORDER BY id DESC; DROP TABLE StringIds; "
      "ALTER TABLE t RENAME TO StringIds;";
  const Trace trace = read(kTables + copied);
  CHECK(name(trace, trace.events[0].name) == "void gemm<float>(int)");
  CHECK(name(trace, trace.launches[0].name) == "cudaLaunchKernel");
}

TEST_CASE("graphs: one event where their nodes were not recorded") {
  const std::string graphs =
      "CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE(start, end, deviceId, streamId, correlationId, globalPid);"
      "INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE VALUES (4000, 4500, 0, 7, 20, 0x7000000), (1000, 1100, 0, 7, 11, "
      "0x7000000);";
  const std::string launches =
      "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (800, 810, 0x7000005, 20, 6), (820, 830, 0x7000005, 21, 6);";
  const Trace whole = read(kTables + graphs + launches);
  REQUIRE(whole.events.size() == 8);
  CHECK(name(whole, whole.events.back().name) == "CUDA graph");
  CHECK(whole.launches.size() == 3);
  CHECK(whole.missing == std::vector<std::string>{
                             "1 run of CUDA graphs without kernels of their own: record with --cuda-graph-trace=node",
                             "1 launch of CUDA graphs without kernels: record with --cuda-graph-trace=node"});
}

TEST_CASE("ranges that say too little") {
  const std::string no_ops = std::string(kTables) + "DELETE FROM NVTX_EVENTS WHERE eventType = 59";
  CHECK(read(no_ops).missing ==
        std::vector<std::string>{"no NVTX range is an op: kernels have no ops; run the model in "
                                 "torch.autograd.profiler.emit_nvtx()"});
  const std::string no_shapes = std::string(kTables) + "DELETE FROM NVTX_EVENTS WHERE text LIKE '%sizes%'";
  CHECK(read(no_shapes).missing ==
        std::vector<std::string>{
            "the ops have no shapes, so no FLOP and bytes: record with emit_nvtx(record_shapes=True)"});
}

TEST_CASE("records without times are counted, ids out of range are unknown") {
  const std::string insert = std::string(kTables) + "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES ";
  CHECK(read(insert + "(NULL, 1, 0, 7, 1, 1, 1, 1, 1, 1), (5, NULL, 0, 7, 1, 1, 1, 1, 1, 1), (-5, 1, 0, 7, 1, 1, 1, 1, "
                      "1, 1), (5, 4, 0, 7, 1, 1, 1, 1, 1, 1)")
            .dropped == 1 + 4);
  const Trace odd = read(insert +
                         "(1, 2, NULL, NULL, -1, 0x7000000, -4, 99, NULL, NULL), (1, 2, 0, 7, 9223372036854775807, "
                         "0x7000000, 1, 1, 1, 1), (1, 2, 0, 7, 11, NULL, 1, 1, 1, 1), (1, 2, 0, 7, 0, 0, 1, 1, 1, 1)");
  REQUIRE(odd.events.size() == 7 + 4);
  CHECK(name(odd, odd.events[2].name) == "kernel");
  for (std::size_t i = 2; i < 6; ++i) CHECK(odd.events[i].correlation == 0);
}

TEST_CASE("complaints name table, column and row") {
  const std::string kernel = std::string(kTables) + "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES ";
  const std::string place = "r.sqlite: table CUPTI_ACTIVITY_KIND_KERNEL, column ";
  CHECK(error(kernel + "('soon', 2, 0, 7, 1, 1, 1, 1, 1, 1)") == place + "start, row 3: 'soon' is no integer");
  CHECK(error(kernel + "(1, 2.5, 0, 7, 1, 1, 1, 1, 1, 1)") == place + "end, row 3: 2.5 is no integer");
  CHECK(error(kernel + "(1, 2, x'00', 7, 1, 1, 1, 1, 1, 1)") ==
        place + "deviceId, row 3: a blob where an integer belongs");
  CHECK(error(kernel + "(1, 2, -1, 7, 1, 1, 1, 1, 1, 1)") ==
        place + "deviceId, row 3: -1 is not between 0 and 2147483647");
  CHECK(error(kernel + "(1, 2, 0, 4294967296, 1, 1, 1, 1, 1, 1)") ==
        place + "streamId, row 3: 4294967296 is not between 0 and 4294967295");
  CHECK(error(std::string(kTables) + "UPDATE NVTX_EVENTS SET text = x'00' WHERE eventType = 60") ==
        "r.sqlite: table NVTX_EVENTS, column text, row 6: a number or blob where a text belongs");
  CHECK(error(std::string(kTables) + "UPDATE StringIds SET value = hex(zeroblob(600000)) WHERE id = 1") ==
        "r.sqlite: table StringIds, column value, id 1: a text of 1,200,000 bytes; at most 1 MB");
  CHECK(read(std::string(kTables) + "UPDATE StringIds SET value = hex(zeroblob(600000)) WHERE id = 6").events.size() ==
        7);  // a log that nothing names
}

TEST_CASE("names are UTF-8 whatever the file holds") {
  const Trace trace = read(std::string(kTables) + "UPDATE StringIds SET value = CAST(x'61ff62' AS TEXT) WHERE id = 1");
  CHECK(name(trace, trace.events[0].name) == "a?b");
}

TEST_CASE("files that are no export") {
  CHECK(
      error("CREATE TABLE t(x)") ==
      "r.sqlite: no export of Nsight Systems: it has no table StringIds or CUPTI_ACTIVITY_KIND_KERNEL; make one with: "
      "nsys export --type sqlite report.nsys-rep");
  CHECK(error("CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT)") ==
        "r.sqlite: no GPU activity recorded; record with: nsys profile --trace=cuda,nvtx");
  CHECK(error("CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start, end); INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (2, "
              "1)") ==
        "r.sqlite: no GPU activity recorded (1 record without times); record with: nsys profile --trace=cuda,nvtx");
  CHECK(error("CREATE VIEW NVTX_EVENTS AS SELECT 1 AS start; CREATE TABLE StringIds(id)") ==
        "r.sqlite: NVTX_EVENTS is a view, not a table of records");
  CHECK(input_error([] { return read_nsys_bytes("QDSS", "r.nsys-rep"); }) ==
        "r.nsys-rep: no SQLite database; make one with: nsys export --type sqlite report.nsys-rep");
}

TEST_CASE("paths that are no files, and names that mean something to SQLite") {
  const TempFolder folder;
  const auto at = [&](const std::string& path) { return input_error([&] { return read_nsys(path, {}); }); };
  CHECK(at(folder.path()) == folder.path() + ": cannot read: not a regular file");
  CHECK(at(folder.path() + "/none") == folder.path() + "/none: cannot read: no such file");
  const std::string pipe = folder.path() + "/pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(at(pipe) == pipe + ": cannot read: not a regular file");
  const std::string loop = folder.path() + "/loop";
  std::filesystem::create_symlink(loop, loop);
  CHECK(at(loop) == loop + ": cannot read: Too many levels of symbolic links");
  CHECK(at(folder.file("empty", "")) ==
        folder.path() + "/empty: no SQLite database; make one with: nsys export --type sqlite report.nsys-rep");

  const Database database(kTables);
  const std::string odd = folder.file("a?mode=rw#b %41.sqlite", database.bytes());
  std::int64_t done = 0;
  CHECK(read_nsys(odd, [&](std::int64_t bytes, std::int64_t) { done = bytes; }).events.size() == 7);
  CHECK(done == static_cast<std::int64_t>(std::filesystem::file_size(odd)));
  std::filesystem::permissions(odd, std::filesystem::perms::owner_read);
  CHECK(read_nsys(odd, {}).events.size() == 7);
}

TEST_CASE("a file that is cut or damaged") {
  const std::string bytes = Database(kTables).bytes();
  for (const std::size_t size : {std::size_t{16}, std::size_t{99}, std::size_t{512}, bytes.size() / 2}) {
    CAPTURE(size);
    const std::string said = input_error([&] { return read_nsys_bytes(bytes.substr(0, size), "r.sqlite"); });
    CHECK(said.starts_with("r.sqlite: cannot "));
    CHECK(said.find("SQLite says '") != std::string::npos);
  }
}

TEST_CASE("a tree that names its pages twice ends") {
  const std::string corpus = std::string(GABLE_SOURCE_DIR) + "/tests/corpus/nsys/";
  const auto said = [&](const std::string& name) {
    return input_error([&] { return read_nsys(corpus + name, {}); }).substr(corpus.size());
  };
  CHECK(said("pages_named_twice.sqlite") ==
        "pages_named_twice.sqlite: table CUPTI_ACTIVITY_KIND_KERNEL has more rows than the file has room for: the file "
        "is damaged");
  CHECK(said("schema_named_twice.sqlite") ==
        "schema_named_twice.sqlite: cannot read its tables: it goes on without end, the file is damaged");
}

TEST_CASE("nothing is written beside the file") {
  const Database database(std::string("PRAGMA journal_mode=WAL;") + kTables);
  const auto folder = std::filesystem::path(database.path()).parent_path();
  CHECK(read_nsys(database.path(), {}).events.size() == 7);
  CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);
}

TEST_CASE("a sample of two GPUs: launches lie in ops") {
  const auto path = shared_trace("nsys_2xh100.sqlite");
  if (!path) {
    MESSAGE("test skipped: no shared traces");
    return;
  }
  const Trace trace = read_nsys(*path, {});
  std::array<int, 3> kinds{};
  for (const DeviceEvent& event : trace.events) ++kinds.at(static_cast<std::size_t>(event.kind));
  CHECK(kinds == std::array{4010, 1020, 269});

  std::map<std::uint64_t, const HostCall*> launches;
  for (const HostCall& call : trace.launches) launches.emplace(call.correlation, &call);
  int launched = 0;
  int in_op = 0;
  int in_aten = 0;
  for (const DeviceEvent& event : trace.events) {
    const auto found = launches.find(event.correlation);
    if (event.kind != DeviceEvent::Kind::kKernel || found == launches.end()) continue;
    ++launched;
    const HostRange* innermost = nullptr;
    for (const HostRange& range : trace.ranges) {
      const bool around = range.kind == HostRange::Kind::kOp && range.thread == found->second->thread &&
                          range.start_ns <= found->second->start_ns && found->second->start_ns < range.end_ns;
      if (around && (innermost == nullptr || range.start_ns >= innermost->start_ns)) innermost = &range;
    }
    if (innermost == nullptr) continue;
    ++in_op;
    if (trace.texts.at(innermost->name).starts_with("aten::")) ++in_aten;
  }
  MESSAGE(launched, " launched, ", in_op, " in ops, ", in_aten, " in aten");
  CHECK(in_op * 100 >= launched * 99);
  CHECK(in_op == 3986);
}

TEST_CASE("a sample without NVTX") {
  const auto path = shared_trace("nsys_mock.sqlite");
  if (!path) {
    MESSAGE("test skipped: no shared traces");
    return;
  }
  const Trace trace = read_nsys(*path, {});
  CHECK(trace.device == "NVIDIA GeForce RTX 3080");
  CHECK(trace.compute_capability == "8.6");
  CHECK(trace.sm_count == 68);
  CHECK(std::ranges::count(trace.events, DeviceEvent::Kind::kKernel, &DeviceEvent::kind) == 2);
  CHECK(trace.missing ==
        std::vector<std::string>{"no table NVTX_EVENTS: kernels have no ops; record with --trace=cuda,nvtx"});
}

}  // namespace
}  // namespace gable
