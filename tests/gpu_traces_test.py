"""tests/gpu/pytorch_traces.py: what it counts of three traces, and when they agree. Easy to break: launches on the thread of the
backward pass, kernels of warm-up steps, ranges on the device that have the names of those on the host, a trace without kernels."""
import contextlib
import gzip
import importlib.util
import io
import json
import pathlib
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent / "gpu/pytorch_traces.py"
SPEC = importlib.util.spec_from_file_location("pytorch_traces", SCRIPT)
traces = importlib.util.module_from_spec(SPEC)
sys.dont_write_bytecode = True
SPEC.loader.exec_module(traces)

# Adds up the kernels of a file as `analyze trace` does, and is wrong by as many us as WRONG says.
ANALYZE = """#!/usr/bin/env python3
import json, sys
durations = [e["dur"] for e in json.load(open(sys.argv[2]))["traceEvents"] if e["cat"] in ("kernel", "gpu_memcpy")]
if WRONG is None: sys.exit("no trace")
print(json.dumps({"rows": [{"level": "trace", "time_s": (sum(durations) + WRONG) / 1e6}, {"level": "kernel", "time_s": 1}]}))
"""


def event(category, name, ts, dur, thread=1, **args):
    return {"ph": "X", "cat": category, "name": name, "pid": 1, "tid": thread, "ts": ts, "dur": dur, "args": args}


def launched(correlation, at, us, thread=1):
    """A kernel that runs 20 us after its launch, by a call of the driver within one of the runtime."""
    return [event("cuda_runtime", "cudaLaunchKernelExC", at, 2, thread, correlation=correlation),
            event("cuda_driver", "cuLaunchKernelEx", at + 1, 1, thread, correlation=correlation),
            event("kernel", "gemm", at + 20, us, 7, correlation=correlation)]


def steps(us):
    """Warm-up at 0, two steps at 100 and 200 with a kernel of each thread, the last of which runs after its step, the rest at 320."""
    return [*launched(1, 50, 1000), *launched(2, 110, us), *launched(3, 150, us / 2, thread=2), *launched(4, 210, us),
            *launched(5, 299, us / 2, thread=2), *launched(6, 330, 1000),
            event("gpu_memcpy", "Memcpy HtoD", 140, 3, 7, correlation=7), event("cuda_runtime", "cudaMemcpyAsync", 130, 1, correlation=7)]


def kineto(us):
    ranges = [("user_annotation", "ProfilerStep#10", 100), ("user_annotation", "ProfilerStep#11", 200), ("user_annotation", "other", 0),
              ("gpu_user_annotation", "ProfilerStep#10", 300)]
    return {"traceEvents": [event(cat, name, ts, 100) for cat, name, ts in ranges] + steps(us)}


def recorded(us):
    ranges = [("window", 100, 205), ("step", 100, 100), ("step", 200, 100), ("aten::mm", 0, 90)]
    return {"traceEvents": [event("nvtx", name, ts, dur) for name, ts, dur in ranges] + steps(us), "dropped": 4}


def without_kernels(why):
    trace = recorded(1)
    trace["traceEvents"] = [e for e in trace["traceEvents"] if e["cat"] == "nvtx"]
    if why:
        trace["traceEvents"].append({"ph": "M", "name": "gable_no_kernels", "pid": 0, "cat": "", "args": {"why": why}})
    return trace


class Traces(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, trace):
        data = json.dumps(trace).encode()
        (self.folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return str(self.folder / name)

    def compare(self, made, nvtx, plain, *words):
        """Exit code, the last line, and what was written."""
        files = [self.file("kineto.json", made), self.file("nvtx.json", nvtx), self.file("plain.json", plain)]
        out, printed = self.folder / "traces.json", io.StringIO()
        out.unlink(missing_ok=True)
        with contextlib.redirect_stdout(printed):
            code = traces.main(["--compare", *files, "--out", str(out), *words])
        return code, printed.getvalue().splitlines()[-1], json.loads(out.read_text()) if out.exists() else None

    def analyze(self, wrong):
        program = self.folder / "analyze"
        program.write_text(ANALYZE.replace("WRONG", repr(wrong)))
        program.chmod(0o755)
        return "--analyze", str(program)

    def test_only_what_was_launched_in_the_measured_steps(self):
        for name, trace in (("k.json.gz", kineto(8)), ("r.json", recorded(8)), ("list.json", kineto(8)["traceEvents"])):
            with self.subTest(name):
                found = traces.summed(self.file(name, trace))
                self.assertEqual((found["steps"], found["kernels"], found["copies"]), (2, 4, 1))
                self.assertEqual((found["kernel_us"], found["step_us"]), (2 * (8 + 4), [12, 12]))
                self.assertEqual(found["device_us"], 2 * 1000 + 2 * (8 + 4) + 3)

    def test_without_its_launch_a_kernel_is_taken_by_its_start(self):
        trace = recorded(8)
        trace["traceEvents"] += [event("kernel", "a", 240, 5, 7, correlation=90), event("kernel", "b", 310, 5, 7)]
        self.assertEqual(traces.summed(self.file("r.json", trace))["kernel_us"], 24 + 5)

    def test_two_percent_either_way(self):
        for us, agrees in ((10, True), (10.19, True), (9.81, True), (10.21, False), (9.79, False)):
            for other in ((us, 10), (10, us)):
                with self.subTest(other):
                    code, line, written = self.compare(kineto(10), *map(recorded, other))
                    self.assertEqual((code, written["agrees"]), (0 if agrees else 1, agrees))
                    self.assertEqual([row["ratio"] for row in written["traces"]], [1, round(other[0] / 10, 6), round(other[1] / 10, 6)])
                    self.assertEqual(line, f"kernel times {'agree' if agrees else 'differ'}: {other[0] / 10:.4f}, {other[1] / 10:.4f} "
                                           "of torch.profiler's, 2% is allowed")
        self.assertEqual([(row["file"], row["kernels"], row["dropped"]) for row in written["traces"]],
                         [("kineto.json", 4, 0), ("nvtx.json", 4, 4), ("plain.json", 4, 4)])

    def test_no_kernels(self):
        code, line, written = self.compare(kineto(8), without_kernels("another profiler is attached"), recorded(8))
        self.assertEqual((code, line), (77, "not compared: nvtx.json has no kernel: another profiler is attached"))
        self.assertIsNone(written["agrees"])
        code, line, _ = self.compare(kineto(8), recorded(8), without_kernels(""))
        self.assertEqual((code, line), (1, "not compared: plain.json has no kernel"))
        code, line, _ = self.compare(without_kernels(""), without_kernels("why"), recorded(8))
        self.assertEqual((code, line), (1, "not compared: kineto.json has no kernel; nvtx.json has no kernel: why"))

    def test_no_trace(self):
        code, line, written = self.compare({"traceEvents": steps(8)}, recorded(8), recorded(8))
        self.assertEqual((code, written), (1, None))
        self.assertTrue(line.endswith("kineto.json: neither ProfilerStep nor the ranges \"window\" and \"step\""), line)
        with self.assertRaisesRegex(traces.TraceError, "none.json: no trace: .*No such file"):
            traces.summed(str(self.folder / "none.json"))
        with self.assertRaisesRegex(traces.TraceError, "no trace"):
            traces.summed(self.file("other.json", {"a": 1}))

    def test_analyze_adds_up_the_whole_file(self):
        three = kineto(8), recorded(8), recorded(8)
        code, _, written = self.compare(*three, *self.analyze(0))
        self.assertEqual((code, [row["analyze"] for row in written["traces"]]),
                         (0, 3 * [{"exit": 0, "device_us": 2027.0, "equal": True}]))
        code, line, _ = self.compare(*three, *self.analyze(1))
        self.assertEqual((code, line), (1, "`analyze trace` does not add up as the file does: kineto.json nvtx.json plain.json"))
        code, _, written = self.compare(*three, *self.analyze(None))
        self.assertEqual((code, written["traces"][0]["analyze"]["exit"]), (1, 1))

    def test_pytorch_is_not_needed(self):
        self.assertNotIn("torch", sys.modules)


if __name__ == "__main__":
    unittest.main()
