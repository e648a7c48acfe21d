#!/usr/bin/env python3
"""Loads a run's model.safetensors into PyTorch and compares what both make of the test images.

    lockstep train --data DIR --model cnn --epochs 1 --output RUN
    check_predictions.py DIR RUN LOCKSTEP

LOCKSTEP is the program. The file goes through safetensors.torch.load_file and load_state_dict into a torch.nn.Sequential
of the same layers, as a user would take it. Prints the hits of `lockstep evaluate` and those of PyTorch in float32 and
float64, and how far PyTorch's two are apart; fails where Lockstep's hits differ from both. Needs torch, numpy and
safetensors.
"""

import pathlib
import re
import subprocess
import sys

import torch

import mnist_run


def logits(data, run, dtype):
    model = mnist_run.model(run, dtype).eval()
    with torch.no_grad():
        return model(mnist_run.images(data, "t10k", run, dtype))


def main():
    data, run, program = map(pathlib.Path, sys.argv[1:])
    line = subprocess.run(
        [program, "evaluate", run, "--data", data], check=True, capture_output=True, text=True).stdout.strip()
    found, loss = re.search(r"\((\d+)/\d+\), test loss ([\d.]+)", line).groups()
    print(f"Lockstep: {line}")
    y, hits, all_logits = mnist_run.labels(data, "t10k"), [], []
    for dtype in (torch.float32, torch.float64):
        z = logits(data, run, dtype)
        all_logits.append(z)
        hits.append((z.argmax(1) == y).sum().item())
        print(f"PyTorch, {dtype}: {hits[-1]} hits, loss {torch.nn.functional.cross_entropy(z, y):.6f}")
    different = (all_logits[0].argmax(1) != all_logits[1].argmax(1)).sum().item()
    closest = all_logits[1].topk(2).values
    print(f"PyTorch's two differ in {different} predictions; "
          f"the closest call is by {(closest[:, 0] - closest[:, 1]).min():.1e}")
    exact = torch.nn.functional.cross_entropy(all_logits[1], y).item()
    sys.exit(0 if int(found) in hits and abs(float(loss) - exact) < 1e-4 else 1)


if __name__ == "__main__":
    main()
