"""How Lockstep's cost grows with batch, width, threads and ranks: runs it over each, writes the numbers as CSV and draws
them (see scripts/plot-performance)."""

import argparse
import csv
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

from contenders import operations  # noqa: E402
from machine import CORES, ROOT, Failed, best_doctor, lockstep, seconds_of, synthesize, warn_of_load  # noqa: E402

# A multiple of every batch size, so that no step is a short one. Normalised images have no zeros to be left out.
SAMPLES = 12288
BATCHES = [16, 32, 64, 128, 256, 512, 1024, 2048]
WIDTHS = [64, 128, 256, 512, 1024, 2048]
COUNTS = sorted({*range(1, CORES + 1), 2 * CORES})
HERE = {"batch": 64, "width": 512, "threads": CORES, "ranks": None}


def run(data, epochs, batch, width, threads, ranks):
    """The fastest epoch's microseconds a step and GFLOP/s."""
    more = ["--micro-batches", max(COUNTS)] if ranks else []  # the same work for any number of ranks
    command = lockstep(
        "train", "--model", "mlp", "--hidden", f"{width},{width}", "--momentum", "0", "--lr", "0.01", "--schedule",
        "constant", "--normalize", "auto", "--batch-size", batch, "--threads", threads, *more, ranks=ranks)  # fmt: skip
    seconds = min(seconds_of(command, data, epochs))
    layers = [784 * width, width * width, width * 10]
    return {"microseconds_a_step": round(seconds * batch / SAMPLES * 1e6, 1),
            "gflops": round(operations(layers) * SAMPLES / seconds * 1e-9, 1)}  # fmt: skip


def cases():
    """What is varied, and the whole setting."""
    for batch in BATCHES:
        yield "batch", HERE | {"batch": batch}
    for width in WIDTHS:
        yield "width", HERE | {"width": width}
    for threads in (count for count in COUNTS if count <= CORES):
        yield "threads", HERE | {"threads": threads}
    for ranks in COUNTS:
        yield "ranks", HERE | {"threads": 1, "ranks": ranks}


def measure(epochs):
    data = synthesize(SAMPLES)
    for varied, setting in cases():
        print(f"{varied} {setting[varied]}", file=sys.stderr)
        yield {"varied": varied, **setting, **run(data, epochs, **setting)}


def column(rows, varied, y):
    """x and y of the rows in which `varied` was varied."""
    chosen = [row for row in rows if row["varied"] == varied]
    return [row[varied] for row in chosen], [row[y] for row in chosen]


def draw(rows, peak, directory):
    pyplot.rcParams.update({"svg.hashsalt": "lockstep", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    for varied, label in [("batch", "global batch"), ("width", "hidden width, at batch 64")]:
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(8, 3))
        left.loglog(*column(rows, varied, "microseconds_a_step"), "o-")
        left.set(xlabel=label, ylabel="microseconds a step")
        right.semilogx(*column(rows, varied, "gflops"), "o-", label="Lockstep")
        right.axhline(peak, color="gray", linestyle="--", label=f"peak of {CORES} cores")
        right.set(xlabel=label, ylabel="GFLOP/s", ylim=(0, None))
        for axes in (left, right):
            axes.set_xticks(*[column(rows, varied, "gflops")[0]] * 2)
            axes.minorticks_off()
        right.legend()
        save(figure, directory / f"{varied}.svg")
    figure, axes = pyplot.subplots(figsize=(5, 3))
    for varied in ("threads", "ranks"):
        x, y = column(rows, varied, "gflops")
        axes.plot(x, [value / y[0] for value in y], "o-", label=varied)
    axes.plot([1, CORES], [1, CORES], color="gray", linestyle="--", label="one for one")
    axes.set(xlabel=f"threads of one process, or ranks of one thread, on {CORES} cores", ylabel="times one")
    axes.set_ylim(0, None)
    axes.legend()
    save(figure, directory / "cores.svg")


def save(figure, path):
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main():
    parser = argparse.ArgumentParser(prog="scripts/plot-performance", description=__doc__)
    parser.add_argument("--epochs", type=int, default=3, help="measured epochs of each run, after one to warm up (3)")
    parser.add_argument("--output", default=str(ROOT / "docs/performance"), help="directory (docs/performance)")
    options = parser.parse_args()
    if options.epochs < 1:
        parser.error("--epochs must be at least 1")
    warn_of_load()
    directory = pathlib.Path(options.output)
    directory.mkdir(parents=True, exist_ok=True)
    rows = list(measure(options.epochs))
    with open(directory / "scaling.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    draw(rows, best_doctor()["peak_all_cores"], directory)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"plot-performance: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
