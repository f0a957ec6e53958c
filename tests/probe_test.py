#!/usr/bin/env python3
"""analyze probe as a process: interrupted, beside another, where its profile cannot be written.

Easy to break: a half-written profile, an interruption that looks like success, a message after a minute of measuring.
Called by ctest with the program's path.
"""
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = sys.argv[1]
failures = []


def start(folder, *arguments):
    environment = dict(os.environ, XDG_DATA_HOME=str(folder / "data"), TMPDIR=str(folder))
    return subprocess.Popen([PROGRAM, "probe", "--device", "cpu", *arguments], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def expect(what, condition, seen):
    if not condition:
        failures.append(f"{what}: {seen}")


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")


def wait_for_lock(folder):
    for _ in range(600):
        if list(folder.glob("*.lock")):
            return
        time.sleep(0.05)


def interrupted(folder, number):
    probe = start(folder, "--full", "--out", str(folder / "p.yaml"))
    wait_for_lock(folder)
    time.sleep(0.3)
    probe.send_signal(number)
    _, err = probe.communicate()
    expect(f"exit code after signal {number}", probe.returncode == 128 + number, probe.returncode)
    expect(f"line after signal {number}", err == "interrupted; no profile is written\n", repr(err))
    expect(f"files after signal {number}", files(folder) == [], files(folder))


def beside_another(folder):
    first = start(folder, "--full", "--out", str(folder / "p.yaml"))
    wait_for_lock(folder)
    time.sleep(0.3)
    second = start(folder, "--quick", "--out", str(folder / "q.yaml"))
    _, err = second.communicate()
    expect("exit code of the second", second.returncode == 3, second.returncode)
    expect("line of the second", err.startswith("another probe or measurement is running"), repr(err))
    first.send_signal(signal.SIGINT)
    first.communicate()


def whole(folder):
    probe = start(folder, "--quick")
    out, err = probe.communicate()
    expect("exit code", probe.returncode == 0, (probe.returncode, err))
    written = files(folder)
    expect("one profile", len(written) == 1 and written[0].startswith("data/gable/hw/"), written)
    expect("named", written and err.strip().endswith(written[0]), err)
    expect("triad", "dram.triad" in out, out)
    report = subprocess.run([PROGRAM, "--model", "gpt2-split", "--hw", "measured"], text=True, capture_output=True,
                            env=dict(os.environ, XDG_DATA_HOME=str(folder / "data")))
    expect("--hw measured", report.returncode == 0 and "measured profile" in report.stdout, report)


def nowhere(folder):
    full = folder / "full.yaml"
    full.symlink_to("/dev/full")
    for path, code, says in ((str(full), 1, "No space left on device"), ("/proc/p.yaml", 2, "/proc"),
                             (str(folder / "no" / "p.yaml"), 2, "there is no folder")):
        probe = start(folder, "--quick", "--out", path)
        _, err = probe.communicate()
        expect(f"exit code for {path}", probe.returncode == code, (probe.returncode, err))
        expect(f"line for {path}", says in err and err.count("\n") == 1, repr(err))


def full_disk(folder):
    """A file may hold no more than 4096 bytes, as on a disk that fills up: the file that would be renamed is cut short."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # what OpenMP's runtime keeps in shared memory fits

    probe = subprocess.Popen([PROGRAM, "probe", "--device", "cpu", "--quick"], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, preexec_fn=limit,
                             env=dict(os.environ, XDG_DATA_HOME=str(folder / "data"), TMPDIR=str(folder)))
    _, err = probe.communicate()
    expect("exit code on a full disk", probe.returncode == 1, (probe.returncode, err))
    expect("line on a full disk", "File too large" in err and err.count("\n") == 1, repr(err))
    expect("files on a full disk", files(folder) == [], files(folder))


for case in (lambda f: interrupted(f, signal.SIGINT), lambda f: interrupted(f, signal.SIGTERM), beside_another, whole,
             nowhere, full_disk):
    with tempfile.TemporaryDirectory() as name:
        case(pathlib.Path(name))
for failure in failures:
    print("FAILED", failure)
sys.exit(bool(failures))
