#!/usr/bin/env python3
"""Writes sgd_steps.json, the golden values of GoldenSGDTests: ten steps of SGD as PyTorch makes them.

Needs torch and numpy (made with torch 2.13). The output is the same on every run; the golden gradients, losses and
parameters are float64's, and the script checks that PyTorch's float32 agrees with them.
"""

import json
import pathlib

import numpy as np
import torch

import lockstep_reference as reference

SAMPLES, FEATURES, CLASSES = 50, 13, 3
SEED, BATCH_SIZE, STEPS = 1234567890123456789, 16, 10
SGD = {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-3}
CONFIG = {
    "optimizer": "sgd", "schedule": "constant", "batch-size": BATCH_SIZE, "seed": SEED,
    **{key.replace("_", "-"): value for key, value in SGD.items()},
}


def pixel(sample, feature):
    return (sample * 37 + feature * 91 + sample * feature * 5) % 256


def label(sample):
    return (sample * 7 + sample // 5) % CLASSES


def run(hidden, dtype):
    text = ", ".join([f"dense {size}, relu" for size in hidden] + ["dense classes"])
    model = reference.Model(reference.parse(text), [FEATURES], CLASSES, dtype)
    tensors = reference.initial_weights(model, SEED)
    model.load(tensors)
    pixels = [[pixel(i, j) for j in range(FEATURES)] for i in range(SAMPLES)]
    x = torch.tensor(pixels, dtype=dtype) / 255
    y = torch.tensor([label(i) for i in range(SAMPLES)])
    steps = list(reference.train(model, x, y, CONFIG, STEPS))
    return {
        "initial": list(tensors.values()),
        "losses": [loss for loss, _ in steps],
        "gradients": [g.numpy() for g in steps[0][1]],
        "final": [p.detach().numpy() for p in model.parameters()],
    }


def flat(arrays):
    # repr of a float32 as a double is exact.
    return [[float(x) for x in a.ravel()] for a in arrays]


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    cases = []
    for hidden in ([], [17, 5]):
        golden, single = run(hidden, torch.float64), run(hidden, torch.float32)
        for a, b in zip(single["final"], golden["final"]):
            assert np.abs(a - b).max() <= 1e-5 * np.abs(b).max()
        cases.append(
            {
                "hidden": hidden,
                "initial": flat(golden["initial"]),
                "losses": golden["losses"],
                "gradients": flat(golden["gradients"]),
                "final": flat(golden["final"]),
            }
        )
    document = {
        "samples": SAMPLES, "features": FEATURES, "classes": CLASSES,
        "seed": SEED, "batch_size": BATCH_SIZE, "steps": STEPS, **SGD,
        "first_epoch": reference.permutation(SAMPLES, SEED, reference.EPOCH_ORDER, 0),
        "second_epoch": reference.permutation(SAMPLES, SEED, reference.EPOCH_ORDER, 1),
        "cases": cases,
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
