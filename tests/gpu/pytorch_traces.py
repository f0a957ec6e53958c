#!/usr/bin/env python3
"""One training step of PyTorch, recorded in three ways, whose kernel times have to agree within 2 %.

  pytorch_traces.py --mode profiler --out kineto.json.gz                  by torch.profiler
  analyze record --out nvtx.json -- pytorch_traces.py --mode nvtx         by injection, with PyTorch's ranges and shapes
  analyze record --out plain.json -- pytorch_traces.py --mode plain       by injection alone
  pytorch_traces.py --compare kineto.json.gz nvtx.json plain.json [--analyze PROGRAM] [--out traces.json]

Counted are the kernels that were launched in the measured steps: profiler's own, else in the range "window". Files may be
compressed. --analyze: `analyze trace` has to read each file and add up the same time on devices.
Exit code 77: not possible here, the last line says why. PyTorch is needed to record, not to compare.
"""
import argparse
import contextlib
import gzip
import json
import pathlib
import subprocess
import sys
import time

WARMUP, STEPS, SEED, LIMIT = 10, 5, 1, 0.02
B, T, D, HEADS, LAYERS, V = 4, 128, 256, 4, 2, 1000
SKIPPED = 77


def training_step(torch, device):
    from torch import nn
    torch.manual_seed(SEED)
    torch.backends.cuda.matmul.allow_tf32 = False
    batch, length = (1, 16) if device == "cpu" else (B, T)  # there only to try the script
    blocks = [nn.TransformerEncoderLayer(D, HEADS, 4 * D, 0.1, "gelu", batch_first=True, norm_first=True) for _ in range(LAYERS)]
    words, places, norm, head = nn.Embedding(V, D), nn.Embedding(length, D), nn.LayerNorm(D), nn.Linear(D, V, bias=False)
    net = nn.ModuleList([words, places, *blocks, norm, head]).to(device)
    later = nn.Transformer.generate_square_subsequent_mask(length).to(device)
    tokens, targets = torch.randint(0, V, (2, batch, length), device=device)
    order = torch.arange(length, device=device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4, foreach=True)

    def step():
        x = words(tokens) + places(order)
        for block in blocks:
            x = block(x, later)
        nn.functional.cross_entropy(head(norm(x)).flatten(0, 1), targets.flatten()).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def raise_clocks(torch):
    """An idle device is slow. Few and large kernels, so that a trace that has them stays small."""
    x, end = torch.ones(4096, 4096, device="cuda"), time.monotonic() + 0.5
    while time.monotonic() < end:
        x @ x
        torch.cuda.synchronize()


def record(mode, out, device):
    try:
        import torch
    except ImportError as error:
        print(f"no PyTorch: {error}")
        return SKIPPED
    gpu = device != "cpu"
    if gpu and not torch.cuda.is_available():
        print("PyTorch cannot use the device")
        return SKIPPED
    print(f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, {torch.cuda.get_device_name() if gpu else device}")
    wait = torch.cuda.synchronize if gpu else lambda: None
    step = training_step(torch, device)
    if gpu:
        raise_clocks(torch)
    if mode == "profiler":
        with torch.profiler.profile(schedule=torch.profiler.schedule(wait=0, warmup=WARMUP, active=STEPS, repeat=1),
                                    on_trace_ready=lambda profiler: profiler.export_chrome_trace(out),
                                    record_shapes=True) as profiler:  # of all that the device has
            for done in range(1, WARMUP + STEPS + 1):
                step()
                if done in (WARMUP, WARMUP + STEPS):
                    wait()
                profiler.step()
        return 0
    for _ in range(WARMUP):
        step()
    wait()
    mark = torch.cuda.nvtx.range if gpu else contextlib.nullcontext
    ops = torch.autograd.profiler.emit_nvtx(record_shapes=True) if gpu and mode == "nvtx" else contextlib.nullcontext()
    with ops, mark("window"):
        for _ in range(STEPS):
            with mark("step"):
                step()
        wait()
    return 0


class TraceError(Exception):
    pass


def summed(path):
    """Of the measured steps of a trace: kernels, copies, time in us, in all and by step; and why there is no kernel, if known."""
    try:
        raw = pathlib.Path(path).read_bytes()
        trace = json.loads((gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode("utf-8", "replace"))
        events = trace["traceEvents"] if isinstance(trace, dict) else trace
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise TraceError(f"{path}: no trace: {error}") from error

    def of(*categories):
        return [e for e in events if e.get("ph") == "X" and e.get("cat") in categories]

    def spans(category, name):
        return sorted((e["ts"], e["ts"] + e["dur"]) for e in of(category) if e["name"].split("#")[0] == name)

    steps = spans("user_annotation", "ProfilerStep")
    window = (steps[0][0], steps[-1][1]) if steps else None
    if not steps:
        window, steps = next(iter(spans("nvtx", "window")), None), spans("nvtx", "step")
    if not window or not steps:
        raise TraceError(f"{path}: neither ProfilerStep nor the ranges \"window\" and \"step\"")

    launched = {}  # whatever thread: the backward pass has its own. A driver call in a runtime call has its correlation.
    for call in of("cuda_runtime", "cuda_driver"):
        correlation = call.get("args", {}).get("correlation")
        launched[correlation] = min(call["ts"], launched.get(correlation, call["ts"]))

    def within(span, event):  # without a launch by its own start: the device is idle at both ends of the window
        return span[0] <= launched.get(event.get("args", {}).get("correlation"), event["ts"]) < span[1]

    def total(these):
        return round(sum(e["dur"] for e in these), 3)  # to nanoseconds, as in the file

    kernels = [e for e in of("kernel") if within(window, e)]
    copies = of("gpu_memcpy", "gpu_memset")
    return {
        "bytes": len(raw),
        "steps": len(steps),
        "kernels": len(kernels),
        "copies": sum(within(window, e) for e in copies),
        "kernel_us": total(kernels),
        "step_us": [total(e for e in kernels if within(step, e)) for step in steps],
        "device_us": total(of("kernel") + copies),  # outside the window, too
        "dropped": trace.get("dropped", 0) if isinstance(trace, dict) else 0,
        "why": next((e["args"]["why"] for e in events if e.get("name") == "gable_no_kernels"), ""),
    }


def read_by_analyze(program, path, device_us):
    """What `analyze trace` adds up, which is everything in the file; it cuts at nanoseconds."""
    ran = subprocess.run([program, "trace", path, "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    found = {"exit": ran.returncode, "device_us": None, "equal": False}
    if ran.returncode != 0:
        print(ran.stderr.decode("utf-8", "replace").strip())
        return found
    found["device_us"] = round(1e6 * sum(row["time_s"] for row in json.loads(ran.stdout)["rows"] if row["level"] == "trace"), 3)
    found["equal"] = abs(found["device_us"] - device_us) <= 1e-6 * device_us
    return found


def compare(paths, analyze, out):
    """Writes `out` and prints a table; the exit code: 0 where all agree, 1 where not."""
    names = ("torch.profiler", "record, NVTX", "record")
    try:
        rows = [dict(trace=name, file=pathlib.Path(path).name, **summed(path)) for name, path in zip(names, paths)]
    except TraceError as error:
        print(error)
        return 1
    reference = rows[0]["kernel_us"] / rows[0]["steps"]
    for row, path in zip(rows, paths):
        row["ratio"] = round(row["kernel_us"] / row["steps"] / reference, 6) if reference > 0 else None
        if analyze:
            row["analyze"] = read_by_analyze(analyze, path, row["device_us"])
    empty = [row for row in rows if row["kernels"] == 0]
    agrees = None if empty else all(abs(row["ratio"] - 1) <= LIMIT for row in rows)
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"limit": LIMIT, "agrees": agrees, "traces": rows}, file, indent=1)
        file.write("\n")

    print("| trace | KiB | steps | kernels a step | kernel time a step, us | ratio | `analyze trace` |\n|---|---|---|---|---|---|---|")
    for row in rows:
        read = row.get("analyze")
        said = "" if not read else "the same sum" if read["equal"] else f"exit code {read['exit']}, {read['device_us']} us"
        print(f"| {row['trace']} | {row['bytes'] / 1024:.0f} | {row['steps']} | {row['kernels'] / row['steps']:.1f} "
              f"| {row['kernel_us'] / row['steps']:.1f} | {'' if row['ratio'] is None else format(row['ratio'], '.4f')} | {said} |")
    wrong = [row["file"] for row in rows if analyze and not row["analyze"]["equal"]]
    if wrong:
        print("`analyze trace` does not add up as the file does:", *wrong)
        return 1
    if empty:
        print("not compared:", "; ".join(f"{row['file']} has no kernel" + (f": {row['why']}" if row["why"] else "") for row in empty))
        return SKIPPED if all(row["why"] for row in empty) else 1
    print(f"kernel times {'agree' if agrees else 'differ'}: {', '.join(format(row['ratio'], '.4f') for row in rows[1:])} "
          f"of torch.profiler's, {LIMIT:.0%} is allowed")
    return 0 if agrees else 1


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--mode", choices=("profiler", "nvtx", "plain"))
    what.add_argument("--compare", nargs=3, metavar=("KINETO", "NVTX", "PLAIN"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--analyze", metavar="PROGRAM")
    parser.add_argument("--out", help="kineto.json.gz of the profiler, traces.json of a comparison")
    options = parser.parse_args(words)
    if options.compare:
        return compare(options.compare, options.analyze, options.out or "traces.json")
    return record(options.mode, options.out or "kineto.json.gz", options.device)


if __name__ == "__main__":
    sys.exit(main())
