#!/usr/bin/env python3
"""Writes optimizers.json, the golden values of GoldenOptimizerTests: ten steps of each of PyTorch's optimizers.

Needs torch, and timm for LARS (made with torch 2.15 and timm 1.0.31). Weights and gradients are float64, given by
`number` of layers.py; so that Adam meets them all, gradients are of every size from 1 to 1e-6 and some weights have
none. Every step's weights are written.
"""

import json
import pathlib

import torch

import lockstep_reference as reference
from layers import number

WEIGHTS, STEPS = 16, 10
SGD = {"optimizer": "sgd", "lr": 0.1, "momentum": 0.0, "nesterov": "false", "weight-decay": 0.0}
RMSPROP = {"optimizer": "rmsprop", "lr": 0.01, "alpha": 0.99, "epsilon": 1e-8, "momentum": 0.0, "weight-decay": 0.0}
ADAM = {"optimizer": "adam", "lr": 0.01, "betas": "0.9,0.999", "epsilon": 1e-8, "weight-decay": 0.0}
LARS = {
    "optimizer": "lars", "lr": 5, "momentum": 0.9, "nesterov": "false", "weight-decay": 0.0, "epsilon": 1e-8,
    "trust-coefficient": 0.001,
}
CONFIGS = [
    SGD,
    {**SGD, "momentum": 0.9},
    {**SGD, "momentum": 0.9, "weight-decay": 0.05},
    {**SGD, "momentum": 0.8, "nesterov": "true"},
    {**SGD, "momentum": 0.8, "nesterov": "true", "weight-decay": 0.05},
    ADAM,
    {**ADAM, "betas": "0.8,0.95", "epsilon": 1e-3, "weight-decay": 0.05},
    {**ADAM, "optimizer": "adamw", "weight-decay": 0.05},
    {**ADAM, "optimizer": "adamw", "betas": "0.5,0.9999", "lr": 0.1, "weight-decay": 0.5},
    {**SGD, "momentum": 0.9, "clip-norm": 0.7},
    {**ADAM, "clip-norm": 0.05, "weight-decay": 0.05},
    RMSPROP,
    {**RMSPROP, "momentum": 0.9, "alpha": 0.9, "epsilon": 1e-3},
    {**RMSPROP, "momentum": 0.5, "weight-decay": 0.05},
    LARS,
    {**LARS, "weight-decay": 0.05, "trust-coefficient": 0.02},
    {**LARS, "weight-decay": 0.05, "momentum": 0.8, "nesterov": "true", "epsilon": 1e-2},
    {**LARS, "momentum": 0.5, "clip-norm": 0.7},
]


def gradient(step, index):
    size = 0 if index % 8 == 7 else 10.0 ** -(index % 7)
    return size * number(10 + step, index)


def trajectory(config):
    # A matrix, as LARS knows biases by their one dimension.
    weights = torch.tensor([[number(1, i) for i in range(WEIGHTS)]], dtype=torch.float64, requires_grad=True)
    optimizer, steps = reference.optimizer([weights], config), []
    for step in range(STEPS):
        weights.grad = torch.tensor([[gradient(step, i) for i in range(WEIGHTS)]], dtype=torch.float64)
        if "clip-norm" in config:
            torch.nn.utils.clip_grad_norm_([weights], config["clip-norm"])
        optimizer.step()
        steps.append([round(w, 9) for w in weights.tolist()[0]])
    return {"config": {key: str(value) for key, value in config.items()}, "steps": steps}


def main():
    text = json.dumps([trajectory(config) for config in CONFIGS], separators=(",", ":"))
    pathlib.Path(__file__).with_suffix(".json").write_text(text.replace('{"config"', '\n{"config"') + "\n")


if __name__ == "__main__":
    main()
