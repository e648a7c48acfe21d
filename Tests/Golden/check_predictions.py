#!/usr/bin/env python3
"""Loads a run's model.safetensors into PyTorch and compares what both make of the test images.

    lockstep train --data DIR --model cnn --epochs 1 --output RUN
    check_predictions.py DIR RUN LOCKSTEP

LOCKSTEP is the program. The file goes through safetensors.torch.load_file and load_state_dict into a torch.nn.Sequential
of the same layers, as a user would take it. Compares the class that `lockstep evaluate --predictions` gives each image
with PyTorch's in float32 and float64; fails where one differs from both, or the loss or a probability does. Needs torch,
numpy and safetensors.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import torch

import mnist_run


def logits(data, run, dtype):
    model = mnist_run.model(run, dtype).eval()
    with torch.no_grad():
        return model(mnist_run.images(data, "t10k", run, dtype))


def main():
    data, run, program = map(pathlib.Path, sys.argv[1:])
    with tempfile.NamedTemporaryFile() as file:
        text = subprocess.run(
            [program, "evaluate", run, "--data", data, "--predictions", file.name], check=True, capture_output=True,
            text=True).stdout
        rows = torch.from_numpy(np.loadtxt(file.name, delimiter=",", skiprows=1))
    found, probabilities = rows[:, 0].long(), rows[:, 2:]
    line = text.splitlines()[-1]
    loss = float(re.search(r"test loss ([\d.]+)", line).group(1))
    y = mnist_run.labels(data, "t10k")
    single, double = (logits(data, run, dtype) for dtype in (torch.float32, torch.float64))
    same = (found == single.argmax(1)) | (found == double.argmax(1))
    exact = torch.nn.functional.cross_entropy(double, y).item()
    print(f"Lockstep: {line}")
    print(f"PyTorch:  {(double.argmax(1) == y).sum()} hits, loss {exact:.6f}")
    print(f"predictions that are the same: {same.sum()} of {len(y)}")
    furthest = (probabilities - double.softmax(1)).abs().max().item()
    print(f"largest difference of a probability: {furthest:.1e}")
    sys.exit(0 if same.all() and abs(loss - exact) < 1e-4 and furthest < 1e-4 else 1)


if __name__ == "__main__":
    main()
