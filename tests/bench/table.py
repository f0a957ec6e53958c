#!/usr/bin/env python3
"""Turns Google Benchmark's JSON into the performance table: table.py [--readme README.md] FILE.json...

With --readme the table also replaces what stands between `<!-- bench:begin -->` and `<!-- bench:end -->`.
"""
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return f"{cpu[1] if cpu else os.uname().machine}, {os.cpu_count()} cores; {compiler}; {datetime.date.today()}"


def main():
    arguments = sys.argv[1:]
    readme = pathlib.Path(arguments[1]) if arguments[:1] == ["--readme"] else None
    runs = {}
    for path in arguments[2 if readme else 0:]:
        for run in json.loads(pathlib.Path(path).read_text())["benchmarks"]:
            if run.get("error_occurred"):
                sys.exit(f"bench: {run['name']}: {run['error_message']}")
            # The median of repeated runs stands for them; a run that is not repeated for itself.
            if run.get("aggregate_name", "median") == "median":
                runs[run["run_name"].split("/")[0]] = run
    unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}

    def time(name, clock="real_time"):
        return runs[name][clock] * unit[runs[name]["time_unit"]]

    def sweep(name):
        run = runs[name]
        return f"{1e6 / run['items_per_second']:.1f} s ({run['items_per_second']:,.0f} points/s)"

    cores = int(runs["sweep_all_cores"]["threads"])
    wall = {name: runs[name]["wall_s"] for name in ("python_pass", "analyze_gpt2_split")}
    rows = [
        ("`analyze --model gpt2-split`, process time (wall)", "less than Python",
         f"{time('analyze_gpt2_split') * 1e3:.1f} ms ({wall['analyze_gpt2_split'] * 1e3:.1f} ms)"),
        ("`python3 -S -c pass`, process time (wall)", "", f"{time('python_pass') * 1e3:.1f} ms ({wall['python_pass'] * 1e3:.1f} ms)"),
        ("costing gpt3-175b, once loaded", "50 µs", f"{time('cost_gpt3_175b', 'cpu_time') * 1e6:.1f} µs"),
        ("a million points of gpt2 by `analyze sweep`, to CSV, one core", "30 s", sweep("sweep_one_core")),
        (f"the same, {cores} cores", f"{30 / cores:.0f} s", sweep("sweep_all_cores")),
        ("peak memory of `analyze --model gpt2-split`", "64 MB", f"{runs['analyze_gpt2_split']['peak_mb']:.1f} MB"),
    ]
    def rate(name):
        return f"{runs[name]['items_per_second']:,.0f} a second"

    rows += [
        ("times of products, each of a new shape, one core", "20,000 a second or more", rate("predict_gemm_shapes")),
        ("times of the kernels of a gpt3-175b training step, eager", "200,000 a second or more", rate("predict_gpt3_step")),
        ("all of them", "2 ms", f"{time('predict_gpt3_step', 'cpu_time') * 1e3:.3f} ms"),
        ("predicted configurations of gpt2 by `analyze sweep`, one core", "5,000 a second or more", rate("predict_sweep")),
        ("fit of products to 256 rows, one core", "3 s", f"{time('calibrate_256', 'cpu_time'):.2f} s"),
    ]
    if "trace_short" in runs:
        rows += [
            ("`analyze trace` of a small BERT (1.1 MB of JSON, gzipped), process time", "40 ms", f"{time('trace_short') * 1e3:.1f} ms"),
            ("300 MB of such JSON, one core", "300 MB/s or more", f"{300 / time('trace_long'):.0f} MB/s"),
            ("the same gzipped, counted uncompressed", "150 MB/s or more", f"{300 / time('trace_long_gz'):.0f} MB/s"),
            ("peak memory for 1 GB of JSON", "1.5 GB + 2 x the table of events", f"{runs['trace_huge']['peak_mb']:.0f} MB"),
        ]
    table = "| what | at most | measured |\n|---|---|---|\n" + "".join(f"| {a} | {b} | {c} |\n" for a, b, c in rows)
    table += f"\n{machine()}; `scripts/bench --readme`\n"
    print(table, end="")
    if readme:
        text = readme.read_text()
        marked = re.compile(r"(<!-- bench:begin -->\n).*?(<!-- bench:end -->)", re.DOTALL)
        if not marked.search(text):
            sys.exit(f"bench: {readme} has no <!-- bench:begin --> and <!-- bench:end -->")
        readme.write_text(marked.sub(lambda m: m[1] + table + m[2], text))


if __name__ == "__main__":
    main()
