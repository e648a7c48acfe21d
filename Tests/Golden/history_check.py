#!/usr/bin/env python3
"""Reads a run's metrics as their users do, with pandas and TensorBoard, and compares what they find with the log.

    lockstep train --epochs 2 --tensorboard LOGS --output RUN
    history_check.py RUN LOGS LOCKSTEP

LOCKSTEP is the program. Fails where pandas reads other numbers from metrics.jsonl than from `lockstep metrics --csv`, or
TensorBoard other ones than the log has. Needs pandas and tensorboard.
"""

import io
import json
import math
import pathlib
import subprocess
import sys

import pandas
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run, logs, lockstep = sys.argv[1:]
log = pathlib.Path(run) / "metrics.jsonl"
lines = [json.loads(line) for line in log.read_text().splitlines()]
epochs = [line for line in lines if line["event"] == "epoch"]
assert len(epochs) >= 2, f"{log}: expected two epochs at least, found {len(epochs)}"

frame = pandas.read_json(log, lines=True, precise_float=True)
assert len(frame) == len(lines), f"{log}: {len(lines)} lines, pandas has {len(frame)} rows"
assert frame[frame.event == "epoch"].test_accuracy.tolist() == [epoch["test_accuracy"] for epoch in epochs]
table = subprocess.run([lockstep, "metrics", run, "--csv"], check=True, capture_output=True, text=True).stdout
again = pandas.read_csv(io.StringIO(table), float_precision="round_trip")
assert list(again.columns) == list(frame.columns), f"{list(again.columns)} are not {list(frame.columns)}"
for name in frame.columns:
    for left, right in zip(frame[name], again[name], strict=True):
        same = left == right or pandas.isna(left) and pandas.isna(right) or str(left) == str(right)
        assert same, f"{name}: {left} in metrics.jsonl, {right} in the table"

events = EventAccumulator(logs)
events.Reload()
tags = {
    "loss/train": "train_loss",
    "accuracy/train": "train_accuracy",
    "loss/test": "test_loss",
    "accuracy/test": "test_accuracy",
    "learning_rate": "learning_rate",
    "epoch": "epoch",
}
for tag, name in tags.items():
    found = [(event.step, event.value) for event in events.Scalars(tag)]
    assert [step for step, _ in found] == [epoch["step"] for epoch in epochs], f"{tag}: {found}"
    for (_, value), epoch in zip(found, epochs, strict=True):
        assert math.isclose(value, epoch[name], rel_tol=1e-6), f"{tag}: {value} is not {epoch[name]}"
steps = {line["step"]: line["train_loss"] for line in lines if line["event"] == "step"}
found = {event.step: event.value for event in events.Scalars("batch/loss")}
assert found.keys() == steps.keys(), f"batch/loss: steps {sorted(found)} are not {sorted(steps)}"
print(f"pandas: {len(frame)} rows; TensorBoard: {len(events.Tags()['scalars'])} tags, {len(found)} steps")
