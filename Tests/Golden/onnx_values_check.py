#!/usr/bin/env python3
"""Trains a network on labels that are numbers and compares what ONNX Runtime makes of the test samples with what
Lockstep does, and Lockstep's errors with NumPy's.

    onnx_values_check.py LOCKSTEP

Fails where onnx.checker objects, a value differs by more than 1e-5 of its column's deviation from that of `lockstep
evaluate --predictions`, or an error of `evaluate --json` by more than 1e-6 of itself. Needs numpy, onnx and
onnxruntime.
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

NETWORK = "conv 6 3x3, batchnorm, relu, maxpool 2, flatten, dense 20, tanh, dense classes"


def write_idx(path, array, element):
    head = bytes([0, 0, element, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(head + array.astype({0x0D: ">f4", 0x0E: ">f8"}[element]).tobytes())


def write_dataset(folder):
    """Images of 8x8 numbers, with three targets of other units; returns those of the test."""
    random = np.random.default_rng(1)
    folder.mkdir()
    for part, count in (("train", 1200), ("t10k", 300)):
        images = random.normal(3, 2, (count, 8, 8))
        sums = images.mean((1, 2))
        upper, left = images[:, :4].mean((1, 2)), images[:, :, :4].mean((1, 2))
        targets = np.stack([1e5 + 400 * sums, upper / 50, left], 1)
        write_idx(folder / f"{part}-images-idx3-float", images, 0x0D)
        write_idx(folder / f"{part}-labels-idx2-double", targets, 0x0E)
    return images.astype(np.float32), targets


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)

    def lockstep(*arguments):
        return subprocess.run([sys.argv[1], *arguments], check=True, capture_output=True, text=True).stdout

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data, run = str(folder / "data"), str(folder / "run")
        images, targets = write_dataset(folder / "data")
        options = ["--loss", "mse", "--network", NETWORK, "--epochs", "10", "--optimizer", "adam", "--quiet"]
        lockstep("train", "--data", data, "--output", run, *options)
        told = json.loads(lockstep("evaluate", run, "--json", "--predictions", f"{run}/y.csv").splitlines()[-1])
        predictions = np.loadtxt(f"{run}/y.csv", delimiter=",", skiprows=1)
        lockstep("export", run, "--onnx", f"{run}/m.onnx")
        model = onnx.load(f"{run}/m.onnx")
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(f"{run}/m.onnx")
        (values,) = session.run(None, {"input": images[:, None]})

    found, deviations = predictions[:, :3], targets.std(0)
    # A Float near 1e5 is as exact as 2^-7 of it.
    allowed = 1e-5 + np.spacing(np.abs(values)) / deviations
    worst = (np.abs(values - found) / deviations / allowed).max()
    assert np.array_equal(predictions[:, 3:], targets), "other targets"
    errors = found - targets
    own = {
        "mae": np.abs(errors).mean(0).mean(),
        "rmse": np.sqrt((errors**2).mean(0)).mean(),
        "r2": (1 - (errors**2).sum(0) / ((targets - targets.mean(0)) ** 2).sum(0)).mean(),
        "loss": (errors**2).mean(),
    }
    apart = max(abs(told[key] / value - 1) for key, value in own.items())
    print(f"  values: {worst:.2f} of what is allowed, errors within {apart:.1e} of NumPy's, R2 {own['r2']:.3f}")
    if not (worst <= 1 and apart <= 1e-6 and own["r2"] > 0.5):
        sys.exit(f"they differ: {told}, {own}")


main()
