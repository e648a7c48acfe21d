#!/usr/bin/env python3
"""Writes ema.json, the golden values of AveragedWeightsTests: PyTorch's exponential moving average of weights.

Needs torch (made with torch 2.15). `AveragedModel` follows a network with batch normalization, whose weights and
running state are `number` of layers.py, other ones at each of five steps. Every step's averages are written.
"""

import json
import pathlib

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from layers import number

DECAYS, STEPS = [0.999, 0.9, 0.3], 5


def tensors(network):
    """By Lockstep's names, in their order, without the counter of batches."""
    state = network.state_dict(keep_vars=True).items()
    return sorted(("layers." + name, tensor) for name, tensor in state if tensor.is_floating_point())


def averages(decay):
    layers = torch.nn.Linear(3, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 2)
    network = torch.nn.Sequential(*layers).double()
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    steps = []
    for step in range(STEPS):
        for place, (_, tensor) in enumerate(tensors(network)):
            values = [number(100 * step + place, i) for i in range(tensor.numel())]
            tensor.data.copy_(torch.tensor(values, dtype=torch.float64).reshape(tensor.shape))
        averaged.update_parameters(network)
        steps.append([[round(v, 9) for v in tensor.flatten().tolist()] for _, tensor in tensors(averaged.module)])
    return {"decay": decay, "steps": steps}


def main():
    text = json.dumps([averages(decay) for decay in DECAYS], separators=(",", ":"))
    pathlib.Path(__file__).with_suffix(".json").write_text(text.replace('{"decay"', '\n{"decay"') + "\n")


if __name__ == "__main__":
    main()
