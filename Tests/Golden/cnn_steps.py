#!/usr/bin/env python3
"""Writes cnn_steps.json, the golden values of GoldenCNNTests: ten steps of small convolutional networks, one of all
layers by Adam, and one of residual blocks and batch normalization, with its running statistics.

Needs torch (made with torch 2.13). The golden losses and weights are float64's, and the script checks that PyTorch's
float32 agrees with them. Images, labels, initial weights and order are given by formulas that the test has too.
"""

import json
import pathlib

import torch

import lockstep_reference as reference

SAMPLES, SIDE, CLASSES, STEPS = 40, 12, 4, 10
CONFIGS = [{
    "network": "conv 4 5x5 pad 1, maxpool 2, relu, conv 10 3x3 stride 1 pad 1, dropout2d 0.0, tanh, maxpool 2, flatten, "
    "dense 12, sigmoid, dropout 0.0, dense classes",
    "optimizer": "adam", "lr": "0.005", "betas": "0.9,0.999", "epsilon": "1e-08", "weight-decay": "0.001",
    "schedule": "cosine", "warmup-steps": "3", "epochs": "4", "batch-size": "16", "seed": "31",
    "normalize": "0.4,0.3",
}, {
    "network": "conv 6 3x3 pad 1, batchnorm, relu, residual(conv 6 3x3 pad 1, batchnorm, relu, conv 6 3x3 pad 1, "
    "batchnorm), relu, residual(conv 18 3x3 stride 2 pad 1, batchnorm, relu, conv 18 3x3 pad 1, batchnorm) "
    "shortcut(conv 18 1x1 stride 2), relu, branches(conv 5 1x1, relu | conv 4 3x3 pad 1, batchnorm momentum 0.25 eps 0.01)"
    ", globalavgpool, dense classes",
    "optimizer": "sgd", "lr": "0.05", "momentum": "0.9", "nesterov": "true", "weight-decay": "0.001",
    "schedule": "constant", "warmup-steps": "3", "epochs": "4", "batch-size": "16", "seed": "31", "micro-batches": "4",
    "normalize": "0.4,0.3",
}]


def pixel(sample, feature):
    row, column = divmod(feature, SIDE)
    return (sample % 4 * 60 * (row + column) // 8 + sample * feature * 5 + row * column * 3) % 256


def label(sample):
    return sample % CLASSES


def run(config, dtype):
    model = reference.Model(reference.parse(config["network"]), [SIDE, SIDE], CLASSES, dtype)
    model.load(reference.initial_weights(model, int(config["seed"])))
    mean, deviation = map(float, config["normalize"].split(","))
    pixels = [[pixel(i, j) for j in range(SIDE * SIDE)] for i in range(SAMPLES)]
    x = (torch.tensor(pixels, dtype=dtype) / 255 - mean) / deviation
    y = torch.tensor([label(i) for i in range(SAMPLES)])
    losses = [loss for loss, _ in reference.train(model, x, y, config, STEPS)]
    return losses, {name: p.detach() for name, p in model.state_dict().items() if "num_batches" not in name}


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    runs = []
    for config in CONFIGS:
        losses, final = run(config, torch.float64)
        for name, single in run(config, torch.float32)[1].items():
            assert (single - final[name]).abs().max() <= 1e-5 * final[name].abs().max(), name
        values = {name: [round(x, 8) for x in values.flatten().tolist()] for name, values in final.items()}
        runs.append({"config": config, "losses": losses, "final": values})
    document = {"samples": SAMPLES, "side": SIDE, "classes": CLASSES, "steps": STEPS, "runs": runs}
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
