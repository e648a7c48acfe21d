#!/usr/bin/env python3
"""Writes cnn_steps.json, the golden values of GoldenCNNTests: ten steps of Adam on a small convolutional network.

Needs torch (made with torch 2.13). The golden losses and weights are float64's, and the script checks that PyTorch's
float32 agrees with them. Images, labels, initial weights and order are given by formulas that the test has too.
"""

import json
import pathlib

import torch

import lockstep_reference as reference

SAMPLES, SIDE, CLASSES, STEPS = 40, 12, 4, 10
CONFIG = {
    "network": "conv 4 5x5 pad 1, maxpool 2, relu, conv 10 3x3 stride 1 pad 1, dropout2d 0.0, tanh, maxpool 2, flatten, "
    "dense 12, sigmoid, dropout 0.0, dense classes",
    "optimizer": "adam", "lr": "0.005", "betas": "0.9,0.999", "epsilon": "1e-08", "weight-decay": "0.001",
    "schedule": "cosine", "warmup-steps": "3", "epochs": "4", "batch-size": "16", "seed": "31",
    "normalize": "0.4,0.3",
}


def pixel(sample, feature):
    row, column = divmod(feature, SIDE)
    return (sample % 4 * 60 * (row + column) // 8 + sample * feature * 5 + row * column * 3) % 256


def label(sample):
    return sample % CLASSES


def run(dtype):
    model = reference.Model(reference.parse(CONFIG["network"]), [SIDE, SIDE], CLASSES, dtype)
    model.load(reference.initial_weights(model, int(CONFIG["seed"])))
    mean, deviation = map(float, CONFIG["normalize"].split(","))
    pixels = [[pixel(i, j) for j in range(SIDE * SIDE)] for i in range(SAMPLES)]
    x = (torch.tensor(pixels, dtype=dtype) / 255 - mean) / deviation
    y = torch.tensor([label(i) for i in range(SAMPLES)])
    losses = [loss for loss, _ in reference.train(model, x, y, CONFIG, STEPS)]
    return losses, {name: p.detach() for name, p in model.named_parameters()}


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    losses, final = run(torch.float64)
    for name, single in run(torch.float32)[1].items():
        assert (single - final[name]).abs().max() <= 1e-5 * final[name].abs().max(), name
    document = {
        "samples": SAMPLES, "side": SIDE, "classes": CLASSES, "steps": STEPS, "config": CONFIG, "losses": losses,
        "final": {name: [round(x, 8) for x in values.flatten().tolist()] for name, values in final.items()},
    }
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
