"""Lockstep against its own limits (scripts/bench --limits): what the kernels reach, what exactness, a start, a rank's
memory and too few cores cost. Each figure stands beside what it must keep."""

import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from machine import MLP, PLAIN, Report, doctor, epochs_of, lockstep, seconds_of, spread

TRAIN = ["train", *MLP, *PLAIN, "--batch-size", "64"]
RANKS = 4
KERNELS = {
    "forward": "forward",
    "input_gradient": "input gradient",
    "weight_gradient_exact_1": "weight gradient, exact, 1 micro-batch",
    "weight_gradient_exact_4": "weight gradient, exact, 4 micro-batches",
    "weight_gradient_fast": "weight gradient, fast",
}


def measure(options):
    report = Report("limits", options.into)
    report.add("| what | measured | limit |\n|---|---|---|")
    kernels(report)
    rounds = range(options.rounds)

    pairs = [exact_and_fast(options) for _ in rounds]
    report.add(f"| exact reduction / fast, MLP, batch 64 | {spread([a / b for a, b in pairs], 'x')} | at most 1.15x |")

    epochs = [[e["seconds"] for e in epochs_of(lockstep(*TRAIN), options.data, 2)] for _ in rounds]
    report.add(f"| first epoch / second | {spread([a / b for a, b in epochs], 'x')} | at most 1x |")

    for ranks, name in [(None, "one process"), (RANKS, f"{RANKS} ranks")]:
        starts = [start_to_first_step(options.data, ranks) for _ in rounds]
        report.add(f"| start to first step, {name} | {spread(starts, ' s')} | under 1 s |")

    private = private_megabytes(options.data)
    report.add(f"| private memory of a rank of {RANKS} | {', '.join(f'{mb:.0f}' for mb in private)} MB | under 100 MB |")

    pairs = [crowded_and_not(options) for _ in rounds]
    report.add(f"| 4 ranks on 2 cores / 2 ranks on them | {spread([a / b for a, b in pairs], 'x')} | at most 1.3x |")
    report.publish()


def kernels(table):
    reports = [doctor("--kernels") for _ in range(5)]
    for key, name in KERNELS.items():
        speed = statistics.median(report[key] for report in reports)
        percent = 100 * statistics.median(report[key + "_of_peak"] for report in reports)
        table.add(f"| {name}, 64x784x512, one core | {speed:.0f} GFLOP/s, {percent:.0f}% of its peak at the same moments "
                   "| 80% |")  # fmt: skip


def exact_and_fast(options):
    """Median seconds an epoch of each, one after the other."""
    return [
        statistics.median(seconds_of(lockstep(*TRAIN, "--reduction", reduction), options.data, options.epochs))
        for reduction in ("exact", "fast")
    ]


def start_to_first_step(data, ranks):
    """Seconds from starting the command, mpirun's own start with it, to the first step's line in the metrics."""
    with tempfile.TemporaryDirectory() as run:
        command = lockstep(*TRAIN, "--data", data, "--output", run, "--quiet", "--log-every", "1", "--max-steps", "1",
                           ranks=ranks)  # fmt: skip
        metrics = pathlib.Path(run, "metrics.jsonl")
        begin = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            wait_for("step", metrics, process)
            return time.perf_counter() - begin


def wait_for(event, metrics, process):
    """Returns when the metrics have such an event, or the process has ended."""
    while process.poll() is None:
        lines = metrics.read_text().splitlines() if metrics.exists() else []
        if any(f'"event":"{event}"' in line for line in lines):
            return
        time.sleep(0.002)


def private_megabytes(data):
    """Memory that is each rank's own while they train (Linux)."""
    with tempfile.TemporaryDirectory() as run:
        command = lockstep(*TRAIN, "--data", data, "--output", run, "--quiet", "--epochs", "4", ranks=RANKS)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            wait_for("epoch", pathlib.Path(run, "metrics.jsonl"), process)
            ranks = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
            return [private_of(rank) for rank in ranks]


def private_of(process):
    lines = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def crowded_and_not(options):
    """Median seconds an epoch of four ranks and of two, both on the same two cores."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    how = {
        "preexec_fn": lambda: os.sched_setaffinity(0, cores),
        # As scripts/train sets it where ranks share cores.
        "env": {**os.environ, "OMPI_MCA_mpi_yield_when_idle": "1"},
    }
    return [
        statistics.median(seconds_of(lockstep(*TRAIN, ranks=ranks), options.data, options.epochs, **how))
        for ranks in (4, 2)
    ]
