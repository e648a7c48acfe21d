#!/usr/bin/env python3
"""Writes schedules.json, the golden values of ScheduleTests: the rates of PyTorch's OneCycleLR at every step.

Needs torch (made with torch 2.15).
"""

import json
import pathlib

import torch

CASES = [(0.1, 0.3, 50), (0.01, 0.3, 7), (2.0, 0.45, 100), (0.5, 0.1, 33), (1.0, 0.9, 20)]


def rates(base, rise, steps):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=base)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, base, total_steps=steps, pct_start=rise, cycle_momentum=False)
    found = []
    for _ in range(steps):
        found.append(schedule.get_last_lr()[0])
        optimizer.step()
        if len(found) < steps:
            schedule.step()
    return found


def main():
    cases = [{"base": base, "rise": rise, "rates": rates(base, rise, steps)} for base, rise, steps in CASES]
    text = json.dumps(cases, separators=(",", ":")).replace('{"base"', '\n{"base"') + "\n"
    pathlib.Path(__file__).with_suffix(".json").write_text(text)


if __name__ == "__main__":
    main()
