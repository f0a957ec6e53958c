"""Rows of public measurements as `analyze` reads them (analyze show rows-schema)."""
import csv

COLUMNS = [
    "kind", "dtype", "op", "device", "library", "split", "timer", "time_ms",
    "batch", "m", "n", "k", "inputs", "outputs", "elements", "rows", "width",
    "q_len", "past_len", "heads", "kv_heads", "head_dim",
]
# Batch 4, FP32. The first is a public report on an A100 of 40 GB; document 002 does not name its device.
DOCUMENTS = [
    ("CS336", "cs336-2.7b", 128, {"forward": 218.8, "forward+backward": 671.4}),
    ("CS336", "cs336-2.7b", 256, {"forward": 412.9, "forward+backward": 1303.5}),
    ("CS336", "cs336-2.7b", 512, {"forward": 839.9, "forward+backward": 2575.3}),
    ("document 002", "cs336-small", 512, {"forward": 45.527, "backward": 93.248}),
    ("document 002", "cs336-medium", 512, {"forward": 137.308, "backward": 283.582}),
    ("document 002", "cs336-large", 512, {"forward": 284.192, "backward": 608.084}),
    ("document 002", "cs336-xl", 512, {"forward": 572.918, "backward": 1191.383}),
    ("document 002", "cs336-2.7b", 256, {"forward": 417.464, "backward": 904.665}),
]
DTYPES = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32", "fp8": "fp8_e4m3"}
TWO_INPUTS = {"add", "mul", "div", "pow"}


def dtype_of(row):
    return DTYPES.get(row["dtype"], row["dtype"])


def gemm_rows(path):
    """gemm_tensor.csv: y[m,n] = x[m,k] W[n,k]^T, GPU time alone."""
    for row in csv.DictReader(open(path)):
        yield {
            "kind": "gemm", "dtype": dtype_of(row), "device": row["device"], "library": row["framework"],
            "time_ms": row["latency_ms"], "m": row["m"], "n": row["n"], "k": row["k"],
        }


def attention_rows(path):
    """attention.csv: context is prefill, generation is decode; GPU time alone."""
    kinds = {"context": "prefill", "generation": "decode"}
    for row in csv.DictReader(open(path)):
        yield {
            "kind": kinds[row["phase"]], "dtype": dtype_of(row), "device": row["device"],
            "library": f'{row["framework"]} {row["kernel"]}', "time_ms": row["latency_ms"], "batch": row["batch"],
            "q_len": row["q_len"],
            "past_len": row["past_len"], "heads": row["heads"], "kv_heads": row["kv_heads"],
            "head_dim": row["head_dim"],
        }


def op_rows(path):
    """ops_fp32.csv: eager PyTorch, events around one call. A bmm is [B,M,N] x [B,N,K]; a linear x[B*M,N] -> K."""
    for row in csv.DictReader(open(path)):
        op = row["op"]
        out = {
            "dtype": "fp32", "device": row["device"].replace("_", " "), "library": "pytorch 2.1", "split": row["split"],
            "timer": "events", "time_ms": row["latency_ms"],
        }
        if op == "linear":
            out |= {"kind": "gemm", "m": int(row["B"]) * int(row["M"]), "n": row["K"], "k": row["N"]}
        elif op == "bmm":
            out |= {"kind": "bmm", "batch": row["B"], "m": row["M"], "n": row["K"], "k": row["N"]}
        elif op in ("ln", "softmax"):
            out |= {"kind": {"ln": "layernorm"}.get(op, op), "rows": row["B"], "width": row["H"]}
        else:
            out |= {
                "kind": "stream", "op": op, "inputs": 2 if op in TWO_INPUTS else 1,
                "elements": int(row["B"]) * int(row["H"]),
            }
        yield out


def write_rows(path, rows):
    """Returns how many."""
    count = 0
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def at_least(row, least):
    return int(row["n"]) >= least and int(row["k"]) >= least


def published_cases(path):
    """NeuSight's published prediction, s, by case and measured time, s."""
    return {
        (row["case"], float(row["meas_e2e_ms"]) * 1e-3): float(row["neusight_e2e_ms"]) * 1e-3
        for row in csv.DictReader(open(path)) if row.get("neusight_e2e_ms")
    }


def weight_bytes(row):
    return int(row["n"]) * int(row["k"]) * 2  # BF16
