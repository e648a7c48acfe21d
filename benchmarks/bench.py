"""Runs Lockstep and its peers on the same work, in turns, and prints who took how long (see scripts/bench --help)."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOCKSTEP = ROOT / ".build/release/lockstep"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
RANKS = 4
MPIRUN = ["mpirun", "-np", str(RANKS), "--hostfile", str(ROOT / "hostfile")]


class Contender:
    """One who does the work: a name, the Python modules it needs, and a command."""

    def __init__(self, name, needs, command):
        self.name, self.needs, self.command = name, needs, command

    def run(self, options):
        """Seconds of each measured epoch."""
        command = [*self.command, "--data", options.data, "--epochs", str(options.epochs)]
        return json.loads(output_of(command).splitlines()[-1])["seconds"]


class Lockstep(Contender):
    """Takes its seconds from the run's metrics; the first epoch warms up, as it does for the peers."""

    def run(self, options):
        with tempfile.TemporaryDirectory() as run:
            epochs = ["--epochs", str(options.epochs + 1)]
            output_of([*self.command, "--data", options.data, "--output", run, "--quiet", *epochs])
            events = map(json.loads, pathlib.Path(run, "metrics.jsonl").read_text().splitlines())
            return [event["seconds"] for event in events if event["event"] == "epoch"][1:]


class Failed(Exception):
    pass


def output_of(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"status {done.returncode} from: {' '.join(command)}\n{done.stderr[-2000:]}")
    return done.stdout


def contenders(work, python):
    """Lockstep first, then its peers. A work is the model and the global batch, and -np4 for four ranks."""
    model, batch, *ranks = work.split("-")
    batch = ["--batch-size", batch]
    recipe = {
        "mlp": ["--model", "mlp", "--hidden", "512,512", "--optimizer", "sgd", "--momentum", "0", "--lr", "0.01",
                "--schedule", "constant"],
        "cnn": ["--model", "cnn", "--optimizer", "adam", "--lr", "0.001"],
    }[model]

    def peer(name, needs, script, *more, launcher=()):
        return Contender(name, needs, [*launcher, python, str(ROOT / "benchmarks" / script), *batch, *more])

    lockstep = [str(LOCKSTEP), "train", *recipe, *batch]
    if ranks:
        ddp = "pytorch_ddp.py" if model == "mlp" else "pytorch_cnn.py"
        yield Lockstep("Lockstep", [], MPIRUN + lockstep)
        yield peer("PyTorch DDP (gloo)", ["numpy", "torch"], ddp, "--ranks", str(RANKS))
        if model == "mlp":
            needs = ["numpy", "torch", "mpi4py"]
            yield peer("PyTorch + mpi4py", needs, "pytorch_mpi4py.py", launcher=MPIRUN)
        return
    yield Lockstep("Lockstep", [], lockstep)
    for threads in sorted({1, CORES}):
        name = f"PyTorch, {threads} thread" + ("s" if threads > 1 else "")
        yield peer(name, ["numpy", "torch"], f"pytorch_{model}.py", "--threads", str(threads))
    if model == "mlp":
        yield peer("JAX", ["numpy", "jax"], "jax_mlp.py")


WORKS = ["mlp-64", "mlp-512", "cnn-100", "mlp-64-np4", "mlp-512-np4", "cnn-100-np4"]


def installed(module, python):
    """The version of a module that `python` has, or None."""
    code = f"import importlib.metadata as m; print(m.version({module!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def choose_data(given):
    """The same choice as scripts/train: what is asked for, MNIST where it was fetched, or synthesized digits."""
    for directory in (given, os.environ.get("LOCKSTEP_DATA"), str(ROOT / "data/mnist")):
        if directory and (directory == given or pathlib.Path(directory).is_dir()):
            return str(pathlib.Path(directory).resolve())
    directory = ROOT / ".build/bench-data"
    if not directory.is_dir():
        print("No MNIST here (scripts/fetch-mnist fetches it): synthesizing as many digits.", file=sys.stderr)
        output_of([str(LOCKSTEP), "synthesize", "--output", str(directory), "--train", "60000", "--test", "10000"])
    return str(directory)


def take_turns(field, options, work):
    """Median seconds an epoch of each round, by name. After the first round, of one peer's thread counts (named
    "WHO, N threads") only the fastest goes on."""
    seconds = {contender.name: [] for contender in field}
    for round in range(options.rounds):
        for contender in list(field):
            print(f"{work}: {contender.name}, round {round + 1} of {options.rounds}", file=sys.stderr)
            try:
                seconds[contender.name].append(statistics.median(contender.run(options)))
            except Failed as failure:
                print(f"{work}: {contender.name} failed and is left out: {failure}", file=sys.stderr)
                field.remove(contender)
        if round == 0:
            fastest = {}
            for contender in sorted(field, key=lambda contender: -seconds[contender.name][0]):
                fastest[contender.name.split(",")[0]] = contender
            field = [contender for contender in field if contender in fastest.values()]
    return {contender.name: seconds[contender.name] for contender in field}


def spread(values, unit=""):
    return f"{statistics.median(values):.2f}{unit} ({min(values):.2f}..{max(values):.2f})"


def print_rows(work, seconds):
    lockstep = seconds.get("Lockstep", [])
    for name, values in seconds.items():
        ratios = [value / own for value, own in zip(values, lockstep)] if values is not lockstep else []
        print(f"| {work} | {name} | {spread(values)} | {spread(ratios, 'x') if ratios else ''} |")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"all by default: {' '.join(WORKS)}")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each contender gets (3)")
    parser.add_argument("--epochs", type=int, default=2, help="measured epochs of a turn, after one to warm up (2)")
    parser.add_argument("--data", help="directory of IDX files ($LOCKSTEP_DATA, data/mnist, or synthesized digits)")
    options = parser.parse_args()
    if unknown := set(options.works) - set(WORKS):
        parser.error(f"no such work: {' '.join(sorted(unknown))}; there are {' '.join(WORKS)}")
    if options.rounds < 1 or options.epochs < 1:
        parser.error("--rounds and --epochs must be at least 1")
    options.data = choose_data(options.data)

    python = os.environ.get("LOCKSTEP_PYTHON", sys.executable)
    versions = {module: installed(module, python) for module in ("numpy", "torch", "jax", "mpi4py")}
    found = ", ".join(f"{module} {version}" for module, version in versions.items() if version)
    print(f"{CORES} cores; {found or 'no peer is installed'}; data: {options.data}\n")
    if missing := [module for module, version in versions.items() if not version]:
        print(f"Not installed: {', '.join(missing)} (scripts/bench --install-peers). Skipping:", file=sys.stderr)
    if (load := os.getloadavg()[0]) > CORES / 4:
        print(f"Others are using this machine (load {load:.1f}): expect a wide spread.", file=sys.stderr)
    print("| work | who | seconds an epoch | peer / Lockstep |\n|---|---|---|---|")
    for work in options.works or WORKS:
        field = []
        for contender in contenders(work, python):
            if all(versions[module] for module in contender.needs):
                field.append(contender)
            else:
                print(f"  {work}: {contender.name}", file=sys.stderr)
        print_rows(work, take_turns(field, options, work))


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
