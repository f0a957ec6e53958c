#!/usr/bin/env python3
"""What PyTorch in eager mode takes for the shipped models, as a reference for `analyze measure`.

  pytorch_reference.py OUT [--device cuda] [--seconds 110] [--tiny]

Writes into OUT:
  pytorch.csv          a row a model, dtype and phase: times of a step, kernels, GEMM share, peak memory
  pytorch-kernels.csv  the kernels of one step by name
  trace.json.gz        one profiled forward pass of gpt2-split, as torch.profiler writes it
Random values from a seed, TF32 off. forward: evaluation, no gradients; step: training with dropout, cross entropy, AdamW.
On a CPU there are no kernels: ops take their place, those inside others too, so that the script can be tried.
"""
import argparse
import contextlib
import csv
import gzip
import itertools
import json
import pathlib
import statistics
import tempfile
import time

import torch
import torch.nn.functional as F

from pytorch_models import cases

WARMUP, STEPS, SEED = 5, 10, 1
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
COLUMNS = "step_mean_s step_std_s cold_step_s device_mean_s kernel_s gemm_share launches peak_bytes note".split()
GEMM_NAMES = ("gemm", "gemv", "cutlass", "xmma", "wgmma", "s16816", "matmul", "nvjet")


class Bench:
    def __init__(self, options):
        self.device, self.out = torch.device(options.device), pathlib.Path(options.out)
        self.gpu = self.device.type == "cuda"

    def sync(self):
        if self.gpu:
            torch.cuda.synchronize()

    def mark(self):
        event = torch.cuda.Event(enable_timing=True) if self.gpu else None
        if event:
            event.record()
        return event

    def timed(self, run):
        """Seconds between synchronisations, and on the device between events."""
        self.sync()
        start, begin = time.perf_counter(), self.mark()
        run()
        end = self.mark()
        self.sync()
        wall = time.perf_counter() - start
        return wall, begin.elapsed_time(end) / 1e3 if self.gpu else wall

    def prepared(self, case, dtype, phase):
        """One step of a model as a function."""
        _, make, shape, vocab, _ = case
        torch.manual_seed(SEED)
        # Hundreds of millions of random values are slow on the host; PyTorch 1 has no other way.
        with self.device if hasattr(self.device, "__enter__") else contextlib.nullcontext():
            net = make()
        net = net.to(self.device, DTYPES[dtype])
        if len(shape) == 2:
            given = torch.randint(0, vocab, shape, device=self.device)
        else:
            given = torch.randn(shape, device=self.device, dtype=DTYPES[dtype])
        if phase == "forward":
            net.eval()

            def forward():
                with torch.no_grad():
                    net(given)

            return forward
        targets = torch.randint(0, vocab, (shape[0] * shape[1],), device=self.device)
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)

        def step():
            F.cross_entropy(net(given).view(-1, vocab), targets).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

        return step

    def kernels(self, run, keep):
        """Of one step by name: [launches, seconds]. From the trace, where kernels stand apart from ranges of ops."""
        kinds = {"kernel", "gpu_memcpy", "gpu_memset"} if self.gpu else {"cpu_op", ""}
        with torch.profiler.profile(record_shapes=keep) as profiler:  # of all that the device has
            run()
            self.sync()
        with tempfile.NamedTemporaryFile("r", suffix=".json") as file:
            profiler.export_chrome_trace(file.name)
            text = pathlib.Path(file.name).read_text(encoding="utf-8")
        if keep:
            (self.out / "trace.json.gz").write_bytes(gzip.compress(text.encode()))
        found, trace = {}, json.loads(text)
        for event in trace["traceEvents"] if isinstance(trace, dict) else trace:
            if event.get("cat", "").lower() in kinds and event.get("ph") == "X":
                kernel = found.setdefault(event["name"], [0, 0.0])
                kernel[0] += 1
                kernel[1] += float(event["dur"]) / 1e6
        return found

    def measure(self, case, dtype, phase):
        """A row of pytorch.csv after its first three cells, and the kernels by name."""
        if self.gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        run = self.prepared(case, dtype, phase)
        cold = self.timed(run)[0]
        for _ in range(WARMUP - 1):
            run()
        times = [self.timed(run) for _ in range(STEPS)]
        peak = torch.cuda.max_memory_allocated() if self.gpu else ""
        found = self.kernels(run, keep=(case[0], dtype, phase) == ("gpt2-split", "fp32", "forward"))
        total = sum(seconds for _, seconds in found.values())
        gemm = sum(seconds for name, (_, seconds) in found.items() if any(part in name.lower() for part in GEMM_NAMES))
        walls, devices = zip(*times)
        row = [statistics.mean(walls), statistics.stdev(walls), cold, statistics.mean(devices), total, gemm / total if total else 0.0]
        return [f"{number:.6g}" for number in row] + [sum(n for n, _ in found.values()), peak, ""], found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=110, help="no other model is begun after so long")
    parser.add_argument("--tiny", action="store_true", help="small models, to try the script")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    bench = Bench(options)
    bench.out.mkdir(parents=True, exist_ok=True)
    with open(bench.out / "pytorch.csv", "w", newline="") as rows_file, \
            open(bench.out / "pytorch-kernels.csv", "w", newline="") as kernels_file:
        rows, kernels = csv.writer(rows_file), csv.writer(kernels_file)
        rows.writerow(["model", "dtype", "phase", *COLUMNS])
        kernels.writerow(["model", "dtype", "phase", "kernel", "launches", "total_s"])
        for dtype, phase in itertools.product(DTYPES, ("forward", "step")):
            for case in (case for case in cases(options.tiny) if phase in case[4]):
                key, row, found = [case[0], dtype, phase], [""] * (len(COLUMNS) - 1) + ["no time left"], {}
                try:
                    if time.monotonic() < end:
                        row, found = bench.measure(case, dtype, phase)
                except RuntimeError as error:  # out of memory, or no kernel for the dtype
                    row[-1] = str(error).splitlines()[0][:120]
                rows.writerow(key + row)
                for name, (launches, seconds) in sorted(found.items(), key=lambda item: -item[1][1]):
                    kernels.writerow([*key, name, launches, f"{seconds:.6g}"])
                rows_file.flush()
                print(*key, *row, flush=True)


if __name__ == "__main__":
    main()
