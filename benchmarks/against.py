"""This Lockstep against another build of it (scripts/bench --against): the same works, in turns, as paired ratios."""

import math
import statistics
import sys

from contenders import WORKS, train_command
from machine import LOCKSTEP, Report, data_of, seconds_of, spread

# The 97.5% quantile of Student's distribution by degrees of freedom; beyond the table that of the normal one is close.
STUDENT = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10,
           2.09, 2.09, 2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05]  # fmt: skip


def interval(ratios):
    """The geometric mean of ratios and its 95% interval."""
    logs = [math.log(ratio) for ratio in ratios]
    mean, freedom = statistics.fmean(logs), len(logs) - 1
    quantile = STUDENT[freedom - 1] if freedom <= len(STUDENT) else 1.96 + 2.5 / freedom
    reach = quantile * statistics.stdev(logs) / math.sqrt(len(logs))
    return [math.exp(value) for value in (mean, mean - reach, mean + reach)]


def compare(options):
    report = Report("against", options.into)
    report.add("| work | this, seconds an epoch | the other | this / the other, 95% interval |\n|---|---|---|---|")
    for work in options.works or WORKS:
        seconds = {LOCKSTEP: [], options.against: []}
        for round in range(options.rounds):
            print(f"{work}: round {round + 1} of {options.rounds}", file=sys.stderr)
            # Who goes first changes, so that neither always has the warmer machine.
            for binary in sorted(seconds, key=str, reverse=round % 2 == 1):
                command = train_command(work, binary)
                seconds[binary].append(min(seconds_of(command, data_of(work, options.data), options.epochs)))
        ratios = [own / other for own, other in zip(*seconds.values())]
        mean, low, high = interval(ratios)
        this, other = (spread(values) for values in seconds.values())
        report.add(f"| {work} | {this} | {other} | {mean:.3f} ({low:.3f}..{high:.3f}) |")
    report.publish()
