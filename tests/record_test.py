#!/usr/bin/env python3
"""analyze record as a process: what a program's NVTX ranges and kernels become, however the program ends.

Easy to break: a file that is no JSON after a signal, a child that writes into its parent's file, an exit code that is not the
program's, ranges and launches whose threads or clocks do not fit. Without a GPU: a library stands in for CUPTI.
Called by ctest with the program's path, that of inject_program and that of the CUPTI.
"""
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

ANALYZE, TEST_PROGRAM, CUPTI = map(os.path.abspath, sys.argv[1:4])
failures = []


def expect(what, condition, seen):
    if not condition:
        failures.append(f"{what}: {seen}")


class Recorded:
    """Of one run in a folder of its own: exit code, streams, and every file as JSON."""

    def __init__(self, folder, command, options=(), signalled=None, environment=None, limit=None):
        self.folder = folder
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("FAKE_CUPTI", "GABLE_"))}
        process = subprocess.Popen([ANALYZE, "record", "--out", "x.json", *options, "--", *command], cwd=folder,
                                   env=dict(variables, **(environment or {})), text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, preexec_fn=limit)
        if signalled:
            process.stdout.readline()
            signalled(process)
        self.out, self.err = process.communicate(timeout=100)
        self.code = process.returncode
        self.files = {}
        for path in sorted(folder.iterdir()):
            try:
                self.files[path.name] = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                failures.append(f"{' '.join(command)}: {path.name}: {error}")

    def events(self, category, name="x.json"):
        return [e for e in self.files.get(name, {}).get("traceEvents", []) if e.get("cat") == category]


def inject(mode, *arguments):
    return [TEST_PROGRAM, mode, *map(str, arguments)]


def end(event):
    return event["ts"] + event["dur"]


def inside(inner, outer):
    return inner["tid"] == outer["tid"] and outer["ts"] <= inner["ts"] and end(inner) <= end(outer) + 0.001


def nested(folder):
    ran = Recorded(folder, inject("nested"))
    expect("nested: exit code", ran.code == 0, ran.code)
    expect("nested: the program's own output alone", ran.out == "levels 0 1 1 -1\n", ran.out)
    names = [e["name"] for e in ran.events("nvtx")]
    mm = "aten::mm, op_id = 3, sizes = [[2, 3], [3, 4]]"
    expect("nested: in the order of their ends", names == [mm, 'wide ä€ "quoted"', "not UTF-8: \ufffd\ufffd tab\t",
                                                           "aten::linear", "a mark"], names)
    if len(names) == 5:
        inner, outer = ran.events("nvtx")[0], ran.events("nvtx")[3]
        expect("nested: times nest", inside(inner, outer), (inner, outer))
        expect("nested: 2 ms of sleep", 2000 <= inner["dur"] < 200000, inner)
    process = ran.files["x.json"]["process"]
    expect("nested: command", process["command"] == f"{TEST_PROGRAM} nested", process)
    expect("nested: of one process", {e["pid"] for e in ran.events("nvtx")} == {process["pid"]}, process)
    expect("nested: nothing lost", ran.files["x.json"]["dropped"] == 0, ran.err)
    line = re.fullmatch(r"wrote x\.json: 0 kernels, 0 memory operations, 0 launches, 5 NVTX ranges, 0 lost, 0\.\d{3} s; "
                        r"next: analyze trace x\.json\nno kernels were recorded: (there is no NVIDIA driver on this "
                        r"machine|no process of the command used CUDA)\n", ran.err)
    expect("nested: summary", line, repr(ran.err))


def threads(folder):
    ran = Recorded(folder, inject("threads"))
    ranges = ran.events("nvtx")
    expect("threads: 4 x (200 + 1 open)", len(ranges) == 804, len(ranges))
    of_thread = {}
    for event in ranges:
        of_thread.setdefault(event["tid"], []).append(event)
    expect("threads: as many", len(of_thread) == 4, sorted(of_thread))
    for events in of_thread.values():
        opened = [e for e in events if e.get("args", {}).get("open") == 1]
        expect("threads: closed at the end", [e["name"] for e in opened] == ["never ended"], opened)
        pairs = list(zip(events[0:200:2], events[1:200:2]))
        expect("threads: nest", all(inside(a, b) for a, b in pairs), events[:4])
        expect("threads: of one name", len({b["name"] for _, b in pairs}) == 1, events[:4])


def domains(folder):
    ran = Recorded(folder, inject("domains"))
    seen = [(e["name"], e.get("args", {}).get("domain"), e.get("args", {}).get("start_end")) for e in ran.events("nvtx")]
    expect("domains", sorted(seen, key=str) == sorted([
        ("a registered text", "a library", None), ("of the default domain", None, None),
        ("from start to end", "a library", 1), ("of the default domain, too", None, 1)], key=str), seen)
    expect("domains: threads that began them", len({e["tid"] for e in ran.events("nvtx")}) == 1, ran.events("nvtx"))


def forks(folder):
    ran = Recorded(folder, inject("forks", "exit"))
    names = {name: [e["name"] for e in file["traceEvents"] if e.get("cat") == "nvtx"] for name, file in ran.files.items()}
    expect("fork: a file each", sorted(map(str, names.values())) == ["['around the fork']", "['in the child']"], names)
    expect("fork: the second is named after its process",
           any(re.fullmatch(r"x\.%d\.json" % f["process"]["pid"], n) for n, f in ran.files.items()), list(ran.files))


def leaves(folder):
    """As the workers of Python's multiprocessing end."""
    ran = Recorded(folder, inject("forks", "_exit"))
    expect("_exit: a file each", len(ran.files) == 2, ran.err)
    cut = [e["name"] for f in ran.files.values() if f.get("cut_short") == 1 for e in f["traceEvents"]]
    expect("_exit: all there", cut == ["in the child"], ran.files)


def execs(folder):
    ran = Recorded(folder, inject("forks", "exec"))
    counts = sorted(len([e for e in f["traceEvents"] if e.get("cat") == "nvtx"]) for f in ran.files.values())
    expect("exec: before it, after it, and the parent", counts == [1, 1, 5], (counts, ran.err))
    cut = [f for f in ran.files.values() if f.get("cut_short") == 1]
    expect("exec: what was replaced has no end of its own", len(cut) == 1, ran.err)


def terminated(folder):
    ran = Recorded(folder, inject("waits"), signalled=lambda p: p.send_signal(signal.SIGTERM))
    expect("SIGTERM: exit code", ran.code == 143, ran.code)
    expect("SIGTERM: both ranges", [(e["name"], e.get("args", {}).get("open")) for e in ran.events("nvtx")] ==
           [("whole", None), ("open", 1)], ran.events("nvtx"))
    expect("SIGTERM: a whole file", "cut_short" not in ran.files["x.json"], ran.err)


def interrupted(folder):
    """As by a terminal's key: the whole group has the signal."""
    ran = Recorded(folder, inject("waits"), signalled=lambda p: os.killpg(p.pid, signal.SIGINT),
                   limit=lambda: os.setpgid(0, 0))
    expect("SIGINT: exit code", ran.code == 130, ran.code)
    expect("SIGINT: a whole file", "cut_short" not in ran.files.get("x.json", {"cut_short": 1}), ran.err)


def handled(folder):
    ran = Recorded(folder, inject("handles"), signalled=lambda p: p.send_signal(signal.SIGTERM))
    expect("own handler: its exit code", ran.code == 7, ran.code)
    expect("own handler: ranges", len(ran.events("nvtx")) == 2, ran.err)


def child_of(process):
    return int(pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def killed(folder):
    def kill(process):
        try:
            process.wait(0.8)  # ranges are in the file after a quarter of a second
        except subprocess.TimeoutExpired:
            os.kill(child_of(process), signal.SIGKILL)

    ran = Recorded(folder, inject("waits"), signalled=kill)
    expect("SIGKILL: exit code", ran.code == 137, ran.code)
    expect("SIGKILL: what was written", [e["name"] for e in ran.events("nvtx")] == ["whole"], ran.events("nvtx"))
    expect("SIGKILL: closed", ran.files["x.json"].get("cut_short") == 1, ran.err)
    expect("SIGKILL: said", ", cut short: killed, or left by _exit; next:" in ran.err, ran.err)


def killed_with_kernels(folder):
    def kill(process):
        try:
            process.wait(2.5)
        except subprocess.TimeoutExpired:
            os.kill(child_of(process), signal.SIGKILL)

    ran = Recorded(folder, inject("cuda", 3, "wait"), signalled=kill, environment={"GABLE_CUPTI_LIB": CUPTI})
    expect("SIGKILL: kernels", len(ran.events("kernel")) == 6, ran.err)
    devices = [d["name"] for d in ran.files["x.json"]["deviceProperties"]]
    expect("SIGKILL: device", devices == ['NVIDIA "Fake"'], devices)


def codes(folder):
    expect("exit code 3", Recorded(folder, inject("exits", 3)).code == 3, "other")
    ran = Recorded(folder, ["sh", "-c", "echo out; echo err >&2; exit 5"])
    expect("exit code 5", ran.code == 5, ran.code)
    expect("stdout untouched", ran.out == "out\n", ran.out)
    expect("nothing recorded", re.fullmatch(r"err\nnothing was recorded, x\.json is not written: [^\n]+\n", ran.err), ran.err)
    expect("no file", not ran.files, list(ran.files))


def refused(folder):
    (folder / "x.json").write_text("{}")
    for arguments, code, line in (
            (["--", "/no/such/program"], 2, "cannot run '/no/such/program': No such file or directory"),
            (["--", str(folder)], 2, f"cannot run '{folder}': Permission denied"),
            ([], 2, "the command is missing: analyze record [--out FILE] -- COMMAND ..."),
            (["--"], 2, "the command is missing: analyze record [--out FILE] -- COMMAND ..."),
            (["true"], 2, "unexpected 'true'; the command comes after --: analyze record [options] -- true ..."),
            (["--uot", "y.json", "--", "true"], 2, "unknown option '--uot', did you mean '--out'?"),
            (["--out", "y.txt", "--", "true"], 2, "--out: 'y.txt' does not end in .json, as a trace does"),
            (["--out", "no/y.json", "--", "true"], 2, f"--out no/y.json: there is no folder {folder}/no"),
            (["--graph-trace", "nod", "--", "true"], 2, "--graph-trace: 'nod' is neither graph nor node, did you mean 'node'?")):
        ran = subprocess.run([ANALYZE, "record", *arguments], cwd=folder, text=True, capture_output=True)
        expect(f"refused {arguments}: code", ran.returncode == code, ran)
        expect(f"refused {arguments}: line", ran.stderr == line + "\n" and not ran.stdout, ran)
    elsewhere = folder / "bin" / "analyze"
    elsewhere.parent.mkdir()
    shutil.copy(ANALYZE, elsewhere)
    ran = subprocess.run([elsewhere, "record", "--", "true"], cwd=folder, text=True, capture_output=True)
    expect("no library", (ran.returncode, ran.stderr) == (
        3, f"record needs {folder}/lib/gable/libgable_inject.so, which is built where a CUDA toolkit with NVTX is\n"), ran)
    shutil.rmtree(elsewhere.parent)
    expect("refused: files", [p.name for p in folder.iterdir()] == ["x.json"], list(folder.iterdir()))


def many(folder):
    """200,000 ranges, 30 MB of text, in a program that may have 256 MB."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_DATA, (256 << 20, 256 << 20))
    ran = Recorded(folder, inject("many", 200000), limit=limit)
    dropped = ran.files["x.json"]["dropped"]
    expect("many: all there or counted", len(ran.events("nvtx")) + dropped == 200000, (ran.err, dropped))
    expect("many: said", f" {dropped} lost, " in ran.err, ran.err)
    print(f"200000 ranges: {dropped} lost")


def endless(folder):
    ran = Recorded(folder, inject("endless", 5000))
    expect("endless: as many as are kept open", len(ran.events("nvtx")) == 4096, ran.err)
    expect("endless: counted", ran.files["x.json"]["dropped"] == 5000 - 4096, ran.err)


def deep(folder):
    """Ends of ranges that found no room close none of those around them."""
    ran = Recorded(folder, inject("deep", 4096))
    expect("deep: 30 pushes and their ends not recorded, all 4096 ended", ran.out == "0 4096\n", ran.out)
    names = [(e["name"], e.get("args", {}).get("open")) for e in ran.events("nvtx")]
    expect("deep: the outer ones and what came after", names == 4096 * [("outer", None)] + [("after", None)],
           (len(names), names[-2:]))
    expect("deep: counted", ran.files["x.json"]["dropped"] == 30, ran.err)


def fast(folder):
    """280 MB of text in about a second, of which 64 MB are queued: the writer is woken before the queue is full."""
    ran = subprocess.run([ANALYZE, "record", "--out", "x.json", "--", *inject("many", 400000, 600)], cwd=folder, text=True,
                         capture_output=True)
    counts = re.search(r" ([\d,]+) NVTX ranges, ([\d,]+) lost, ", ran.stderr)
    kept, lost = (int(n.replace(",", "")) for n in counts.groups()) if counts else (0, 0)
    expect("fast: all there or counted", kept + lost == 400000, ran.stderr)
    expect("fast: few lost", lost < 1000, ran.stderr)
    print(f"400000 ranges of 600 letters: {lost} lost")


def forks_busily(folder):
    ran = Recorded(folder, inject("forks_busily", 100))
    expect("forks while another thread registers texts: no child is stuck", ran.code == 0, ran.code)


def full_disk(folder):
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
    ran = Recorded(folder, inject("many", 5000), limit=limit)
    expect("full disk: the program goes on", ran.code == 0, (ran.code, ran.err))


def kernels(folder, version, old):
    environment = {"GABLE_CUPTI_LIB": CUPTI, "FAKE_CUPTI_VERSION": str(version), "FAKE_CUPTI_DROPS": "3"}
    if old:
        environment["FAKE_CUPTI_OLD"] = "1"
    ran = Recorded(folder, inject("cuda", 20, "end"), environment=environment)
    what = f"CUPTI {version}"
    expect(f"{what}: exit code", (ran.code, ran.out) == (0, ""), (ran.code, ran.out, ran.err))
    file = ran.files["x.json"]
    expect(f"{what}: version", file["cupti_version"] == version, file.get("cupti_version"))
    expect(f"{what}: device", file["deviceProperties"] == [
        {"id": 0, "name": 'NVIDIA "Fake"', "computeMajor": 9, "computeMinor": 0, "numSms": 132,
         "totalGlobalMem": 150000000000}], file["deviceProperties"])
    expect(f"{what}: lost", file["dropped"] == 3, file["dropped"])
    found = ran.events("kernel")
    expect(f"{what}: kernels and nodes", len(found) == 40, len(found))
    expect(f"{what}: kernel", found[0]["name"] == "gemm(float*)" and found[0]["dur"] == 1.5 and found[0]["args"] == {
        "device": 0, "context": 1, "stream": 7, "correlation": 1, "grid": [128, 2, 1], "block": [256, 1, 1],
        "registers per thread": 32, "shared memory": 1072}, found[0])
    expect(f"{what}: node", found[1]["args"].get("graph node id") == 77, found[1])
    copies = [(e["name"], e["args"]["bytes"]) for e in ran.events("gpu_memcpy") + ran.events("gpu_memset")]
    expect(f"{what}: copies", sorted(set(copies)) == [("Memcpy HtoD (Pinned -> Device)", 4096), ("Memset (Device)", 64)],
           copies[:4])
    calls = ran.events("cuda_runtime") + ran.events("cuda_driver")
    expect(f"{what}: calls that launch", sorted({e["name"] for e in calls}) == ["cuGraphLaunch", "cudaLaunchKernel"], calls[:3])
    ranges = ran.events("nvtx")
    for number, launch in enumerate(ran.events("cuda_runtime")):
        expect(f"{what}: on the range's thread and clock", launch["args"]["correlation"] == number + 1 and
               launch["tid"] == ranges[number]["tid"] and ranges[number]["ts"] <= launch["ts"] <= end(ranges[number]),
               (launch, ranges[number]))
    expect(f"{what}: summary", ran.err.startswith("wrote x.json: 40 kernels, 40 memory operations, 40 launches, "
                                                  "20 NVTX ranges, 3 lost, 0.0"), ran.err)


def whole_graphs(folder):
    ran = Recorded(folder, inject("cuda", 5, "end"), options=["--graph-trace", "graph"],
                   environment={"GABLE_CUPTI_LIB": CUPTI})
    names = sorted(e["name"] for e in ran.events("kernel"))
    expect("whole graphs: one event a launch", names == 5 * ["CUDA graph 5"] + 5 * ["gemm(float*)"], names)


def no_cupti(folder):
    goes_on = ": kernels are not recorded, NVTX ranges are"
    for variables, line in (
            ({"FAKE_CUPTI_VERSION": "140000"},
             r"CUPTI 14 is newer than 1\d, the newest whose records this build can read"),
            ({"FAKE_CUPTI_VERSION": "18"}, "CUPTI of version 18 is of CUDA 11 or older"),
            ({"FAKE_CUPTI_SUBSCRIBE": "39"}, "another profiler is attached: import its trace instead"),
            ({"FAKE_CUPTI_REFUSES": "10"}, "the driver is missing or older than this CUPTI; update it, or name an older CUPTI in GABLE_CUPTI_LIB "
             r"\(CUPTI error 15 in cuptiActivityEnable\(CONCURRENT_KERNEL\)\)")):
        ran = Recorded(folder, inject("cuda", 2, "end"), environment=dict(GABLE_CUPTI_LIB=CUPTI, **variables))
        expect(f"{variables}: exit code", ran.code == 0, ran)
        expect(f"{variables}: said once, and at the end",
               re.fullmatch(rf"gable: {line}{goes_on}\nwrote [^\n]+\nno kernels were recorded: {line}\n", ran.err),
               ran.err)
        expect(f"{variables}: ranges", len(ran.events("nvtx")) == 2 and not ran.events("kernel"), ran.err)


CASES = [nested, threads, domains, forks, leaves, execs, terminated, interrupted, handled, killed, killed_with_kernels, codes, refused,
         many, fast, endless, deep, forks_busily, full_disk, lambda f: kernels(f, 130000, False), lambda f: kernels(f, 26, False),
         lambda f: kernels(f, 19, True), whole_graphs, no_cupti]
for case in CASES:
    with tempfile.TemporaryDirectory() as name:
        case(pathlib.Path(name).resolve())
for failure in failures:
    print("FAILED", failure)
sys.exit(bool(failures))
