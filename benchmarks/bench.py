"""Runs Lockstep and its peers on the same work, in turns, and prints who took how long (see scripts/bench --help)."""

import argparse
import os
import statistics
import subprocess
import sys

import against
import limits
from contenders import LAYERS, WORKS, contenders, operations
from machine import (
    CORES, Failed, Report, best_doctor, choose_data, data_of, spread, training_samples, warn_of_load,
)  # fmt: skip


def installed(module, python):
    """The version of a module that `python` has, or None."""
    code = f"import importlib.metadata as m; print(m.version({module!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def take_turns(field, options, work):
    """Median seconds an epoch of each round, by name. After the first round, only the fastest of a contender's variants
    goes on."""
    data, seconds = data_of(work, options.data), {contender.name: [] for contender in field}
    for round in range(options.rounds):
        for contender in list(field):
            print(f"{work}: {contender.name}, round {round + 1} of {options.rounds}", file=sys.stderr)
            try:
                seconds[contender.name].append(statistics.median(contender.run(data, options.epochs)))
            except Failed as failure:
                print(f"{work}: {contender.name} failed and is left out: {failure}", file=sys.stderr)
                field.remove(contender)
        if round == 0:
            fastest = {}
            for contender in sorted(field, key=lambda contender: -seconds[contender.name][0]):
                fastest[contender.variant_of] = contender
            field = [contender for contender in field if contender in fastest.values()]
    return {contender.name: seconds[contender.name] for contender in field}


def add_rows(report, work, seconds, peak, samples):
    """A row a contender. A ratio is that of one round: whatever disturbed the machine then disturbed both."""
    lockstep = seconds.get("Lockstep", [])
    work_operations = operations(LAYERS[work.split("-")[0]]) * samples
    for name, values in seconds.items():
        ratios = [value / own for value, own in zip(values, lockstep)] if values is not lockstep else []
        speed = work_operations / statistics.median(values) * 1e-9
        ratio = spread(ratios, "x") if ratios else ""
        report.add(f"| {work} | {name} | {spread(values)} | {ratio} | {speed:.0f} ({100 * speed / peak:.0f}%) |")


def bench(options, python):
    versions = {module: installed(module, python) for module in ("numpy", "torch", "jax", "mpi4py")}
    if missing := [module for module, version in versions.items() if not version]:
        print(f"Not installed: {', '.join(missing)} (scripts/bench --install-peers). Skipping:", file=sys.stderr)
    report = Report("bench", options.into)
    machine, works = best_doctor(), options.works or WORKS
    samples = {work: training_samples(data_of(work, options.data)) for work in works}
    peak = machine["peak_all_cores"]
    counts = " or ".join(map(str, sorted(set(samples.values()))))
    found = ", ".join(f"{module} {version}" for module, version in versions.items() if version)
    report.add(f"{CORES} cores ({machine['instruction_set']}), peak of all at once {peak:.0f} GFLOP/s; "
               f"{found or 'no peer is installed'}; {counts} samples an epoch\n")  # fmt: skip
    report.add("| work | who | seconds an epoch | peer / Lockstep | useful GFLOP/s (of peak) |\n|---|---|---|---|---|")
    for work in works:
        field = []
        for contender in contenders(work, python):
            if all(versions[module] for module in contender.needs):
                field.append(contender)
            else:
                print(f"  {work}: {contender.name}", file=sys.stderr)
        add_rows(report, work, take_turns(field, options, work), peak, samples[work])
    report.publish()


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"all by default: {' '.join(WORKS)}")
    parser.add_argument("--limits", action="store_true", help="measure Lockstep against its own limits instead")
    parser.add_argument("--against", metavar="LOCKSTEP", help="measure this build against another one instead")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each contender gets (3)")
    parser.add_argument("--epochs", type=int, default=2, help="measured epochs of a turn, after one to warm up (2)")
    parser.add_argument("--data", help="directory of IDX files ($LOCKSTEP_DATA, data/mnist, or synthesized digits)")
    parser.add_argument("--into", metavar="FILE", help="put the table into FILE too, between <!-- bench --> and "
                        "<!-- /bench --> (limits: <!-- limits -->, against: <!-- against -->)")  # fmt: skip
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # the arguments, and no more
    options = parser.parse_args()
    if unknown := set(options.works) - set(WORKS):
        parser.error(f"no such work: {' '.join(sorted(unknown))}; there are {' '.join(WORKS)}")
    if options.rounds < 1 or options.epochs < 1:
        parser.error("--rounds and --epochs must be at least 1")
    if options.limits and options.works:
        parser.error("--limits takes no WORK")
    if options.against and (options.limits or options.rounds < 3):
        parser.error("--against takes at least 3 --rounds, and no --limits")
    if options.against and not os.access(options.against, os.X_OK):
        parser.error(f"--against takes a lockstep built from another commit; {options.against} is no program")
    if options.check:
        return
    options.data = choose_data(options.data)
    warn_of_load()
    if options.limits:
        limits.measure(options)
    elif options.against:
        against.compare(options)
    else:
        bench(options, os.environ.get("LOCKSTEP_PYTHON", sys.executable))


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
