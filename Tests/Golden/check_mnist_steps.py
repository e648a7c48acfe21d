#!/usr/bin/env python3
"""Repeats the first steps of a real MNIST run in PyTorch and compares the weights.

    lockstep train --data DIR --hidden 512,512 --batch-size 64 --lr 0.01 --max-steps 0  --output before
    lockstep train --data DIR --hidden 512,512 --batch-size 64 --lr 0.01 --max-steps 10 --output after
    check_mnist_steps.py DIR before after

Starts from the weights saved in `before`, trains in float64 on the samples that the recipe's seed orders, and prints
the largest difference of a tensor's elements over the tensor's largest magnitude. Fails where that is 1e-5 or more, for
the weights or for how far the steps moved them. Needs torch and numpy.
"""

import gzip
import json
import pathlib
import sys

import numpy as np
import torch

import lockstep_reference as reference


def idx(directory, name):
    plain = directory / name
    data = plain.read_bytes() if plain.exists() else gzip.open(f"{plain}.gz").read()
    dimensions = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dimensions)


def model_file(run):
    """The tensors by name, and the metadata."""
    data = (run / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + begin : 8 + length + end], "<f4")
        tensors[name] = values.reshape(entry["shape"])
    return tensors, metadata


def recipe(run):
    """The keys of config.yaml, which has one scalar a line."""
    lines = (run / "config.yaml").read_text().splitlines()
    return {key: value.strip("' ") for key, _, value in (line.partition(":") for line in lines) if key}


def main():
    data, before, after = map(pathlib.Path, sys.argv[1:])
    config, steps = recipe(after), int(recipe(after)["max-steps"])
    assert int(recipe(before)["max-steps"]) == 0 and config["seed"] == recipe(before)["seed"]
    assert config["schedule"] == "constant" or steps <= 60000 // int(config["batch-size"])
    (initial, metadata), (final, _) = model_file(before), model_file(after)
    names = sorted(initial, key=lambda n: (int(n.split(".")[1]), "bias" in n))

    x = torch.tensor(idx(data, "train-images-idx3-ubyte")).reshape(60000, -1).double() / 255
    if metadata["lockstep.normalize"] != "none":
        mean, deviation = map(float, metadata["lockstep.normalize"].split(","))
        x = (x - mean) / deviation
    y = torch.tensor(idx(data, "train-labels-idx1-ubyte")).long()
    model = reference.sequential([initial[n] for n in names], torch.float64)
    order = reference.batches(len(y), int(config["batch-size"]), int(config["seed"]))
    sgd = {"lr": "lr", "momentum": "momentum", "weight_decay": "weight-decay"}
    losses = reference.train(model, x, y, order, steps, **{k: float(config[v]) for k, v in sgd.items()})
    for step, (loss, _) in enumerate(losses, 1):
        print(f"step {step}: loss {loss:.6f}")

    worst = {"weights": 0.0, "updates": 0.0}
    for name, parameter in zip(names, model.parameters()):
        expected, start = parameter.detach().numpy(), initial[name].astype(np.float64)
        difference = np.abs(final[name] - expected).max()
        worst["weights"] = max(worst["weights"], difference / np.abs(expected).max())
        worst["updates"] = max(worst["updates"], difference / np.abs(expected - start).max())
    for what, error in worst.items():
        print(f"largest relative difference of {what}: {error:.2e}")
    sys.exit(0 if worst["weights"] < 1e-5 else 1)


if __name__ == "__main__":
    main()
